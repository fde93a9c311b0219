use super::{Listen, Machine, reader::Table, schema};
use crate::{
    address::{Domain, DomainPattern},
    srs::{Separator, Settings, TagKind},
    time::DAY,
};
use std::{path::PathBuf, str::FromStr};

/// `[srs]`: how reverse-paths are rewritten and which returns are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srs {
    /// How addresses are made and verified.
    pub settings: Settings,
    /// The secrets, one a line.
    pub secret_file: PathBuf,
    /// A rewritten address takes mail from `<>` only.
    pub bounces_only: bool,
    /// Messages one rewritten address takes in a day.
    pub max_uses_per_day: u32,
}

/// `hostname` stands in for a missing domain where nothing listens.
pub(super) fn read(
    root: &Table<'_>,
    listen: Option<&[Listen]>,
    hostname: Option<&Domain>,
    machine: &Machine,
) -> Option<Srs> {
    let table = root.table(&schema::SRS);
    let domain = table.optional_text("domain", domain_name);
    let secret_file = table.text("secret_file", |text| machine.secret_path(text));
    let per_domain = table.bool("per_domain");
    let tag = table.text("tag", tag_kind);
    let tag_length = table.optional_integer("tag_length");
    let also_accept = table.list("also_accept", tag_kind);
    let separator = table.text("separator", separator_of);
    let max_age_days = max_age_days(&table);
    let bounces_only = table.bool("bounces_only");
    let exempt_domains = table.list("exempt_domains", DomainPattern::from_str);
    let max_uses_per_day = table.integer("max_uses_per_day");

    let listens = listen.is_none_or(|listen| !listen.is_empty());
    if domain == Some(None) && listens {
        table.refuse("domain", "missing", "the domain of rewritten reverse-paths");
    }
    let tag = tag?;
    let tag_length = tag_length?.unwrap_or(tag.default_length());
    let lengths = tag.lengths();
    if !lengths.contains(&tag_length) {
        table.refuse(
            "tag_length",
            format!("{tag_length} is out of range for {tag}"),
            format!("an integer from {} to {}", lengths.start(), lengths.end()),
        );
        return None;
    }
    Some(Srs {
        settings: Settings {
            domain: domain?.or_else(|| hostname.cloned())?,
            per_domain: per_domain?,
            tag,
            tag_length,
            also_accept: also_accept?,
            separator: separator?,
            max_age_days: max_age_days?,
            exempt_domains: exempt_domains?,
        },
        secret_file: secret_file?,
        bounces_only: bounces_only?,
        max_uses_per_day: max_uses_per_day?,
    })
}

fn tag_kind(text: &str) -> Result<TagKind, String> {
    TagKind::from_str(text).map_err(|_| format!("{text:?} is not a kind of tag"))
}

fn separator_of(text: &str) -> Result<Separator, String> {
    Separator::from_str(text).map_err(|_| format!("{text:?} is not a separator"))
}

/// The timestamp of an SRS address counts days, so a part of a day would be a false promise.
fn max_age_days(table: &Table<'_>) -> Option<u16> {
    let age = table.duration("max_age")?;
    if age.subsec_nanos() > 0 || age.as_secs() % DAY.as_secs() != 0 {
        table.refuse("max_age", "not in whole days", "whole days from \"1d\" to \"1000d\"");
        return None;
    }
    u16::try_from(age.as_secs() / DAY.as_secs()).ok()
}

fn domain_name(text: &str) -> Result<Domain, String> {
    if let Some(name) = text.strip_prefix('$') {
        return Err(format!(
            "{text:?} is a name of Postfix's, which nobody replaces here (`postconf -h {name}` prints it)"
        ));
    }
    let domain = Domain::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    match domain.literal() {
        None => Ok(domain),
        Some(_) => Err(format!("{text:?} is an address literal")),
    }
}
