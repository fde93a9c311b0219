//! What we did with a message: the alias, the rule that decided, the reverse-path it left with, our reply.

use super::{Facts, Line, NAMED, Tone, is_own};
use crate::{
    admin::trace::{Outcome, Record},
    alias::{NamedBy, Scope, ToldRule},
    digest::Why,
};

/// Most notes that are told.
const NOTES: usize = 20;

pub(super) fn lines(facts: &Facts<'_>) -> Vec<Line> {
    let record = facts.record;
    let mut lines: Vec<Line> = facts.aliases.iter().take(NAMED).map(answering).collect();
    // Who sends writes into notes too; a rule is told of what was refused before it went anywhere, and of nothing else.
    let is_refused_here = record.outcome.is_refusal() && record.attempts.is_empty();
    // A sender may have `; ` in his name, so what is read begins at the rule and goes on to the end.
    let at = record.detail.match_indices("; ").map(|(at, found)| at + found.len());
    let rest = std::iter::once(0).chain(at).filter_map(|at| record.detail.split_at_checked(at));
    let rule = rest
        .filter(|_| is_refused_here)
        .find_map(|(before, rest)| ToldRule::read(rest).map(|rule| (before, rule)));
    let notes = rule.as_ref().map_or(record.detail.as_str(), |(before, _)| before);
    match &rule {
        Some((_, found)) => lines.push(by_rule(found)),
        None if is_refused_here && !record.reply.is_empty() => {
            let why = Line::new(why(Why::of(&record.reply, false)));
            lines.push(why.toned(if record.outcome == Outcome::Refused {
                Tone::Bad
            } else {
                Tone::Care
            }));
        }
        None => {}
    }
    if let Some(address) = record.srs_from.as_ref().filter(|address| **address != record.sender()) {
        lines.push(Line::new("messages-sent-as").with("address", address));
    }
    let notes = notes.split("; ").filter(|note| !note.is_empty()).take(NOTES);
    lines.extend(notes.map(|note| Line::new("messages-note").quoting(note)));
    lines.extend(answer(record));
    lines
}

fn answering((recipient, alias): &(String, Option<String>)) -> Line {
    match alias {
        Some(alias) if alias.eq_ignore_ascii_case(recipient) => {
            Line::new("messages-alias-same").with("recipient", recipient)
        }
        Some(alias) => {
            Line::new("messages-alias").with("recipient", recipient).with("alias", alias)
        }
        None => Line::new("messages-alias-none").with("recipient", recipient).toned(Tone::Care),
    }
}

/// The rule that decided.
pub(in super::super) fn by_rule(rule: &ToldRule) -> Line {
    match rule {
        ToldRule::Ended(why) => Line::new("messages-rule-ended").quoting(why).toned(Tone::Bad),
        ToldRule::Limit(rate) => {
            Line::new("messages-rule-limit").with("rate", rate).toned(Tone::Care)
        }
        ToldRule::Blocked { scope, pattern, sender } => {
            let key = match (scope, sender) {
                (Scope::Alias, None) => "messages-rule-allows-nobody",
                (Scope::Alias, Some((_, NamedBy::ReversePath))) => "messages-rule-alias",
                (Scope::Alias, Some((_, NamedBy::From))) => "messages-rule-alias-author",
                (Scope::Domain, Some((_, NamedBy::From))) => "messages-rule-domain-author",
                (Scope::Domain, _) => "messages-rule-domain",
                (Scope::Global, Some((_, NamedBy::From))) => "messages-rule-global-author",
                (Scope::Global, _) => "messages-rule-global",
            };
            let line = Line::new(key).toned(Tone::Bad);
            match sender {
                None => line,
                Some((sender, _)) => line.with("pattern", pattern).with("sender", sender),
            }
        }
    }
}

fn answer(record: &Record) -> Option<Line> {
    if record.reply.is_empty() || is_own(record) {
        return None;
    }
    let (key, tone) = match record.reply.bytes().next() {
        Some(b'2') => ("messages-answered-taken", Tone::Good),
        Some(b'4') => ("messages-answered-later", Tone::Care),
        _ => ("messages-answered-refused", Tone::Bad),
    };
    Some(Line::new(key).quoting(&record.reply).toned(tone))
}

fn why(why: Why) -> &'static str {
    match why {
        Why::NoSuchAlias => "messages-why-no-such-alias",
        Why::AliasUnsafe => "messages-why-alias-unsafe",
        Why::AliasLoop => "messages-why-alias-loop",
        Why::NoPostmaster => "messages-why-no-postmaster",
        Why::SpfFailed => "messages-why-spf-failed",
        Why::SpfBroken => "messages-why-spf-broken",
        Why::DkimFailed => "messages-why-dkim-failed",
        Why::DmarcFailed => "messages-why-dmarc-failed",
        Why::SpfOnly => "messages-why-spf-only",
        Why::Unauthenticated => "messages-why-unauthenticated",
        Why::FilterFindsSpam => "messages-why-filter-finds-spam",
        Why::FilterRejects => "messages-why-filter-rejects",
        Why::FilterLater => "messages-why-filter-later",
        Why::LastUnderWay => "messages-why-last-under-way",
        Why::AliasLimit => "messages-why-alias-limit",
        Why::SenderLimit => "messages-why-sender-limit",
        Why::TooMany => "messages-why-too-many",
        Why::Relaying => "messages-why-relaying",
        Why::Loop => "messages-why-loop",
        Why::OwnFrom => "messages-why-own-from",
        Why::Listed => "messages-why-listed",
        Why::Rule => "messages-why-rule",
        Why::AliasDefers => "messages-why-alias-defers",
        Why::TooLarge => "messages-why-too-large",
        Why::Malformed => "messages-why-malformed",
        Why::Split => "messages-why-split",
        Why::LeadsNowhere => "messages-why-leads-nowhere",
        Why::NotReady
        | Why::MailboxGone
        | Why::MailboxFull
        | Why::MailboxTooLarge
        | Why::MailboxUnproven
        | Why::MailboxRule
        | Why::MailboxNotReady
        | Why::MailboxRefuses => "messages-why-destination",
        Why::OtherForNow => "messages-why-other-for-now",
        Why::Other => "messages-why-other",
    }
}
