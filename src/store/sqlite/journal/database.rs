//! The file and its schema: opening, setting a corrupt one aside, deleting the oldest.

use super::{rows::Rows, traffic};
use crate::{
    store::{
        journal::{
            Bounce, Bounds, JournalError, Outcome, noted::Keep, tally::Tally, writer::Entry,
        },
        sqlite::{file::give_to_owner_of, number, opened::Inode},
    },
    time::Millis,
};
use rusqlite::{Connection, ErrorCode, OpenFlags};
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

/// The version of the schema below and of [`traffic`], kept as SQLite's `user_version`.
pub(super) const SCHEMA: i64 = 7;

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
        filter   TEXT NOT NULL DEFAULT '',
        ways     TEXT,
        class    TEXT NOT NULL DEFAULT ''
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
    CREATE INDEX message_refused ON message (time) WHERE outcome IN ('refused', 'deferred', 'aborted');
    CREATE INDEX message_rare ON message (time)
        WHERE outcome IN ('partial', 'spooled', 'bounced', 'failed', 'dropped', 'discarded');
";

/// What makes version 2 of version 1.
const ADD_AUTH: &str = "ALTER TABLE message ADD COLUMN auth TEXT NOT NULL DEFAULT '';";

/// What makes version 3 of version 2.
const ADD_TLS: &str = "
    ALTER TABLE message ADD COLUMN tls TEXT NOT NULL DEFAULT '';
    ALTER TABLE attempt ADD COLUMN tls TEXT NOT NULL DEFAULT '';
";

/// What makes version 4 of version 3: what the filter said, as a JSON object or nothing.
const ADD_FILTER: &str = "
    ALTER TABLE message ADD COLUMN filter TEXT NOT NULL DEFAULT '';
    CREATE INDEX message_refused ON message (time) WHERE outcome IN ('refused', 'deferred', 'aborted');
";

/// What makes version 5 of version 4: through whose aliases the message went, as a JSON object; nothing where nobody noted it.
const ADD_WAYS: &str = "
    ALTER TABLE message ADD COLUMN ways TEXT;
";

/// What makes version 6 of version 5: what is rare is found among millions.
const ADD_RARE: &str = "
    CREATE INDEX message_rare ON message (time)
        WHERE outcome IN ('partial', 'spooled', 'bounced', 'failed', 'dropped', 'discarded');
";

/// What makes version 7 of version 6, beside the table that counts: as what a message is counted there. What came before is
/// not counted.
const ADD_CLASS: &str = "ALTER TABLE message ADD COLUMN class TEXT NOT NULL DEFAULT '';";

/// Those of which nobody got anything, as SQLite finds them by the index `message_refused`.
pub(super) const IS_REFUSAL: &str = "outcome IN ('refused', 'deferred', 'aborted')";

/// Those that are rare, as SQLite finds them by the index `message_rare`.
pub(super) const IS_RARE: &str =
    "outcome IN ('partial', 'spooled', 'bounced', 'failed', 'dropped', 'discarded')";

/// Records deleted in one transaction, so that new ones never wait long behind it.
const DELETED_AT_ONCE: usize = 500;

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

    /// Writes entries in one transaction, and counts them; gives the bounces whose message is not known.
    pub(super) fn write(
        &mut self,
        entries: &[Entry],
        now: Millis,
    ) -> rusqlite::Result<Vec<Bounce>> {
        let transaction = self.connection.transaction()?;
        let (mut early, mut tally) = (Vec::new(), Tally::new(now));
        let mut rows = Rows::of(&transaction)?;
        for entry in entries {
            match entry {
                // A spooled message may have ended before this is written.
                Entry::New(record) if record.outcome == Outcome::Spooled => {
                    rows.merge(record, Keep::Outcome, &mut tally)?;
                }
                Entry::New(record) => rows.insert(record, &mut tally)?,
                Entry::Amendment(record) => rows.merge(record, Keep::Nothing, &mut tally)?,
                Entry::Replacement(record) => rows.replace(record, &mut tally)?,
                Entry::Bounce(_) => {}
            }
        }
        // Behind the messages, as a destination may be faster with its bounce than the client with its next word.
        for entry in entries {
            if let Entry::Bounce(bounce) = entry
                && !rows.add_bounce(bounce, &mut tally)?
            {
                early.push(bounce.clone());
            }
        }
        drop(rows);
        traffic::add(&transaction, tally)?;
        transaction.commit()?;
        Ok(early)
    }

    /// Deletes some of what is out of bounds; true when there may be more.
    pub(super) fn prune(&mut self, bounds: Bounds, now: Millis) -> rusqlite::Result<bool> {
        let too_large = self.used()? > bounds.size;
        let transaction = self.connection.transaction()?;
        let doomed = if too_large {
            let condition = if mostly_refusals(&transaction)? { IS_REFUSAL } else { "true" };
            oldest(&transaction, condition)?
        } else {
            let before = |age| (now - age).as_millis();
            let refused = format!("{IS_REFUSAL} AND time < {}", before(bounds.refused_age));
            let mut doomed = oldest(&transaction, &refused)?;
            if doomed.is_empty() {
                doomed = oldest(&transaction, &format!("time < {}", before(bounds.age)))?;
            }
            doomed
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

    /// Deletes counts of spans that are over for long.
    pub(super) fn prune_counts(&mut self, bounds: Bounds, now: Millis) -> rusqlite::Result<()> {
        traffic::prune(&self.connection, bounds.size, now)
    }

    /// Octets of the pages in use. The file itself does not shrink: freed pages are used again.
    fn used(&self) -> rusqlite::Result<u64> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get(0));
        let (all, free, size): (i64, i64, i64) =
            (pragma("page_count")?, pragma("freelist_count")?, pragma("page_size")?);
        Ok(number((all - free).saturating_mul(size)))
    }
}

/// Whether of more than half of the records nobody got anything.
fn mostly_refusals(connection: &Connection) -> rusqlite::Result<bool> {
    let query = format!(
        "SELECT 2 * (SELECT count(*) FROM message WHERE {IS_REFUSAL}) > (SELECT count(*) FROM message)"
    );
    connection.prepare_cached(&query)?.query_row([], |row| row.get(0))
}

/// Some of the oldest records for which `condition` is true.
fn oldest(connection: &Connection, condition: &str) -> rusqlite::Result<Vec<i64>> {
    let query =
        format!("SELECT seq FROM message WHERE {condition} ORDER BY time LIMIT {DELETED_AT_ONCE}");
    let mut statement = connection.prepare(&query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
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
        1 => [ADD_AUTH, ADD_TLS, ADD_FILTER, ADD_WAYS, ADD_RARE, ADD_CLASS].concat(),
        2 => [ADD_TLS, ADD_FILTER, ADD_WAYS, ADD_RARE, ADD_CLASS].concat(),
        3 => [ADD_FILTER, ADD_WAYS, ADD_RARE, ADD_CLASS].concat(),
        4 => [ADD_WAYS, ADD_RARE, ADD_CLASS].concat(),
        5 => [ADD_RARE, ADD_CLASS].concat(),
        6 => ADD_CLASS.to_owned(),
        SCHEMA => return Ok(connection),
        found => {
            let file = file.display().to_string();
            return Err(JournalError::TooNew { file, found, known: SCHEMA });
        }
    };
    let counts = traffic::CREATE;
    let steps =
        format!("BEGIN IMMEDIATE; {steps} {counts} PRAGMA user_version = {SCHEMA}; COMMIT;");
    connection.execute_batch(&steps).map_err(sqlite)?;
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
