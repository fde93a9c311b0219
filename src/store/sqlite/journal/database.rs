//! The file and its schema: opening, setting a corrupt one aside, inserting, deleting the oldest.

use crate::{
    store::{
        journal::{AttemptLine, Bounce, Bounds, JournalError, Outcome, Record},
        sqlite::{column, file::give_to_owner_of, number, opened::Inode},
    },
    time::Millis,
};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::{
    ffi::OsString,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// The journal's place in a state directory.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("journal.db")
}

/// The version of the schema below, kept as SQLite's `user_version`.
pub(super) const SCHEMA: i64 = 4;

/// Lists are JSON arrays. Addresses have no index: a search reads the rows of its time span, and the
/// bound on the file keeps that short, while every index would be paid by every message.
const CREATE: &str = "
    CREATE TABLE message (
        seq      INTEGER PRIMARY KEY,
        id       TEXT NOT NULL,
        time     INTEGER NOT NULL,
        client   TEXT,
        helo     TEXT NOT NULL,
        sender   TEXT NOT NULL,
        srs_from TEXT,
        rcpt     TEXT NOT NULL,
        outcome  TEXT NOT NULL,
        reply    TEXT NOT NULL,
        size     INTEGER NOT NULL,
        ms       INTEGER NOT NULL,
        detail   TEXT NOT NULL,
        auth     TEXT NOT NULL DEFAULT '',
        tls      TEXT NOT NULL DEFAULT '',
        filter   TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX message_id ON message (id);
    CREATE INDEX message_time ON message (time);
    CREATE INDEX message_failed ON message (time) WHERE outcome = 'failed';
    CREATE TABLE attempt (
        message  INTEGER NOT NULL,
        time     INTEGER NOT NULL,
        rcpt     TEXT NOT NULL,
        host     TEXT NOT NULL,
        reply    TEXT NOT NULL,
        ms       INTEGER NOT NULL,
        verdict  TEXT NOT NULL,
        tls      TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX attempt_message ON attempt (message);
    PRAGMA user_version = 4;
";

/// What makes version 2 of version 1.
const ADD_AUTH: &str = "ALTER TABLE message ADD COLUMN auth TEXT NOT NULL DEFAULT '';";

/// What makes version 3 of version 2.
const ADD_TLS: &str = "
    ALTER TABLE message ADD COLUMN tls TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempt ADD COLUMN tls TEXT NOT NULL DEFAULT '';
";

/// What makes version 4 of version 3: a JSON object, or nothing.
const ADD_FILTER: &str = "
    ALTER TABLE message ADD COLUMN filter TEXT NOT NULL DEFAULT '';
    PRAGMA user_version = 4;
";

/// Records deleted in one transaction, so that new ones never wait long behind it.
const DELETED_AT_ONCE: usize = 500;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Entry {
    /// A message that was not known.
    New(Record),
    /// More about one that was.
    Amendment(Record),
    /// What a bounce tells of one.
    Bounce(Bounce),
}

/// The journal opened for writing.
pub(super) struct Database {
    file: PathBuf,
    inode: Option<Inode>,
    connection: Connection,
}

impl Database {
    /// Opens `file`, or sets it aside and begins anew when it is corrupt.
    pub(super) fn open(file: &Path) -> Result<Self, JournalError> {
        match connect(file) {
            Ok(connection) => Ok(Self::of(file, connection)),
            Err(JournalError::Damaged { .. }) => {
                set_aside(file)?;
                Ok(Self::of(file, connect(file)?))
            }
            Err(error) => Err(error),
        }
    }

    fn of(file: &Path, connection: Connection) -> Self {
        Self { file: file.to_owned(), inode: Inode::at(file).ok(), connection }
    }

    /// False when another file, or none, lies where this one did.
    pub(super) fn is_in_place(&self) -> bool {
        Inode::at(&self.file).ok() == self.inode
    }

    /// Closes a file that is not in its place any more, whole: SQLite would leave its log behind.
    pub(super) fn leave(self) {
        let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
        let folded = self.connection.query_row(fold, (), |_| Ok(()));
        tracing::debug!(?folded, "the journal that was moved is closed");
    }

    /// Where the file lies.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Closes the file, sets it aside and begins anew.
    pub(super) fn begin_anew(self) -> Result<Self, JournalError> {
        let Self { file, connection, .. } = self;
        drop(connection);
        set_aside(&file)?;
        Ok(Self::of(&file, connect(&file)?))
    }

    /// Writes entries in one transaction; gives the bounces whose message is not known.
    pub(super) fn write(&mut self, entries: &[Entry]) -> rusqlite::Result<Vec<Bounce>> {
        let transaction = self.connection.transaction()?;
        let mut early = Vec::new();
        for entry in entries {
            match entry {
                // A spooled message may have ended before this is written.
                Entry::New(record) if record.outcome == Outcome::Spooled => {
                    merge(&transaction, record, Keep::Outcome)?;
                }
                Entry::New(record) => insert(&transaction, record)?,
                Entry::Amendment(record) => merge(&transaction, record, Keep::Nothing)?,
                Entry::Bounce(_) => {}
            }
        }
        // Behind the messages, as a destination may be faster with its bounce than the client with its next word.
        for entry in entries {
            if let Entry::Bounce(bounce) = entry
                && !add_bounce(&transaction, bounce)?
            {
                early.push(bounce.clone());
            }
        }
        transaction.commit()?;
        Ok(early)
    }

    /// Deletes some of what is out of bounds; true when there may be more.
    pub(super) fn prune(&mut self, bounds: Bounds, now: Millis) -> rusqlite::Result<bool> {
        let oldest = now - bounds.age;
        let too_large = self.used()? > bounds.size;
        let transaction = self.connection.transaction()?;
        let doomed: Vec<i64> = {
            let condition = if too_large { "?1 = ?1" } else { "time < ?1" };
            let query = format!(
                "SELECT seq FROM message WHERE {condition} ORDER BY time LIMIT {DELETED_AT_ONCE}"
            );
            let mut statement = transaction.prepare_cached(&query)?;
            let rows = statement.query_map([oldest], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        {
            let mut message = transaction.prepare_cached("DELETE FROM message WHERE seq = ?")?;
            let mut attempt =
                transaction.prepare_cached("DELETE FROM attempt WHERE message = ?")?;
            for seq in &doomed {
                attempt.execute([seq])?;
                message.execute([seq])?;
            }
        }
        transaction.commit()?;
        Ok(doomed.len() == DELETED_AT_ONCE)
    }

    /// Octets of the pages in use. The file itself does not shrink: freed pages are used again.
    fn used(&self) -> rusqlite::Result<u64> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get(0));
        let (all, free, size): (i64, i64, i64) =
            (pragma("page_count")?, pragma("freelist_count")?, pragma("page_size")?);
        Ok(number((all - free).saturating_mul(size)))
    }
}

fn insert(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO message (id, time, client, helo, sender, srs_from, rcpt, outcome, reply,
             size, ms, detail, auth, tls, filter)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            record.id,
            record.time,
            record.client.map(|ip| ip.to_string()),
            record.helo,
            record.sender(),
            record.srs_from,
            list(&record.to),
            record.outcome.as_str(),
            record.reply,
            column(record.size),
            column(record.ms),
            record.detail,
            record.auth,
            record.tls,
            record
                .filter
                .as_ref()
                .and_then(|it| serde_json::to_string(it).ok())
                .unwrap_or_default(),
        ])?;
    insert_attempts(connection, connection.last_insert_rowid(), &record.attempts)
}

fn insert_attempts(
    connection: &Connection,
    message: i64,
    attempts: &[AttemptLine],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
    for AttemptLine { time, to, host, reply, ms, verdict, tls } in attempts {
        let ms = column(*ms);
        statement.execute(params![message, time, list(to), host, reply, ms, verdict, tls])?;
    }
    Ok(())
}

/// What stays of a record that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Outcome,
    Nothing,
}

/// Adds to a record; a record that is not there, as after a crash, is made.
fn merge(connection: &Connection, record: &Record, keep: Keep) -> rusqlite::Result<()> {
    let found: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT seq, outcome, detail FROM message WHERE id = ?1")?
        .query_row([&record.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((message, old, mut detail)) = found else { return insert(connection, record) };
    add_detail(&mut detail, &record.detail);
    let is_bounced = old == Outcome::Bounced.as_str() && record.outcome != Outcome::Failed;
    let outcome = if keep == Keep::Outcome || is_bounced { &old } else { record.outcome.as_str() };
    connection
        .prepare_cached(
            "UPDATE message SET outcome = ?2, detail = ?3, ms = max(ms, ?4) WHERE seq = ?1",
        )?
        .execute(params![message, outcome, detail, column(record.ms)])?;
    insert_attempts(connection, message, &record.attempts)
}

/// Longest detail that bounces add to. They come from strangers.
const MAX_DETAIL: usize = 2000;

/// False when there is no record of the message.
fn add_bounce(connection: &Connection, bounce: &Bounce) -> rusqlite::Result<bool> {
    let found: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT seq, outcome, detail FROM message WHERE id = ?1")?
        .query_row([&bounce.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((message, outcome, mut detail)) = found else { return Ok(false) };
    if detail.len() < MAX_DETAIL {
        add_detail(&mut detail, &bounce.detail);
    }
    let had_left = Outcome::parse(&outcome).is_some_and(|outcome| {
        matches!(outcome, Outcome::Forwarded | Outcome::Partial | Outcome::Spooled)
    });
    let outcome =
        if bounce.is_final && had_left { Outcome::Bounced.as_str() } else { outcome.as_str() };
    connection
        .prepare_cached("UPDATE message SET outcome = ?2, detail = ?3 WHERE seq = ?1")?
        .execute(params![message, outcome, detail])?;
    Ok(true)
}

/// Adds what is not there yet.
fn add_detail(detail: &mut String, more: &str) {
    for part in more.split("; ").filter(|part| !part.is_empty()) {
        if !detail.split("; ").any(|known| known == part) {
            let separator = if detail.is_empty() { "" } else { "; " };
            *detail = format!("{detail}{separator}{part}");
        }
    }
}

/// True when the file is not, or no longer, a database: waiting does not mend it.
pub(super) fn is_corruption(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What SQLite says of `file`, in the words of the journal.
pub(super) fn sqlite_error(file: &Path, error: &rusqlite::Error) -> JournalError {
    if is_corruption(error) {
        JournalError::Damaged { file: file.display().to_string(), reason: error.to_string() }
    } else {
        JournalError::failed(file, error)
    }
}

fn connect(file: &Path) -> Result<Connection, JournalError> {
    // SQLite would make the file readable by all. One of root's that is there, of an earlier `onward serve` by hand, is
    // given to the daemon's user as a new one is.
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .and_then(|_| file.parent().map_or(Ok(()), |directory| give_to_owner_of(directory, file)))
        .map_err(|error| JournalError::failed(file, error))?;
    let sqlite = |error| sqlite_error(file, &error);
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    let version = prepare(&connection).map_err(sqlite)?;
    let steps = match version {
        0 => CREATE.to_owned(),
        1 => [ADD_AUTH, ADD_TLS, ADD_FILTER].concat(),
        2 => [ADD_TLS, ADD_FILTER].concat(),
        3 => ADD_FILTER.to_owned(),
        SCHEMA => return Ok(connection),
        found => {
            let file = file.display().to_string();
            return Err(JournalError::TooNew { file, found, known: SCHEMA });
        }
    };
    connection.execute_batch(&format!("BEGIN IMMEDIATE; {steps} COMMIT;")).map_err(sqlite)?;
    Ok(connection)
}

/// Sets the connection up and gives the version of the schema.
fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // Without a sync at each commit a power cut may cost the last records, never the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    // Reads the schema, so that a file that is no database shows itself here.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Renames the file to the first free `journal.db.corrupt-N`, its companions with it.
fn set_aside(file: &Path) -> Result<(), JournalError> {
    let with = |suffix: &str| {
        let mut name = OsString::from(file);
        name.push(suffix);
        PathBuf::from(name)
    };
    let free = (1u32..).map(|n| with(&format!(".corrupt-{n}"))).find(|name| !name.exists());
    let Some(aside) = free else { return Ok(()) };
    std::fs::rename(file, &aside).map_err(|error| JournalError::failed(file, error))?;
    for companion in ["-wal", "-shm"] {
        // They are often absent, and worthless without the file.
        let _ = std::fs::remove_file(with(companion));
    }
    tracing::error!(file = %aside.display(), "the journal was corrupt: set aside, a new one is begun");
    Ok(())
}

fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_default()
}
