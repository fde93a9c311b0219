//! The three fields of a set (RFC 8617 §4.1), strictly: what is doubtful is refused, with the reason.

use super::tags::TagList;
use crate::{address::Domain, time::UnixTime};
use data_encoding::BASE64;
use mail_auth::{arc::ChainValidation, common::crypto::Algorithm, dkim::Canonicalization};

/// A header field: its name, and all behind the colon with the last CRLF.
pub(super) type Field<'x> = (&'x [u8], &'x [u8]);

/// Why a field or a chain is refused.
pub(super) type Refused = &'static str;

/// Highest instance there may be (§4.2.1).
pub(super) const MAX_INSTANCE: u8 = 50;

/// An ARC-Seal field (§4.1.3).
#[derive(Debug)]
pub(super) struct Seal<'x> {
    pub(super) signed: Signed<'x>,
    /// What the seal says of the chain before it.
    pub(super) cv: ChainValidation,
}

/// An ARC-Message-Signature field (§4.1.2).
#[derive(Debug)]
pub(super) struct MessageSignature<'x> {
    pub(super) signed: Signed<'x>,
    pub(super) header: Canonicalization,
    pub(super) body: Canonicalization,
    pub(super) body_hash: Vec<u8>,
    /// Names of the signed fields in lower case, in order.
    pub(super) names: Vec<String>,
    /// When the signature expires: `x=`.
    pub(super) expires: Option<UnixTime>,
}

/// What both signatures have.
#[derive(Debug)]
pub(super) struct Signed<'x> {
    pub(super) field: Field<'x>,
    pub(super) algorithm: Algorithm,
    /// Where the key is, in lower case and without a last dot.
    pub(super) key_name: String,
    pub(super) signature: Vec<u8>,
}

impl<'x> Seal<'x> {
    /// The seal, behind its instance.
    pub(super) fn parse(field: Field<'x>) -> Result<(u8, Self), Refused> {
        let tags = TagList::parse(field.1).ok_or("ARC-Seal is no tag list")?;
        if tags.get("h").is_some() {
            return Err("ARC-Seal has h=");
        }
        let cv = match tags.get("cv") {
            Some("none") => ChainValidation::None,
            Some("pass") => ChainValidation::Pass,
            Some("fail") => ChainValidation::Fail,
            _ => return Err("ARC-Seal has no valid cv="),
        };
        time(&tags, "t")?;
        let (instance, signed) = Signed::parse(field, &tags)?;
        Ok((instance, Self { signed, cv }))
    }
}

impl<'x> MessageSignature<'x> {
    /// The signature, behind its instance.
    pub(super) fn parse(field: Field<'x>) -> Result<(u8, Self), Refused> {
        let tags = TagList::parse(field.1).ok_or("ARC-Message-Signature is no tag list")?;
        if tags.get("l").is_some() {
            // Text behind the signed length could be anybody's.
            return Err("ARC-Message-Signature signs a part of the body only");
        }
        let names = tags.get("h").ok_or("ARC-Message-Signature has no h=")?;
        let names = names.split(':').map(|name| name.trim_ascii().to_ascii_lowercase());
        let names: Vec<String> = names.collect();
        if names.iter().any(|name| name == "arc-seal") {
            return Err("ARC-Message-Signature signs an ARC-Seal");
        }
        let (header, body) = canonicalizations(tags.get("c"))?;
        let (signed_at, expires) = (time(&tags, "t")?, time(&tags, "x")?);
        if expires.is_some_and(|expires| expires <= signed_at.unwrap_or_default()) {
            return Err("ARC-Message-Signature expires before it begins");
        }
        let body_hash = base64(tags.get("bh")).ok_or("ARC-Message-Signature has no valid bh=")?;
        let (instance, signed) = Signed::parse(field, &tags)?;
        Ok((instance, Self { signed, header, body, body_hash, names, expires }))
    }
}

impl<'x> Signed<'x> {
    fn parse(field: Field<'x>, tags: &TagList<'x>) -> Result<(u8, Self), Refused> {
        let algorithm = match tags.get("a") {
            Some("rsa-sha256") => Algorithm::RsaSha256,
            Some("ed25519-sha256") => Algorithm::Ed25519Sha256,
            _ => return Err("no a= that counts"),
        };
        let (Some(selector), Some(domain)) = (tags.get("s"), tags.get("d")) else {
            return Err("no s= or no d=");
        };
        let instance = tags.get("i").and_then(instance).ok_or("no valid i=")?;
        let key_name = Domain::parse(&format!("{selector}._domainkey.{domain}"));
        let key_name = key_name.map_err(|_| "s= or d= is no name")?.to_key();
        let signature = base64(tags.get("b")).ok_or("no valid b=")?;
        Ok((instance, Self { field, algorithm, key_name, signature }))
    }
}

/// The instance of an ARC-Authentication-Results field, which stands before all else in it. Comments,
/// which the grammar allows around it, are refused: nobody writes them.
pub(super) fn results_instance(value: &[u8]) -> Result<u8, Refused> {
    let parse = || {
        let end = value.iter().position(|&b| b == b';')?;
        let tag = std::str::from_utf8(value.get(..end)?).ok()?;
        let (name, number) = tag.split_once('=')?;
        instance(number.trim_ascii()).filter(|_| name.trim_ascii() == "i")
    };
    parse().ok_or("ARC-Authentication-Results does not begin with a valid i=")
}

fn instance(text: &str) -> Option<u8> {
    let number = u8::try_from(digits(text, 2)?).ok()?;
    (1..=MAX_INSTANCE).contains(&number).then_some(number)
}

/// A time, or none where there is no such tag.
fn time(tags: &TagList<'_>, name: &str) -> Result<Option<UnixTime>, Refused> {
    let time = tags.get(name).map(|text| digits(text, 12).ok_or("a time is no number"));
    Ok(time.transpose()?.map(UnixTime::new))
}

fn digits(text: &str, most: usize) -> Option<u64> {
    let is_number = text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn canonicalizations(tag: Option<&str>) -> Result<(Canonicalization, Canonicalization), Refused> {
    let one = |name: &str| match name {
        "relaxed" => Ok(Canonicalization::Relaxed),
        "simple" => Ok(Canonicalization::Simple),
        _ => Err("unknown c="),
    };
    // RFC 6376 §3.5: what is not said is simple, and a single name is that of the header.
    let tag = tag.unwrap_or("simple");
    let (header, body) = tag.split_once('/').unwrap_or((tag, "simple"));
    Ok((one(header)?, one(body)?))
}

/// Decodes; white space within counts for nothing. `None` for what is empty or no base64.
fn base64(tag: Option<&str>) -> Option<Vec<u8>> {
    let text: String = tag?.split_ascii_whitespace().collect();
    BASE64.decode(text.as_bytes()).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{super::tags::unsigned, *};

    const SEAL: &str = "i=2; a=rsa-sha256; cv=pass; d=Example.org; s=a.b; t=1; b=e A=\r\n =\r\n";
    const SIGNATURE: &str =
        "i=1; a=ed25519-sha256; d=example.org; s=a; h=From : to::To; bh=eA==; b=eA==";

    fn seal(value: &str) -> Result<(), Refused> {
        Seal::parse((b"ARC-Seal", value.as_bytes())).map(drop)
    }

    fn signature(value: &str) -> Result<(), Refused> {
        MessageSignature::parse((b"ARC-Message-Signature", value.as_bytes())).map(drop)
    }

    #[test]
    fn what_is_read() {
        let (instance, seal) = Seal::parse((b"ARC-Seal", SEAL.as_bytes())).unwrap();
        assert_eq!((seal.cv, instance), (ChainValidation::Pass, 2));
        assert_eq!(seal.signed.key_name, "a.b._domainkey.example.org");
        assert_eq!(seal.signed.signature, b"x");
        assert!(unsigned(seal.signed.field.1).ends_with(b"; b="));
        let field = (b"ARC-Message-Signature".as_slice(), SIGNATURE.as_bytes());
        let (instance, signature) = MessageSignature::parse(field).unwrap();
        assert_eq!(instance, 1);
        assert_eq!(signature.names, ["from", "to", "", "to"]);
        assert_eq!((signature.header, signature.body), canonicalizations(None).unwrap());
        assert_eq!(signature.signed.algorithm, Algorithm::Ed25519Sha256);
        let relaxed = (Canonicalization::Relaxed, Canonicalization::Simple);
        assert_eq!(canonicalizations(Some("relaxed")), Ok(relaxed));
        assert_eq!(signature.expires, None);
    }

    /// What mail-auth takes among them: sha1, no a=, h= with ARC-Seal, tags in capitals or twice.
    #[test]
    fn what_is_refused() {
        assert_eq!(seal(SEAL), Ok(()));
        assert_eq!(signature(SIGNATURE), Ok(()));
        for (from, to) in [
            ("rsa-sha256", "rsa-sha1"),
            ("a=rsa-sha256; ", ""),
            ("rsa-sha256", "RSA-sha256"),
            ("cv=pass", "cv=Pass"),
            ("cv=pass", "cv="),
            ("cv=pass; ", ""),
            ("i=2", "i=0"),
            ("i=2", "i=51"),
            ("i=2", "i=002"),
            ("i=2", "i=+2"),
            ("i=2", "i=1 2"),
            ("i=2", "I=2"),
            ("i=2", "i=2; i=2"),
            ("t=1", "t="),
            ("t=1", "t=1 2"),
            ("t=1", "t=1234567890123"),
            ("t=1", "h=from"),
            ("d=Example.org", "d=example..org"),
            ("d=Example.org", "d=[192.0.2.1]"),
            ("s=a.b", "s="),
            ("s=a.b", "s=a b"),
            ("s=a.b", "s=[IPv6:::1]"),
            ("b=e A=\r\n =", "b="),
            ("b=e A=\r\n =", "b=eA="),
            ("b=e A=\r\n =", "b=eB=="),
        ] {
            assert!(SEAL.contains(from) && seal(&SEAL.replacen(from, to, 1)).is_err(), "{to}");
        }
        for (from, to) in [
            ("h=From : to::To; ", ""),
            ("h=From", "H=From"),
            ("h=From", "h=ARC-Seal"),
            ("h=From", "l=1; h=From"),
            ("h=From", "c=; h=From"),
            ("h=From", "c=relaxed/; h=From"),
            ("h=From", "c=relaxed/simple/simple; h=From"),
            ("h=From", "t=2; x=2; h=From"),
            ("h=From", "x=tomorrow; h=From"),
            ("bh=eA==", "bh="),
            ("bh=eA==; ", ""),
        ] {
            let changed = SIGNATURE.replacen(from, to, 1);
            assert!(SIGNATURE.contains(from) && signature(&changed).is_err(), "{to}");
        }
    }

    #[test]
    fn results_begin_with_their_instance() {
        for (value, instance) in [
            (" i=1; mx.test; spf=pass\r\n", Some(1)),
            (" i = 50 ;", Some(50)),
            ("\r\n\ti=7;x", Some(7)),
            ("i=1 mx.test; spf=pass", None),
            ("mx.test; i=1", None),
            ("i=1", None),
            ("I=1;", None),
            ("(one) i=1;", None),
            ("i=51;", None),
            ("", None),
        ] {
            assert_eq!(results_instance(value.as_bytes()).ok(), instance, "{value}");
        }
    }
}
