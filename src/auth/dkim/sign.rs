//! What is signed, and how.

use super::{SigningKey, key::Pair};
use crate::{auth::body::Body, message::Header};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::RSA_PKCS1_SHA256,
};
use mail_auth::{
    Error,
    common::{
        crypto::{
            Algorithm, CryptoError, HashAlgorithm, HashOutput, Sha256, SigningKey as MailAuthKey,
        },
        headers::{HeaderWriter as _, Writable},
    },
    dkim::{Canonicalization, DkimSigner},
};
use std::sync::OnceLock;

/// The fields that a signature covers. What a message lacks must not be added, and what it has must not be
/// added once more (RFC 6376 §8.15): readers show the one or the other. Neither what hops add nor what lists
/// change.
const FIELDS: [&str; 11] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Reply-To",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "In-Reply-To",
    "References",
];

/// Covered as it is.
const ALSO: &str = "Content-Transfer-Encoding";

/// The body of a message, for all signatures of all its forms: hashed once, in relaxed form (RFC 6376 §3.4.4), when the
/// first of them is made.
pub struct SignedBody<'a> {
    octets: &'a [u8],
    hash: OnceLock<HashOutput>,
}

impl<'a> SignedBody<'a> {
    /// The body of `message`, whose header section is `header`.
    pub fn of(header: &Header<'_>, message: &'a [u8]) -> Self {
        let behind = message.get(header.bytes().len()..).unwrap_or_default();
        Self { octets: behind.strip_prefix(b"\r\n").unwrap_or(behind), hash: OnceLock::new() }
    }

    /// Octets of the body that are still to be hashed.
    pub(crate) fn octets(&self) -> usize {
        self.hash.get().map_or(self.octets.len(), |_| 0)
    }

    /// SHA-256 of the relaxed form.
    pub(in crate::auth) fn hash(&self) -> &HashOutput {
        let body = Body::whole(self.octets, Canonicalization::Relaxed);
        self.hash.get_or_init(|| HashAlgorithm::Sha256.hash(body))
    }
}

impl SigningKey {
    /// A DKIM-Signature field, whole, for the message whose header section is `header`, in parts each of which ends
    /// where a field ends. `None` when there is nothing to sign, or the library fails.
    ///
    /// Relaxed canonicalization of both (RFC 6376 §3.4), so that a space more or less breaks nothing.
    pub fn sign(&self, header: &[&[u8]], body: &SignedBody<'_>) -> Option<Vec<u8>> {
        let signer = DkimSigner::from_key(OfBody { key: self, body })
            .domain(self.domain().as_str())
            .selector(self.selector().as_str())
            .headers(covered(header))
            .header_canonicalization(Canonicalization::Relaxed)
            .body_canonicalization(Canonicalization::Relaxed);
        let signature = signer.sign_chained(header.iter().copied().filter(|part| !part.is_empty()));
        let signature = signature
            .inspect_err(|error| tracing::error!(key = ?self, %error, "cannot sign a message"));
        let mut field = Vec::new();
        signature.ok()?.write_header(&mut field);
        Some(field)
    }
}

/// A key that signs messages of one body, whose hash is known.
struct OfBody<'a> {
    key: &'a SigningKey,
    body: &'a SignedBody<'a>,
}

impl MailAuthKey for OfBody<'_> {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        MailAuthKey::sign(self.key, input)
    }

    /// The library hashes bodies and nothing else.
    fn hash(&self, _: impl Writable) -> HashOutput {
        self.body.hash().clone()
    }

    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }
}

/// The names for `h=`: the library lists a field that is there as often as it is there, a name that is left
/// over once.
fn covered(parts: &[&[u8]]) -> impl Iterator<Item = &'static str> {
    let headers: Vec<Header<'_>> = parts.iter().map(|part| Header::scan(part)).collect();
    let is_there =
        move |name: &str| headers.iter().any(|header| header.named(name).next().is_some());
    let oversigned = FIELDS.into_iter().flat_map(move |name| {
        let once_more = is_there(name).then_some(name);
        std::iter::once(name).chain(once_more)
    });
    oversigned.chain([ALSO])
}

impl MailAuthKey for SigningKey {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut data = Vec::with_capacity(1024);
        input.write(&mut data);
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &data, &mut signature)
                    .map_err(|error| Error::Crypto(CryptoError::Library(error.to_string())))?;
                Ok(signature)
            }
            // RFC 8463 §3: the hash is what is signed.
            Pair::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, &data).as_ref()).as_ref().to_vec()),
        }
    }

    fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }
}
