use crate::{cli::Failure, config::service::Owner};
use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::Path,
};

/// A message larger than any that is forwarded is not read.
const MAX_MESSAGE: u64 = 100 << 20;

/// The message in a file, or at stdin where that is called `-`, as it would come over SMTP: a file may have the line
/// ends of this system.
pub(super) fn message_in(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::file(file, error);
    let mut bytes = Vec::new();
    let read: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(std::fs::File::open(file).map_err(failed)?),
    };
    read.take(MAX_MESSAGE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_MESSAGE {
        return Err(Failure::file(file, "larger than any message that is forwarded"));
    }
    let mut message = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        message.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
        message.extend_from_slice(b"\r\n");
    }
    Ok(message)
}

pub(super) fn must_not_exist(file: &Path) -> Result<(), Failure> {
    // symlink_metadata, as a dangling link is somebody's too.
    match file.symlink_metadata() {
        Ok(_) => Err(exists(file)),
        Err(_) => Ok(()),
    }
}

/// Makes the directory, for the owner only, and its parents. It goes to `user` while root has it and nothing is in it.
pub(super) fn make_private_directory(directory: &Path, user: Option<Owner>) -> Result<(), Failure> {
    let failed = |error| Failure::file(directory, error);
    if !directory.is_dir() {
        if let Some(parent) = directory.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        DirBuilder::new().mode(0o700).create(directory).map_err(failed)?;
    }
    let Some(user) = user else { return Ok(()) };
    let is_roots = directory.metadata().map_err(failed)?.uid() == 0;
    if is_roots && std::fs::read_dir(directory).map_err(failed)?.next().is_none() {
        chown(directory, Some(user.user), Some(user.group)).map_err(failed)?;
    }
    Ok(())
}

/// Whose a directory is, unless it is root's.
pub(super) fn owner(directory: &Path) -> Result<Option<Owner>, Failure> {
    let found = directory.metadata().map_err(|error| Failure::file(directory, error))?;
    Ok((found.uid() != 0).then(|| Owner { user: found.uid(), group: found.gid() }))
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
    // Whatever the umask is: the daemon may be somebody else.
    opened.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all()).map_err(failed)
}

/// As [`write_new`], all of them or none. What only its owner may read is shared with the daemon's user.
pub(super) fn write_all_new(
    files: &[(&Path, &str, u32)],
    daemon: Option<Owner>,
) -> Result<(), Failure> {
    for (at, (file, text, mode)) in files.iter().enumerate() {
        let sharer = daemon.filter(|_| mode & 0o077 == 0);
        let written = write_new(file, text, *mode)
            .and_then(|()| sharer.map_or(Ok(()), |daemon| share(file, daemon)));
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

/// Lets the group of the daemon's user read a secret of root's.
pub(super) fn share(file: &Path, daemon: Owner) -> Result<(), Failure> {
    let failed = |error| Failure::file(file, error);
    let found = file.metadata().map_err(failed)?;
    if found.uid() != 0 || (found.gid() != 0 && found.mode() & 0o040 != 0) {
        return Ok(());
    }
    chown(file, None, Some(daemon.group)).map_err(failed)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o640)).map_err(failed)
}

fn exists(file: &Path) -> Failure {
    Failure::new(format_args!("{} exists; nothing is overwritten", file.display()))
}
