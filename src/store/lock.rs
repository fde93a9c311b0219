use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

/// The right to serve from a state directory, or to keep others from it, until it is dropped or the
/// process ends.
#[derive(Debug)]
pub struct StateLock {
    _directory: File,
}

impl StateLock {
    /// Takes it; `None` when another process has it or keeps it from being taken.
    ///
    /// # Errors
    /// When the directory cannot be opened or locked.
    pub fn take(state_dir: &Path) -> io::Result<Option<Self>> {
        let directory = File::open(state_dir)?;
        match directory.try_lock() {
            Ok(()) => Ok(Some(Self { _directory: directory })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Keeps everybody from serving, for a moment; `None` when somebody serves. Any number of processes
    /// may do so.
    ///
    /// # Errors
    /// As [`StateLock::take`].
    pub fn keep_stopped(state_dir: &Path) -> io::Result<Option<Self>> {
        let directory = File::open(state_dir)?;
        match directory.try_lock_shared() {
            Ok(()) => Ok(Some(Self { _directory: directory })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
