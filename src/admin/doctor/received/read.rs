//! Reads the header section: what stands above our Received field is of those who came behind us, what stands below is
//! ours as far as the next Received field.

use super::{Hop, Ours, Received, Verdicts};
use crate::message::{AuthResults, Authors, Field, Header, OwnTrace, RESULTS_FIELD};

/// What the field is called in an ARC set.
const ARC_RESULTS_FIELD: &str = "ARC-Authentication-Results";
/// Exchange gives fields that came from elsewhere this name.
const MOVED_RESULTS_FIELD: &str = "Authentication-Results-Original";
/// Fields that are looked at: a message has some dozens.
const MAX_FIELDS: usize = 2_000;

/// Receivers by what their fields call them, and how people do.
const RECEIVERS: [(&str, &str); 6] = [
    ("google.com", "Gmail"),
    ("icloud.com", "iCloud"),
    ("yahoo.com", "Yahoo"),
    ("aol.com", "Yahoo"),
    ("outlook.com", OUTLOOK),
    ("microsoft.com", OUTLOOK),
];
/// Whose Authentication-Results alone have no name in them.
const OUTLOOK: &str = "Outlook";

/// All but the findings.
pub(super) fn read(message: &[u8], ours: &Ours) -> Received {
    let header = Header::scan(message);
    let fields = header.fields().get(..MAX_FIELDS).unwrap_or(header.fields());
    let Some((at, trace)) = our_hop(fields, ours) else {
        // Whatever stands on top is the receiver's.
        return Received { there: there(fields), ..Received::default() };
    };
    let (above, below) = fields.split_at_checked(at).unwrap_or((fields, &[]));
    let hop_field = below.first();
    let below = below.get(1..).unwrap_or_default();
    let end = below.iter().position(|field| is_named(field, "Received")).unwrap_or(below.len());
    let own = below.get(..end).unwrap_or(below);
    let value = hop_field.map(|field| String::from_utf8_lossy(field.value));
    let value = value.as_deref().unwrap_or_default().trim_start();
    let is_submitted = ["from submission ", "from answer"].iter().any(|it| value.starts_with(it));
    let author = Authors::read(&header).ok();
    let hop = Hop {
        id: trace.id.to_string(),
        recipient: trace.recipient.map(|path| path.bare()),
        is_submitted,
        sealed_by: signers(own, "ARC-Seal").find(|domain| ours.has(domain)),
        signed_by: signers(own, "DKIM-Signature").filter(|domain| ours.has(domain)).collect(),
        author: author.and_then(|it| it.domains().first().map(|domain| domain.to_key())),
        by: trace.by,
    };
    Received { here: here(own, &hop.by), there: there(above), hop: Some(hop), ..<_>::default() }
}

/// The topmost Received field of this host; else of another with this program.
fn our_hop(fields: &[Field<'_>], ours: &Ours) -> Option<(usize, OwnTrace)> {
    let mut other = None;
    for (at, field) in fields.iter().enumerate().filter(|(_, it)| is_named(it, "Received")) {
        if let Some(trace) = OwnTrace::read(field.value) {
            if trace.by.eq_ignore_ascii_case(&ours.hostname) {
                return Some((at, trace));
            }
            other = other.or(Some((at, trace)));
        }
    }
    other
}

/// What we found, by the first field that has our name.
fn here(own: &[Field<'_>], by: &str) -> Option<Verdicts> {
    let names = [RESULTS_FIELD, MOVED_RESULTS_FIELD, ARC_RESULTS_FIELD];
    let mut results = names.iter().flat_map(|name| own.iter().filter(move |it| is_named(it, name)));
    let ours = results.find_map(|field| {
        let read = AuthResults::read(field.value);
        read.authserv_id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(by)).then_some(read)
    })?;
    let mut verdicts = Verdicts { who: by.to_owned(), ..Verdicts::default() };
    verdicts.take(&ours);
    Some(verdicts)
}

/// What the host behind us found: all fields of the same receiver, the nearest to our hop first.
fn there(above: &[Field<'_>]) -> Option<Verdicts> {
    let mut verdicts: Option<Verdicts> = None;
    // What an ARC set says comes behind: it is the same, or what the field does not tell.
    for name in [RESULTS_FIELD, ARC_RESULTS_FIELD] {
        for field in above.iter().rev().filter(|field| is_named(field, name)) {
            let results = AuthResults::read(field.value);
            let who = receiver(results.authserv_id.as_deref());
            let known = verdicts.get_or_insert_with(|| Verdicts { who, ..Verdicts::default() });
            if known.who == receiver(results.authserv_id.as_deref()) {
                known.take(&results);
            }
        }
    }
    verdicts.filter(Verdicts::is_something)
}

fn receiver(authserv_id: Option<&str>) -> String {
    let Some(id) = authserv_id else { return OUTLOOK.to_owned() };
    let id = id.to_ascii_lowercase();
    let is_of = |domain: &str| {
        id.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    };
    let known = RECEIVERS.iter().find(|(domain, _)| is_of(domain));
    known.map_or(id, |(_, name)| (*name).to_owned())
}

/// `d=` of each field of this name.
fn signers<'a>(fields: &'a [Field<'a>], name: &'a str) -> impl Iterator<Item = String> + 'a {
    fields.iter().filter(move |field| is_named(field, name)).filter_map(|field| {
        let value = String::from_utf8_lossy(field.value);
        let mut tags = value.split(';').filter_map(|tag| tag.split_once('='));
        let (_, domain) = tags.find(|(tag, _)| tag.trim() == "d")?;
        Some(domain.trim().to_ascii_lowercase())
    })
}

fn is_named(field: &Field<'_>, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name.as_bytes())
}
