use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Secrets shorter than this many octets deserve a warning. They work: PostSRSd takes any.
pub const SHORT_SECRET: usize = 16;

/// The secrets behind the tags: the first signs, all verify. Wiped from memory when dropped.
pub struct Keyring {
    signing: Key,
    verifying: Vec<Key>,
}

/// One secret, with its HMAC key schedules computed once.
pub(super) struct Key {
    secret: Zeroizing<Vec<u8>>,
    pub(super) sha1: Hmac<Sha1>,
    pub(super) sha256: Hmac<Sha256>,
}

/// Why a text is no list of secrets. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing but blank lines.
    #[error(
        "there is no secret in it; put at least one, a line each, the first is used for signing"
    )]
    NoSecret,
    /// PostSRSd would cut the secret there.
    #[error("line {0}: a secret is one line of text and cannot contain a NUL or a carriage return")]
    ControlCharacter(usize),
    /// No secret is refused by HMAC, whatever its length.
    #[error("line {0}: the secret cannot be used as an HMAC key")]
    Unusable(usize),
}

impl Keyring {
    /// Reads the content of a secret file: one secret a line, as PostSRSd 1 and 2 read it.
    ///
    /// Line ends (LF or CRLF) are stripped, blank lines skipped. There are no comments, spaces
    /// count, and a secret may be any octets.
    ///
    /// # Errors
    /// When there is no secret, or when one has an octet that ends it for PostSRSd.
    pub fn parse(file: &[u8]) -> Result<Self, KeyringError> {
        let mut keys = Vec::new();
        for (number, secret) in file_secrets(file) {
            if secret.contains(&0) || secret.contains(&b'\r') {
                return Err(KeyringError::ControlCharacter(number));
            }
            keys.push(Key::new(secret).map_err(|_| KeyringError::Unusable(number))?);
        }
        let mut keys = keys.into_iter();
        let signing = keys.next().ok_or(KeyringError::NoSecret)?;
        Ok(Self { signing, verifying: keys.collect() })
    }

    /// The secret that signs.
    pub fn signing(&self) -> &[u8] {
        &self.signing.secret
    }

    /// Names of the secrets, the one that signs first.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.keys().map(|key| Fingerprint::of(&key.secret)).collect()
    }

    /// Names of the secrets shorter than [`SHORT_SECRET`], which might be guessed from one address.
    pub fn short_secrets(&self) -> Vec<Fingerprint> {
        let short = self.keys().filter(|key| key.secret.len() < SHORT_SECRET);
        short.map(|key| Fingerprint::of(&key.secret)).collect()
    }

    /// HMAC-SHA256 of `text` under each secret, the one that signs first. `purpose` keeps these apart
    /// from one another and from tags.
    pub fn digests<'a>(
        &'a self,
        purpose: &'a str,
        text: &'a str,
    ) -> impl Iterator<Item = [u8; 32]> + 'a {
        self.keys().map(move |key| {
            let mut mac = key.sha256.clone();
            mac.update(purpose.as_bytes());
            mac.update(b"\0");
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().into()
        })
    }

    pub(super) fn signing_key(&self) -> &Key {
        &self.signing
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.signing).chain(&self.verifying)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.fingerprints()).finish()
    }
}

impl Key {
    fn new(secret: &[u8]) -> Result<Self, hmac::digest::InvalidLength> {
        Ok(Self {
            secret: Zeroizing::new(secret.to_vec()),
            sha1: Hmac::new_from_slice(secret)?,
            sha256: Hmac::new_from_slice(secret)?,
        })
    }
}

/// The secrets of a secret file with their line numbers.
pub fn file_secrets(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = file.split(|octet| *octet == b'\n').enumerate();
    lines.map(|(index, line)| (index + 1, without_cr(line))).filter(|(_, line)| !line.is_empty())
}

fn without_cr(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

/// Names a secret without telling it: 8 hexadecimal digits of a hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    /// The name of `secret`.
    pub fn of(secret: &[u8]) -> Self {
        // The context keeps it from being the hash that something else publishes of the same secret.
        let hash =
            Sha256::new().chain_update("onward srs secret\0").chain_update(secret).finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Self([a, b, c, d])
    }

    /// Reads 8 hexadecimal digits in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        octets.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let keyring =
            Keyring::parse(b"\r\n\nfirst secret \r\n# no comment\n\xff\xfe\r\r\nlast").unwrap();
        let secrets: Vec<_> = keyring.keys().map(|key| key.secret.as_slice()).collect();
        assert_eq!(secrets, [&b"first secret "[..], b"# no comment", b"\xff\xfe", b"last"]);
        assert_eq!(keyring.signing(), b"first secret ");
    }

    #[test]
    fn refused() {
        for empty in ["", "\n\n", "\r\n\r\n"] {
            assert_eq!(Keyring::parse(empty.as_bytes()).unwrap_err(), KeyringError::NoSecret);
        }
        let error = Keyring::parse(b"good\nb\0ad").unwrap_err();
        assert_eq!(error, KeyringError::ControlCharacter(2));
        let error = Keyring::parse(b"good\n\nb\rad").unwrap_err();
        assert_eq!(error, KeyringError::ControlCharacter(3));
    }

    #[test]
    fn debug_shows_no_secret() {
        let keyring = Keyring::parse(b"tops3cr3t\nhunter2hunter2hunter2").unwrap();
        let shown = format!("{keyring:?} {keyring:#?}");
        assert!(!shown.contains("tops3cr3t") && !shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(&keyring.fingerprints()[0].to_string()), "{shown}");
        assert_eq!(keyring.short_secrets(), [Fingerprint::of(b"tops3cr3t")]);
    }

    #[test]
    fn fingerprints_print_and_parse() {
        let fingerprint = Fingerprint::of(b"tops3cr3t");
        assert_ne!(fingerprint, Fingerprint::of(b"tops3cr3u"));
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&fingerprint.to_string().to_uppercase()), Some(fingerprint));
        for bad in ["", "1234567", "123456789", "1234567g", "0x123456"] {
            assert_eq!(Fingerprint::parse(bad), None);
        }
    }
}
