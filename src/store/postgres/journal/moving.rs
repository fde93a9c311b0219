//! What is kept beside the records of the journal, for records that were not written here.

use super::days::{self, Day};
use crate::{
    store::{
        StoreError,
        moving::{Row, Value},
        number::number,
        postgres::access::Access,
    },
    time::Millis,
};

/// What a record `u` takes with its attempts, which are there before it: about as who writes one counts it.
pub(in crate::store::postgres) const OCTETS: &str =
    "200 + octet_length(u.id) + octet_length(u.helo) + octet_length(u.detail) + octet_length(u.reply)
         + octet_length(u.sender) + octet_length(u.rcpt) + octet_length(u.auth)
         + (SELECT coalesce(sum(100 + octet_length(a.rcpt) + octet_length(a.host) + octet_length(a.reply)), 0)
            FROM journal_attempts a WHERE a.came = u.time AND a.message = u.seq)";

/// Counts the records of each day anew.
pub(in crate::store::postgres) const COUNT: &str =
    "UPDATE journal_days SET records = 0, refused = 0, octets = 0;
     UPDATE journal_days d SET records = c.records, refused = c.refused, octets = c.octets
     FROM (SELECT time / 86400000 AS day, count(*) AS records, sum(octets)::bigint AS octets,
               count(*) FILTER (WHERE outcome IN ('refused', 'deferred', 'aborted')) AS refused
           FROM journal GROUP BY 1) c
     WHERE d.day = c.day";

/// Makes the partitions for rows of a table whose first column is when their messages came.
pub(in crate::store::postgres) async fn make_days(
    access: &Access,
    rows: &[Row],
) -> Result<(), StoreError> {
    let day = |row: &Row| match row.first() {
        Some(Value::Integer(time)) => Some(Day::of(Millis::new(number(*time)))),
        _ => None,
    };
    days::make(access, &rows.iter().filter_map(day).collect()).await
}
