//! The secrets that sign and verify rewritten addresses, one a line, of which the first signs.

pub(crate) use super::secret_file::{keyring, new_secret};
use super::{Error, keystore::Keys, secret_file};
use crate::srs::{Fingerprint, Keyring, file_secrets};
use serde::Serialize;
use std::path::Path;
use zeroize::Zeroizing;

/// A secret, which is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SrsKey {
    /// By which it is known.
    pub fingerprint: String,
    /// It signs; the others verify.
    pub signs: bool,
    /// It is so short that it might be guessed.
    pub short: bool,
}

/// What came of retiring a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetiredSrsKey {
    /// The fingerprint of the one that is gone.
    pub fingerprint: String,
    /// That of the one that signs now.
    pub signing: String,
}

/// The secrets in their order.
///
/// # Errors
/// When they cannot be read, or there is none.
pub async fn list(keys: &Keys) -> Result<Vec<SrsKey>, Error> {
    Ok(listed(&keys.now().await?.keyring()?))
}

pub(super) fn listed(keyring: &Keyring) -> Vec<SrsKey> {
    let short = keyring.short_secrets();
    let fingerprints = keyring.fingerprints().into_iter().enumerate();
    let key = |(at, fingerprint): (usize, Fingerprint)| SrsKey {
        fingerprint: fingerprint.to_string(),
        signs: at == 0,
        short: short.contains(&fingerprint),
    };
    fingerprints.map(key).collect()
}

/// Adds a new random secret, which signs unless it is to verify only.
///
/// # Errors
/// When they cannot be read or written.
pub async fn add(keys: &Keys, verify_only: bool) -> Result<SrsKey, Error> {
    let secret = new_secret()?;
    let edit = |old: &[u8]| {
        let mut new = Zeroizing::new(Vec::with_capacity(old.len() + secret.len() + 2));
        if verify_only {
            new.extend_from_slice(old);
            if !old.is_empty() && !old.ends_with(b"\n") {
                new.push(b'\n');
            }
        }
        new.extend_from_slice(secret.as_bytes());
        new.push(b'\n');
        if !verify_only {
            new.extend_from_slice(old);
        }
        Ok(new)
    };
    keys.change(|kept| kept.edit_secrets(edit)).await?;
    let fingerprint = Fingerprint::of(secret.as_bytes());
    let signs = keys.now().await?.keyring()?.fingerprints().first() == Some(&fingerprint);
    Ok(SrsKey { fingerprint: fingerprint.to_string(), signs, short: false })
}

/// Puts `secrets`, the text of such a file, before those that are there, and says how many these are: the first of
/// `secrets` signs, and what was signed before still verifies.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn put_first(file: &Path, secrets: &[u8]) -> Result<usize, Error> {
    let first: Vec<Fingerprint> =
        file_secrets(secrets).map(|(_, secret)| Fingerprint::of(secret)).collect();
    let mut kept = 0;
    secret_file::edit(file, |old| {
        let mut new = Zeroizing::new(Vec::with_capacity(secrets.len() + old.len() + 2));
        let behind = file_secrets(old).map(|(_, secret)| secret);
        let behind = behind.filter(|secret| !first.contains(&Fingerprint::of(secret)));
        for secret in file_secrets(secrets).map(|(_, secret)| secret) {
            new.extend_from_slice(secret);
            new.push(b'\n');
        }
        for secret in behind {
            kept += 1;
            new.extend_from_slice(secret);
            new.push(b'\n');
        }
        Ok(new)
    })?;
    Ok(kept)
}

/// Removes a secret: addresses signed with it no longer come back.
///
/// # Errors
/// When there is no such secret, it is the only one, or they cannot be read or written.
pub async fn retire(keys: &Keys, fingerprint: &str) -> Result<RetiredSrsKey, Error> {
    let fingerprint = Fingerprint::parse(fingerprint).ok_or_else(|| {
        Error::refused("a fingerprint is 8 hexadecimal digits, as `list` shows them")
    })?;
    keys.change(|kept| {
        let place = kept.secrets_place();
        let wrong = |what: std::fmt::Arguments<'_>| Err(Error::Keys(format!("{place}: {what}")));
        kept.edit_secrets(|old| {
            let mut new = Zeroizing::new(Vec::with_capacity(old.len() + 1));
            for (_, secret) in file_secrets(old) {
                if Fingerprint::of(secret) != fingerprint {
                    new.extend_from_slice(secret);
                    new.push(b'\n');
                }
            }
            let count = |file| file_secrets(file).count();
            if count(&new) == count(old) {
                return wrong(format_args!("no secret {fingerprint}"));
            }
            if new.is_empty() {
                return wrong(format_args!("{fingerprint} is the only secret; add another first"));
            }
            Ok(new)
        })
    })
    .await?;
    let signing = keys.now().await?.keyring()?.fingerprints().first().map(ToString::to_string);
    Ok(RetiredSrsKey { fingerprint: fingerprint.to_string(), signing: signing.unwrap_or_default() })
}
