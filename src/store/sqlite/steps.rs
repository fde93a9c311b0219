//! The steps by which a database of each version becomes one of the next: a file each, in SQL.

/// Step n makes version n + 1 out of version n. A released step is never edited.
pub(super) const STEPS: &[&str] = &[
    include_str!("steps/01.sql"),
    include_str!("steps/02.sql"),
    include_str!("steps/03.sql"),
    include_str!("steps/04.sql"),
    include_str!("steps/05.sql"),
    include_str!("steps/06.sql"),
    include_str!("steps/07.sql"),
    include_str!("steps/08.sql"),
    include_str!("steps/09.sql"),
    include_str!("steps/10.sql"),
    include_str!("steps/11.sql"),
    include_str!("steps/12.sql"),
    include_str!("steps/13.sql"),
    include_str!("steps/14.sql"),
    include_str!("steps/15.sql"),
    include_str!("steps/16.sql"),
    include_str!("steps/17.sql"),
    include_str!("steps/18.sql"),
    include_str!("steps/19.sql"),
    include_str!("steps/20.sql"),
    include_str!("steps/21.sql"),
];
