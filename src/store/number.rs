//! Numbers as columns: databases have signed integers alone.

/// What a column has of a number: the largest there is for one that is larger.
pub(super) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of a column: none is below 0.
pub(super) fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}
