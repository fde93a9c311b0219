//! The files that are open, and whether they are still those that a start would open.

use crate::store::StoreError;
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use tokio::sync::watch;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// The file at `path`. It is not opened: to close it would end all locks that SQLite has on it.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self { device: found.dev(), number: found.ino() })
    }
}

/// A database and its log as they were opened.
#[derive(Debug)]
pub(super) struct Opened {
    path: PathBuf,
    file: Inode,
    /// The write-ahead log and its index, where commits are before they are folded into the file.
    log: Vec<(PathBuf, Inode)>,
    trouble: watch::Sender<Option<StoreError>>,
}

/// What is not in its place any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    File,
    Log,
}

impl Opened {
    /// The database at `path`, which was `file` before it was opened. Somebody has read of it since, so
    /// that it has a log.
    ///
    /// # Errors
    /// When it is another one by now.
    pub(super) fn new(path: &Path, file: Inode) -> Result<Self, StoreError> {
        let log = ["-wal", "-shm"].map(|suffix| beside(path, suffix)).into_iter();
        let log = log.filter_map(|path| Inode::at(&path).ok().map(|inode| (path, inode))).collect();
        let (trouble, _) = watch::channel(None);
        let opened = Self { path: path.to_owned(), file, log, trouble };
        opened.check().map(|()| opened)
    }

    /// Whether a start would open what is open. What was committed before this says so is there.
    ///
    /// # Errors
    /// When it would not.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let gone = self.gone();
        let error = gone.map(|gone| match gone {
            Gone::File => StoreError::Moved { path: self.path.clone() },
            Gone::Log => StoreError::LogMoved { path: self.path.clone() },
        });
        let is_other = self.trouble.send_if_modified(|trouble| {
            let is_other = *trouble != error;
            trouble.clone_from(&error);
            is_other
        });
        match (&error, is_other) {
            (Some(error), true) => tracing::error!("{error}"),
            (None, true) => tracing::info!("{} is in its place again", self.path.display()),
            (_, false) => {}
        }
        error.map_or(Ok(()), Err)
    }

    /// What [`Opened::check`] found last, and finds.
    pub(super) fn trouble(&self) -> watch::Receiver<Option<StoreError>> {
        self.trouble.subscribe()
    }

    /// True when what is in the log may be folded into the file: nobody else has begun another log for it.
    pub(super) fn may_fold(&self) -> bool {
        self.gone() != Some(Gone::Log) || self.may_remove_log()
    }

    /// True when the log beside the file is the one that is open, or there is none: what is there may be
    /// removed behind the last connection.
    pub(super) fn may_remove_log(&self) -> bool {
        self.log.iter().all(|(path, inode)| Inode::at(path).map_or(true, |found| found == *inode))
    }

    fn gone(&self) -> Option<Gone> {
        if Inode::at(&self.path).ok() != Some(self.file) {
            return Some(Gone::File);
        }
        let mut log = self.log.iter();
        log.any(|(path, inode)| Inode::at(path).ok() != Some(*inode)).then_some(Gone::Log)
    }
}

/// A file that SQLite keeps beside the database: `-wal`, `-shm`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}
