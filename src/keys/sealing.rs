//! What is kept in the store is sealed there: who has the store without the key file can neither read nor change it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};
use std::{fmt, fs, io, path::Path};
use zeroize::Zeroizing;

/// How what is sealed here is laid out: this octet, the name of the key, the nonce, and the rest.
const VERSION: u8 = 1;
/// Octets of a key (AES-256).
const KEY_LENGTH: usize = 32;
/// Octets of the name of a key.
const NAME_LENGTH: usize = 4;
/// What is sealed for this cannot stand for anything else that anybody seals under the same key.
const PURPOSE: &[u8] = b"onward: SRS secrets and DKIM keys in the store\0";
/// Nothing longer is a file of keys.
const MAX_FILE: u64 = 4 << 10;

/// The keys of a key file: the first seals, all open. Wiped from memory when dropped.
pub(crate) struct SealingKeys(Vec<SealingKey>);

struct SealingKey {
    octets: Zeroizing<[u8; KEY_LENGTH]>,
    name: KeyName,
}

/// Names a key without telling it: 8 hexadecimal digits of a hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyName([u8; NAME_LENGTH]);

/// Why a file holds no keys. Never quotes it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error("{0}")]
    Unread(io::Error),
    #[error("it is longer than a file of keys")]
    Long,
    #[error("there is no key in it; `head -c 32 /dev/urandom | base64` makes one")]
    Empty,
    #[error(
        "line {0} is no key, which is 32 random octets in base64 or hexadecimal digits; `head -c 32 /dev/urandom | base64` makes one"
    )]
    NoKey(usize),
}

/// Why what was sealed cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// It was sealed under the key of that name.
    OtherKey(KeyName),
    /// A newer program sealed it, in a way that this one does not know.
    Version(u8),
    /// It is not what was sealed.
    Damaged,
}

/// The cryptographic library fails.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be sealed: the cryptographic library fails")]
pub(crate) struct SealError;

impl SealingKeys {
    /// Reads a file of keys: one a line.
    pub(crate) fn read(file: &Path) -> Result<Self, KeyFileError> {
        if fs::metadata(file).map_err(KeyFileError::Unread)?.len() > MAX_FILE {
            return Err(KeyFileError::Long);
        }
        Self::parse(&Zeroizing::new(fs::read(file).map_err(KeyFileError::Unread)?))
    }

    pub(crate) fn parse(file: &[u8]) -> Result<Self, KeyFileError> {
        let mut keys = Vec::new();
        for (at, line) in file.split(|octet| *octet == b'\n').enumerate() {
            let line = line.trim_ascii();
            if !line.is_empty() {
                keys.push(SealingKey::parse(line).ok_or(KeyFileError::NoKey(at + 1))?);
            }
        }
        if keys.is_empty() { Err(KeyFileError::Empty) } else { Ok(Self(keys)) }
    }

    /// The names of the keys, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = KeyName> {
        self.0.iter().map(|key| key.name)
    }

    /// The name of the key that something was sealed under, in words.
    pub(crate) fn name_in(sealed: &[u8]) -> String {
        let name = sealed.get(1..).and_then(<[u8]>::first_chunk);
        name.map_or_else(|| "none".to_owned(), |name| KeyName(*name).to_string())
    }

    /// Seals `content` under the first key.
    pub(crate) fn seal(&self, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.0.first().ok_or(SealError)?;
        let mut octets = Vec::with_capacity(content.len() + AES_256_GCM.tag_len());
        octets.extend_from_slice(content);
        // A random nonce of 96 bits for each; no key seals often enough for two of them to meet.
        let nonce = key
            .cipher()?
            .seal_in_place_append_tag(Aad::from(beside(VERSION, key.name)), &mut octets)
            .map_err(|_| SealError)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&key.name.0);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut octets);
        Ok(sealed)
    }

    /// What was sealed.
    pub(crate) fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (version, rest) = sealed.split_first().ok_or(OpenError::Damaged)?;
        if *version != VERSION {
            return Err(OpenError::Version(*version));
        }
        let (name, rest) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Damaged)?;
        let name = KeyName(*name);
        let key = self.0.iter().find(|key| key.name == name).ok_or(OpenError::OtherKey(name))?;
        let mut octets = Zeroizing::new(rest.to_vec());
        let length = key
            .cipher()
            .map_err(|_| OpenError::Damaged)?
            .open_in_place(Nonce::from(nonce), Aad::from(beside(*version, name)), &mut octets)
            .map_err(|_| OpenError::Damaged)?
            .len();
        octets.truncate(length);
        Ok(octets)
    }
}

impl SealingKey {
    fn parse(line: &[u8]) -> Option<Self> {
        let decoded = Zeroizing::new(match line.len() {
            64 => HEXLOWER_PERMISSIVE.decode(line).ok()?,
            44 => BASE64.decode(line).ok()?,
            _ => BASE64_NOPAD.decode(line).ok()?,
        });
        let octets = Zeroizing::new(<[u8; KEY_LENGTH]>::try_from(decoded.as_slice()).ok()?);
        let hash = Sha256::new().chain_update(b"onward store key\0").chain_update(*octets);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        Some(Self { octets, name: KeyName([a, b, c, d]) })
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, SealError> {
        RandomizedNonceKey::new(&AES_256_GCM, &*self.octets).map_err(|_| SealError)
    }
}

/// What is sealed with the content without being a part of it.
fn beside(version: u8, name: KeyName) -> Vec<u8> {
    [PURPOSE, &[version], &name.0].concat()
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealingKeys").field(&self.names().collect::<Vec<_>>()).finish()
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(line: &str) -> SealingKeys {
        SealingKeys::parse(line.as_bytes()).unwrap()
    }

    fn key(octet: u8) -> String {
        BASE64.encode(&[octet; KEY_LENGTH])
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_and_no_other() {
        let ours = keys(&key(1));
        let sealed = ours.seal(b"hunter2").unwrap();
        assert_eq!(*ours.open(&sealed).unwrap(), b"hunter2");
        assert!(!sealed.windows(7).any(|octets| octets == b"hunter2"));
        // As a newer key stands before or behind it, while nodes are given that.
        for both in [[key(2), key(1)], [key(1), key(2)]] {
            assert_eq!(*keys(&both.join("\n")).open(&sealed).unwrap(), b"hunter2");
        }
        let name = ours.names().next().unwrap();
        assert_eq!(keys(&key(2)).open(&sealed).unwrap_err(), OpenError::OtherKey(name));
        assert_ne!(sealed, ours.seal(b"hunter2").unwrap(), "the nonce is another each time");
    }

    #[test]
    fn every_octet_counts() {
        let ours = keys(&key(1));
        let sealed = ours.seal(b"some secrets").unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert!(ours.open(&changed).is_err(), "octet {at}, bit {bit}");
            }
            assert!(ours.open(&sealed[..at]).is_err(), "cut off at {at}");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert_eq!(ours.open(&longer).unwrap_err(), OpenError::Damaged);
        let mut newer = sealed;
        newer[0] = 2;
        assert_eq!(ours.open(&newer).unwrap_err(), OpenError::Version(2));
    }

    /// Under the same key, for another purpose.
    #[test]
    fn what_was_sealed_for_something_else_does_not_take_its_place() {
        let ours = keys(&key(1));
        let name = ours.names().next().unwrap();
        let of = |beside: Vec<u8>| {
            let mut octets = b"some secrets".to_vec();
            let cipher = ours.0[0].cipher().unwrap();
            let nonce = cipher.seal_in_place_append_tag(Aad::from(beside), &mut octets).unwrap();
            let nonce: &[u8; NONCE_LEN] = nonce.as_ref();
            [&[VERSION], &name.0[..], &nonce[..], &octets[..]].concat()
        };
        assert!(ours.open(&of(beside(VERSION, name))).is_ok());
        let other = [b"onward: another purpose\0", &[VERSION][..], &name.0].concat();
        assert_eq!(ours.open(&of(other)).unwrap_err(), OpenError::Damaged);
        assert_eq!(ours.open(&of(beside(2, name))).unwrap_err(), OpenError::Damaged);
    }

    #[test]
    fn files_of_keys() {
        let hex = "0f".repeat(KEY_LENGTH);
        let read = keys(&format!("\r\n{hex}\r\n\n{}\n{}", key(7), key(8).trim_end_matches('=')));
        assert_eq!(read.names().count(), 3);
        assert_eq!(read.names().next(), keys(&key(0x0f)).names().next());
        assert!(!format!("{read:?}").contains(key(7).trim_end_matches('=')), "{read:?}");
        assert!(matches!(SealingKeys::parse(b"\n \n"), Err(KeyFileError::Empty)));
        for wrong in ["hunter2", &"0f".repeat(31), &format!("{hex}0f"), &BASE64.encode(&[1; 31])] {
            let error = SealingKeys::parse(format!("{}\n{wrong}", key(1)).as_bytes()).unwrap_err();
            assert!(matches!(error, KeyFileError::NoKey(2)), "{error}");
            assert!(!error.to_string().contains(wrong), "{error}");
        }
    }
}
