//! The keys with which Onward signs what it sends.

mod file;

use super::{
    Error,
    keystore::{Kept, Keys},
};
use crate::{
    address::Domain,
    auth::dkim::{KeyState, Selector, SigningKey, StoredKey, new_key},
    clock,
    keys::Keystore,
    time::Millis,
};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};
use zeroize::Zeroizing;

pub use crate::auth::dkim::KeyKind;

/// Nothing larger is a key.
const MAX_FILE: u64 = 64 << 10;

/// A key, and the record that publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DkimKey {
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
    /// Where its record stands.
    pub dns_name: String,
    /// What its record says.
    pub dns_text: String,
    /// Its record as a line of a zone file.
    #[serde(skip)]
    pub zone_line: String,
}

/// A key to be added.
#[derive(Debug, Clone)]
pub struct NewDkimKey {
    /// Whom it signs for.
    pub domain: Domain,
    /// Its name in DNS; `None` for one with today's date, and a number where that is taken.
    pub selector: Option<String>,
    /// Where it comes from.
    pub source: DkimKeySource,
    /// It signs only once it is activated.
    pub is_staged: bool,
}

/// Where a key comes from.
#[derive(Debug, Clone)]
pub enum DkimKeySource {
    /// It is made, of this kind.
    New(KeyKind),
    /// A private key in a PEM file.
    File(PathBuf),
}

/// Adds a key.
///
/// # Errors
/// When there is one of that name, the file is no key, or they cannot be read or written.
pub async fn add(keys: &Keys, new: &NewDkimKey) -> Result<DkimKey, Error> {
    let selector = new.selector.as_deref().map(parse_selector).transpose()?;
    let pem = match &new.source {
        DkimKeySource::File(file) => read(file)?,
        DkimKeySource::New(kind) => {
            let pem = new_key(*kind).map_err(Error::refused)?;
            Zeroizing::new(pem.as_bytes().to_vec())
        }
    };
    keys.change(|kept| kept.add_key(new, selector.as_ref(), &pem)).await
}

impl Kept<'_> {
    fn add_key(
        &mut self,
        new: &NewDkimKey,
        selector: Option<&Selector>,
        pem: &[u8],
    ) -> Result<DkimKey, Error> {
        let domain = &new.domain;
        let known = self.keys()?;
        let find = |selector: &Selector| {
            known.iter().find(|key| key.domain == *domain && key.selector == *selector)
        };
        let parse = |selector: &Selector| {
            SigningKey::parse(domain.clone(), selector.clone(), pem).map_err(Error::refused)
        };
        let selector = match selector {
            Some(selector) => selector.clone(),
            None => {
                let kind = parse(&parse_selector("any")?)?.kind();
                free(&format!("onward-{}-{kind}", date(clock::millis())), |name| {
                    find(name).is_none()
                })?
            }
        };
        let key = parse(&selector)?;
        if let Some(known) = find(&selector) {
            let what = format_args!(
                "there is a {} key of that name already; choose another with --selector",
                known.state
            );
            return Err(known.wrong(what).into());
        }
        let state = if new.is_staged { KeyState::Staged } else { KeyState::Active };
        self.put_key((domain, &selector), state, pem)?;
        Ok(DkimKey::of(domain, &selector, state, &key))
    }

    pub(super) fn keys(&self) -> Result<Vec<StoredKey>, Error> {
        match self {
            Self::Files { state_dir, .. } => Ok(StoredKey::all(state_dir)?),
            Self::Document(document) => Ok(document.dkim.clone()),
        }
    }

    /// Keeps a key of whose name there is none.
    pub(super) fn put_key(
        &mut self,
        (domain, selector): (&Domain, &Selector),
        state: KeyState,
        pem: &[u8],
    ) -> Result<(), Error> {
        match self {
            Self::Files { state_dir, .. } => {
                let path = StoredKey::path(state_dir, domain, selector, state);
                file::write_new(state_dir, &path, pem)
            }
            Self::Document(document) => {
                document.add_key((domain, selector), state, SystemTime::now(), pem);
                Ok(())
            }
        }
    }

    fn set_state(&mut self, key: &StoredKey, state: KeyState) -> Result<(), Error> {
        match self {
            Self::Files { state_dir, .. } => {
                let path = StoredKey::path(state_dir, &key.domain, &key.selector, state);
                let Some(file) = key.file() else { return Ok(()) };
                if state == KeyState::Active {
                    // The newest signs.
                    file::touch(file)?;
                }
                file::rename(file, &path)
            }
            Self::Document(document) => {
                let is_it =
                    |it: &&mut StoredKey| it.domain == key.domain && it.selector == key.selector;
                if let Some(found) = document.dkim.iter_mut().find(is_it) {
                    found.state = state;
                    if state == KeyState::Active {
                        found.changed = SystemTime::now();
                    }
                }
                Ok(())
            }
        }
    }
}

/// The name, or where the domain has a key of that name from this day already, with a number behind.
fn free(name: &str, is_free: impl Fn(&Selector) -> bool) -> Result<Selector, Error> {
    let mut selector = parse_selector(name)?;
    for number in 2_u32.. {
        if is_free(&selector) {
            break;
        }
        selector = parse_selector(&format!("{name}-{number}"))?;
    }
    Ok(selector)
}

/// Lets a staged or retired key sign; gives its selector.
///
/// # Errors
/// When there is no such key, it signs already, or they cannot be read or written.
pub async fn activate(keys: &Keys, domain: &Domain, selector: &str) -> Result<String, Error> {
    change(keys, domain, selector, KeyState::Active).await
}

/// Stops signing with a key; gives its selector.
///
/// # Errors
/// When there is no such key, it is retired already, or they cannot be read or written.
pub async fn retire(keys: &Keys, domain: &Domain, selector: &str) -> Result<String, Error> {
    change(keys, domain, selector, KeyState::Retired).await
}

/// All keys by domain and selector, and in the place of one that cannot be used the reason.
///
/// # Errors
/// When they cannot be read.
pub async fn list(keys: &Keys) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    listed(&keys.now().await?)
}

pub(super) fn listed(keystore: &Keystore) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    Ok(keystore.keys()?.iter().map(DkimKey::read).collect())
}

/// As [`list`], those of one domain as the node of this machine has them; no other's is read.
///
/// # Errors
/// When they cannot be read.
pub fn of(keys: &Keys, domain: &Domain) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    let keys = keys.of_node().keys()?.into_iter().filter(|key| key.domain == *domain);
    Ok(keys.map(|key| DkimKey::read(&key)).collect())
}

/// As [`list`], those of one domain, or all: what is to be published.
///
/// # Errors
/// When there is none, or they cannot be read.
pub async fn records(
    keys: &Keys,
    domain: Option<&Domain>,
) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    let mut found = keys.now().await?.keys()?;
    found.retain(|key| domain.is_none_or(|domain| key.domain == *domain));
    if found.is_empty() {
        let whose = domain.map_or_else(String::new, |domain| format!(" of {domain}"));
        return Err(Error::refused(format_args!(
            "there is no key{whose}; `onward dkim key add DOMAIN` makes one"
        )));
    }
    Ok(found.iter().map(DkimKey::read).collect())
}

impl DkimKey {
    fn read(stored: &StoredKey) -> Result<Self, Error> {
        Ok(Self::of(&stored.domain, &stored.selector, stored.state, &stored.key()?))
    }

    pub(super) fn of(
        domain: &Domain,
        selector: &Selector,
        state: KeyState,
        key: &SigningKey,
    ) -> Self {
        Self {
            domain: domain.to_string(),
            selector: selector.to_string(),
            state: state.as_str(),
            kind: key.kind().as_str(),
            bits: key.bits(),
            dns_name: key.dns_name(),
            dns_text: key.dns_text(),
            zone_line: key.zone_line(),
        }
    }
}

async fn change(
    keys: &Keys,
    domain: &Domain,
    selector: &str,
    state: KeyState,
) -> Result<String, Error> {
    let selector = parse_selector(selector)?;
    keys.change(|kept| {
        let is_it = |key: &StoredKey| key.domain == *domain && key.selector == selector;
        let Some(found) = kept.keys()?.into_iter().find(is_it) else {
            return Err(Error::refused(format_args!(
                "{domain} has no key {selector}; `onward dkim key list` shows all"
            )));
        };
        if found.state == state {
            return Err(Error::refused(format_args!("{selector} of {domain} is {state} already")));
        }
        // A key that is none must not sign.
        found.key()?;
        kept.set_state(&found, state)
    })
    .await?;
    Ok(selector.to_string())
}

/// As `20261127`.
fn date(time: Millis) -> String {
    time.to_string().chars().take(10).filter(|c| *c != '-').collect()
}

fn parse_selector(text: &str) -> Result<Selector, Error> {
    Selector::parse(text).ok_or_else(|| {
        Error::Request(format!(
            "{text:?} is no selector: letters, digits and hyphens, in labels between dots"
        ))
    })
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |error: std::io::Error| Error::file(file, error);
    if fs::metadata(file).map_err(failed)?.len() > MAX_FILE {
        return Err(Error::file(file, "too large for a key"));
    }
    fs::read(file).map(Zeroizing::new).map_err(failed)
}
