//! What SPF, DKIM, DMARC and the spam filter said, and what that means.

use super::{Line, Tone};
use crate::{
    admin::trace::Record,
    rspamd::Action,
    verdict::{Arc, Class, Dkim, DmarcPolicy, Spf, Told, ToldAuthor},
};

/// Most signatures and authors that are told of.
const MOST: usize = 10;
/// Most symbols of a spam filter that are named.
const SYMBOLS: usize = 8;

/// Whom From names, as far as the journal has it.
pub(super) fn authors(record: &Record) -> Vec<Line> {
    let told = Told::read(&record.auth).unwrap_or_default();
    let named = told.authors.into_iter().filter(|author| !author.domain.is_empty());
    named.take(MOST).map(|it| Line::new("messages-author").with("domain", it.domain)).collect()
}

pub(super) fn lines(record: &Record) -> Vec<Line> {
    let mut lines = Vec::new();
    match Told::read(&record.auth) {
        None if record.is_submitted() || super::is_own(record) => {}
        None => lines.push(Line::new("messages-checks-none")),
        Some(told) => {
            let sender = record.from.mailbox().map(|sender| sender.domain().to_string());
            let domain = sender.as_deref().unwrap_or(&record.helo);
            lines.extend(told.spf.map(|result| spf(result, domain)));
            if told.signatures.is_empty() {
                lines.push(Line::new("messages-dkim-unsigned").toned(Tone::Care));
            }
            lines.extend(told.signatures.iter().take(MOST).map(|(result, d)| dkim(*result, d)));
            lines.extend(told.authors.iter().take(MOST).map(dmarc));
            lines.extend(told.arc.and_then(arc));
            lines.extend(told.class.map(class));
            if told.is_munged {
                lines.push(Line::new("messages-munged").toned(Tone::Care));
            }
        }
    }
    if let Some(verdict) = &record.filter {
        let symbols = verdict.symbols.iter().take(SYMBOLS);
        let symbols: Vec<String> =
            symbols.map(|symbol| format!("{} {}", symbol.name, symbol.score)).collect();
        let (key, tone) = match verdict.action {
            Action::NoAction => ("messages-filter-pass", Tone::Good),
            Action::Greylist | Action::SoftReject => ("messages-filter-later", Tone::Care),
            Action::AddHeader | Action::RewriteSubject => ("messages-filter-marks", Tone::Care),
            Action::Reject => ("messages-filter-rejects", Tone::Bad),
        };
        let line = Line::new(key).with("score", verdict.score).toned(tone);
        lines.push(match symbols.is_empty() {
            true => line,
            false => line.quoting(&symbols.join(", ")),
        });
    }
    lines
}

/// What can be said of a message that there is not: of its signatures nothing is known.
pub(in super::super) fn supposed(told: &Told, domain: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = told.spf.map(|result| spf(result, domain)).into_iter().collect();
    lines.extend(told.authors.iter().take(MOST).map(dmarc));
    lines
}

/// SPF is of the reverse-path, and of the HELO name where that is null (RFC 7208 §2.4).
fn spf(result: Spf, domain: &str) -> Line {
    let (key, tone) = match result {
        Spf::Pass => ("messages-spf-pass", Tone::Good),
        Spf::Fail => ("messages-spf-fail", Tone::Bad),
        Spf::SoftFail => ("messages-spf-softfail", Tone::Care),
        Spf::Neutral => ("messages-spf-neutral", Tone::Plain),
        Spf::None => ("messages-spf-none", Tone::Care),
        Spf::TempError => ("messages-spf-temperror", Tone::Care),
        Spf::PermError => ("messages-spf-permerror", Tone::Care),
    };
    Line::new(key).with("domain", domain).toned(tone)
}

fn dkim(result: Dkim, domain: &str) -> Line {
    let (key, tone) = match result {
        Dkim::Pass => ("messages-dkim-pass", Tone::Good),
        Dkim::Fail => ("messages-dkim-fail", Tone::Bad),
        Dkim::Policy => ("messages-dkim-policy", Tone::Care),
        Dkim::Neutral => ("messages-dkim-neutral", Tone::Care),
        Dkim::TempError => ("messages-dkim-temperror", Tone::Care),
        Dkim::PermError => ("messages-dkim-permerror", Tone::Care),
    };
    Line::new(key).with("domain", if domain.is_empty() { "?" } else { domain }).toned(tone)
}

fn dmarc(author: &ToldAuthor) -> Line {
    let ToldAuthor { domain, policy, result } = author;
    let (key, tone) = match (result.as_str(), policy) {
        ("pass", _) => ("messages-dmarc-pass", Tone::Good),
        ("fail", Some(DmarcPolicy::Reject)) => ("messages-dmarc-fail-reject", Tone::Bad),
        ("fail", Some(DmarcPolicy::Quarantine)) => ("messages-dmarc-fail-quarantine", Tone::Bad),
        ("fail", _) => ("messages-dmarc-fail-none", Tone::Care),
        ("temperror", _) => ("messages-dmarc-temperror", Tone::Care),
        ("permerror", _) => ("messages-dmarc-permerror", Tone::Care),
        _ => return Line::new("messages-dmarc-none").toned(Tone::Care),
    };
    Line::new(key).with("domain", domain).toned(tone)
}

fn arc(result: Arc) -> Option<Line> {
    match result {
        Arc::None => None,
        Arc::Pass => Some(Line::new("messages-arc-pass")),
        Arc::Fail => Some(Line::new("messages-arc-fail").toned(Tone::Care)),
        Arc::TempError => Some(Line::new("messages-arc-temperror").toned(Tone::Care)),
    }
}

pub(in super::super) fn class(class: Class) -> Line {
    match class {
        Class::Signed => Line::new("messages-class-signed").toned(Tone::Good),
        Class::Free => Line::new("messages-class-free"),
        Class::SpfOnly => Line::new("messages-class-spf-only").toned(Tone::Care),
        Class::Failed => Line::new("messages-class-failed").toned(Tone::Bad),
        Class::Unknown => Line::new("messages-class-unknown").toned(Tone::Care),
    }
}
