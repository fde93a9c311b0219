//! `/api/explain`: what would happen to a message.

use super::{
    super::{Site, asking::NoPlace, problem::Problem},
    asked::{self, Manager},
    json,
};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    admin::{Explanation, Question, explain},
    alias::{AnswerAddress, Owner},
};
use axum::{body::Body, extract::State};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use std::{net::IpAddr, slice, time::Duration};

/// When to ask again, where others ask.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    to: String,
    from: String,
    ip: String,
    helo: Option<String>,
    header_from: Option<String>,
}

/// What would happen to a message
///
/// By the checks and rules that it would meet; nothing is sent. As DNS is asked, four are answered at once, one of a token, and others
/// told to come again. Needs a token of the scope `manage`, which asks about recipients of its domain,
/// and is told of nothing behind others' aliases.
#[utoipa::path(
    get,
    path = "/api/explain",
    tag = "messages",
    params(
        ("to" = String, Query, description = "The recipient.", example = "hello@example.org"),
        ("from" = String, Query, description = "The reverse-path; `<>` for a bounce.", example = "news@shop.example"),
        ("ip" = String, Query, description = "Who brings it.", example = "192.0.2.1"),
        ("helo" = Option<String>, Query, description = "What that client calls itself; the sender's domain where nothing is said."),
        ("header_from" = Option<String>, Query, description = "From of the message, where it is not the reverse-path."),
    ),
    responses(
        (status = 200, description = "What would happen.", body = Explanation),
    ),
)]
pub(super) async fn show(
    State(site): State<Site>,
    Manager(caller): Manager,
    asked::Query(query): asked::Query<Query>,
) -> Result<Response<Body>, Problem> {
    let question = question(query)?;
    if let Some(domain) = &caller.token.domain
        && !Owner::now(slice::from_ref(domain)).owns(&question.recipient.bare())
    {
        return Err(Problem::forbidden(format!("this token is for {domain} alone")));
    }
    // Who may answer as an alias may be a mailbox behind others' aliases: guesses at it are not confirmed.
    let recipient = Mailbox::parse(&question.recipient.bare()).ok();
    if caller.token.domain.is_some()
        && recipient.is_some_and(|to| AnswerAddress::read(&to).is_some())
    {
        return Err(Problem::forbidden("who may answer as an alias is told to administrators"));
    }
    let (who, sees_all) = (format!("token {}", caller.token.id), caller.token.domain.is_none());
    let _place = site.shared.explaining.claim(who, sees_all).map_err(|why| {
        let what = match why {
            NoPlace::Asks => "what this token asked before is not answered yet",
            NoPlace::Others => "others ask the same now, and all of that asks DNS",
        };
        Problem::wait(what, AGAIN)
    })?;
    let config = site.config.as_ref().clone();
    let explained = explain(config, &question).await.map_err(|error| {
        tracing::error!(%error, "a request to the API failed");
        Problem::failed()
    });
    let explained = match &caller.token.domain {
        Some(domain) => explained?.part_of(&Owner::now(slice::from_ref(domain))),
        None => explained?,
    };
    Ok(json(StatusCode::OK, &explained))
}

fn question(query: Query) -> Result<Question, Problem> {
    let mailbox = |field: &str, text: &str| {
        Mailbox::parse(text).map_err(|error| {
            Problem::field(field, error.to_string(), "an address, such as news@shop.example")
        })
    };
    let recipient = ForwardPath::from_bare(&query.to).map_err(|error| {
        Problem::field("to", error.to_string(), "an address, such as hello@example.org")
    })?;
    let sender = match query.from.as_str() {
        "" | "<>" => ReversePath::Null,
        text => ReversePath::Mailbox(mailbox("from", text)?),
    };
    let ip: IpAddr = query.ip.parse().map_err(|_| {
        Problem::field("ip", format!("{:?} is none", query.ip), "an address, such as 192.0.2.1")
    })?;
    let author = match (&query.header_from, sender.mailbox()) {
        (Some(text), _) => mailbox("header_from", text)?.to_string(),
        (None, Some(sender)) => sender.to_string(),
        (None, None) => "postmaster@localhost".to_owned(),
    };
    let domain = sender.mailbox().map(|mailbox| mailbox.domain().to_string());
    let helo = query.helo.or(domain).unwrap_or_else(|| "localhost".to_owned());
    if helo.len() > 255 || !helo.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Problem::field(
            "helo",
            "is no name of a client",
            "a name, such as mail.shop.example",
        ));
    }
    let to = recipient.bare();
    let message =
        format!("From: <{author}>\r\nTo: <{to}>\r\nMessage-ID: <supposed@localhost>\r\n\r\n");
    Ok(Question { recipient, sender, ip, helo, message: message.into_bytes(), asks_filter: false })
}
