//! What would become of such a message by the rules as they are now.

use super::{
    one::{self, Beside},
    seen::Seen,
    told::{can_be_explained, told},
};
use crate::{
    address::ForwardPath,
    admin::{Question, explain},
    alias::Owner,
    session::Role,
    web::{
        asking::NoPlace,
        page::{form::Segment, trouble::Trouble, visitor::Visitor},
    },
};
use axum::body::Body;
use hyper::Response;

/// Longest HELO that is asked with: what is longer stands in no DNS.
const MAX_HELO: usize = 255;

/// Asks, and shows the page with the answer.
pub(super) async fn show(
    visitor: Visitor,
    Segment(id): Segment,
) -> Result<Response<Body>, Trouble> {
    let seen = Seen::find(&visitor, &id).await?;
    let question = question(&seen).ok_or(Trouble::NotFound)?;
    let not = |what: String| {
        let beside = Beside { wrong: Some(("explain", what)), explained: None };
        Ok(one::page(&visitor, &seen, &beside))
    };
    let explaining = &visitor.site.shared.explaining;
    let _place = match explaining.claim(visitor.key(), visitor.role == Role::Admin) {
        Ok(place) => place,
        Err(NoPlace::Asks) => return not(visitor.texts.say("explain-asks", &[])),
        Err(NoPlace::Others) => return not(visitor.texts.say("explain-busy", &[])),
    };
    let config = visitor.site.config.as_ref().clone();
    let explained = match explain(config, &question).await {
        Ok(explained) => explained,
        Err(error) => {
            tracing::error!(%error, "a request to the page failed");
            return not(visitor.texts.say("messages-explain-failed", &[]));
        }
    };
    let explained = match visitor.role.domains() {
        Some(domains) => explained.part_of(&Owner::now(domains)),
        None => explained,
    };
    let beside = Beside { wrong: None, explained: Some(told(&explained)) };
    Ok(one::page(&visitor, &seen, &beside))
}

/// Such a message once more, as far as it is known.
fn question(seen: &Seen) -> Option<Question> {
    let record = &seen.record;
    let (to, _) = seen.recipients.first().filter(|_| can_be_explained(seen))?;
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
