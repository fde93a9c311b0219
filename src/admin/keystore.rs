//! SRS secrets and DKIM keys, looked at and changed wherever they are kept: in files of this machine, or in the store, sealed.

use super::{Error, Place, reading, secret_file};
use crate::{
    config::Config,
    keys::{self, Document, Keystore, KeystoreError, SealingKeys},
    store::{Sealed, Store, StoreError},
};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How often a change is tried anew that others were faster than.
const TRIES: usize = 20;

/// The SRS secrets and DKIM keys of a configuration.
#[derive(Debug, Clone)]
pub struct Keys {
    keystore: Keystore,
    sealed: Option<InStore>,
}

/// Those that are in the store.
#[derive(Debug, Clone)]
pub(super) struct InStore {
    pub(super) place: Place,
    pub(super) key_file: PathBuf,
    /// What would be used without a key file.
    pub(super) files: Keystore,
}

/// What is to be known of SRS secrets and DKIM keys that are in the store.
#[derive(Debug, Clone)]
pub(super) struct SealedKeys {
    /// What seals them.
    pub(super) key_file: PathBuf,
    /// Files that would be used without it, in words.
    pub(super) unused: Vec<String>,
    /// The node of this machine goes by others than are there now.
    pub(super) is_behind: bool,
}

/// What is changed.
pub(super) enum Kept<'a> {
    Files { srs: &'a Path, state_dir: &'a Path },
    Document(&'a mut Document),
}

impl Keys {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Self {
        let sealed = config.store.key_file.clone().map(|key_file| InStore {
            place: Place::of(config),
            key_file,
            files: Keystore::in_files(config),
        });
        Self { keystore: Keystore::of(config), sealed }
    }

    /// Those in a file of secrets and in a state directory.
    pub fn in_files(srs: &Path, state_dir: &Path) -> Self {
        let keystore = Keystore::Files { srs: srs.to_owned(), state_dir: state_dir.to_owned() };
        Self { keystore, sealed: None }
    }

    /// As the node of this machine has them.
    pub(crate) fn of_node(&self) -> &Keystore {
        &self.keystore
    }

    /// As they are now.
    ///
    /// # Errors
    /// When they are in the store, and that cannot be read or they cannot be opened.
    pub(crate) async fn now(&self) -> Result<Keystore, Error> {
        let Some(sealed) = &self.sealed else { return Ok(self.keystore.clone()) };
        self.read(sealed.read().await)
    }

    /// The same for whoever has the store open.
    ///
    /// # Errors
    /// As [`Keys::now`].
    pub(crate) async fn now_in(&self, store: &Store) -> Result<Keystore, Error> {
        let Some(sealed) = &self.sealed else { return Ok(self.keystore.clone()) };
        self.read(sealed.read_in(store).await)
    }

    fn read(&self, read: Result<(Document, Sealed), Error>) -> Result<Keystore, Error> {
        match read {
            Ok((document, _)) => Ok(Keystore::Document(document.into())),
            // The copy of this node is what it goes by meanwhile.
            Err(Error::Store(error @ StoreError::Unreachable { .. })) => {
                self.keystore.secrets().map_err(|_| Error::Store(error.clone()))?;
                tracing::warn!("{error}; this is of the copy that this node has");
                Ok(self.keystore.clone())
            }
            Err(error) => Err(error),
        }
    }

    /// Changes what is kept, as a whole. `change` may be done several times, of which the last counts.
    pub(super) async fn change<T>(
        &self,
        mut change: impl FnMut(&mut Kept<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match (&self.sealed, &self.keystore) {
            (Some(sealed), _) => {
                sealed.change(|document| change(&mut Kept::Document(document))).await
            }
            (None, Keystore::Files { srs, state_dir }) => {
                change(&mut Kept::Files { srs, state_dir })
            }
            (None, _) => Err(KeystoreError::Absent.into()),
        }
    }

    /// What is to be known where they are in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn sealed_keys(&self, store: &Store) -> Result<Option<SealedKeys>, Error> {
        let Some(InStore { key_file, files, .. }) = &self.sealed else { return Ok(None) };
        let (key_file, unused) = (key_file.clone(), files.found());
        let now = store.sealed().await?;
        let is_behind = self
            .keystore
            .copied()
            .is_some_and(|copied| now.is_some_and(|sealed| *sealed.octets != *copied));
        Ok(Some(SealedKeys { key_file, unused, is_behind }))
    }

    /// Files that are there and not used, in words.
    pub(super) fn unused(&self) -> Vec<String> {
        self.sealed.as_ref().map(|sealed| sealed.files.found()).unwrap_or_default()
    }

    /// Those in the store, where they are.
    pub(super) fn in_store(&self) -> Result<&InStore, Error> {
        self.sealed.as_ref().ok_or_else(|| {
            Error::refused(
                "[store] key_file is not set: SRS secrets and DKIM keys are files of this machine (docs/NODES.md)",
            )
        })
    }
}

impl InStore {
    /// What is in the store, and what it is sealed as.
    pub(super) async fn read(&self) -> Result<(Document, Sealed), Error> {
        let store = self.place.open(reading()).await?;
        let read = self.read_in(&store).await;
        store.close().await;
        read
    }

    async fn read_in(&self, store: &Store) -> Result<(Document, Sealed), Error> {
        let sealed = store.sealed().await?.ok_or(KeystoreError::Absent)?;
        Ok((keys::open(&self.key_file, &sealed.octets)?, sealed))
    }

    /// Changes it; where there was nothing, and this machine has no files either, it is made.
    pub(super) async fn change<T>(
        &self,
        mut change: impl FnMut(&mut Document) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let keys = keys::sealing_keys(&self.key_file)?;
        self.replace(&keys, |sealed| {
            let mut document = match sealed {
                Some(sealed) => keys::open(&self.key_file, &sealed.octets)?,
                // A new secret alone would have what was signed before come back no more.
                None if !self.files.found().is_empty() => return Err(KeystoreError::Absent.into()),
                None => Document::default(),
            };
            let done = change(&mut document)?;
            Ok((done, document))
        })
        .await
    }

    /// Puts what `make` makes of what is there in its place, sealed by `keys`.
    pub(super) async fn replace<T>(
        &self,
        keys: &SealingKeys,
        make: impl FnMut(Option<&Sealed>) -> Result<(T, Document), Error>,
    ) -> Result<T, Error> {
        let store = self.place.open(reading()).await?;
        let done = replace_in(&store, keys, make).await;
        store.close().await;
        done
    }
}

async fn replace_in<T>(
    store: &Store,
    keys: &SealingKeys,
    mut make: impl FnMut(Option<&Sealed>) -> Result<(T, Document), Error>,
) -> Result<T, Error> {
    for _ in 0..TRIES {
        let before = store.sealed().await?;
        let (done, document) = make(before.as_ref())?;
        let sealed = keys.seal(&document.write()).map_err(KeystoreError::from)?;
        let version = before.map(|before| before.version);
        if store.replace_sealed(version.as_deref(), &sealed).await? {
            return Ok(done);
        }
    }
    Err(Error::refused("others change SRS secrets and DKIM keys at the same time; try again"))
}

impl Kept<'_> {
    /// The SRS secrets become what `change` makes of them, which are none where nothing was kept before.
    pub(super) fn edit_secrets(
        &mut self,
        change: impl FnOnce(&[u8]) -> Result<Zeroizing<Vec<u8>>, Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Files { srs, .. } => secret_file::edit(srs, change),
            Self::Document(document) => {
                document.srs = change(&document.srs)?;
                Ok(())
            }
        }
    }

    /// Where the SRS secrets are, in words.
    pub(super) fn secrets_place(&self) -> String {
        match self {
            Self::Files { srs, .. } => srs.display().to_string(),
            Self::Document(_) => "the SRS secrets in the store".to_owned(),
        }
    }
}
