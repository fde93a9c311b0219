//! Points in time as columns.

use super::{column, number};
use crate::time::{Millis, UnixTime};
use rusqlite::{
    Result, ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

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
