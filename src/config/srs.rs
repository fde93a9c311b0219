use super::{
    Listen,
    define::section,
    reader::{Entry, Table},
    units::DAY,
    values::{self, DOMAIN_PATTERNS},
};
use crate::{
    address::{Domain, DomainPattern},
    rate::Rate,
    srs::{Separator, Settings, TagKind, UseLimits},
};
use std::{num::NonZeroU32, path::PathBuf, str::FromStr, time::Duration};

section! {
    /// The Sender Rewriting Scheme: how the reverse-path of forwarded mail is made, and which returning
    /// addresses are believed.
    table "srs", Keys => pub struct Srs {
        /// How addresses are made and verified.
        settings: Settings,
    }

    /// Right-hand side of rewritten reverse-paths. Its MX must lead here, and its SPF record must allow this
    /// machine.
    domain: Option<Domain> = text("a domain name", domain),
        absent "must be written where anything listens";
    /// One secret a line: the first signs, all verify. `onward init` makes it. A credential is what systemd
    /// hands over by LoadCredential=.
    pub secret_file: PathBuf = secret_path, default "/etc/onward/srs.secret";
    /// `true`: rewrite to the alias's own domain instead; returns are then taken at every hosted domain.
    per_domain: bool = bool, default false;
    /// How addresses are signed. `sha1-base64` is the tag of PostSRSd 1.x, Mail::SRS and libsrs2,
    /// `sha1-base64url` that of PostSRSd from 2.2.6.
    tag: TagKind = text(TAGS, tag), default "sha256-base32";
    /// Characters of the tag, at most 27 for the sha1 kinds. A longer tag leaves less of the 64 octets of a
    /// local part to the address: more senders are kept behind a token then.
    tag_length: Option<usize> = integer(4, 32), absent "8 for sha256-base32, 4 for the sha1 kinds";
    /// Further kinds of tag that verify on return, such as `["sha1-base64"]` while moving from PostSRSd 1.x.
    also_accept: Vec<TagKind> = list(TAGS, tag), default [];
    /// What stands behind SRS0 and SRS1 in addresses made here.
    separator: Separator = text("=, +, -", separator), default "=";
    /// How long a rewritten address takes bounces, in whole days.
    max_age: Duration = duration(DAY, 1000 * DAY), default "21d";
    /// A rewritten address takes mail from the null reverse-path `<>` only. Whoever asks for it by RCPT is
    /// answered 250, as destinations do that verify senders; mail to it from anybody else is refused at DATA,
    /// 550 5.7.1.
    pub bounces_only: bool = bool, default true;
    /// Senders of these domains are never rewritten.
    exempt_domains: Vec<DomainPattern> = list(DOMAIN_PATTERNS, DomainPattern::from_str), default [];
    /// How many messages return to one original sender in a day, whatever the rewritten address: a rate, as
    /// "50/1d" would be; beyond: 450 4.7.1 at the end of DATA. Questions without a message count as nothing,
    /// and neither does what is not passed on.
    pub max_uses_per_day: u32 = integer(1, u32::MAX as u64), default 50;
    /// How many messages return in all, and a tenth of it from one client (an IPv4 address or an IPv6 /64);
    /// beyond: 450 4.7.1 at the end of DATA.
    pub max_returns: Rate = rate, default "600/1h";
    /// To whom mail returns. `not-failed`: the rewritten address of a sender that failed SPF takes no returns,
    /// and says so, 550 5.7.1: they would reach somebody who did not write. `any`: to every sender; for an
    /// Onward behind a server that does not name its clients (by PROXY or XFORWARD), where SPF cannot be judged.
    pub returns: ReturnsTo = one_of("not-failed" => ReturnsTo::NotFailed, "any" => ReturnsTo::Any),
        default "not-failed";
    /// A report that provably answers a forward of ours. `retell`: its sender gets a notice of our own that tells
    /// alias, status and reason, and never the mailbox; `relay`: the report itself, byte for byte, as any other
    /// bounce.
    pub bounces: Bounces = one_of("retell" => Bounces::Retell, "relay" => Bounces::Relay), default "retell";
}

/// What is done with a report that provably answers a forward of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounces {
    /// Its sender gets a notice of our own.
    Retell,
    /// It goes on as it came.
    Relay,
}

/// To whom mail returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnsTo {
    /// To senders that did not fail SPF.
    NotFailed,
    /// To every sender.
    Any,
}

impl Srs {
    /// How much may return by one of so many machines.
    pub fn use_limits(&self, nodes: NonZeroU32) -> UseLimits {
        let per_sender = NonZeroU32::new(self.max_uses_per_day / nodes).unwrap_or(NonZeroU32::MIN);
        UseLimits { all: self.max_returns.divided_by(nodes), per_sender }
    }
}

const TAGS: &str = "sha256-base32, sha1-base64, sha1-base64url";

/// `hostname` stands in for a missing domain where nothing listens.
pub(super) fn read(
    root: &Table<'_>,
    listen: Option<&[Listen]>,
    hostname: Option<&Domain>,
) -> Option<Srs> {
    let mut keys: Keys<'_> = root.table();
    let max_age_days = max_age_days(&keys.max_age);
    let domain = keys.domain.value.take();
    let listens = listen.is_none_or(|listen| !listen.is_empty());
    if domain == Some(None) && listens {
        keys.domain.refuse("missing", "the domain of rewritten reverse-paths");
    }
    let tag = keys.tag.value?;
    let tag_length = keys.tag_length.value?.unwrap_or(tag.default_length());
    let lengths = tag.lengths();
    if !lengths.contains(&tag_length) {
        keys.tag_length.refuse(
            format!("{tag_length} is out of range for {tag}"),
            format!("an integer from {} to {}", lengths.start(), lengths.end()),
        );
        return None;
    }
    let settings = Settings {
        domain: domain?.or_else(|| hostname.cloned())?,
        per_domain: keys.per_domain.value?,
        tag,
        tag_length,
        also_accept: keys.also_accept.value.take()?,
        separator: keys.separator.value?,
        max_age_days: max_age_days?,
        exempt_domains: keys.exempt_domains.value.take()?,
    };
    keys.checked(settings)
}

fn tag(text: &str) -> Result<TagKind, String> {
    TagKind::from_str(text).map_err(|_| format!("{text:?} is not a kind of tag"))
}

fn separator(text: &str) -> Result<Separator, String> {
    Separator::from_str(text).map_err(|_| format!("{text:?} is not a separator"))
}

/// The timestamp of an SRS address counts days, so a part of a day would be a false promise.
fn max_age_days(max_age: &Entry<'_, Duration>) -> Option<u16> {
    const SECONDS: u64 = DAY / 1000;
    let age = max_age.value?;
    if age.subsec_nanos() > 0 || age.as_secs() % SECONDS != 0 {
        max_age.refuse("not in whole days", "whole days from \"1d\" to \"1000d\"");
        return None;
    }
    u16::try_from(age.as_secs() / SECONDS).ok()
}

fn domain(text: &str) -> Result<Domain, String> {
    if let Some(name) = text.strip_prefix('$') {
        return Err(format!(
            "{text:?} is a name of Postfix's, which nobody replaces here (`postconf -h {name}` prints it)"
        ));
    }
    let domain = values::domain(text)?;
    match domain.literal() {
        None => Ok(domain),
        Some(_) => Err(format!("{text:?} is an address literal")),
    }
}
