use crate::cli::Failure;
use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::Path,
};

pub(super) fn must_not_exist(file: &Path) -> Result<(), Failure> {
    // symlink_metadata, as a dangling link is somebody's too.
    match file.symlink_metadata() {
        Ok(_) => Err(exists(file)),
        Err(_) => Ok(()),
    }
}

/// Makes the directory, for the owner only, and its parents.
pub(super) fn make_private_directory(directory: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::new(format_args!("{}: {error}", directory.display()));
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    DirBuilder::new().mode(0o700).create(directory).map_err(failed)
}

/// Writes a file that must not be there yet.
fn write_new(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(file),
        _ => Failure::new(format_args!("{}: {error}", file.display())),
    };
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut opened =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(failed)?;
    opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all()).map_err(failed)
}

/// As [`write_new`], all of them or none. What only its owner may read is shared with the owner of
/// `state_dir`, if that is said.
pub(super) fn write_all_new(
    files: &[(&Path, &str, u32)],
    state_dir: Option<&Path>,
) -> Result<(), Failure> {
    for (at, (file, text, mode)) in files.iter().enumerate() {
        let sharer = state_dir.filter(|_| mode & 0o077 == 0);
        let written = write_new(file, text, *mode)
            .and_then(|()| sharer.map_or(Ok(()), |state_dir| share_with_owner(file, state_dir)));
        if written.is_err() {
            // What is left of a failure would stand in the way of the next attempt.
            for (file, ..) in files.iter().take(at) {
                let _ = std::fs::remove_file(file);
            }
            return written;
        }
    }
    Ok(())
}

/// Lets the group of the state directory's owner read a file of root's: the daemon runs as that owner.
fn share_with_owner(file: &Path, state_dir: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::new(format_args!("{}: {error}", file.display()));
    let owner = state_dir.metadata().map_err(failed)?;
    if file.metadata().map_err(failed)?.uid() != 0 || owner.uid() == 0 {
        return Ok(());
    }
    chown(file, None, Some(owner.gid())).map_err(failed)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o640)).map_err(failed)
}

fn exists(file: &Path) -> Failure {
    Failure::new(format_args!("{} exists; nothing is overwritten", file.display()))
}
