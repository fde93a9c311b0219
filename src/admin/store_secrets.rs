//! SRS secrets and DKIM keys in the store: taken from files, written into files again, listed, and sealed under another key.

use super::{
    Error,
    keystore::{InStore, Kept, Keys},
    srs_keys,
};
use crate::{
    auth::dkim::StoredKey,
    config::Config,
    keys::{self, Document, Keystore, KeystoreError, SealingKeys},
    srs::{Fingerprint, Keyring, file_secrets},
};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};
use zeroize::Zeroizing;

/// Octets of the hash of a public key that are told.
const PRINT: usize = 4;

/// One of them, and what was done with it. Nothing of it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// Which it is, in words.
    pub what: String,
    /// It was there before, and stays.
    pub was_there: bool,
}

/// What is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name of the key that it is sealed under.
    pub sealed_by: String,
    /// The SRS secrets in their order.
    pub srs: Vec<srs_keys::SrsKey>,
    /// The DKIM keys by domain and selector.
    pub dkim: Vec<ListedKey>,
}

/// A DKIM key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedKey {
    /// Whom it signs for.
    pub domain: String,
    /// Its name in DNS.
    pub selector: String,
    /// `staged`, `active` or `retired`.
    pub state: &'static str,
    /// `rsa` or `ed25519`.
    pub kind: &'static str,
    /// Its length.
    pub bits: usize,
    /// 8 hexadecimal digits of a hash of its public part.
    pub fingerprint: String,
}

/// Under which keys all of it is and was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The name of the key before.
    pub before: String,
    /// That of the key now.
    pub now: String,
}

/// Takes what the files of the configuration hold into the store: behind what is there already, or `replaces` in its place,
/// whatever that is.
///
/// # Errors
/// When there is nothing to take, a file cannot be read or is none, another key of the same name is in the store, or the store
/// cannot be read or written.
pub async fn import(config: &Config, replaces: bool) -> Result<Vec<Handled>, Error> {
    let keys = Keys::of(config);
    let store = keys.in_store()?;
    let (secrets, dkim) = (secrets_of(&config.srs.secret_file)?, store.files.keys()?);
    if secrets.is_empty() && dkim.is_empty() {
        return Err(Error::refused(format_args!(
            "there is neither a secret in {} nor a DKIM key in {}; `onward srs key add` makes a secret in the store",
            config.srs.secret_file.display(),
            config.state_dir.display()
        )));
    }
    let sealing = keys::sealing_keys(&store.key_file)?;
    store
        .replace(&sealing, |sealed| {
            let mut document = match sealed {
                Some(sealed) if !replaces => keys::open(&store.key_file, &sealed.octets)?,
                _ => Document::default(),
            };
            let mut handled = take_secrets(&mut document, &secrets);
            for key in &dkim {
                handled.push(take_key(&mut document, key)?);
            }
            Ok((handled, document))
        })
        .await
}

/// What a file of secrets holds; nothing where there is none.
fn secrets_of(file: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    match fs::read(file).map(Zeroizing::new) {
        Ok(secrets) => match Keyring::parse(&secrets) {
            Ok(_) => Ok(secrets),
            Err(error) => Err(Error::file(file, error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Zeroizing::default()),
        Err(error) => Err(Error::closed(file, &error)),
    }
}

/// Behind those that are there, so that the one that signs stays the same.
fn take_secrets(document: &mut Document, secrets: &[u8]) -> Vec<Handled> {
    let known: Vec<Fingerprint> =
        file_secrets(&document.srs).map(|(_, secret)| Fingerprint::of(secret)).collect();
    let mut all = Zeroizing::new(Vec::with_capacity(document.srs.len() + secrets.len() + 2));
    all.extend_from_slice(&document.srs);
    let mut handled = Vec::new();
    for (_, secret) in file_secrets(secrets) {
        let fingerprint = Fingerprint::of(secret);
        let was_there = known.contains(&fingerprint);
        if !was_there {
            if !all.is_empty() && !all.ends_with(b"\n") {
                all.push(b'\n');
            }
            all.extend_from_slice(secret);
            all.push(b'\n');
        }
        handled.push(Handled { what: format!("SRS secret {fingerprint}"), was_there });
    }
    document.srs = all;
    handled
}

fn take_key(document: &mut Document, stored: &StoredKey) -> Result<Handled, Error> {
    // What is no key is not taken.
    stored.key()?;
    let pem = stored.pem()?;
    let StoredKey { domain, selector, state, changed, .. } = stored;
    let was_there = match document.key(domain, selector) {
        Some(known) if known.pem()? == pem => true,
        Some(_) => {
            let what = "another key of that name is in the store already";
            return Err(stored.wrong(what).into());
        }
        None => {
            document.add_key((domain, selector), *state, *changed, &pem);
            false
        }
    };
    Ok(Handled { what: of_key(stored), was_there })
}

fn of_key(key: &StoredKey) -> String {
    format!("DKIM key {} of {} ({})", key.selector, key.domain, key.state)
}

/// Writes what is in the store into the files of the configuration, for who goes on with these. The secrets stand before those that
/// the file has.
///
/// # Errors
/// When the store cannot be read, a file has another key of the same name, or cannot be written.
pub async fn export(config: &Config) -> Result<Vec<Handled>, Error> {
    let keys = Keys::of(config);
    let (document, _) = keys.in_store()?.read().await?;
    let file = &config.srs.secret_file;
    let mut handled = Vec::new();
    let there = secrets_of(file)?;
    let there: Vec<_> = file_secrets(&there).map(|(_, secret)| Fingerprint::of(secret)).collect();
    let is_new = !file.exists();
    for (_, secret) in file_secrets(&document.srs) {
        let fingerprint = Fingerprint::of(secret);
        let was_there = there.contains(&fingerprint);
        handled.push(Handled { what: format!("SRS secret {fingerprint}"), was_there });
    }
    srs_keys::put_first(file, &document.srs)?;
    if is_new {
        share(file, &config.state_dir).map_err(|error| Error::file(file, error))?;
    }
    let mut files = Kept::Files { srs: file, state_dir: &config.state_dir };
    let there = files.keys()?;
    for key in &document.dkim {
        let pem = key.pem()?;
        let is_it = |it: &&StoredKey| it.domain == key.domain && it.selector == key.selector;
        let was_there = match there.iter().find(is_it) {
            Some(known) if known.pem()? == pem => true,
            Some(known) => {
                return Err(known.wrong("the key of that name in the store is another").into());
            }
            None => {
                files.put_key((&key.domain, &key.selector), key.state, &pem)?;
                let path =
                    StoredKey::path(&config.state_dir, &key.domain, &key.selector, key.state);
                // The newest signs.
                File::options()
                    .append(true)
                    .open(&path)
                    .and_then(|file| file.set_modified(key.changed))
                    .map_err(|error| Error::file(&path, error))?;
                false
            }
        };
        handled.push(Handled { what: of_key(key), was_there });
    }
    Ok(handled)
}

/// Root may write for a daemon that is not: a file belongs to whoever the state directory does.
fn share(file: &Path, state_dir: &Path) -> io::Result<()> {
    let (owner, own) = (fs::metadata(state_dir)?, fs::metadata(file)?);
    match (owner.uid(), owner.gid()) == (own.uid(), own.gid()) {
        true => Ok(()),
        false => chown(file, Some(owner.uid()), Some(owner.gid())),
    }
}

/// What is in the store.
///
/// # Errors
/// When it cannot be read.
pub async fn list(config: &Config) -> Result<Listed, Error> {
    let (document, sealed) = Keys::of(config).in_store()?.read().await?;
    let key = |key: &StoredKey| {
        let read = key.key()?;
        let hash = Sha256::digest(read.dns_text());
        Ok(ListedKey {
            domain: key.domain.to_string(),
            selector: key.selector.to_string(),
            state: key.state.as_str(),
            kind: read.kind().as_str(),
            bits: read.bits(),
            fingerprint: HEXLOWER.encode(hash.get(..PRINT).unwrap_or_default()),
        })
    };
    let dkim = document.dkim.iter().map(key).collect::<Result<_, Error>>()?;
    let is_empty = file_secrets(&document.srs).next().is_none();
    let keystore = Keystore::Document(document.into());
    let srs = match is_empty {
        true => Vec::new(),
        false => srs_keys::listed(&keystore.keyring()?),
    };
    Ok(Listed { sealed_by: SealingKeys::name_in(&sealed.octets), srs, dkim })
}

/// Seals what is in the store under the first key of `new_file`.
///
/// # Errors
/// When it is sealed under that already, a file of keys cannot be read, or the store cannot be read or written.
pub async fn rekey(config: &Config, new_file: &Path) -> Result<Rekeyed, Error> {
    let keys = Keys::of(config);
    let InStore { key_file, .. } = keys.in_store()?;
    let sealing = keys::sealing_keys(new_file)?;
    let now = sealing.names().next().map(|name| name.to_string()).unwrap_or_default();
    keys.in_store()?
        .replace(&sealing, |sealed| {
            let sealed = sealed.ok_or(KeystoreError::Absent)?;
            let (before, now) = (SealingKeys::name_in(&sealed.octets), now.clone());
            if before == now {
                return Err(Error::refused(format_args!(
                    "{}: its first key, {now}, is the one that all of it is sealed under",
                    new_file.display()
                )));
            }
            Ok((Rekeyed { before, now }, keys::open(key_file, &sealed.octets)?))
        })
        .await
}
