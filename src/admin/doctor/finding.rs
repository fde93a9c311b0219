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

/// A finding of [`Severity::Error`].
pub(super) fn error(
    id: &'static str,
    what: impl Into<String>,
    why: &'static str,
    mend: impl IntoIterator<Item = String>,
) -> Finding {
    finding(Severity::Error, id, what, why, mend)
}

/// A finding of [`Severity::Warning`].
pub(super) fn warning(
    id: &'static str,
    what: impl Into<String>,
    why: &'static str,
    mend: impl IntoIterator<Item = String>,
) -> Finding {
    finding(Severity::Warning, id, what, why, mend)
}

/// A finding of whatever severity.
pub(super) fn finding(
    severity: Severity,
    id: &'static str,
    what: impl Into<String>,
    why: &'static str,
    mend: impl IntoIterator<Item = String>,
) -> Finding {
    Finding { severity, id, what: what.into(), why, mend: mend.into_iter().collect() }
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
