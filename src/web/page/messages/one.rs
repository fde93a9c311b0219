//! One message as a story, and what can be done about it.

use super::{
    list::{self, badge},
    parts::sentence,
    seen::Seen,
    story::Step,
    told::{Told, can_be_explained},
};
use crate::{
    address::Mailbox,
    admin::trace::Outcome,
    web::page::{
        form::Segment, outside::outside_whole, parts::time, shell::Tab, texts::Texts,
        trouble::Trouble, visitor::Visitor,
    },
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};

/// What is said on the page beside the story.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Which form was not taken, and why.
    pub(super) wrong: Option<(&'static str, String)>,
    /// What would become of such a message now.
    pub(super) explained: Option<Told>,
}

/// The page.
pub(super) async fn show(
    visitor: Visitor,
    Segment(id): Segment,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(&visitor, &id).await?;
    Ok(page(&visitor, &seen, &Beside::default()))
}

/// The page of a message, with what is said beside.
pub(super) fn page(visitor: &Visitor, seen: &Seen, beside: &Beside) -> Response<Body> {
    let texts = visitor.texts;
    let record = &seen.record;
    let waits = record.outcome == Outcome::Spooled || seen.waiting.is_some();
    let content = html! {
        p { a href="/messages" { (texts.say("messages-back", &[])) } }
        p .summary {
            (badge(texts, record.outcome)) " "
            (texts.say("messages-id", &[])) ": " code #message-id { (outside_whole(&record.id)) }
        }
        section #story data-tail=[waits.then(|| list::path(&record.id))] {
            ol .story { @for step in seen.story(visitor) { li .card { (told(texts, &step)) } } }
        }
        (actions(visitor, seen, beside))
    };
    let status = match beside.wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    visitor.page_with(status, Tab::Messages, &texts.say("messages-one", &[]), &content)
}

fn told(texts: Texts, step: &Step) -> Markup {
    html! {
        h2 { (texts.say(step.title, &[])) }
        @if let Some(at) = step.time { p .when { (time(at.unix_time())) } }
        @for line in &step.lines { (sentence(texts, line, false)) }
    }
}

fn actions(visitor: &Visitor, seen: &Seen, beside: &Beside) -> Markup {
    let texts = visitor.texts;
    let path = list::path(&seen.record.id);
    let wrong = |form: &str| {
        beside.wrong.as_ref().filter(|(own, _)| *own == form).map(|(_, text)| text.as_str())
    };
    let error = |form: &str| {
        html! { @if let Some(text) = wrong(form) { p .error role="alert" { (text) } } }
    };
    let waits = seen.waiting.is_some();
    html! {
        section #actions {
            h2 { (texts.say("messages-actions", &[])) }
            (error("queue"))
            @if waits && seen.may_change {
                div .row {
                    form method="post" action=(format!("{path}/retry")) {
                        button .main #retry { (texts.say("messages-retry", &[])) }
                    }
                    form method="post" action=(format!("{path}/drop")) {
                        button .danger #drop aria-describedby="drop-hint" { (texts.say("messages-drop", &[])) }
                    }
                    p .hint #drop-hint { (texts.say("messages-drop-sure", &[])) }
                }
            } @else if waits {
                p .hint { (texts.say("messages-not-all-yours", &[])) }
            }
            @if let Some(sender) = seen.record.from.mailbox() {
                div .forms {
                    (rule(visitor, seen, sender, "block", &error("block")))
                    @if seen.aliases(visitor).next().is_some() {
                        (rule(visitor, seen, sender, "allow", &error("allow")))
                    }
                }
            }
            (error("explain"))
            @if can_be_explained(seen) {
                form .card method="post" action=(format!("{path}/explain")) {
                    button #explain aria-describedby="explain-hint" { (texts.say("messages-explain-button", &[])) }
                    p .hint #explain-hint { (texts.say("messages-explain-hint", &[])) }
                }
            }
            @if let Some(told) = &beside.explained { (told.markup(texts)) }
        }
    }
}

/// The form that blocks or allows who sent it.
fn rule(visitor: &Visitor, seen: &Seen, sender: &Mailbox, what: &str, error: &Markup) -> Markup {
    let texts = visitor.texts;
    let (legend, button) = match what {
        "block" => (texts.say("messages-block-legend", &[]), texts.say("messages-block", &[])),
        _ => (texts.say("messages-allow-legend", &[]), texts.say("messages-allow", &[])),
    };
    let address = texts.say("messages-pattern-address", &[("sender", sender.to_string().into())]);
    let domain = sender.domain().to_string();
    let domain = texts.say("messages-pattern-domain", &[("domain", domain.into())]);
    let id = format!("{what}-for");
    html! {
        form .card method="post" action=(format!("{}/{what}", list::path(&seen.record.id))) {
            fieldset {
                legend { (legend) }
                (error)
                label .choice {
                    input type="radio" name="pattern" value="address" checked;
                    " " bdi { (address) }
                }
                label .choice {
                    input type="radio" name="pattern" value="domain";
                    " " bdi { (domain) }
                }
                div .row {
                    label .heard for=(id) { (texts.say("messages-no-rule-here", &[])) }
                    select id=(id) name="for" {
                        @for (value, text) in scopes(visitor, seen, what) {
                            option value=(value) { (text) }
                        }
                    }
                    button { (button) }
                }
            }
        }
    }
}

/// What a rule may be for: the value that is sent, and its text.
pub(super) fn scopes(visitor: &Visitor, seen: &Seen, what: &str) -> Vec<(String, String)> {
    let texts = visitor.texts;
    let mut scopes: Vec<(String, String)> = Vec::new();
    let mut add = |value: String, text: String| {
        if !scopes.iter().any(|(known, _)| *known == value) {
            scopes.push((value, text));
        }
    };
    for alias in seen.aliases(visitor) {
        let address = alias.address().to_string();
        let text = texts.say("messages-for-alias", &[("alias", address.as_str().into())]);
        add(format!("alias {address}"), text);
    }
    if what == "block" {
        for (to, _) in &seen.recipients {
            let domain = to.domain().to_string();
            let text = texts.say("messages-for-domain", &[("domain", domain.as_str().into())]);
            add(format!("domain {domain}"), text);
        }
        if visitor.role.domains().is_none() {
            add("all".to_owned(), texts.say("messages-for-all", &[]));
        }
    }
    scopes
}
