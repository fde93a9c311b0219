//! Where SRS secrets and DKIM keys are kept: in files of this machine, or in the store, sealed. Whoever needs them asks here.

use super::{
    MAKES_SECRET,
    document::{Document, NoDocument},
    live::{Stamp, stamp},
    sealing::{KeyFileError, KeyName, OpenError, SealError, SealingKeys},
};
use crate::{
    auth::dkim::{KeyUnreadable, StoredKey, directory},
    config::{Config, unread},
    srs::{Keyring, KeyringError},
};
use parking_lot::Mutex;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// The copy that a node has of what is sealed in the store, in its state directory: as it is there.
const COPY: &str = "sealed-secrets";

/// One writes a copy at a time: a reload, and what follows the store.
static WRITING: Mutex<()> = Mutex::new(());

/// Where SRS secrets and DKIM keys are kept.
#[derive(Debug, Clone)]
pub(crate) enum Keystore {
    /// In files of this machine.
    Files {
        /// The SRS secrets.
        srs: PathBuf,
        /// Where the DKIM keys lie.
        state_dir: PathBuf,
    },
    /// In the store. This node has a copy, which it keeps in line.
    Copy {
        /// What opens it.
        key_file: PathBuf,
        /// Where it is.
        copy: PathBuf,
    },
    /// In the store, as it was read there.
    Document(Arc<Document>),
}

/// Why there are no secrets or keys. No message shows any.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeystoreError {
    #[error("the SRS secret file {} {what}", .file.display())]
    SecretFile { file: PathBuf, what: String },
    #[error("SRS secret file {}: {error}", .file.display())]
    Secrets { file: PathBuf, error: KeyringError },
    #[error("the SRS secrets in the store: {0}; {MAKES_SECRET}")]
    SecretsInStore(KeyringError),
    #[error(transparent)]
    Key(#[from] KeyUnreadable),
    #[error("store.key_file {}: {}", .file.display(), told(error))]
    KeyFile { file: PathBuf, error: KeyFileError },
    #[error(
        "SRS secrets and DKIM keys in the store are sealed under the key {found}, and store.key_file {} has {known}: let every node have \
         the same file",
        .file.display()
    )]
    OtherKey { file: PathBuf, found: KeyName, known: String },
    #[error(
        "SRS secrets and DKIM keys in the store were sealed by a newer Onward (form {0}): run that version on all nodes"
    )]
    Newer(u8),
    #[error(
        "SRS secrets and DKIM keys in the store are damaged, or somebody changed them: restore a backup of the database, or put what \
         the files of a node hold in their place with `onward store secrets import --replace`"
    )]
    Damaged,
    #[error(
        "store.key_file is set, and no SRS secrets and DKIM keys are in the store: `onward store secrets import` takes those that the files \
         of this machine hold, and where there are none `onward srs key add` makes a secret"
    )]
    Absent,
    #[error("the copy {} of what is sealed in the store {what}", .file.display())]
    Copy { file: PathBuf, what: String },
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl Keystore {
    /// As a node goes by it.
    pub(crate) fn of(config: &Config) -> Self {
        match &config.store.key_file {
            Some(key_file) => {
                Self::Copy { key_file: key_file.clone(), copy: copy(&config.state_dir) }
            }
            None => Self::in_files(config),
        }
    }

    /// The files that a configuration names, whether they are used or not.
    pub(crate) fn in_files(config: &Config) -> Self {
        let (srs, state_dir) = (config.srs.secret_file.clone(), config.state_dir.clone());
        Self::Files { srs, state_dir }
    }

    /// What there is in files, in words.
    pub(crate) fn found(&self) -> Vec<String> {
        let Self::Files { srs, state_dir } = self else { return Vec::new() };
        // What cannot be looked at is there.
        let secrets = srs.try_exists().unwrap_or(true).then(|| srs.display().to_string());
        let keys = (!self.key_files().is_empty())
            .then(|| format!("the DKIM keys in {}", directory(state_dir).display()));
        secrets.into_iter().chain(keys).collect()
    }

    /// The copy of what is sealed in the store, as this node has it.
    pub(crate) fn copied(&self) -> Option<Vec<u8>> {
        match self {
            Self::Copy { copy, .. } => fs::read(copy).ok(),
            Self::Files { .. } | Self::Document(_) => None,
        }
    }

    /// The SRS secrets, as a file of them has them.
    pub(crate) fn secrets(&self) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
        match self {
            Self::Files { srs, .. } => fs::read(srs).map(Zeroizing::new).map_err(|error| {
                let what = unread(&error, MAKES_SECRET);
                KeystoreError::SecretFile { file: srs.clone(), what }
            }),
            Self::Copy { .. } | Self::Document(_) => Ok(self.document()?.srs.clone()),
        }
    }

    /// The same, to be used.
    pub(crate) fn keyring(&self) -> Result<Keyring, KeystoreError> {
        Keyring::parse(&self.secrets()?).map_err(|error| match self {
            Self::Files { srs, .. } => KeystoreError::Secrets { file: srs.clone(), error },
            Self::Copy { .. } | Self::Document(_) => KeystoreError::SecretsInStore(error),
        })
    }

    /// All DKIM keys, by domain and selector.
    pub(crate) fn keys(&self) -> Result<Vec<StoredKey>, KeystoreError> {
        match self {
            Self::Files { state_dir, .. } => Ok(StoredKey::all(state_dir)?),
            Self::Copy { .. } | Self::Document(_) => Ok(self.document()?.dkim.clone()),
        }
    }

    /// Changes whenever the SRS secrets may have.
    pub(super) fn secrets_stamp(&self) -> Stamp {
        match self {
            Self::Files { srs, .. } => stamp(srs),
            Self::Copy { key_file, copy } => [stamp(key_file), stamp(copy)].concat(),
            Self::Document(_) => Stamp::new(),
        }
    }

    /// The same of the DKIM keys.
    pub(super) fn keys_stamp(&self) -> Stamp {
        match self {
            Self::Files { .. } => self.key_files().iter().flat_map(|file| stamp(file)).collect(),
            Self::Copy { .. } | Self::Document(_) => self.secrets_stamp(),
        }
    }

    /// The file without which there are no secrets.
    pub(crate) fn needed(&self) -> &Path {
        match self {
            Self::Files { srs, .. } => srs,
            Self::Copy { key_file, .. } => key_file,
            Self::Document(_) => Path::new(""),
        }
    }

    /// The files in which DKIM keys are.
    pub(crate) fn key_files(&self) -> Vec<PathBuf> {
        match self {
            Self::Files { state_dir, .. } => {
                let keys = StoredKey::all(state_dir).unwrap_or_default();
                keys.iter().filter_map(StoredKey::file).map(Path::to_owned).collect()
            }
            Self::Copy { .. } | Self::Document(_) => Vec::new(),
        }
    }

    /// Where they are, in words.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Files { srs, .. } => srs.display().to_string(),
            Self::Copy { .. } | Self::Document(_) => "the store, sealed".to_owned(),
        }
    }

    fn document(&self) -> Result<Arc<Document>, KeystoreError> {
        match self {
            Self::Files { .. } => Err(KeystoreError::Absent),
            Self::Copy { key_file, copy } => {
                let sealed = fs::read(copy).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => KeystoreError::Absent,
                    _ => KeystoreError::Copy { file: copy.clone(), what: unread(&error, "") },
                })?;
                open(key_file, &sealed).map(Arc::new)
            }
            Self::Document(document) => Ok(Arc::clone(document)),
        }
    }
}

/// Opens what is sealed in the store.
pub(crate) fn open(key_file: &Path, sealed: &[u8]) -> Result<Document, KeystoreError> {
    let keys = sealing_keys(key_file)?;
    let content = keys.open(sealed).map_err(|error| match error {
        OpenError::OtherKey(found) => {
            let names: Vec<String> = keys.names().map(|name| name.to_string()).collect();
            let known = names.join(", ");
            KeystoreError::OtherKey { file: key_file.to_owned(), found, known }
        }
        OpenError::Version(version) => KeystoreError::Newer(version),
        OpenError::Damaged => KeystoreError::Damaged,
    })?;
    // It was sealed by who has the key, so it is only of another form.
    Document::read(&content).map_err(|NoDocument| KeystoreError::Newer(1))
}

/// The keys of a file that seal and open.
pub(crate) fn sealing_keys(key_file: &Path) -> Result<SealingKeys, KeystoreError> {
    SealingKeys::read(key_file)
        .map_err(|error| KeystoreError::KeyFile { file: key_file.to_owned(), error })
}

/// The copy that the node of a state directory has.
fn copy(state_dir: &Path) -> PathBuf {
    state_dir.join(COPY)
}

/// Keeps `sealed`, as it is in the store, in the place of the copy that this node has; false where it is that already. What cannot
/// be opened is not kept: the node goes on by what it had.
pub(crate) fn keep_copy(config: &Config, sealed: &[u8]) -> Result<bool, KeystoreError> {
    let Some(key_file) = &config.store.key_file else { return Ok(false) };
    open(key_file, sealed)?;
    let _turn = WRITING.lock();
    let copy = copy(&config.state_dir);
    if fs::read(&copy).is_ok_and(|kept| kept == sealed) {
        return Ok(false);
    }
    let failed = |error: io::Error| KeystoreError::Copy {
        file: copy.clone(),
        what: format!("cannot be written: {error}"),
    };
    replace(&copy, sealed).map_err(failed)?;
    Ok(true)
}

/// Whole or not at all, however it ends.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("new");
    let mut options = OpenOptions::new();
    let mut opened = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    opened.write_all(content)?;
    opened.sync_all()?;
    fs::rename(&draft, file)?;
    File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn told(error: &KeyFileError) -> String {
    match error {
        KeyFileError::Unread(error) => {
            unread(error, "it is the same on all nodes: copy it from another")
        }
        error => error.to_string(),
    }
}
