use super::Unreadable;
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::sync::watch;

/// Why the store cannot do what was asked. Nothing was changed; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The state directory does not exist and cannot be made.
    #[error(
        "cannot create the state directory {path}: {reason}; create it and give it to the user \
         that runs Onward, or set state_dir"
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file, or those that are kept beside it, cannot be opened or written.
    #[error(
        "cannot open {path} for reading and writing: {reason}; the file and its directory must \
         belong to the user that runs Onward, and others run this with sudo"
    )]
    Access {
        /// The database.
        path: PathBuf,
        /// What the database or the system said.
        reason: String,
    },
    /// No database, or a broken one.
    #[error(
        "{path} is damaged or no database ({reason}); stop Onward, move the file away with its \
         -wal and -shm, and restore a file made by `onward backup`: see docs/OPERATIONS.md"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Nothing was ever kept there.
    #[error("there is no database {path}; is state_dir the one that `onward serve` uses?")]
    Absent {
        /// The database.
        path: PathBuf,
    },
    /// A database of another program.
    #[error(
        "{path} is the database of another program; set state_dir to a directory of Onward's own"
    )]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// Written by a newer Onward.
    #[error(
        "{path} was written by a newer Onward: its schema is version {found}, this program knows \
         versions up to {known}; run the newer program or restore a backup made before the upgrade"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema version of the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// Written by an older Onward, and not to be changed by whoever only reads.
    #[error(
        "{path} was written by an older Onward: its schema is version {found}, this program's is {known}, \
         and what only reads does not change it; bring it up to date by a start of this version's daemon \
         (systemctl restart onward); `onward backup` before that keeps a copy for the older one"
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// The schema version of the database.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// What it held is elsewhere.
    #[error(
        "what {path} held was moved away by `onward store migrate`, and is not served from here any more: let [store] name where \
         it is, or move it back (docs/NODES.md)"
    )]
    Left {
        /// The database.
        path: PathBuf,
    },
    /// Not all of what it is to hold is there.
    #[error(
        "a move into {path} did not come to its end: run `onward store migrate` again, or go on with the store from which it was \
         begun, which is still in use"
    )]
    Unfinished {
        /// The database.
        path: PathBuf,
    },
    /// Another file than the one that is open, or none, is where the database was.
    #[error(
        "{path} is not the file any more that Onward has open: it was moved, replaced or removed; put \
         it back, or restart Onward with the one that is to hold; until then nothing is spooled or changed"
    )]
    Moved {
        /// The database.
        path: PathBuf,
    },
    /// As [`StoreError::Moved`], of the files in which commits are before they are folded into the database.
    #[error(
        "{path}-wal or {path}-shm is not the file any more that Onward has open; restart Onward; until \
         then nothing is spooled or changed"
    )]
    LogMoved {
        /// The database.
        path: PathBuf,
    },
    /// Somebody else writes for longer than we wait.
    #[error("{path} is locked by another program, such as a large `onward alias apply`; try again")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// No room.
    #[error("no space is left on the disk of {path}")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// A backup that cannot be written.
    #[error("cannot write the backup {path}: {reason}")]
    Backup {
        /// The backup.
        path: PathBuf,
        /// What the database or the system said.
        reason: String,
    },
    /// The server cannot be asked, for now.
    #[error("cannot use the database {database}: {reason}; it is tried again")]
    Unreachable {
        /// The database.
        database: String,
        /// What stands in the way.
        reason: String,
    },
    /// The server lets us not in, or not do what we have to.
    #[error(
        "the database {database} refuses: {reason}; its owner sets up the user and the database"
    )]
    LoginRefused {
        /// The database.
        database: String,
        /// What the server says.
        reason: String,
    },
    /// The server is of a version that does not do.
    #[error("{database} is PostgreSQL {found}; Onward needs {least} or newer")]
    ServerTooOld {
        /// The database.
        database: String,
        /// The server's version.
        found: String,
        /// The oldest that does.
        least: i32,
    },
    /// The server says that something is kept before it is.
    #[error(
        "{database} has {setting} = off and would lose mail that was answered for; switch it on, for the database or the user"
    )]
    LosesCommits {
        /// The database.
        database: String,
        /// What is off.
        setting: &'static str,
    },
    /// Written by an older Onward, and shared: it is brought up to date by who decides that.
    #[error(
        "{database} was written by an older Onward: its schema is version {found}, this program's is {known}; \
         `onward store upgrade` makes steps {first} to {known} of it, after which older programs cannot use it any more: \
         stop all nodes first",
        first = found + 1
    )]
    Outdated {
        /// The database.
        database: String,
        /// The schema version of the database.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// Nodes serve that could not go on.
    #[error("{nodes} serve from {database}; stop all nodes first")]
    Serving {
        /// The database.
        database: String,
        /// Their names.
        nodes: String,
    },
    /// A node of that name serves already.
    #[error(
        "another onward serves as node {node} from {database}; each has its own name: set store.node, or stop that one first"
    )]
    NameTaken {
        /// The database.
        database: String,
        /// The name.
        node: String,
    },
    /// Another process serves in the place of this one.
    #[error(
        "another onward has taken the place of node {node} in {database}, or this one was silent for a day: what waits in the \
         spool is left to others; restart it, by a name of its own"
    )]
    Replaced {
        /// The database.
        database: String,
        /// The name.
        node: String,
    },
    /// A database on a server that holds what it should not.
    #[error("{database} is damaged ({reason}); stop all nodes and restore a backup")]
    Unsound {
        /// The database.
        database: String,
        /// What was found.
        reason: String,
    },
    /// Another node answers for a message by now.
    #[error(
        "message {seq} in the spool was taken over by another node, as this one was silent for too long"
    )]
    TakenOver {
        /// The number of the message in the spool.
        seq: i64,
    },
    /// A message in the spool that cannot be read, while others can.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Anything else.
    #[error("{path}: {reason}")]
    Failed {
        /// The database.
        path: PathBuf,
        /// What the database said.
        reason: String,
    },
}

/// Notes what keeps everything from being written, and tells of it once.
pub(super) fn told_again(trouble: &watch::Sender<Option<StoreError>>, now: Option<StoreError>) {
    let is_other = trouble.send_if_modified(|trouble| {
        let is_other = *trouble != now;
        trouble.clone_from(&now);
        is_other
    });
    match (&now, is_other) {
        (Some(error), true) => tracing::error!("{error}"),
        (None, true) => tracing::info!("the database can be used again"),
        (_, false) => {}
    }
}

impl StoreError {
    pub(super) fn access(path: &Path, error: &io::Error) -> Self {
        Self::Access { path: path.to_owned(), reason: error.to_string() }
    }

    pub(super) fn failed(path: &Path, reason: impl ToString) -> Self {
        Self::Failed { path: path.to_owned(), reason: reason.to_string() }
    }
}
