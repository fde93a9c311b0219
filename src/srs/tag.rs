//! The TAG: a truncated HMAC that only a holder of the secret can make.

use super::{
    SettingsError,
    form::{Body, Form, Prefix},
    keyring::{Key, Keyring},
};
use crate::address::{Domain, MAX_LOCAL_PART};
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD};
use hmac::Mac;
use std::{fmt, ops::RangeInclusive, str::FromStr};
use subtle::{Choice, ConstantTimeEq};

/// How a tag is computed and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TagKind {
    /// HMAC-SHA256 over all parts with separators between them, the SRS domain included.
    #[default]
    Sha256Base32,
    /// HMAC-SHA1 as in PostSRSd 1.x, Mail::SRS and libsrs2.
    Sha1Base64,
    /// As [`Self::Sha1Base64`], with `-` and `_` for `+` and `/` (PostSRSd from 2.2.6).
    Sha1Base64Url,
}

impl TagKind {
    /// Characters written unless set otherwise.
    pub fn default_length(self) -> usize {
        match self {
            Self::Sha256Base32 => 8,
            Self::Sha1Base64 | Self::Sha1Base64Url => 4,
        }
    }

    /// The lengths that can be chosen: PostSRSd's least, up to all of a SHA-1 hash or to as much as
    /// leaves room for a [`super::Token`] in the local part.
    pub fn lengths(self) -> RangeInclusive<usize> {
        match self {
            Self::Sha256Base32 => 4..=32,
            Self::Sha1Base64 | Self::Sha1Base64Url => 4..=27,
        }
    }

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256Base32 => "sha256-base32",
            Self::Sha1Base64 => "sha1-base64",
            Self::Sha1Base64Url => "sha1-base64url",
        }
    }
}

impl fmt::Display for TagKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TagKind {
    type Err = SettingsError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Sha256Base32, Self::Sha1Base64, Self::Sha1Base64Url]
            .into_iter()
            .find(|kind| kind.as_str() == s)
            .ok_or(SettingsError::TagKind)
    }
}

/// Whether an address takes what returns to it. The tag says so: the two have tags of their own, and neither
/// can be made of the other without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returns {
    /// What returns is taken.
    Taken,
    /// The address is ours, and what returns is refused: whoever sent may not be whom the address names.
    Refused,
}

impl Returns {
    /// What goes into the hash before all else. Empty where returns are taken, as in all of the family; no
    /// part of an address begins with a NUL or has one.
    fn domain(self) -> &'static [u8] {
        match self {
            Self::Taken => b"",
            Self::Refused => b"\0no returns\0",
        }
    }
}

/// The tags that are verified: the least length of each hash, if it is accepted at all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Accepted {
    sha256: Option<usize>,
    sha1: Option<usize>,
}

impl Accepted {
    pub(super) fn add(&mut self, kind: TagKind, least: usize) {
        let slot = match kind {
            TagKind::Sha256Base32 => &mut self.sha256,
            // Told apart by their alphabets only, and either alphabet is read.
            TagKind::Sha1Base64 | TagKind::Sha1Base64Url => &mut self.sha1,
        };
        *slot = Some(slot.map_or(least, |before| before.min(least)));
    }

    /// What the tag says, if it is ours over the whole length it has. A short tag that is both by chance, or
    /// as somebody looked for such a chance, takes no returns.
    pub(super) fn verify(
        &self,
        form: &Form<'_>,
        domain: &Domain,
        keyring: &Keyring,
    ) -> Option<Returns> {
        // Both are computed whatever comes of the first.
        let [refused, taken] = [Returns::Refused, Returns::Taken]
            .map(|returns| self.is_tag(returns, form, domain, keyring));
        let said = [(refused, Returns::Refused), (taken, Returns::Taken)];
        said.into_iter().find_map(|(is_said, returns)| is_said.then_some(returns))
    }

    fn is_tag(
        &self,
        returns: Returns,
        form: &Form<'_>,
        domain: &Domain,
        keyring: &Keyring,
    ) -> bool {
        let long_enough = |least: Option<usize>| least.is_some_and(|least| form.tag.len() >= least);
        // No way out on the first match: the time tells nothing about which secret it was.
        let mut ours = Choice::from(0);
        for key in keyring.keys() {
            if long_enough(self.sha256) {
                ours |=
                    begins_with(&base32_of(&sha256(key, returns, &form.body, domain)), form.tag);
            }
            if long_enough(self.sha1) {
                ours |=
                    begins_with(&BASE64_NOPAD.encode(&sha1(key, returns, &form.body)), form.tag);
            }
        }
        ours.into()
    }
}

pub(super) fn sign(
    kind: TagKind,
    length: usize,
    returns: Returns,
    body: &Body<'_>,
    domain: &Domain,
    key: &Key,
) -> String {
    let mut text = match kind {
        TagKind::Sha256Base32 => base32_of(&sha256(key, returns, body, domain)),
        TagKind::Sha1Base64 => BASE64_NOPAD.encode(&sha1(key, returns, body)),
        TagKind::Sha1Base64Url => BASE64URL_NOPAD.encode(&sha1(key, returns, body)),
    };
    text.truncate(length);
    text
}

fn base32_of(hash: &[u8]) -> String {
    BASE32_NOPAD.encode(hash)
}

/// Compares what is given of the tag in constant time, case and base64 alphabet aside: bounces come
/// back with local parts in another case.
fn begins_with(whole: &str, given: &str) -> Choice {
    if given.len() > whole.len() {
        return Choice::from(0);
    }
    let pairs = whole.bytes().zip(given.bytes());
    pairs.fold(Choice::from(1), |same, (a, b)| same & folded(a).ct_eq(&folded(b)))
}

fn folded(character: u8) -> u8 {
    match character {
        b'-' => b'+',
        b'_' => b'/',
        c => c.to_ascii_lowercase(),
    }
}

/// The parts without anything between them, as the whole family does it.
fn sha1(key: &Key, returns: Returns, body: &Body<'_>) -> [u8; 20] {
    let mut mac = key.sha1.clone();
    mac.update(returns.domain());
    match body {
        Body::Srs0 { stamp, host, local } => {
            update_lower(&mut mac, &stamp.octets());
            update_lower(&mut mac, host.as_bytes());
            update_lower(&mut mac, local.as_bytes());
        }
        Body::Srs1 { host, rest } => {
            update_lower(&mut mac, host.as_bytes());
            update_lower(&mut mac, rest.as_bytes());
        }
    }
    mac.finalize().into_bytes().into()
}

/// All parts and the SRS domain, each ended by a NUL, which no address contains.
fn sha256(key: &Key, returns: Returns, body: &Body<'_>, domain: &Domain) -> [u8; 32] {
    let mut mac = key.sha256.clone();
    mac.update(returns.domain());
    let mut part = |octets: &[u8]| {
        update_lower(&mut mac, octets);
        mac.update(&[0]);
    };
    match body {
        Body::Srs0 { stamp, host, local } => {
            part(Prefix::Srs0.as_str().as_bytes());
            part(&stamp.octets());
            part(host.as_bytes());
            part(local.as_bytes());
        }
        Body::Srs1 { host, rest } => {
            part(Prefix::Srs1.as_str().as_bytes());
            part(host.as_bytes());
            part(rest.as_bytes());
        }
    }
    part(domain.as_str().as_bytes());
    mac.finalize().into_bytes().into()
}

fn update_lower(mac: &mut impl Mac, text: &[u8]) {
    let mut lower = [0; MAX_LOCAL_PART];
    for chunk in text.chunks(MAX_LOCAL_PART) {
        let (lower, _) = lower.split_at_mut(chunk.len());
        lower.copy_from_slice(chunk);
        lower.make_ascii_lowercase();
        mac.update(lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{srs::timestamp::Timestamp, time::UnixTime};

    fn keyring() -> Keyring {
        Keyring::parse(b"tops3cr3t-of-the-forwarder\nolder").unwrap()
    }

    fn accepting(kinds: &[(TagKind, usize)]) -> Accepted {
        let mut accepted = Accepted::default();
        kinds.iter().for_each(|(kind, least)| accepted.add(*kind, *least));
        accepted
    }

    #[test]
    fn the_worked_examples_of_the_family() {
        let domain = Domain::parse("fwd.example").unwrap();
        let stamp = Timestamp::of(UnixTime::new(1_795_420_800));
        let srs0 = Body::Srs0 { stamp, host: "sender.test", local: "alice" };
        let srs1 = Body::Srs1 { host: "other.example", rest: "=abcd=AB=orig.example=user" };
        let keyring = keyring();
        let key = keyring.signing_key();
        let sign = |body| sign(TagKind::Sha1Base64, 4, Returns::Taken, body, &domain, key);
        assert_eq!(sign(&srs0), "zu0L");
        assert_eq!(sign(&srs1), "XOlT");
    }

    #[test]
    fn sha256_covers_every_boundary_and_the_domain() {
        let [stamp, next] = [0, 1].map(|day| Timestamp::of(UnixTime::of_day(day)));
        let domain = Domain::parse("us.example").unwrap();
        let keyring = keyring();
        let body = Body::Srs0 { stamp, host: "a.example", local: "bob" };
        let sha256 = |body: &Body<'_>, domain: &Domain| {
            sha256(keyring.signing_key(), Returns::Taken, body, domain)
        };
        let tag = sha256(&body, &domain);
        for other in [
            Body::Srs0 { stamp, host: "a.exampleb", local: "ob" },
            Body::Srs0 { stamp: next, host: "a.example", local: "bob" },
            Body::Srs1 { host: "AA", rest: "a.example" },
            Body::Srs1 { host: "a.example", rest: "bob" },
        ] {
            assert_ne!(sha256(&other, &domain), tag, "{other:?}");
        }
        let elsewhere = Domain::parse("us.example.org").unwrap();
        assert_ne!(sha256(&body, &elsewhere), tag);
        let shouted = Domain::parse("US.EXAMPLE").unwrap();
        let body = Body::Srs0 { stamp, host: "A.Example", local: "BOB" };
        assert_eq!(sha256(&body, &shouted), tag);
    }

    #[test]
    fn a_tag_verifies_over_its_whole_length_or_not_at_all() {
        let domain = Domain::parse("us.example").unwrap();
        let body = Body::Srs1 { host: "other.example", rest: "=x" };
        let keyring = keyring();
        for kind in [TagKind::Sha256Base32, TagKind::Sha1Base64, TagKind::Sha1Base64Url] {
            let accepted = accepting(&[(kind, 6)]);
            let made = |key, returns| (sign(kind, 64, returns, &body, &domain, key), key, returns);
            for (whole, key, returns) in keyring.keys().flat_map(|key| {
                [Returns::Taken, Returns::Refused].map(|returns| made(key, returns))
            }) {
                let said = |tag: &str| accepted.verify(&Form { tag, body }, &domain, &keyring);
                let verify = |tag: &str| said(tag).is_some();
                assert_eq!(said(&whole), Some(returns), "{kind}");
                for length in 0..=whole.len() {
                    let head = whole.get(..length).unwrap();
                    assert_eq!(verify(head), length >= 6, "{kind} {length}");
                    assert!(!verify(&format!("{head}!")));
                }
                assert!(verify(&whole.to_lowercase()) && verify(&whole.to_uppercase()));
                assert!(!verify(&format!("{whole}=")) && !verify(&format!("{whole}A")));
                let elsewhere = Domain::parse("x.example").unwrap();
                let other = sign(kind, 64, returns, &body, &elsewhere, key);
                assert_eq!(verify(&other), kind != TagKind::Sha256Base32);
            }
        }
    }

    #[test]
    fn kinds_not_accepted_do_not_verify() {
        let domain = Domain::parse("us.example").unwrap();
        let body = Body::Srs1 { host: "other.example", rest: "=x" };
        let keyring = keyring();
        let key = keyring.signing_key();
        let tag = |kind| sign(kind, 27, Returns::Taken, &body, &domain, key);
        let verify = |accepted: Accepted, tag: &str| {
            accepted.verify(&Form { tag, body }, &domain, &keyring).is_some()
        };
        let sha256 = accepting(&[(TagKind::Sha256Base32, 8)]);
        assert!(!verify(sha256, &tag(TagKind::Sha1Base64)));
        let sha1 = accepting(&[(TagKind::Sha1Base64, 4)]);
        assert!(!verify(sha1, &tag(TagKind::Sha256Base32)));
        assert!(verify(sha1, &tag(TagKind::Sha1Base64Url)), "either alphabet is read");
        let both = accepting(&[(TagKind::Sha256Base32, 8), (TagKind::Sha1Base64Url, 4)]);
        assert!(verify(both, &tag(TagKind::Sha1Base64)));
        assert!(verify(both, &tag(TagKind::Sha256Base32)));
        let short = sign(TagKind::Sha256Base32, 4, Returns::Taken, &body, &domain, key);
        assert!(!verify(both, &short), "each has its own least length");
    }

    #[test]
    fn a_tag_that_is_both_by_chance_takes_no_returns() {
        let domain = Domain::parse("us.example").unwrap();
        let keyring = keyring();
        let key = keyring.signing_key();
        let accepted = accepting(&[(TagKind::Sha1Base64, 1)]);
        let both = (0..10_000).find_map(|n| {
            let rest = format!("={n}");
            let body = Body::Srs1 { host: "other.example", rest: &rest };
            let tag = |returns| sign(TagKind::Sha1Base64, 2, returns, &body, &domain, key);
            let (taken, refused) = (tag(Returns::Taken), tag(Returns::Refused));
            (taken == refused)
                .then(|| accepted.verify(&Form { tag: &taken, body }, &domain, &keyring))
        });
        assert_eq!(both, Some(Some(Returns::Refused)));
    }

    #[test]
    fn names() {
        for kind in [TagKind::Sha256Base32, TagKind::Sha1Base64, TagKind::Sha1Base64Url] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert!(kind.lengths().contains(&kind.default_length()));
        }
        assert_eq!("sha256".parse::<TagKind>(), Err(SettingsError::TagKind));
    }
}
