//! The three fields of a set (RFC 8617 §4.1), strictly: what is doubtful is refused, with the reason.

use super::tags::TagList;
use crate::address::Domain;
use data_encoding::BASE64;
use mail_auth::{common::crypto::Algorithm, dkim::Canonicalization};

/// A header field: its name, and all behind the colon with the last CRLF.
pub(super) type Field<'x> = (&'x [u8], &'x [u8]);

/// Why a field or a chain is refused.
pub(super) type Refused = &'static str;

/// Highest instance there may be (§4.2.1).
pub(super) const MAX_INSTANCE: u8 = 50;

/// What an ARC-Seal says of the chain before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cv {
    None,
    Pass,
    Fail,
}

/// ARC-Seal.
#[derive(Debug)]
pub(super) struct Seal<'x> {
    pub(super) signed: Signed<'x>,
    pub(super) cv: Cv,
}

/// ARC-Message-Signature.
#[derive(Debug)]
pub(super) struct MessageSignature<'x> {
    pub(super) signed: Signed<'x>,
    pub(super) header: Canonicalization,
    pub(super) body: Canonicalization,
    pub(super) body_hash: Vec<u8>,
    /// Names of the signed fields in lower case, in order.
    pub(super) names: Vec<String>,
    /// Seconds since 1970.
    pub(super) expires: Option<u64>,
}

/// What both signatures have.
#[derive(Debug)]
pub(super) struct Signed<'x> {
    pub(super) field: Field<'x>,
    pub(super) instance: u8,
    pub(super) algorithm: Algorithm,
    /// Where the key is, in lower case and without a last dot.
    pub(super) key_name: String,
    pub(super) signature: Vec<u8>,
    /// The value as it was signed: without the signature.
    pub(super) unsigned: Vec<u8>,
}

impl<'x> Seal<'x> {
    pub(super) fn parse(field: Field<'x>) -> Result<Self, Refused> {
        let tags = TagList::parse(field.1).ok_or("ARC-Seal is no tag list")?;
        if tags.get("h").is_some() {
            return Err("ARC-Seal has h=");
        }
        let cv = match tags.get("cv") {
            Some("none") => Cv::None,
            Some("pass") => Cv::Pass,
            Some("fail") => Cv::Fail,
            _ => return Err("ARC-Seal has no valid cv="),
        };
        time(&tags, "t")?;
        Ok(Self { signed: Signed::parse(field, &tags)?, cv })
    }
}

impl<'x> MessageSignature<'x> {
    pub(super) fn parse(field: Field<'x>) -> Result<Self, Refused> {
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
        if expires.is_some_and(|expires| expires <= signed_at.unwrap_or(0)) {
            return Err("ARC-Message-Signature expires before it begins");
        }
        Ok(Self {
            header,
            body,
            body_hash: base64(tags.get("bh")).ok_or("ARC-Message-Signature has no valid bh=")?,
            names,
            expires,
            signed: Signed::parse(field, &tags)?,
        })
    }
}

impl<'x> Signed<'x> {
    fn parse(field: Field<'x>, tags: &TagList<'x>) -> Result<Self, Refused> {
        let algorithm = match tags.get("a") {
            Some("rsa-sha256") => Algorithm::RsaSha256,
            Some("ed25519-sha256") => Algorithm::Ed25519Sha256,
            _ => return Err("no a= that counts"),
        };
        let (Some(selector), Some(domain)) = (tags.get("s"), tags.get("d")) else {
            return Err("no s= or no d=");
        };
        let key_name = Domain::parse(&format!("{selector}._domainkey.{domain}"));
        Ok(Self {
            field,
            instance: tags.get("i").and_then(instance).ok_or("no valid i=")?,
            algorithm,
            key_name: key_name.map_err(|_| "s= or d= is no name")?.to_key(),
            signature: base64(tags.get("b")).ok_or("no valid b=")?,
            unsigned: tags.without("b"),
        })
    }
}

/// The instance of an ARC-Authentication-Results field, which stands before all else in it. Comments,
/// which the grammar allows around it, are refused: nobody writes them.
pub(super) fn results_instance(value: &[u8]) -> Result<u8, Refused> {
    let parse = || {
        let end = value.iter().position(|&b| b == b';')?;
        let tag = std::str::from_utf8(value.get(..end)?).ok()?;
        let (name, number) = tag.split_once('=')?;
        (name.trim_ascii() == "i").then_some(())?;
        instance(number.trim_ascii())
    };
    parse().ok_or("ARC-Authentication-Results does not begin with a valid i=")
}

fn instance(text: &str) -> Option<u8> {
    let number = digits(text, 2)?;
    u8::try_from(number).ok().filter(|number| (1..=MAX_INSTANCE).contains(number))
}

/// A time in seconds, or none where there is no such tag.
fn time(tags: &TagList<'_>, name: &str) -> Result<Option<u64>, Refused> {
    match tags.get(name).map(|text| digits(text, 12)) {
        Some(None) => Err("a time is no number"),
        time => Ok(time.flatten()),
    }
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
    let (header, body) = tag.map_or(("simple", "simple"), |tag| {
        // RFC 6376 §3.5: a single name is that of the header.
        tag.split_once('/').unwrap_or((tag, "simple"))
    });
    Ok((one(header)?, one(body)?))
}

/// Decodes; white space within counts for nothing. `None` for what is empty or no base64.
fn base64(tag: Option<&str>) -> Option<Vec<u8>> {
    let mut text = tag?.to_owned();
    text.retain(|c| !c.is_ascii_whitespace());
    BASE64.decode(text.as_bytes()).ok().filter(|bytes| !bytes.is_empty())
}
