//! A record as the rows of the table have it.

use crate::{
    address::{Mailbox, ReversePath},
    store::{
        journal::{Outcome, Position, Record},
        postgres::{
            ask::{Result, count, get, millis},
            error::unreadable,
        },
        ways::ways_of,
    },
};
use tokio_postgres::Row;

/// What is asked of each row.
pub(super) const COLUMNS: &str =
    "seq, time, id, client, helo, sender, srs_from, rcpt, outcome, reply, size, ms, detail, auth,
    tls, filter, ways, node";

/// A record without its attempts, and where it stands.
pub(super) fn positioned(row: &Row) -> Result<(Position, Record)> {
    let from = match get::<&str>(row, 5)? {
        "<>" => ReversePath::Null,
        mailbox => ReversePath::Mailbox(Mailbox::parse(mailbox).map_err(unreadable)?),
    };
    let client: Option<&str> = get(row, 3)?;
    let outcome = Outcome::parse(get(row, 8)?).ok_or_else(|| unreadable("unknown outcome"))?;
    let record = Record {
        id: get(row, 2)?,
        time: millis(row, 1)?,
        client: client.map(str::parse).transpose().map_err(unreadable)?,
        helo: get(row, 4)?,
        from,
        srs_from: get(row, 6)?,
        to: list(get(row, 7)?)?,
        outcome,
        reply: get(row, 9)?,
        size: count(row, 10)?,
        ms: count(row, 11)?,
        auth: get(row, 13)?,
        tls: get(row, 14)?,
        filter: match get(row, 15)? {
            "" => None,
            verdict => Some(serde_json::from_str(verdict).map_err(unreadable)?),
        },
        detail: get(row, 12)?,
        attempts: Vec::new(),
        ways: get::<Option<&str>>(row, 16)?.map(ways_of).transpose().map_err(unreadable)?,
        node: get(row, 17)?,
    };
    Ok((Position { time: record.time, seq: get(row, 0)? }, record))
}

/// What a column holds several of.
pub(super) fn list(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(unreadable)
}
