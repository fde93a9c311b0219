//! Reads and replaces the file of secrets: whole, durably, and without opening it to others.

use crate::{admin::Error, clock, config::unread, keys::MAKES_SECRET, srs::Keyring};
use base32::Alphabet;
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The secrets of `file`.
pub(crate) fn keyring(file: &Path) -> Result<Keyring, Error> {
    let content = read(file).map_err(|error| Error::file(file, unread(&error, MAKES_SECRET)))?;
    Keyring::parse(&content).map_err(|error| Error::file(file, error))
}

/// 256 random bits in base32: one line of text for PostSRSd too.
pub(crate) fn new_secret() -> Result<Zeroizing<String>, Error> {
    let octets = clock::secret::<32>().map_err(Error::no_random)?;
    Ok(Zeroizing::new(base32::encode(Alphabet::Rfc4648Lower { padding: false }, &*octets)))
}

fn read(file: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    fs::read(file).map(Zeroizing::new)
}

/// Replaces the content by what `change` makes of it; a file that is not there is empty.
///
/// Whoever reads it meanwhile sees the old content or the new. Owner and group are kept, and the
/// mode but for any access by others.
pub(super) fn edit(
    file: &Path,
    change: impl FnOnce(&[u8]) -> Result<Zeroizing<Vec<u8>>, Error>,
) -> Result<(), Error> {
    // A link stays a link, and what it points to is replaced.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let failed = |error: io::Error| Error::file(&file, error);
    let draft = Draft::create(&file)?;
    let (old, metadata) = match File::open(&file).and_then(|file| file.metadata()) {
        Ok(metadata) => (read(&file).map_err(failed)?, Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Zeroizing::default(), None),
        Err(error) => return Err(failed(error)),
    };
    let new = change(&old)?;
    draft.replace(&file, &new, metadata.as_ref()).map_err(failed)
}

/// The new content until it takes the place of the old. Removed when dropped before.
///
/// Only one can exist beside a file, so no two edits overwrite one another.
struct Draft {
    path: PathBuf,
    file: File,
    placed: bool,
}

impl Draft {
    fn create(beside: &Path) -> Result<Self, Error> {
        let mut path = beside.as_os_str().to_owned();
        path.push(".new");
        let path = PathBuf::from(path);
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Self { path, file, placed: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::file(
                &path,
                "there already: another edit is under way, or one was broken off; then remove it",
            )),
            Err(error) => Err(Error::file(&path, error)),
        }
    }

    fn replace(mut self, file: &Path, new: &[u8], old: Option<&fs::Metadata>) -> io::Result<()> {
        self.file.write_all(new)?;
        if let Some(old) = old {
            let draft = self.file.metadata()?;
            if (old.uid(), old.gid()) != (draft.uid(), draft.gid()) {
                fchown(&self.file, Some(old.uid()), Some(old.gid()))?;
            }
            self.file.set_permissions(Permissions::from_mode(old.mode() & 0o770))?;
        }
        self.file.sync_all()?;
        fs::rename(&self.path, file)?;
        self.placed = true;
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once placed, a draft of that name is somebody else's.
        if !self.placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}
