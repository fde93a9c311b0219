//! Forward Email: `forward-email=` in TXT records, with entries between commas: `hello:me@x.example`, an address or a
//! domain alone for all that nothing else answers, `/^(a|b)$/:x+$1@x.example`, and `!` in front of what is off.

use super::{
    items::{documents, flag, text, under},
    table::Table,
    taken::{Does, Foreign, Taking, addresses, is_yes, neither},
    zone,
};
use crate::address::Domain;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

const NAMES: [&str; 3] = ["name", "alias", "email"];
const RECIPIENTS: [&str; 4] = ["recipients", "recipient", "forward", "forwards"];
const ENABLED: [&str; 3] = ["is_enabled", "enabled", "active"];

/// A mailbox that stands for nobody.
const NOBODY: &str = "nobody@forwardemail.net";

const PAID: &str =
    "the aliases of a paid plan are not in DNS; an answer of the API or a CSV has them";
const PORT: &str =
    "has no counterpart in an alias; a [[route]] of the configuration names a host and its port";
const ENCRYPTED: &str = "the record is encrypted, and only Forward Email can read it";

/// What the records of one domain say.
#[derive(Debug, Default)]
struct Said {
    names: Vec<(usize, String, Does)>,
    at: HashMap<String, usize>,
    /// Where everything else goes: addresses, and domains whose addresses are the same.
    all: Vec<String>,
    all_at: usize,
    patterns: Vec<(usize, String, Does)>,
}

pub(super) fn read_text(file: &str, taking: &mut Taking<'_>) {
    let first = file.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let columns: Vec<String> = first
        .split([',', ';'])
        .map(|name| name.trim().trim_matches('"').to_ascii_lowercase())
        .collect();
    let has = |names: &[&str]| columns.iter().any(|column| names.contains(&column.as_str()));
    if has(&NAMES) && has(&RECIPIENTS) {
        return read_csv(file, taking);
    }
    let known = taking.beside.domain.as_ref().map(Domain::to_key);
    let zone = zone::read(file, known.as_deref());
    for (place, why) in zone.problems {
        taking.problem_of(place, "this", why);
    }
    let mut domains: BTreeMap<String, Said> = BTreeMap::new();
    for record in zone.records {
        let Some((key, value)) = record.text.split_once('=') else { continue };
        let key = key.trim().to_ascii_lowercase();
        let place = record.place;
        match key.as_str() {
            "forward-email" => {}
            "forward-email-port" => {
                taking.note_of(place, "forward-email-port", PORT);
                continue;
            }
            "forward-email-site-verification" => {
                taking.problem_of(place, "forward-email-site-verification:", PAID);
                continue;
            }
            other if other.starts_with("forward-email") => {
                taking.problem_of(place, other, "is not known");
                continue;
            }
            _ => continue,
        }
        let owner = record.owner.map(|owner| owner.to_ascii_lowercase()).or_else(|| known.clone());
        let Some(owner) = owner else {
            taking.problem_of(place, "the record", super::super::NO_DOMAIN);
            continue;
        };
        if is_encrypted(value.trim()) {
            taking.problem(place, ENCRYPTED);
            continue;
        }
        let said = domains.entry(owner.clone()).or_default();
        for entry in entries(value) {
            said.add(place, entry, &owner, taking);
        }
    }
    for (domain, said) in domains {
        said.take(&domain, taking);
    }
}

fn is_encrypted(value: &str) -> bool {
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    value.len() >= 24 && value.bytes().all(is_base64)
}

/// The entries between commas, but for those of a regex.
fn entries(value: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let behind = match pattern_end(rest.trim_start()) {
            Some(end) => rest.len() - rest.trim_start().len() + end,
            None => 0,
        };
        let comma = rest.get(behind..).and_then(|tail| tail.find(',')).map(|at| behind + at);
        let (entry, tail) = match comma {
            Some(at) => {
                (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default())
            }
            None => (rest, ""),
        };
        if !entry.trim().is_empty() {
            entries.push(entry.trim());
        }
        rest = tail;
    }
    entries
}

/// Behind the slash and the flags that end a regex, where the entry begins with one.
fn pattern_end(entry: &str) -> Option<usize> {
    let marks = entry.len() - entry.trim_start_matches('!').len();
    let body = entry.get(marks..)?.strip_prefix('/')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '/' => {
                let tail = body.get(at + 1..)?;
                let flags = tail.len() - tail.trim_start_matches(['g', 'i']).len();
                if matches!(tail.get(flags..)?.chars().next(), None | Some(':' | ',')) {
                    return Some(marks + 1 + at + 1 + flags);
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands in front: what becomes of mail to it instead.
fn marked(entry: &str) -> (Option<Does>, &str) {
    let name = entry.trim_start_matches('!');
    let does = match entry.len() - name.len() {
        0 => None,
        1 => Some(Does::Discard),
        2 => Some(Does::Defer),
        _ => Some(Does::Reject),
    };
    (does, name)
}

impl Said {
    fn add(&mut self, place: usize, entry: &str, domain: &str, taking: &mut Taking<'_>) {
        if entry.starts_with("http://") || entry.starts_with("https://") {
            let cause = "is a webhook, which no mail is sent to here";
            return taking.problem_of(place, &format!("{domain} leads to {entry}, which"), cause);
        }
        let (off, name) = marked(entry);
        if let Some(end) = pattern_end(name) {
            let (pattern, target) = name.split_at_checked(end).unwrap_or((name, ""));
            let target = target.strip_prefix(':').unwrap_or_default().trim();
            let does = off.unwrap_or_else(|| Does::Forward(vec![target.to_owned()]));
            return match anchored(pattern, domain, target.contains('$')) {
                Ok(address) => self.patterns.push((place, address, does)),
                Err(why) => taking.problem_of(place, pattern, why),
            };
        }
        match (off, name.split_once(':')) {
            (Some(off), named) => {
                let name = named.map_or(name, |(name, _)| name);
                self.name(place, name, off);
            }
            (None, Some((name, target))) if target.trim().eq_ignore_ascii_case(NOBODY) => {
                self.name(place, name, Does::Discard);
            }
            (None, Some((name, target))) if !target.contains('@') && !target.contains("://") => {
                let cause = "which is a host, and no address";
                taking.problem_of(place, &format!("{name}@{domain} leads to {target},"), cause);
            }
            (None, Some((name, target))) => {
                self.name(place, name, Does::Forward(vec![target.trim().to_owned()]));
            }
            (None, None) => {
                if self.all.is_empty() {
                    self.all_at = place;
                }
                self.all.push(name.to_owned());
            }
        }
    }

    /// What is off stays off, whatever else is said.
    fn name(&mut self, place: usize, name: &str, does: Does) {
        let name = name.trim();
        match self.at.get(&name.to_ascii_lowercase()).and_then(|at| self.names.get_mut(*at)) {
            Some((_, _, known)) => match (known, does) {
                (Does::Forward(targets), Does::Forward(more)) => targets.extend(more),
                (known @ Does::Forward(_), off) => *known = off,
                _ => {}
            },
            None => {
                self.at.insert(name.to_ascii_lowercase(), self.names.len());
                self.names.push((place, name.to_owned(), does));
            }
        }
    }

    fn take(self, domain: &str, taking: &mut Taking<'_>) {
        let Self { names, all, all_at, patterns, .. } = self;
        let foreign = |place, address, does| Foreign {
            place,
            address,
            does,
            note: String::new(),
            enabled: true,
        };
        for (place, name, does) in names {
            taking.take(foreign(place, format!("{name}@{domain}"), does));
        }
        for (place, address, does) in patterns {
            let cause =
                "counts here only for what no alias of one address answers; there both count";
            taking.note_of(place, &address, cause);
            taking.take(foreign(place, address, does));
        }
        if all.is_empty() {
            return;
        }
        let is_address = |target: &String| target.contains('@');
        if all.iter().all(is_address) {
            let nobody = all.iter().all(|target| target.eq_ignore_ascii_case(NOBODY));
            let does = if nobody { Does::Discard } else { Does::Forward(all) };
            return taking.take(foreign(all_at, format!("*@{domain}"), does));
        }
        // To a domain, the name stays.
        let target =
            |target: String| if is_address(&target) { target } else { format!("$1@{target}") };
        let address = format!("/^(.+)@{}$/", regex::escape(domain));
        taking.take(foreign(all_at, address, Does::Forward(all.into_iter().map(target).collect())));
    }
}

/// A regex for names, between slashes and with its flags, as one for addresses of `domain`.
fn anchored(pattern: &str, domain: &str, uses_groups: bool) -> Result<String, &'static str> {
    let source = pattern.trim_end_matches(['g', 'i']);
    let source = source.strip_prefix('/').unwrap_or(source);
    let source = source.strip_suffix('/').unwrap_or(source).replace("\\/", "/");
    let is_escaped = |text: &str| text.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
    let (begins, inner) = match source.strip_prefix('^') {
        Some(inner) => (true, inner),
        None => (false, source.as_str()),
    };
    let (ends, inner) = match inner.strip_suffix('$') {
        Some(before) if !is_escaped(before) => (true, before),
        _ => (false, inner),
    };
    let either = has_bar(inner);
    if either && (begins || ends) {
        return Err("has a | outside of a group, so that ^ and $ hold for one side of it only");
    }
    if uses_groups && !(begins && ends) {
        return Err(
            "does not match whole names by ^ and $, and what it leaves would be part of where it leads",
        );
    }
    let inner = if either { format!("(?:{inner})") } else { inner.to_owned() };
    let (front, behind) = (if begins { "" } else { ".*" }, if ends { "" } else { ".*" });
    Ok(format!("/^{front}{inner}{behind}@{}$/", regex::escape(domain)))
}

/// Whether there is an alternative outside of groups and classes.
fn has_bar(pattern: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' if class => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// An alias of a paid plan.
struct Paid<'a> {
    place: usize,
    name: &'a str,
    domain: Option<&'a str>,
    targets: Vec<String>,
    note: &'a str,
    enabled: bool,
}

fn read_csv(file: &str, taking: &mut Taking<'_>) {
    let Some(table) = Table::read(file, &NAMES, taking) else { return };
    let known: Vec<&str> = NAMES.into_iter().chain(RECIPIENTS).chain(ENABLED).collect();
    let more = ["domain", "description", "note", "id", "user", "created_at", "updated_at"];
    for name in table.unread(&[&known[..], &more[..]].concat()) {
        taking.note(1, format!("the column {name:?} has no counterpart here"));
    }
    for line in table.lines() {
        let (name, word) = (line.text(&NAMES), line.text(&ENABLED));
        let Some(enabled) = is_yes(word, true) else {
            taking.problem(line.place, neither(name, word));
            continue;
        };
        let (targets, note) =
            (addresses(line.text(&RECIPIENTS)), line.text(&["description", "note"]));
        let domain = line.get(&["domain"]);
        paid(Paid { place: line.place, name, domain, targets, note, enabled }, taking);
    }
}

pub(super) fn read_json(file: &str, taking: &mut Taking<'_>) {
    let mut place = 0;
    for document in documents(file, taking) {
        let single = document.get("recipients").is_some().then(|| vec![&document]);
        let Some(items) = single.or_else(|| under(&document, &["aliases", "data"])) else {
            taking
                .problem(place + 1, "Forward Email's JSON is a list of aliases, and this is none");
            continue;
        };
        for item in items {
            place += 1;
            let name = text(item, "name");
            let Some(enabled) = flag(item, "is_enabled", true) else {
                taking.problem(place, neither(name, &item["is_enabled"].to_string()));
                continue;
            };
            let domain =
                item.pointer("/domain/name").or_else(|| item.get("domain")).and_then(Value::as_str);
            let recipients = under(item, &["recipients"]).unwrap_or_default();
            let targets =
                recipients.into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let note = text(item, "description");
            paid(Paid { place, name, domain, targets, note, enabled }, taking);
        }
    }
}

fn paid(alias: Paid<'_>, taking: &mut Taking<'_>) {
    let Paid { place, name, domain, targets, note, enabled } = alias;
    let address = if name.starts_with('/') && name.len() > 1 {
        let known = taking.beside.domain.as_ref().map(Domain::to_key);
        let Some(domain) = domain.filter(|it| !it.is_empty()).map(str::to_owned).or(known) else {
            return taking.problem_of(place, name, super::super::NO_DOMAIN);
        };
        match anchored(name, &domain, targets.iter().any(|target| target.contains('$'))) {
            Ok(address) => address,
            Err(why) => return taking.problem_of(place, name, why),
        }
    } else {
        match taking.completed(place, name, domain) {
            Some(address) => address,
            None => return,
        }
    };
    let nobody = !targets.is_empty() && targets.iter().all(|it| it.eq_ignore_ascii_case(NOBODY));
    let does = if nobody { Does::Discard } else { Does::Forward(targets) };
    taking.take(Foreign { place, address, does, note: note.to_owned(), enabled });
}
