use super::{Listen, absolute_path, reader::Table, schema};
use crate::address::Domain;
use std::{fmt, path::PathBuf, str::FromStr};

/// `[srs]`: how reverse-paths are rewritten and which returns are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srs {
    /// Right-hand side of rewritten reverse-paths. Always there when anything listens.
    pub domain: Option<Domain>,
    /// The secrets, one a line.
    pub secret_file: PathBuf,
    /// Rewrite to the alias's own domain instead.
    pub per_domain: bool,
    /// The kind of tag that signs.
    pub tag: TagKind,
    /// Characters of the tag.
    pub tag_length: usize,
    /// Further kinds that verify.
    pub also_accept: Vec<TagKind>,
    /// What stands behind SRS0 and SRS1.
    pub separator: Separator,
    /// Days a rewritten address takes bounces.
    pub max_age_days: u16,
    /// A rewritten address takes mail from `<>` only.
    pub bounces_only: bool,
    /// Senders of these domains are never rewritten.
    pub exempt_domains: Vec<Domain>,
    /// Messages one rewritten address takes in a day.
    pub max_uses_per_day: u32,
}

/// How an SRS address is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// HMAC-SHA-256 in base32.
    Sha256Base32,
    /// HMAC-SHA-1 in base64: PostSRSd 1.x, Mail::SRS, libsrs2.
    Sha1Base64,
    /// HMAC-SHA-1 in the base64 of URLs: PostSRSd from 2.2.6.
    Sha1Base64Url,
}

/// What stands behind SRS0 and SRS1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Separator {
    /// `=`
    Equals,
    /// `+`
    Plus,
    /// `-`
    Minus,
}

impl TagKind {
    fn default_length(self) -> usize {
        match self {
            Self::Sha256Base32 => 8,
            Self::Sha1Base64 | Self::Sha1Base64Url => 4,
        }
    }
}

impl FromStr for TagKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sha256-base32" => Ok(Self::Sha256Base32),
            "sha1-base64" => Ok(Self::Sha1Base64),
            "sha1-base64url" => Ok(Self::Sha1Base64Url),
            _ => Err(format!("{text:?} is not a kind of tag")),
        }
    }
}

impl fmt::Display for TagKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256Base32 => "sha256-base32",
            Self::Sha1Base64 => "sha1-base64",
            Self::Sha1Base64Url => "sha1-base64url",
        })
    }
}

impl FromStr for Separator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "=" => Ok(Self::Equals),
            "+" => Ok(Self::Plus),
            "-" => Ok(Self::Minus),
            _ => Err(format!("{text:?} is not a separator")),
        }
    }
}

pub(super) fn read(root: &Table<'_>, listen: Option<&[Listen]>) -> Option<Srs> {
    let table = root.table(&schema::SRS);
    let domain = table.optional_text("domain", domain_name);
    let secret_file = table.text("secret_file", absolute_path);
    let per_domain = table.bool("per_domain");
    let tag = table.text("tag", TagKind::from_str);
    let tag_length = table.optional_integer("tag_length");
    let also_accept = table.list("also_accept", TagKind::from_str);
    let separator = table.text("separator", Separator::from_str);
    let max_age_days = max_age_days(&table);
    let bounces_only = table.bool("bounces_only");
    let exempt_domains = table.list("exempt_domains", domain_name);
    let max_uses_per_day = table.integer("max_uses_per_day");

    let listens = listen.is_none_or(|listen| !listen.is_empty());
    if domain == Some(None) && listens {
        table.refuse("domain", "missing", "the domain of rewritten reverse-paths");
    }
    let tag = tag?;
    Some(Srs {
        domain: domain?,
        secret_file: secret_file?,
        per_domain: per_domain?,
        tag,
        tag_length: tag_length?.unwrap_or(tag.default_length()),
        also_accept: also_accept?,
        separator: separator?,
        max_age_days: max_age_days?,
        bounces_only: bounces_only?,
        exempt_domains: exempt_domains?,
        max_uses_per_day: max_uses_per_day?,
    })
}

/// The timestamp of an SRS address counts days, so a part of a day would be a false promise.
fn max_age_days(table: &Table<'_>) -> Option<u16> {
    const DAY: u64 = 24 * 60 * 60;
    let age = table.duration("max_age")?;
    if age.subsec_nanos() > 0 || age.as_secs() % DAY != 0 {
        table.refuse("max_age", "not in whole days", "whole days from \"1d\" to \"1000d\"");
        return None;
    }
    u16::try_from(age.as_secs() / DAY).ok()
}

fn domain_name(text: &str) -> Result<Domain, String> {
    let domain = Domain::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    match domain.literal() {
        None => Ok(domain),
        Some(_) => Err(format!("{text:?} is an address literal")),
    }
}
