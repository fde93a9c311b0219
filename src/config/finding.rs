use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One thing that is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Line in the file, from 1; `None` when the file as a whole is meant.
    pub line: Option<usize>,
    /// The key with its section, such as `srs.tag`; empty when no key is meant.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What would be accepted.
    pub accepted: String,
}

/// Everything that is wrong with a configuration file, in the order of its lines.
///
/// Prints one line a finding: `file:line: key: what; accepted: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: PathBuf,
    findings: Vec<Finding>,
}

impl ConfigError {
    pub(super) fn new(file: &Path, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.line);
        Self { file: file.to_owned(), findings }
    }

    /// The findings, in the order of their lines.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, finding) in self.findings.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = finding.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
            if !finding.key.is_empty() {
                write!(f, "{}: ", finding.key)?;
            }
            write!(f, "{}; accepted: {}", finding.what, finding.accepted)?;
        }
        Ok(())
    }
}
