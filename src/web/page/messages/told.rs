//! What is told of an explanation.

use super::seen::Seen;
use crate::{
    address::Mailbox,
    admin::{Explanation, Verdict},
    alias::AnswerAddress,
    web::page::{
        outside::outside_whole,
        texts::{Arg, Texts},
    },
};
use maud::{Markup, html};

/// What is told of an explanation.
#[derive(Debug)]
pub(super) struct Told(Vec<Line>);

/// A key, what stands in its text, and what is quoted.
type Line = (&'static str, Vec<(&'static str, String)>, Option<String>);

impl Told {
    pub(super) fn markup(&self, texts: Texts) -> Markup {
        html! {
            section #explained .card role="status" {
                h3 { (texts.say("messages-explain", &[])) }
                @for (key, values, quote) in &self.0 {
                    @let args: Vec<(&str, Arg<'_>)> =
                        values.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
                    p { bdi { (texts.say(key, &args)) } }
                    @if let Some(quote) = quote { blockquote { (outside_whole(quote)) } }
                }
            }
        }
    }
}

/// What of an explanation is told.
pub(super) fn told(explained: &Explanation) -> Told {
    let mut lines = Vec::new();
    let mut say = |key, values: Vec<(&'static str, String)>, quote: Option<&String>| {
        lines.push((key, values, quote.cloned()));
    };
    let verdict = match explained.verdict {
        Verdict::Refused => "messages-explain-verdict-refused",
        Verdict::Discarded => "messages-explain-verdict-discarded",
        Verdict::Munged => "messages-explain-verdict-munged",
        Verdict::Marked => "messages-explain-verdict-marked",
        Verdict::Answered => "messages-explain-verdict-answered",
        Verdict::Forwarded => "messages-explain-verdict-forwarded",
    };
    say(verdict, Vec::new(), explained.reply.as_ref());
    if let Some(alias) = &explained.alias {
        say("messages-explain-alias", vec![("alias", alias.clone())], None);
    }
    if let Some(rule) = &explained.rule {
        say("messages-explain-rule", Vec::new(), Some(rule));
    }
    if let Some(rules) = &explained.rules {
        say("messages-explain-rules", Vec::new(), Some(rules));
    }
    if let Some(limit) = &explained.limit {
        say("messages-explain-limit", Vec::new(), Some(limit));
    }
    for list in explained.lists.iter().filter(|list| list.answer == "listed") {
        say("messages-explain-list", Vec::new(), Some(&list.said));
    }
    if let Some(checks) = &explained.checks {
        say("messages-explain-checks", Vec::new(), Some(checks));
        say("messages-explain-header", Vec::new(), None);
    }
    if let Some(class) = &explained.class {
        say("messages-explain-class", Vec::new(), Some(class));
    }
    for to in &explained.destinations {
        let values = vec![("mailbox", to.mailbox.clone()), ("hop", to.next_hop.clone())];
        say("messages-explain-destination", values, to.no_mail.as_ref());
    }
    for lost in &explained.lost {
        say("messages-explain-lost", Vec::new(), Some(lost));
    }
    if let Some(address) = &explained.srs_from {
        say("messages-explain-sent-as", vec![("address", address.clone())], None);
    }
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
