//! The keys: SRS secrets, private keys for DKIM, certificates, the password for the spam filter, and the secret that events
//! are signed with.

mod document;
mod keystore;
pub(crate) mod live;
mod sealing;

pub(crate) use document::Document;
pub(crate) use keystore::{Keystore, KeystoreError, keep_copy, open, sealing_keys};
pub(crate) use sealing::SealingKeys;

use crate::{
    acme,
    auth::dkim::SigningKeys,
    config::{CertificateFiles, Config, unread},
    srs::{Rewriter, Settings},
    tls::Certificates,
};
use live::{Live, stamp};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// The rewriter with the secrets of `keystore`.
pub(crate) fn rewriter(settings: Settings, keystore: Keystore) -> Result<Live<Rewriter>, String> {
    let looked_at = keystore.clone();
    let read = move || {
        let keyring = keystore.keyring().map_err(|error| error.to_string())?;
        Rewriter::new(settings.clone(), keyring).map_err(|error| format!("[srs] {error}"))
    };
    Live::open("SRS secrets", move || looked_at.secrets_stamp(), read)
}

/// How a file of secrets comes to be.
pub(crate) const MAKES_SECRET: &str = "`onward srs key add` makes one";

/// Longest password for the spam filter.
const MAX_PASSWORD: usize = 1_000;

/// The password for the spam filter in `file`, followed as that changes.
pub(crate) fn filter_password(file: PathBuf) -> Result<Live<Zeroizing<String>>, String> {
    let looked_at = file.clone();
    Live::open("filter password", move || stamp(&looked_at), move || read_password(&file))
}

/// The password for the spam filter: the first line of `file`.
pub(crate) fn read_password(file: &Path) -> Result<Zeroizing<String>, String> {
    first_line(file, "filter.password_file", "password", 1)
}

/// The password for a smart host: the first line of `file`.
pub(crate) fn relay_password(file: &Path) -> Result<Zeroizing<String>, String> {
    // Services hand out what they like; blanks, for one.
    let is_fine = |line: &str| !line.chars().any(char::is_control) && line.trim() == line;
    let what = "password: 1 to 1000 octets without control characters and blanks at its ends";
    line_of(file, "route.password_file", what, is_fine)
}

/// Fewest characters of the secret that events are signed with.
const MIN_SECRET: usize = 16;

/// The secret of `file` that events are signed with, followed as that changes.
pub(crate) fn webhook_secret(file: PathBuf) -> Result<Live<Zeroizing<String>>, String> {
    let looked_at = file.clone();
    let read = move || first_line(&file, "events.secret_file", "secret", MIN_SECRET);
    Live::open("secret of events", move || stamp(&looked_at), read)
}

/// The first line of `file`, which `key` names: a `what` of at least so many characters.
fn first_line(
    file: &Path,
    key: &str,
    what: &str,
    least: usize,
) -> Result<Zeroizing<String>, String> {
    let name = file.display();
    let of_what = format!("{what} of printable ASCII without blanks");
    let found = line_of(file, key, &of_what, |line| line.bytes().all(|b| b.is_ascii_graphic()))?;
    match found.len() < least {
        true => Err(format!("{key} {name}: its first line has fewer than {least} characters")),
        false => Ok(found),
    }
}

/// The first line of `file`, which `key` names.
fn line_of(
    file: &Path,
    key: &str,
    what: &str,
    is_fine: impl Fn(&str) -> bool,
) -> Result<Zeroizing<String>, String> {
    let name = file.display();
    let text = fs::read(file).map_err(|error| {
        format!("{key} {name} {}", unread(&error, "it holds the secret on its first line"))
    })?;
    let text = Zeroizing::new(text);
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_length = (1..=MAX_PASSWORD).contains(&line.len());
    let found = std::str::from_utf8(line).ok().filter(|line| is_length && is_fine(line));
    found
        .map(|found| Zeroizing::new(found.to_owned()))
        .ok_or_else(|| format!("{key} {name}: its first line is no {what}"))
}

/// False where there is no such file; one that we may not see is there.
fn is_there(file: &Path) -> bool {
    file.try_exists().unwrap_or(true)
}

/// The files of the certificates that are ours, the one that an authority issues by ACME first.
pub(crate) fn certificate_files(config: &Config) -> Vec<CertificateFiles> {
    let issued =
        config.tls.acme.as_ref().map(|_| acme::Files::new(&config.state_dir).certificate());
    issued.into_iter().chain(config.tls.certificates.iter().cloned()).collect()
}

/// As [`certificate_files`], without one that is still to be issued.
pub(crate) fn present_certificate_files(config: &Config) -> Vec<CertificateFiles> {
    let mut files = certificate_files(config);
    files.retain(|of| is_there(&of.certificate) || config.tls.certificates.contains(of));
    files
}

/// Our certificates; there may be none yet where `is_issued`, somebody issues them.
pub(crate) fn certificates(
    files: Vec<CertificateFiles>,
    is_issued: bool,
) -> Result<Live<Option<Arc<Certificates>>>, String> {
    let looked_at: Vec<PathBuf> =
        files.iter().flat_map(|of| [of.certificate.clone(), of.key.clone()]).collect();
    let look = move || looked_at.iter().flat_map(|file| stamp(file)).collect();
    let read = move || {
        if is_issued && !files.iter().all(|of| is_there(&of.certificate)) {
            return Ok(None);
        }
        let certificates = Certificates::load(&files).map_err(|error| format!("[tls] {error}"))?;
        Ok(certificates.map(Arc::new))
    };
    Live::open("certificates", look, read)
}

/// The DKIM keys of `keystore`.
pub(crate) fn signing(keystore: Keystore) -> Result<Live<SigningKeys>, String> {
    let looked_at = keystore.clone();
    let read = move || {
        let keys = keystore.keys().map_err(|error| error.to_string())?;
        SigningKeys::of_all(keys).map_err(|error| {
            format!(
                "DKIM key {error}; `onward dkim key list` shows them, and a file of another name is left alone"
            )
        })
    };
    Live::open("DKIM keys", move || looked_at.keys_stamp(), read)
}
