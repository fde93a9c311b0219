//! The file: how it is made and opened.

use super::{opened::Inode, rows::alias_use, schema, steps::STEPS};
use crate::store::{StoreError, place::make_directory};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// How long a writer waits for another process to finish writing.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a writer looks whether the other is through. Oftener than SQLite does by itself, whose looks are a tenth of a second
/// apart in the end: whoever writes by turns rests for longer than this between two, so that everybody gets his.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// Rest between two tries to open a database that others are just making.
const BUSY_REST: Duration = Duration::from_millis(10);

/// To what the write-ahead log is cut once a large change is through.
const LOG_SIZE: i64 = 64 * 1024 * 1024;

/// The database's place in a state directory.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("onward.db")
}

/// Opens the database for writing; makes directory, file and tables where they are missing.
/// With `keeps_schema` a database of an older version is refused. Gives the file too that was there before.
pub(super) fn open_writer(
    state_dir: &Path,
    keeps_schema: bool,
) -> Result<(Connection, Inode), StoreError> {
    open_checked(state_dir, keeps_schema, schema::check)
}

/// The same, whether the database is in use or not.
pub(super) fn open_to_move(state_dir: &Path) -> Result<Connection, StoreError> {
    open_checked(state_dir, false, schema::check_is_ours).map(|(connection, _)| connection)
}

/// Whether a database is one that is to be opened.
type Check = fn(&Connection, &Path) -> Result<(), StoreError>;

fn open_checked(
    state_dir: &Path,
    keeps_schema: bool,
    check: Check,
) -> Result<(Connection, Inode), StoreError> {
    make_directory(state_dir)?;
    let path = path(state_dir);
    create_file(state_dir, &path)?;
    let give_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        let file = Inode::at(&path).map_err(|error| StoreError::access(&path, &error))?;
        match prepare(&path, keeps_schema, check) {
            // SQLite does not wait by itself for a process that is making the write-ahead log.
            Err(StoreError::Busy { .. }) if Instant::now() < give_up => thread::sleep(BUSY_REST),
            // Some file systems give a file another number when it is first written.
            Ok(_) if Inode::at(&path).ok() != Some(file) && Instant::now() < give_up => {}
            prepared => return prepared.map(|connection| (connection, file)),
        }
    }
}

fn prepare(path: &Path, keeps_schema: bool, check: Check) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = open(path, flags)?;
    let failed = |error| StoreError::sqlite(path, &error);
    check(&connection, path)?;
    if keeps_schema {
        schema::refuse_older(&connection, path)?;
    }
    if !gives_back(&connection).map_err(failed)? {
        // Counts while the file is empty, or for a VACUUM. Set again it would be written again.
        connection.pragma_update(None, "auto_vacuum", "incremental").map_err(failed)?;
    }
    connection.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE).map_err(failed)?;
    schema::migrate(&mut connection, path, STEPS)?;
    follow_changes(&mut connection).map_err(failed)?;
    if !keeps_schema && !gives_back(&connection).map_err(failed)? {
        // Of the first version, from before it could. Should there be no room for that: another time.
        let _ = connection.execute("VACUUM", ());
    }
    Ok(connection)
}

/// A database of an older version has nothing beside its aliases yet.
fn follow_changes(connection: &mut Connection) -> rusqlite::Result<()> {
    if connection.prepare("SELECT 1 FROM alias_changes")?.exists(())? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        alias_use::follow_changes(&transaction)?;
        transaction.commit()?;
    }
    Ok(())
}

fn gives_back(connection: &Connection) -> rusqlite::Result<bool> {
    let mode: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    Ok(mode != 0)
}

/// Opens the database as it is, without making or changing anything.
pub(super) fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    if !exists(path)? {
        return Err(StoreError::Absent { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    schema::check(&connection, path)?;
    Ok(connection)
}

/// False when nothing was ever kept there.
pub(super) fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|error| StoreError::access(path, &error))
}

/// Opens an existing database for looking up only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    wait_for_others(&mut connection).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Has the connection wait for others that write: for [`BUSY_TIMEOUT`], looking again each [`LOOK`].
pub(super) fn wait_for_others(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|looks| {
        thread::sleep(LOOK);
        u128::try_from(looks).is_ok_and(|looks| looks < BUSY_TIMEOUT.as_millis() / LOOK.as_millis())
    }))
}

/// Makes an empty file nobody else may read.
pub(super) fn create_private(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the empty database.
fn create_file(state_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::access(path, &error);
    match create_private(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(_) => give_to_owner_of(state_dir, path).map_err(failed),
    }
}

/// What root makes in the directory of the daemon's user goes to that user, who could not open it otherwise.
///
/// # Errors
/// When either cannot be looked at, or the file cannot be given away.
pub(crate) fn give_to_owner_of(directory: &Path, path: &Path) -> io::Result<()> {
    let owner = fs::metadata(directory)?;
    match fs::metadata(path)?.uid() == 0 && owner.uid() != 0 {
        true => chown(path, Some(owner.uid()), Some(owner.gid())),
        false => Ok(()),
    }
}
