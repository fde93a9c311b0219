use super::file;
use crate::store::StoreError;
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process,
};

/// Writes all of the store in `state_dir`, as it is at one moment, into the new file `to`: it becomes `to`
/// only when it is whole and on disk. Blocks; a daemon that runs is not held up.
///
/// # Errors
/// When there is no store, `to` exists or cannot be written, or the store fails.
pub fn backup(state_dir: &Path, to: &Path) -> Result<(), StoreError> {
    let path = file::path(state_dir);
    let connection = file::open_existing(&path)?;
    let failed = |reason: &dyn ToString| StoreError::Backup {
        path: to.to_owned(),
        reason: reason.to_string(),
    };
    let failed_io = |error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => failed(&"it exists, and is not overwritten"),
        _ => failed(&error),
    };
    if fs::symlink_metadata(to).is_ok() {
        return Err(failed_io(ErrorKind::AlreadyExists.into()));
    }
    // A path that begins with `/` is no URI to SQLite, whatever else is in it.
    let to = std::path::absolute(to).map_err(failed_io)?;
    let part = part(&to);
    // SQLite takes an empty file for none; this one nobody else may read.
    file::create_private(&part).map_err(failed_io)?;
    let copied = connection
        .execute("VACUUM INTO CAST(?1 AS TEXT)", [part.as_os_str().as_bytes()])
        .map_err(|error| match StoreError::sqlite(&path, &error) {
            damaged @ StoreError::Damaged { .. } => damaged,
            StoreError::Full { .. } => failed(&"no space is left on the disk"),
            _ => failed(&error),
        })
        .and_then(|_| publish(&part, &to).map_err(failed_io));
    if copied.is_err() {
        // What is left of it is of no use.
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Beside the file, so that it can be renamed; of a name that no other process uses.
fn part(to: &Path) -> PathBuf {
    let mut part = to.as_os_str().to_owned();
    part.push(format!(".{}.part", process::id()));
    part.into()
}

fn publish(part: &Path, to: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    match renameat_with(CWD, part, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot promise that.
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(part, to)?,
        renamed => renamed?,
    }
    let directory = to.parent().unwrap_or(Path::new("/"));
    File::open(directory)?.sync_all()
}
