//! What happens next, and when, and who is told.

use super::{Facts, Line, NAMED, Tone, is_own};
use crate::admin::{
    queue::WaitingMessage,
    trace::{Outcome, Record},
};

pub(super) fn lines(facts: &Facts<'_>) -> Vec<Line> {
    let Facts { record, waiting, .. } = *facts;
    if let Some(waiting) = waiting {
        return waits(facts, waiting);
    }
    let (key, tone) = match record.outcome {
        Outcome::Forwarded => ("messages-next-forwarded", Tone::Good),
        Outcome::Partial => ("messages-next-partial", Tone::Care),
        Outcome::Refused => ("messages-next-refused", Tone::Plain),
        Outcome::Deferred => ("messages-next-deferred", Tone::Plain),
        Outcome::Spooled => ("messages-next-spooled", Tone::Plain),
        Outcome::Bounced => ("messages-next-bounced", Tone::Bad),
        Outcome::Failed => ("messages-next-failed", Tone::Bad),
        Outcome::Dropped => ("messages-next-dropped", Tone::Plain),
        Outcome::Discarded => ("messages-next-discarded", Tone::Plain),
        Outcome::Aborted => ("messages-next-aborted", Tone::Plain),
        Outcome::Taken => ("messages-next-taken", Tone::Plain),
    };
    let mut lines = vec![Line::new(key).toned(tone)];
    if record.outcome == Outcome::Failed {
        lines.push(told(record));
    }
    lines
}

fn waits(facts: &Facts<'_>, waiting: &WaitingMessage) -> Vec<Line> {
    let mut lines = Vec::new();
    lines.extend(waiting.held.as_deref().map(|hold| {
        let key = match hold {
            "frozen" => "messages-next-held-frozen",
            "disabled" => "messages-next-held-disabled",
            _ => "messages-next-held-removed",
        };
        Line::new(key).toned(Tone::Care)
    }));
    for leg in waiting.legs.iter().take(NAMED) {
        let Some(next) = leg.next_attempt else { continue };
        let key = match leg.state {
            "sending" => "messages-next-sending",
            "uncertain" => "messages-next-uncertain",
            _ => "messages-next-attempt",
        };
        let line = Line::new(key).with("mailbox", &leg.destination).with("count", leg.attempts);
        lines.push(if leg.state == "sending" { line } else { line.at(next) });
    }
    if lines.is_empty() {
        lines.push(Line::new("messages-next-spooled"));
        return lines;
    }
    lines.push(Line::new("messages-next-given-up").at(waiting.arrived + facts.max_age));
    lines.push(match waiting.notify {
        true => Line::new("messages-next-told").with("sender", &waiting.from),
        false => Line::new("messages-next-nobody-told"),
    });
    lines
}

/// Who was told that nobody has it. A bounce of a bounce is told to nobody (RFC 5321 §6.1).
fn told(record: &Record) -> Line {
    let silence =
        record.detail.split("; ").find(|note| note.starts_with("no notice to the sender"));
    match (record.from.mailbox(), silence) {
        (None, _) if is_own(record) => Line::new("messages-next-notice-lost"),
        (None, _) => Line::new("messages-next-nobody-was-told"),
        (Some(_), Some(_)) => Line::new("messages-next-not-told").toned(Tone::Bad),
        (Some(sender), None) => Line::new("messages-next-was-told").with("sender", sender),
    }
}
