use serde::Serialize;
use std::fmt;

/// Something that is wrong, or may become so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A name that stays.
    pub id: &'static str,
    /// What is found.
    pub what: String,
    /// What comes of it.
    pub why: &'static str,
    /// Commands that mend it; with none it needs a decision, which `what` asks for.
    pub mend: Vec<String>,
}

/// How bad a finding is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Mail is lost, refused or forged by it.
    Error,
    /// It works, but not as it should.
    Warning,
    /// Nothing is wrong, and it may seem so.
    Hint,
}

impl Finding {
    pub(super) fn new(
        severity: Severity,
        id: &'static str,
        what: String,
        why: &'static str,
        mend: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { severity, id, what, why, mend: mend.into_iter().collect() }
    }
}

/// For a shell, as one word.
pub(super) fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// For people.
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
