//! Numbers and points in time as columns: SQLite has signed integers alone.

use crate::time::{Millis, UnixTime};
use rusqlite::{
    Result, ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

/// What a column has of a number: the largest there is for one that is larger.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of a column: none is below 0.
pub(crate) fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

impl ToSql for UnixTime {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(column(self.as_secs()).into())
    }
}

impl FromSql for UnixTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|seconds| Self::new(number(seconds)))
    }
}

impl ToSql for Millis {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(column(self.as_millis()).into())
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|milliseconds| Self::new(number(milliseconds)))
    }
}
