use super::Selector;
use crate::address::Domain;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use data_encoding::BASE64;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// RSA keys below this are refused (RFC 8301 §3.2); Gmail asks for as much.
const MIN_RSA_BITS: usize = 1024;
/// What a character-string of a TXT record holds.
const TXT_STRING: usize = 255;
/// Length of a line of PEM.
const PEM_LINE: usize = 64;

/// The kind of a signing key: its algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// RSA with SHA-256: what every receiver understands. New ones have 2,048 bits.
    Rsa,
    /// Ed25519 with SHA-256 (RFC 8463): short and quick, and not yet understood by all.
    Ed25519,
}

/// A private key that signs for a domain. Clones share it.
#[derive(Clone)]
pub struct SigningKey {
    domain: Domain,
    selector: Selector,
    pub(super) pair: Pair,
}

#[derive(Clone)]
pub(super) enum Pair {
    Rsa(Arc<RsaPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

/// Why a file is no key that can sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file is something else.
    #[error("no private key in PEM (PKCS#8, or PKCS#1 for RSA): {0}")]
    NotPem(String),
    /// A key of a kind that DKIM does not know, or damaged.
    #[error("neither an RSA nor an Ed25519 key")]
    Unknown,
    /// Receivers would not believe so short a key.
    #[error("an RSA key of {0} bits: at least {MIN_RSA_BITS} are needed")]
    Short(usize),
    /// The cryptographic library fails.
    #[error("the key cannot be made: the cryptographic library fails")]
    Library,
}

/// A new private key, in PEM (PKCS#8).
///
/// # Errors
/// When the library fails.
pub fn new_key(kind: KeyKind) -> Result<Zeroizing<String>, KeyError> {
    let failed = |_| KeyError::Library;
    let der = match kind {
        KeyKind::Rsa => {
            let pair = RsaPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            Zeroizing::new(der.as_ref().to_vec())
        }
        KeyKind::Ed25519 => {
            let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
            Zeroizing::new(document.as_ref().to_vec())
        }
    };
    let text = Zeroizing::new(BASE64.encode(&der));
    let mut pem = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
    for line in text.as_bytes().chunks(PEM_LINE) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}

impl SigningKey {
    /// The key in `pem`: PKCS#8, or PKCS#1 for RSA, as OpenDKIM and rspamd keep theirs.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(domain: Domain, selector: Selector, pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|error| KeyError::NotPem(error.to_string()))?;
        let unknown = |_| KeyError::Unknown;
        let pair = match &der {
            PrivateKeyDer::Pkcs1(der) => {
                rsa(RsaPair::from_der(der.secret_pkcs1_der()).map_err(unknown)?)?
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                match RsaPair::from_pkcs8(der) {
                    Ok(pair) => rsa(pair)?,
                    Err(_) => {
                        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                        Pair::Ed25519(Arc::new(pair.map_err(unknown)?))
                    }
                }
            }
            _ => return Err(KeyError::Unknown),
        };
        Ok(Self { domain, selector, pair })
    }

    /// The domain that the key signs for: `d=`.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Where the public part of the key is looked up: `s=`.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// The kind of the key.
    pub fn kind(&self) -> KeyKind {
        match self.pair {
            Pair::Rsa(_) => KeyKind::Rsa,
            Pair::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// Length of its modulus; what Ed25519 has.
    pub fn bits(&self) -> usize {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_modulus_len() * 8,
            Pair::Ed25519(_) => 256,
        }
    }

    /// Name of the TXT record to publish.
    pub fn dns_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Text of that record (RFC 6376 §3.6.1, RFC 8463 §4.2).
    pub fn dns_text(&self) -> String {
        let (kind, public) = match &self.pair {
            Pair::Rsa(pair) => ("rsa", subject_public_key_info(pair)),
            Pair::Ed25519(pair) => ("ed25519", pair.public_key().as_ref().to_vec()),
        };
        format!("v=DKIM1; k={kind}; p={}", BASE64.encode(&public))
    }

    /// The record as a line of a zone file, in character-strings of at most 255 octets.
    pub fn zone_line(&self) -> String {
        let text = self.dns_text();
        let strings = text.as_bytes().chunks(TXT_STRING);
        let strings: Vec<_> =
            strings.map(|string| format!("\"{}\"", String::from_utf8_lossy(string))).collect();
        format!("{}. IN TXT {}", self.dns_name(), strings.join(" "))
    }
}

fn rsa(pair: RsaPair) -> Result<Pair, KeyError> {
    let bits = pair.public_modulus_len() * 8;
    if bits < MIN_RSA_BITS {
        return Err(KeyError::Short(bits));
    }
    Ok(Pair::Rsa(Arc::new(pair)))
}

/// Empty if the library fails, and with it the key of which it is the public part.
fn subject_public_key_info(pair: &RsaPair) -> Vec<u8> {
    let der: Result<aws_lc_rs::encoding::PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
    der.map(|der| der.as_ref().to_vec()).unwrap_or_default()
}

impl KeyKind {
    /// As options and listings name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Shows the name of the key, never the key itself.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.dns_name(), self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_are_read_back_and_published() {
        for (kind, prefix) in [
            (KeyKind::Rsa, "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"),
            (KeyKind::Ed25519, "v=DKIM1; k=ed25519; p="),
        ] {
            let (domain, selector) =
                (Domain::parse("example.org").unwrap(), Selector::parse("s1").unwrap());
            let pem = new_key(kind).unwrap();
            let key = SigningKey::parse(domain, selector, pem.as_bytes()).unwrap();
            assert_eq!(key.kind(), kind);
            assert_eq!(key.dns_name(), "s1._domainkey.example.org");
            assert!(key.dns_text().starts_with(prefix), "{}", key.dns_text());
            let strings = key.zone_line().split(" \"").count() - 1;
            assert_eq!(strings, key.dns_text().len().div_ceil(255), "{}", key.zone_line());
            assert!(!format!("{key:?}").contains("Pair"), "{key:?}");
        }
    }

    #[test]
    fn what_is_no_key() {
        let parse = |pem: &str| {
            let (domain, selector) =
                (Domain::parse("example.org").unwrap(), Selector::parse("s1").unwrap());
            SigningKey::parse(domain, selector, pem.as_bytes()).unwrap_err()
        };
        assert!(matches!(parse(""), KeyError::NotPem(_)));
        let wrapped = |what: &str| format!("-----BEGIN {what}-----\nAAAA\n-----END {what}-----\n");
        assert_eq!(parse(&wrapped("PRIVATE KEY")), KeyError::Unknown);
        assert_eq!(parse(&wrapped("RSA PRIVATE KEY")), KeyError::Unknown);
        assert_eq!(parse(&wrapped("EC PRIVATE KEY")), KeyError::Unknown);
        assert!(matches!(parse(&wrapped("CERTIFICATE")), KeyError::NotPem(_)));
    }
}
