//! The steps by which a database of each version becomes one of the next: a file each, in SQL.

/// Step n makes version n + 1 out of version n. A released step is never edited.
pub(super) const STEPS: &[&str] =
    &[include_str!("steps/01.sql"), include_str!("steps/02.sql"), include_str!("steps/03.sql")];
