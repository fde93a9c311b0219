//! The keys with which Onward signs what it sends.

mod file;

use super::Error;
use crate::{
    address::Domain,
    auth::dkim::{KeyFile, KeyState, Selector, SigningKey, new_key},
    clock,
    time::Millis,
};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
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
/// When there is one of that name, the file is no key, or the state directory cannot be written.
pub fn add(state_dir: &Path, new: &NewDkimKey) -> Result<DkimKey, Error> {
    let selector = new.selector.as_deref().map(parse_selector).transpose()?;
    let pem = match &new.source {
        DkimKeySource::File(file) => read(file)?,
        DkimKeySource::New(kind) => {
            let pem = new_key(*kind).map_err(Error::refused)?;
            Zeroizing::new(pem.as_bytes().to_vec())
        }
    };
    let parse = |selector: &Selector| {
        SigningKey::parse(new.domain.clone(), selector.clone(), &pem).map_err(Error::refused)
    };
    let selector = match selector {
        Some(selector) => selector,
        None => {
            let kind = parse(&parse_selector("any")?)?.kind();
            free(state_dir, &new.domain, &format!("onward-{}-{kind}", date(clock::millis())))?
        }
    };
    let key = parse(&selector)?;
    if let Some(known) = find(state_dir, &new.domain, &selector)? {
        let what = format_args!(
            "there is a {} key of that name already; choose another with --selector",
            known.state
        );
        return Err(Error::file(&known.path, what));
    }
    let state = if new.is_staged { KeyState::Staged } else { KeyState::Active };
    let path = KeyFile::path(state_dir, &new.domain, &selector, state);
    file::write_new(state_dir, &path, &pem)?;
    Ok(DkimKey::of(&new.domain, &selector, state, &key))
}

/// The name, or where the domain has a key of that name from this day already, with a number behind.
fn free(state_dir: &Path, domain: &Domain, name: &str) -> Result<Selector, Error> {
    let mut selector = parse_selector(name)?;
    for number in 2_u32.. {
        if find(state_dir, domain, &selector)?.is_none() {
            break;
        }
        selector = parse_selector(&format!("{name}-{number}"))?;
    }
    Ok(selector)
}

/// Lets a staged or retired key sign; gives its selector.
///
/// # Errors
/// When there is no such key, it signs already, or the state directory cannot be written.
pub fn activate(state_dir: &Path, domain: &Domain, selector: &str) -> Result<String, Error> {
    change(state_dir, domain, selector, KeyState::Active)
}

/// Stops signing with a key; gives its selector.
///
/// # Errors
/// When there is no such key, it is retired already, or the state directory cannot be written.
pub fn retire(state_dir: &Path, domain: &Domain, selector: &str) -> Result<String, Error> {
    change(state_dir, domain, selector, KeyState::Retired)
}

/// All keys by domain and selector, and in the place of one that cannot be used the reason.
///
/// # Errors
/// When the directory of the keys cannot be read.
pub fn list(state_dir: &Path) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    Ok(all(state_dir)?.iter().map(DkimKey::read).collect())
}

/// As [`list`], those of one domain; no other's file is read.
///
/// # Errors
/// When the directory of the keys cannot be read.
pub fn of(state_dir: &Path, domain: &Domain) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    let files = all(state_dir)?.into_iter().filter(|file| file.domain == *domain);
    Ok(files.map(|file| DkimKey::read(&file)).collect())
}

/// As [`list`], those of one domain, or all: what is to be published.
///
/// # Errors
/// When there is none, or the directory of the keys cannot be read.
pub fn records(
    state_dir: &Path,
    domain: Option<&Domain>,
) -> Result<Vec<Result<DkimKey, Error>>, Error> {
    let mut files = all(state_dir)?;
    files.retain(|file| domain.is_none_or(|domain| file.domain == *domain));
    if files.is_empty() {
        let whose = domain.map_or_else(String::new, |domain| format!(" of {domain}"));
        return Err(Error::refused(format_args!(
            "there is no key{whose}; `onward dkim key add DOMAIN` makes one"
        )));
    }
    Ok(files.iter().map(DkimKey::read).collect())
}

impl DkimKey {
    fn read(file: &KeyFile) -> Result<Self, Error> {
        let key = file.key().map_err(|(file, error)| Error::file(&file, error))?;
        Ok(Self::of(&file.domain, &file.selector, file.state, &key))
    }

    fn of(domain: &Domain, selector: &Selector, state: KeyState, key: &SigningKey) -> Self {
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

fn change(
    state_dir: &Path,
    domain: &Domain,
    selector: &str,
    state: KeyState,
) -> Result<String, Error> {
    let selector = parse_selector(selector)?;
    let Some(found) = find(state_dir, domain, &selector)? else {
        return Err(Error::refused(format_args!(
            "{domain} has no key {selector}; `onward dkim key list` shows all"
        )));
    };
    if found.state == state {
        return Err(Error::refused(format_args!("{selector} of {domain} is {state} already")));
    }
    // A key that is none must not sign.
    found.key().map_err(|(file, error)| Error::file(&file, error))?;
    let path = KeyFile::path(state_dir, domain, &selector, state);
    if state == KeyState::Active {
        // The newest signs.
        file::touch(&found.path)?;
    }
    file::rename(&found.path, &path)?;
    Ok(selector.to_string())
}

fn find(state_dir: &Path, domain: &Domain, selector: &Selector) -> Result<Option<KeyFile>, Error> {
    let is_it = |file: &KeyFile| file.domain == *domain && file.selector == *selector;
    Ok(all(state_dir)?.into_iter().find(is_it))
}

fn all(state_dir: &Path) -> Result<Vec<KeyFile>, Error> {
    KeyFile::all(state_dir).map_err(|(file, error)| Error::file(&file, error))
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
