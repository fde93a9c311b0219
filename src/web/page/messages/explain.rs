//! What would become of such a message by the rules as they are now.

use super::{
    one::{self, Beside},
    seen::Seen,
};
use crate::{
    address::ForwardPath,
    admin::{Explanation, Question, Verdict, explain},
    alias::Owner,
    web::page::{
        form::Segment,
        outside::outside_whole,
        texts::{Arg, Texts},
        trouble::Trouble,
        visitor::Visitor,
    },
};
use axum::body::Body;
use hyper::Response;
use maud::{Markup, html};
use std::sync::Arc;

/// Longest HELO that is asked with: what is longer stands in no DNS.
const MAX_HELO: usize = 255;

/// What is told of an explanation.
#[derive(Debug)]
pub(super) struct Told(Vec<Line>);

/// A key, what stands in its text, and what is quoted.
type Line = (&'static str, Vec<(&'static str, String)>, Option<String>);

/// Whether it can be asked: who brought the message has to be known, and an alias that it was for.
pub(super) fn can_be(seen: &Seen) -> bool {
    seen.record.client.is_some() && !seen.recipients.is_empty() && seen.record.account().is_none()
}

/// Asks, and shows the page with the answer.
pub(super) async fn show(
    visitor: Visitor,
    Segment(id): Segment,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(&visitor, &id).await?;
    let question = question(&seen).ok_or(Trouble::NotFound)?;
    let beside = |wrong: &'static str| Beside {
        wrong: Some(("explain", visitor.texts.say(wrong, &[]))),
        explained: None,
    };
    let busy = || one::page(&visitor, &seen, &beside("messages-explain-busy"));
    let shared = &visitor.site.shared;
    let Ok(_place) = Arc::clone(&shared.explains).try_acquire_owned() else { return Ok(busy()) };
    let own = visitor.session().map(|id| shared.explaining.claim(id));
    if own.as_ref().is_some_and(Option::is_none) {
        return Ok(busy());
    }
    let config = visitor.site.config.as_ref().clone();
    let explained = match explain(config, &question).await {
        Ok(explained) => explained,
        Err(error) => {
            tracing::error!(%error, "a request to the page failed");
            return Ok(one::page(&visitor, &seen, &beside("messages-explain-failed")));
        }
    };
    let explained = match visitor.role.domains() {
        Some(domains) => explained.part_of(Owner(domains)),
        None => explained,
    };
    let beside = Beside { wrong: None, explained: Some(told(&explained)) };
    Ok(one::page(&visitor, &seen, &beside))
}

/// Such a message once more, as far as it is known.
fn question(seen: &Seen) -> Option<Question> {
    let record = &seen.record;
    let (to, _) = seen.recipients.first().filter(|_| can_be(seen))?;
    let author = match record.from.mailbox() {
        Some(sender) => sender.to_string(),
        None => "postmaster@localhost".to_owned(),
    };
    let is_name = |helo: &&String| {
        !helo.is_empty() && helo.len() <= MAX_HELO && helo.bytes().all(|b| b.is_ascii_graphic())
    };
    let helo = Some(&record.helo).filter(is_name).map_or("localhost", String::as_str);
    let message =
        format!("From: <{author}>\r\nTo: <{to}>\r\nMessage-ID: <supposed@localhost>\r\n\r\n");
    Some(Question {
        recipient: ForwardPath::from_bare(&to.to_string()).ok()?,
        sender: record.from.clone(),
        ip: record.client?,
        helo: helo.to_owned(),
        message: message.into_bytes(),
        asks_filter: false,
    })
}

fn told(explained: &Explanation) -> Told {
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
