use serde::Serialize;
use std::fmt;

/// Something that is wrong, or may become so. Its fields are a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// A name that stays.
    pub(super) id: &'static str,
    /// What is found.
    pub(super) what: String,
    /// What comes of it.
    pub(super) why: &'static str,
    /// Commands that mend it; with none it needs a decision, which `what` asks for.
    pub(super) mend: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Mail is lost, refused or forged by it.
    Error,
    /// It works, but not as it should.
    Warning,
    /// Nothing is wrong, and it may seem so.
    Hint,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Hint => "HINT",
        };
        write!(f, "{severity} {}: {}\n    {}", self.id, self.what, self.why)?;
        for command in &self.mend {
            write!(f, "\n    mend: {command}")?;
        }
        Ok(())
    }
}
