use super::{
    database::{SCHEMA, path, sqlite_error},
    traffic,
};
use crate::{
    address::{Mailbox, ReversePath},
    store::{
        journal::{
            AttemptLine, Filter, HostCount, JournalError, Outcome, Page, Position, Record, Span,
            TrafficCount,
        },
        sqlite::{column, error::unreadable, number, rows::ways_of},
    },
    time::{Millis, UnixTime},
    verdict::NOT_KEPT,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, ToSql, params};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The reading side, for other processes than the one that writes.
#[derive(Debug)]
pub(super) struct Reader {
    file: PathBuf,
    pub(super) connection: Connection,
    /// Where what the checks found stands, and how a message was encrypted.
    pub(super) auth: &'static str,
    tls: &'static str,
    /// ... and what the spam filter says.
    filter: &'static str,
    /// ... and through whose aliases it went.
    ways: &'static str,
    /// Messages are counted by the hour.
    has_counts: bool,
}

/// Rows read at once. A search holds no snapshot between pages, so it never keeps the writer's log
/// from being folded back into the file, however slowly somebody reads.
const PAGE: usize = 1000;

impl Reader {
    /// Opens the journal of a state directory, read-only.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(super) fn open(state_dir: &Path) -> Result<Self, JournalError> {
        let file = path(state_dir);
        let name = file.display().to_string();
        match std::fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(JournalError::Absent { file: name });
            }
            Err(error) => return Err(JournalError::failed(&file, error)),
            Ok(_) => {}
        }
        let opened = open(&file).and_then(|connection| {
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        });
        match opened {
            // Until a daemon of this version has opened it, it lacks columns.
            Ok((connection, version @ 1..=SCHEMA)) => {
                let since = |first, column| if version >= first { column } else { "''" };
                let ways = if version >= 5 { "ways" } else { "NULL" };
                let (auth, tls, filter) = (since(2, "auth"), since(3, "tls"), since(4, "filter"));
                let has_counts = version >= 7;
                Ok(Self { file, connection, auth, tls, filter, ways, has_counts })
            }
            Ok((_, found)) => Err(JournalError::TooNew { file: name, found, known: SCHEMA }),
            Err(error) => Err(sqlite_error(&file, &error)),
        }
    }

    /// As [`Reading::page`](crate::store::journal::Reading::page).
    pub(super) fn page(
        &self,
        filter: &Filter,
        after: Option<Position>,
    ) -> Result<Page, JournalError> {
        let Some(limit) = filter.limit else {
            let rows = self.rows(filter, false, after)?;
            let next = rows.last().map(|(position, _)| *position);
            let wanted = rows.into_iter().filter_map(|(_, record)| filter.shown(record));
            let records = wanted.collect();
            return Ok(Page { records, next });
        };
        let mut latest = Vec::new();
        let mut after = None;
        while latest.len() < limit {
            let rows = self.rows(filter, true, after)?;
            let Some((position, _)) = rows.last() else { break };
            after = Some(*position);
            latest.extend(rows.into_iter().filter_map(|(_, record)| filter.shown(record)));
        }
        latest.truncate(limit);
        latest.reverse();
        Ok(Page { records: latest, next: None })
    }

    /// As [`Reading::count_failed`](crate::store::journal::Reading::count_failed).
    pub(super) fn count_failed(&self, since: Millis) -> Result<u64, JournalError> {
        // In these words the index of failures answers it.
        let count = "SELECT count(*) FROM message WHERE outcome = 'failed' AND time + ms >= ?1";
        self.count(count, params![since])
    }

    /// As [`Reading::count_broken`](crate::store::journal::Reading::count_broken).
    pub(super) fn count_broken(&self, since: Millis) -> Result<u64, JournalError> {
        let count = "SELECT count(*) FROM message WHERE time >= ?1 AND instr(detail, ?2) > 0";
        self.count(count, params![since, NOT_KEPT])
    }

    /// As [`Reading::traffic`](crate::store::journal::Reading::traffic).
    pub(super) fn traffic(
        &self,
        domain: &str,
        span: Span,
        since: UnixTime,
    ) -> Result<Vec<TrafficCount>, JournalError> {
        let counts = match self.has_counts {
            true => traffic::since(&self.connection, domain, span, since),
            false => Ok(Vec::new()),
        };
        counts.map_err(|error| sqlite_error(&self.file, &error))
    }

    /// As [`Reading::slowest`](crate::store::journal::Reading::slowest).
    pub(super) fn slowest(
        &self,
        since: Millis,
        limit: usize,
    ) -> Result<Vec<HostCount>, JournalError> {
        let hosts = traffic::slowest(&self.connection, since, limit);
        hosts.map_err(|error| sqlite_error(&self.file, &error))
    }

    fn count(&self, query: &str, parameters: &[&dyn ToSql]) -> Result<u64, JournalError> {
        let counted = self.connection.query_row(query, parameters, |row| row.get(0)).map(number);
        counted.map_err(|error| sqlite_error(&self.file, &error))
    }

    fn rows(
        &self,
        filter: &Filter,
        newest_first: bool,
        after: Option<Position>,
    ) -> Result<Vec<(Position, Record)>, JournalError> {
        let rows = self.try_rows(filter, newest_first, after);
        rows.map_err(|error| sqlite_error(&self.file, &error))
    }

    /// Rows that `filter` wants as far as SQL goes.
    fn try_rows(
        &self,
        filter: &Filter,
        newest_first: bool,
        after: Option<Position>,
    ) -> rusqlite::Result<Vec<(Position, Record)>> {
        let (compare, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
        // Each condition stands only where it is wanted, so that SQLite may use the index.
        let by_id = if filter.id.is_some() { "id = :id" } else { ":id IS NULL" };
        let by_end = if filter.until.is_some() { "time < :until" } else { ":until IS NULL" };
        let query = format!(
            "SELECT {}
             FROM message AS m
             WHERE {by_id} AND time >= :since AND {by_end} AND (time, seq) {compare} (:time, :seq)
             ORDER BY time {order}, seq {order} LIMIT {PAGE}",
            self.columns()
        );
        let before_all = if newest_first { (i64::MAX, i64::MAX) } else { (-1, -1) };
        let (time, seq) =
            after.map_or(before_all, |after| (column(after.time.as_millis()), after.seq));
        let since = filter.since.unwrap_or(Millis::EPOCH);
        let mut statement = self.connection.prepare_cached(&query)?;
        let parameters = rusqlite::named_params! {
            ":id": filter.id, ":since": since, ":until": filter.until, ":time": time, ":seq": seq
        };
        let rows = statement.query_map(parameters, positioned)?;
        let mut page: Vec<(Position, Record)> = rows.collect::<rusqlite::Result<_>>()?;
        for (position, record) in &mut page {
            record.attempts = self.attempts(*position)?;
        }
        Ok(page)
    }

    /// What is asked of each row.
    pub(super) fn columns(&self) -> String {
        let Self { auth, tls, filter, ways, .. } = self;
        format!(
            "seq, id, time, client, helo, sender, srs_from, rcpt, outcome, reply, size, ms, detail,
             {auth} AS auth, {tls} AS tls, {filter} AS filter, {ways} AS ways"
        )
    }

    /// The attempts to deliver the message that stands there.
    pub(super) fn attempts(&self, at: Position) -> rusqlite::Result<Vec<AttemptLine>> {
        let mut attempts = self.connection.prepare_cached(&format!(
            "SELECT time, rcpt, host, reply, ms, verdict, {} AS tls
             FROM attempt WHERE message = ? ORDER BY rowid",
            self.tls
        ))?;
        attempts.query_map([at.seq], attempt)?.collect()
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> JournalError {
        sqlite_error(&self.file, error)
    }
}

/// A record, and where it stands.
pub(super) fn positioned(row: &Row<'_>) -> rusqlite::Result<(Position, Record)> {
    let record = record(row)?;
    Ok((Position { time: record.time, seq: row.get("seq")? }, record))
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connect = |address: &str| -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(address, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let address = format!("file:{}", percent_encoded(file));
    match connect(&address) {
        // No daemon has it open and we may not write beside it: then it does not change either.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            connect(&format!("{address}?immutable=1"))
        }
        opened => opened,
    }
}

fn percent_encoded(file: &Path) -> String {
    let bytes = file.as_os_str().as_encoded_bytes().iter();
    bytes
        .map(|b| match b {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                char::from(*b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let sender: String = row.get("sender")?;
    let from = match sender.as_str() {
        "<>" => ReversePath::Null,
        mailbox => ReversePath::Mailbox(Mailbox::parse(mailbox).map_err(unreadable)?),
    };
    let outcome: String = row.get("outcome")?;
    let client: Option<String> = row.get("client")?;
    Ok(Record {
        id: row.get("id")?,
        time: row.get("time")?,
        client: client.map(|ip| ip.parse()).transpose().map_err(unreadable)?,
        helo: row.get("helo")?,
        from,
        srs_from: row.get("srs_from")?,
        to: list(row)?,
        outcome: Outcome::parse(&outcome).ok_or_else(|| unreadable("unknown outcome"))?,
        reply: row.get("reply")?,
        size: number(row.get("size")?),
        ms: number(row.get("ms")?),
        auth: row.get("auth")?,
        tls: row.get("tls")?,
        filter: match row.get::<_, String>("filter")?.as_str() {
            "" => None,
            verdict => Some(serde_json::from_str(verdict).map_err(unreadable)?),
        },
        detail: row.get("detail")?,
        attempts: Vec::new(),
        ways: row.get_ref("ways")?.as_str_or_null()?.map(ways_of).transpose()?,
        node: None,
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<AttemptLine> {
    Ok(AttemptLine {
        time: row.get("time")?,
        to: list(row)?,
        host: row.get("host")?,
        reply: row.get("reply")?,
        ms: number(row.get("ms")?),
        verdict: row.get("verdict")?,
        tls: row.get("tls")?,
    })
}

fn list(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    let text: String = row.get("rcpt")?;
    serde_json::from_str(&text).map_err(unreadable)
}
