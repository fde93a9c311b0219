//! What would become of a message to an alias: asked by a form, answered by the checks that it would meet.

use super::super::{form::Fields, trouble::Trouble, visitor::Visitor};
use super::{list::may_see, place_of};
use crate::web::page::outside::outside;
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    admin::{Explanation, Question, Verdict, explain},
    alias::{Alias, AliasAddress, AnswerAddress, Owner},
    session::Role,
};
use maud::{Markup, html};
use std::{net::IpAddr, sync::Arc};

/// The form, and the answer to what it asked.
///
/// # Errors
/// When the answer fails.
pub(super) async fn section(
    visitor: &Visitor,
    alias: &Alias,
    query: &Fields,
) -> Result<Markup, Trouble> {
    let texts = visitor.texts;
    let is_asked = query.has("from") || query.has("ip");
    let (mut answer, mut wrong, mut is_busy) = (None, None, false);
    if is_asked {
        match question(visitor, alias, query) {
            Ok(question) => {
                answer = answered(visitor, question).await?;
                is_busy = answer.is_none();
            }
            Err(field) => wrong = Some(field),
        }
    }
    let is_one = matches!(alias.address(), AliasAddress::Exact(_));
    let field = |name: &'static str, label: String, example: &str| {
        let is_wrong = wrong == Some(name);
        html! {
            div .field .wrong[is_wrong] {
                label for={ "explain-" (name) } { (label) }
                input id={ "explain-" (name) } name=(name) value=(query.one(name)) placeholder=(example)
                    autocapitalize="none" spellcheck="false" aria-invalid=[(is_wrong).then_some("true")]
                    aria-describedby=[is_wrong.then(|| format!("explain-{name}-error"))];
                @if is_wrong {
                    p .error id={ "explain-" (name) "-error" } { (texts.say("aliases-explain-wrong", &[("example", example.into())])) }
                }
            }
        }
    };
    Ok(html! {
        section aria-labelledby="explain" {
            h2 #explain { (texts.say("aliases-explain", &[])) }
            p .hint { (texts.say("aliases-explain-hint", &[])) }
            form method="get" action={ (place_of(alias.address())) "#explain" } .alias {
                @if !is_one { (field("to", texts.say("aliases-explain-to", &[]), "hello@example.org")) }
                (field("from", texts.say("aliases-explain-from", &[]), "news@shop.example"))
                (field("ip", texts.say("aliases-explain-ip", &[]), "192.0.2.1"))
                button type="submit" { (texts.say("aliases-explain-button", &[])) }
            }
            @if is_busy { p .error role="alert" { (texts.say("aliases-explain-busy", &[])) } }
            @if let Some(answer) = &answer { (told(visitor, answer)) }
        }
    })
}

/// What is asked, or the field that holds what is not accepted.
fn question(visitor: &Visitor, alias: &Alias, query: &Fields) -> Result<Question, &'static str> {
    let to = match alias.address() {
        AliasAddress::Exact(mailbox) => mailbox.to_string(),
        _ => query.one("to").to_owned(),
    };
    let mailbox = Mailbox::parse(&to).map_err(|_| "to")?;
    // Who may answer as an alias may be a mailbox behind others' aliases: guesses at it are not confirmed.
    let is_of_answer = AnswerAddress::read(&mailbox).is_some();
    if !may_see(&visitor.role, Some(mailbox.domain()))
        || is_of_answer && visitor.role.domains().is_some()
    {
        return Err("to");
    }
    let recipient = ForwardPath::from_bare(&to).map_err(|_| "to")?;
    let sender = match query.one("from") {
        "" => return Err("from"),
        "<>" => ReversePath::Null,
        text => ReversePath::Mailbox(Mailbox::parse(text).map_err(|_| "from")?),
    };
    let ip: IpAddr = query.one("ip").parse().map_err(|_| "ip")?;
    let named = sender.mailbox();
    let helo = named.map_or_else(|| "localhost".to_owned(), |it| it.domain().to_string());
    let author = named.map_or_else(|| "postmaster@localhost".to_owned(), Mailbox::to_string);
    let message = format!(
        "From: <{author}>\r\nTo: <{}>\r\nMessage-ID: <supposed@localhost>\r\n\r\n",
        recipient.bare()
    );
    Ok(Question { recipient, sender, ip, helo, message: message.into_bytes(), asks_filter: false })
}

/// `None` where too many ask at once.
async fn answered(visitor: &Visitor, question: Question) -> Result<Option<Explanation>, Trouble> {
    let site = &visitor.site;
    let places = Arc::clone(&site.shared.explains);
    let Ok(_place) = places.try_acquire_owned() else { return Ok(None) };
    let own = visitor.session().map(|id| site.shared.explaining.claim(id));
    if own.as_ref().is_some_and(Option::is_none) {
        return Ok(None);
    }
    let explained = explain(site.config.as_ref().clone(), &question).await.map_err(|error| {
        tracing::error!(%error, "a request to the page failed");
        Trouble::Failed
    });
    explained.map(|explained| match visitor.role.domains() {
        Some(domains) => Some(explained.part_of(&Owner::now(domains))),
        None => Some(explained),
    })
}

fn told(visitor: &Visitor, answer: &Explanation) -> Markup {
    let texts = visitor.texts;
    let verdict = match answer.verdict {
        Verdict::Refused => texts.say("aliases-explain-refused", &[]),
        Verdict::Discarded => texts.say("aliases-explain-discarded", &[]),
        Verdict::Munged => texts.say("aliases-explain-munged", &[]),
        Verdict::Marked => texts.say("aliases-explain-marked", &[]),
        Verdict::Answered => texts.say("aliases-explain-answered", &[]),
        Verdict::Forwarded => texts.say("aliases-explain-forwarded", &[]),
    };
    let lines = [
        (texts.say("aliases-explain-alias", &[]), &answer.alias),
        (texts.say("aliases-explain-rule", &[]), &answer.rule),
        (texts.say("aliases-explain-rules", &[]), &answer.rules),
        (texts.say("aliases-explain-checks", &[]), &answer.checks),
        (texts.say("aliases-explain-reply", &[]), &answer.reply),
    ];
    html! {
        div .answer role="status" {
            p { strong { (verdict) } }
            dl {
                @for (label, text) in &lines {
                    @if let Some(text) = text { dt { (label) } dd { (outside(text)) } }
                }
                // Where an alias of somebody else leads is his.
                @if visitor.role == Role::Admin && !answer.destinations.is_empty() {
                    dt { (texts.say("aliases-leads-finally", &[])) }
                    dd { @for one in &answer.destinations { div { (outside(&one.mailbox)) } } }
                }
            }
        }
    }
}
