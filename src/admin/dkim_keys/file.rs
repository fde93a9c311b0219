//! Files that only the daemon may read.

use crate::admin::Error;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown},
    path::Path,
    time::SystemTime,
};

/// Writes a new file, durably, and the directories above it within `state_dir`, all for the owner of
/// `state_dir` alone: as root may make keys for a daemon that is not.
pub(super) fn write_new(state_dir: &Path, path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Error::file(&path, error)
    };
    fs::create_dir_all(state_dir).map_err(failed(state_dir))?;
    let owner = fs::metadata(state_dir).map_err(failed(state_dir))?;
    let own = |path: &Path| -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        match (metadata.uid(), metadata.gid()) == (owner.uid(), owner.gid()) {
            true => Ok(()),
            false => chown(path, Some(owner.uid()), Some(owner.gid())),
        }
    };
    let above = path.ancestors().skip(1).take_while(|directory| *directory != state_dir);
    let above: Vec<&Path> = above.collect();
    for directory in above.iter().rev() {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| own(directory)).map_err(failed(directory))?,
        }
    }
    // The daemon takes up a file by its name: it gets that when it is whole.
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = Path::new(&draft);
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(draft)?;
        own(draft)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(failed(draft))?;
    rename(draft, path)
}

/// Gives a file another name of the same directory, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    let sync = |to: &Path| File::open(to.parent().unwrap_or(Path::new("/")))?.sync_all();
    fs::rename(from, to).and_then(|()| sync(to)).map_err(|error| Error::file(from, error))
}

/// Makes a file the newest.
pub(super) fn touch(path: &Path) -> Result<(), Error> {
    let open = OpenOptions::new().append(true).open(path);
    open.and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(|error| Error::file(path, error))
}
