//! What is told of an explanation.

use super::{
    parts::sentence,
    seen::Seen,
    story::{
        Line, Tone,
        checks::{class, supposed},
        ours::by_rule,
    },
};
use crate::{
    address::Mailbox,
    admin::{Explanation, Verdict},
    alias::{AnswerAddress, ToldRule},
    verdict::{Class, Told as Findings},
    web::page::texts::Texts,
};
use maud::{Markup, html};

/// What is told of an explanation.
#[derive(Debug)]
pub(crate) struct Told(Vec<Line>);

impl Told {
    pub(crate) fn markup(&self, texts: Texts) -> Markup {
        html! {
            section #explained .card role="status" {
                h3 { (texts.say("messages-explain", &[])) }
                @for line in &self.0 { (sentence(texts, line, true)) }
            }
        }
    }
}

/// What of an explanation is told.
pub(crate) fn told(explained: &Explanation) -> Told {
    let verdict = match explained.verdict {
        Verdict::Refused => ("messages-explain-verdict-refused", Tone::Bad),
        Verdict::Discarded => ("messages-explain-verdict-discarded", Tone::Care),
        Verdict::Munged => ("messages-explain-verdict-munged", Tone::Care),
        Verdict::Marked => ("messages-explain-verdict-marked", Tone::Care),
        Verdict::Answered => ("messages-explain-verdict-answered", Tone::Good),
        Verdict::Forwarded => ("messages-explain-verdict-forwarded", Tone::Good),
    };
    let quoting = |key, text: &String| Line::new(key).quoting(text);
    let mut lines = vec![Line::new(verdict.0).toned(verdict.1)];
    if let Some(reply) = &explained.reply {
        lines = vec![Line::new(verdict.0).quoting(reply).toned(verdict.1)];
    }
    let alias = |alias| Line::new("messages-explain-alias").with("alias", alias);
    lines.extend(explained.alias.as_ref().map(alias));
    lines.extend(explained.rule.as_ref().map(|text| match ToldRule::read(text) {
        Some(found) => by_rule(&found),
        None => quoting("messages-explain-rule", text),
    }));
    lines.extend(explained.rules.as_ref().map(|text| quoting("messages-explain-rules", text)));
    lines.extend(explained.limit.as_ref().map(|text| quoting("messages-explain-limit", text)));
    let listed = explained.lists.iter().filter(|list| list.answer == "listed");
    lines.extend(listed.map(|list| quoting("messages-explain-list", &list.said)));
    if let Some(text) = &explained.checks {
        match Findings::read(text) {
            Some(found) => {
                let domain = explained.from.rsplit('@').next().unwrap_or_default();
                let name = if explained.from == "<>" { "HELO" } else { domain };
                lines.extend(supposed(&found, name));
            }
            None => lines.push(quoting("messages-explain-checks", text)),
        }
        lines.push(Line::new("messages-explain-header"));
    }
    lines.extend(explained.class.as_ref().map(|text| {
        let known = Class::ALL.into_iter().find(|known| known.to_string() == *text);
        known.map_or_else(|| quoting("messages-explain-class", text), class)
    }));
    lines.extend(explained.destinations.iter().map(|to| {
        let line = Line::new("messages-explain-destination");
        let line = line.with("mailbox", &to.mailbox).with("hop", &to.next_hop);
        match &to.no_mail {
            Some(why) => line.quoting(why),
            None => line,
        }
    }));
    lines.extend(explained.lost.iter().map(|lost| quoting("messages-explain-lost", lost)));
    let sent_as = |address| Line::new("messages-explain-sent-as").with("address", address);
    lines.extend(explained.srs_from.as_ref().map(sent_as));
    Told(lines)
}

/// Whether it can be asked: who brought the message has to be known, and an alias that it was for. Of an answer the mailbox that it is from is not told to all.
pub(super) fn can_be_explained(seen: &Seen) -> bool {
    let is_answer =
        |to: &String| Mailbox::parse(to).is_ok_and(|to| AnswerAddress::read(&to).is_some());
    seen.record.client.is_some()
        && !seen.recipients.is_empty()
        && !seen.record.to.iter().any(is_answer)
        && !seen.record.is_submitted()
}
