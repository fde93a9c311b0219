//! What each destination said, and what it means by that.

use super::{Line, Step, Tone};
use crate::{
    admin::trace::{AttemptLine, HELD, Record},
    provider::{Meaning, Provider, meaning},
};

/// Most attempts that are told of: the latest.
const MOST: usize = 50;

/// A step for each attempt.
pub(super) fn steps(record: &Record) -> Vec<Step> {
    let left_out = record.attempts.len().saturating_sub(MOST);
    let mut steps: Vec<Step> = record
        .attempts
        .iter()
        .skip(left_out)
        .map(|attempt| Step {
            title: "messages-step-destination",
            time: Some(attempt.time),
            lines: lines(attempt),
        })
        .collect();
    if let (Some(first), true) = (steps.first_mut(), left_out > 0) {
        first.lines.insert(0, Line::new("messages-attempts-left-out").with("count", left_out));
    }
    steps
}

fn lines(attempt: &AttemptLine) -> Vec<Line> {
    let AttemptLine { to, host, reply, tls, verdict, .. } = attempt;
    let (key, tone) = match verdict.as_str() {
        "delivered" => ("messages-attempt-delivered", Tone::Good),
        "refused" => ("messages-attempt-refused", Tone::Bad),
        "uncertain" => ("messages-attempt-uncertain", Tone::Care),
        _ => ("messages-attempt-deferred", Tone::Care),
    };
    let to: Vec<&str> = to.iter().take(super::NAMED).map(String::as_str).collect();
    let to = if to.is_empty() { "?".to_owned() } else { to.join(", ") };
    let mut lines =
        vec![Line::new(key).with("host", host).with("mailbox", to).quoting(reply).toned(tone)];
    if tone != Tone::Good {
        match meaning(host, reply) {
            Some(found) => lines.push(Line::new(explained(found))),
            None if reply.starts_with(HELD) => lines.push(Line::new("messages-meaning-held")),
            None if verdict == "refused" => lines.push(Line::new("messages-meaning-refused")),
            None => lines.push(Line::new("messages-meaning-deferred")),
        }
        if let Some(provider) = Provider::of_host(host) {
            lines.push(Line::new("messages-attempt-provider").with("provider", provider.name));
        }
    }
    lines.push(match tls.is_empty() {
        true => Line::new("messages-attempt-plaintext"),
        false => Line::new("messages-attempt-tls").with("tls", tls),
    });
    lines
}

fn explained(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::NoSuchUser => "messages-meaning-no-such-user",
        Meaning::Disabled => "messages-meaning-disabled",
        Meaning::Full => "messages-meaning-full",
        Meaning::MailboxBusy => "messages-meaning-mailbox-busy",
        Meaning::TooLarge => "messages-meaning-too-large",
        Meaning::Unauthenticated => "messages-meaning-unauthenticated",
        Meaning::Dmarc => "messages-meaning-dmarc",
        Meaning::NoReverseName => "messages-meaning-no-reverse-name",
        Meaning::NeedsTls => "messages-meaning-needs-tls",
        Meaning::Rate => "messages-meaning-rate",
        Meaning::Reputation => "messages-meaning-reputation",
        Meaning::Blocked => "messages-meaning-blocked",
        Meaning::Listed => "messages-meaning-listed",
        Meaning::Content => "messages-meaning-content",
        Meaning::Form => "messages-meaning-form",
        Meaning::Greylisted => "messages-meaning-greylisted",
        Meaning::Busy => "messages-meaning-busy",
        Meaning::Connections => "messages-meaning-connections",
        Meaning::Recipients => "messages-meaning-recipients",
        Meaning::NoRelay => "messages-meaning-no-relay",
        Meaning::Loop => "messages-meaning-loop",
        Meaning::Unreachable => "messages-meaning-unreachable",
        Meaning::Lost => "messages-meaning-lost",
        Meaning::Slow => "messages-meaning-slow",
        Meaning::DnsSilent => "messages-meaning-dns-silent",
        Meaning::NoServer => "messages-meaning-no-server",
        Meaning::NoDomain => "messages-meaning-no-domain",
        Meaning::NullMx => "messages-meaning-null-mx",
        Meaning::TlsMissing => "messages-meaning-tls-missing",
        Meaning::TlsFailed => "messages-meaning-tls-failed",
        Meaning::TlsPolicy => "messages-meaning-tls-policy",
        Meaning::RefusesUs => "messages-meaning-refuses-us",
        Meaning::Encoding => "messages-meaning-encoding",
        Meaning::Policy => "messages-meaning-policy",
    }
}
