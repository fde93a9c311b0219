//! The steps by which a database of each version becomes one of the next: a file each, in SQL.

/// A step, as whoever is to take it is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpgradeStep {
    /// The version that it makes.
    pub version: usize,
    /// What it does, in words.
    pub does: &'static str,
}

/// Step n makes version n + 1 out of version n. A released step is never edited.
pub(super) const STEPS: &[(&str, &str)] = &[
    (
        "makes the tables of domains, aliases, accounts and what is remembered",
        include_str!("steps/01.sql"),
    ),
    ("makes those of the spool", include_str!("steps/02.sql")),
    ("makes those of the journal", include_str!("steps/03.sql")),
];

/// Those behind the version `done`.
pub(super) fn behind(done: usize) -> Vec<UpgradeStep> {
    let all = STEPS.iter().enumerate().map(|(at, (does, _))| UpgradeStep { version: at + 1, does });
    all.skip(done).collect()
}
