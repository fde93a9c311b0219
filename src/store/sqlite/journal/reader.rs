use super::{
    Attempt, JournalError, Outcome, Record,
    database::{FILE, SCHEMA},
};
use crate::{
    address::{Mailbox, ReversePath},
    reply::Reply,
    store::sqlite::{column, number},
    time::Millis,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, ToSql, params, types::Type};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The reading side, for other processes than the one that writes.
#[derive(Debug)]
pub struct Reader {
    file: PathBuf,
    connection: Connection,
    /// Where what the checks found stands, and how a message was encrypted.
    auth: &'static str,
    tls: &'static str,
}

/// Which records are wanted; an empty filter wants all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this message.
    pub id: Option<String>,
    /// An address, `@domain`, or `<>`: what the reverse-path was on arrival or departure.
    pub from: Option<String>,
    /// An address or `@domain`: one of the recipients, or a mailbox it was handed on to.
    pub to: Option<String>,
    /// Not before this time.
    pub since: Option<Millis>,
    /// Only so many, the latest.
    pub limit: Option<usize>,
}

/// Rows read at once. A search holds no snapshot between pages, so it never keeps the writer's log
/// from being folded back into the file, however slowly somebody reads.
const PAGE: usize = 1000;

impl Reader {
    /// Opens the journal of a state directory, read-only.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(state_dir: &Path) -> Result<Self, JournalError> {
        let file = state_dir.join(FILE);
        let name = file.display().to_string();
        match std::fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(JournalError::Absent { file: name });
            }
            Err(source) => return Err(JournalError::File { file: name, source }),
            Ok(_) => {}
        }
        let opened = open(&file).and_then(|connection| {
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((connection, version))
        });
        match opened {
            // Until a daemon of this version has opened it, it lacks columns.
            Ok((connection, 1)) => Ok(Self { file, connection, auth: "''", tls: "''" }),
            Ok((connection, 2)) => Ok(Self { file, connection, auth: "auth", tls: "''" }),
            Ok((connection, SCHEMA)) => Ok(Self { file, connection, auth: "auth", tls: "tls" }),
            Ok((_, found)) => Err(JournalError::TooNew { file: name, found, known: SCHEMA }),
            Err(source) => Err(JournalError::Sqlite { file: name, source }),
        }
    }

    /// Gives the records that `filter` wants to `each`, the oldest first.
    ///
    /// # Errors
    /// When the journal cannot be read, or `each` fails.
    pub fn read<E: From<JournalError>>(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let sqlite = |source| {
            E::from(JournalError::Sqlite { file: self.file.display().to_string(), source })
        };
        let newest_first = filter.limit.is_some();
        let mut latest = Vec::new();
        let mut last = None;
        loop {
            let page = self.page(filter, newest_first, last).map_err(sqlite)?;
            let Some((seq, record)) = page.last() else { break };
            last = Some((record.time, *seq));
            for (_, record) in page {
                if !filter.wants(&record) {
                    continue;
                }
                match filter.limit {
                    None => each(record)?,
                    Some(limit) if latest.len() < limit => latest.push(record),
                    Some(_) => break,
                }
            }
            if filter.limit.is_some_and(|limit| latest.len() >= limit) {
                break;
            }
        }
        latest.into_iter().rev().try_for_each(each)
    }

    /// How many messages failed since this time.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn count_failed(&self, since: Millis) -> Result<u64, JournalError> {
        // In these words the index of failures answers it.
        let count = "SELECT count(*) FROM message WHERE outcome = 'failed' AND time + ms >= ?1";
        self.count(count, params![since])
    }

    /// How many messages have been kept back since then, as a DKIM signature would have broken.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn count_broken(&self, since: Millis) -> Result<u64, JournalError> {
        let reply = Reply::broke_signature().to_string();
        let count = "SELECT count(*) FROM message WHERE time >= ?1 AND reply = ?2";
        self.count(count, params![since, reply])
    }

    fn count(&self, query: &str, parameters: &[&dyn ToSql]) -> Result<u64, JournalError> {
        let counted = self.connection.query_row(query, parameters, |row| row.get::<_, i64>(0));
        counted.map(number).map_err(|source| JournalError::Sqlite {
            file: self.file.display().to_string(),
            source,
        })
    }

    fn page(
        &self,
        filter: &Filter,
        newest_first: bool,
        last: Option<(Millis, i64)>,
    ) -> rusqlite::Result<Vec<(i64, Record)>> {
        let (compare, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
        // Each condition stands only where it is wanted, so that SQLite may use the index.
        let by_id = if filter.id.is_some() { "id = :id" } else { ":id IS NULL" };
        let (auth, tls) = (self.auth, self.tls);
        let query = format!(
            "SELECT seq, id, time, client, helo, sender, srs_from, rcpt, outcome, reply, size, ms,
                    detail, {auth} AS auth, {tls} AS tls
             FROM message
             WHERE {by_id} AND time >= :since AND (time, seq) {compare} (:time, :seq)
             ORDER BY time {order}, seq {order} LIMIT {PAGE}"
        );
        let before_all = if newest_first { (i64::MAX, i64::MAX) } else { (-1, -1) };
        let (time, seq) = last.map_or(before_all, |(time, seq)| (column(time.as_millis()), seq));
        let since = filter.since.unwrap_or(Millis::EPOCH);
        let mut statement = self.connection.prepare_cached(&query)?;
        let parameters = rusqlite::named_params! { ":id": filter.id, ":since": since, ":time": time, ":seq": seq };
        let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, record(row)?)))?;
        let mut page: Vec<(i64, Record)> = rows.collect::<rusqlite::Result<_>>()?;
        let mut attempts = self.connection.prepare_cached(&format!(
            "SELECT time, rcpt, host, reply, ms, verdict, {tls} AS tls
             FROM attempt WHERE message = ? ORDER BY rowid"
        ))?;
        for (seq, record) in &mut page {
            let rows = attempts.query_map([*seq], attempt)?;
            record.attempts = rows.collect::<rusqlite::Result<_>>()?;
        }
        Ok(page)
    }
}

impl Filter {
    fn wants(&self, record: &Record) -> bool {
        let from = match &record.from {
            ReversePath::Null => "<>".to_owned(),
            ReversePath::Mailbox(mailbox) => mailbox.to_string(),
        };
        let mut senders = record.srs_from.iter().chain([&from]);
        let handed_on = record.attempts.iter().flat_map(|attempt| &attempt.to);
        let mut recipients = record.to.iter().chain(handed_on);
        self.from.as_ref().is_none_or(|wanted| senders.any(|from| matches(wanted, from)))
            && self.to.as_ref().is_none_or(|wanted| recipients.any(|to| matches(wanted, to)))
    }
}

/// `@domain` matches every address of the domain; case never matters.
fn matches(wanted: &str, address: &str) -> bool {
    let (wanted, address) = (wanted.to_lowercase(), address.to_lowercase());
    wanted == address || wanted.starts_with('@') && address.ends_with(&wanted)
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
        outcome: Outcome::parse(&outcome)
            .ok_or_else(|| unreadable(std::io::Error::other("unknown outcome")))?,
        reply: row.get("reply")?,
        size: number(row.get("size")?),
        ms: number(row.get("ms")?),
        auth: row.get("auth")?,
        tls: row.get("tls")?,
        detail: row.get("detail")?,
        attempts: Vec::new(),
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
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

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
