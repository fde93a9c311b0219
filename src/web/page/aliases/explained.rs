//! What would become of a message to an alias: asked by a form, answered by the checks that it would meet. As that asks DNS,
//! nobody comes to it by following a link.

use super::{
    super::{form::Fields, messages::told, trouble::Trouble, visitor::Visitor},
    list::may_see,
    place_of,
};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    admin::{Explanation, Question, explain},
    alias::{Alias, AliasAddress, AnswerAddress, Owner},
    session::Role,
    web::asking::NoPlace,
};
use maud::{Markup, html};
use std::net::IpAddr;

/// What was asked, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    fields: Fields,
    answer: Option<Explanation>,
    /// The field that holds what is not accepted.
    wrong: Option<&'static str>,
    /// Why nothing was asked.
    no_place: Option<NoPlace>,
}

impl Asked {
    /// Whether there is an answer.
    pub(super) fn is_answered(&self) -> bool {
        self.answer.is_some()
    }
}

/// Asks what a form wants to know.
///
/// # Errors
/// When the answer fails.
pub(super) async fn ask(
    visitor: &Visitor,
    alias: &Alias,
    fields: Fields,
) -> Result<Asked, Trouble> {
    let mut asked = Asked { fields, ..Asked::default() };
    match question(visitor, alias, &asked.fields) {
        Ok(question) => match answered(visitor, question).await? {
            Ok(answer) => asked.answer = Some(answer),
            Err(why) => asked.no_place = Some(why),
        },
        Err(field) => asked.wrong = Some(field),
    }
    Ok(asked)
}

/// The form, and the answer to what it asked.
pub(super) fn section(visitor: &Visitor, alias: &Alias, asked: &Asked) -> Markup {
    let texts = visitor.texts;
    let Asked { fields: query, answer, wrong, no_place } = asked;
    let busy = no_place.map(|why| match why {
        NoPlace::Asks => texts.say("explain-asks", &[]),
        NoPlace::Others => texts.say("explain-busy", &[]),
    });
    let is_one = matches!(alias.address(), AliasAddress::Exact(_));
    let field = |name: &'static str, label: String, example: &str| {
        let is_wrong = *wrong == Some(name);
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
    html! {
        section aria-labelledby="explain" {
            h2 #explain { (texts.say("aliases-explain", &[])) }
            p .hint { (texts.say("aliases-explain-hint", &[])) }
            form method="post" action={ (place_of(alias.address())) "/explain#explain" } .alias {
                @if !is_one { (field("to", texts.say("aliases-explain-to", &[]), "hello@example.org")) }
                (field("from", texts.say("aliases-explain-from", &[]), "news@shop.example"))
                (field("ip", texts.say("aliases-explain-ip", &[]), "192.0.2.1"))
                button type="submit" { (texts.say("aliases-explain-button", &[])) }
            }
            @if let Some(busy) = busy { p .error role="alert" { (busy) } }
            @if let Some(answer) = answer { (told(answer).markup(texts)) }
        }
    }
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

async fn answered(
    visitor: &Visitor,
    question: Question,
) -> Result<Result<Explanation, NoPlace>, Trouble> {
    let site = &visitor.site;
    let place = site.shared.explaining.claim(visitor.key(), visitor.role == Role::Admin);
    let _place = match place {
        Ok(place) => place,
        Err(why) => return Ok(Err(why)),
    };
    let explained = explain(site.config.as_ref().clone(), &question).await.map_err(|error| {
        tracing::error!(%error, "a request to the page failed");
        Trouble::Failed
    });
    explained.map(|explained| match visitor.role.domains() {
        Some(domains) => Ok(explained.part_of(&Owner::now(domains))),
        None => Ok(explained),
    })
}
