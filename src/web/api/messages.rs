//! `/api/messages`: what became of them, by the journal.

use super::{
    super::{Site, caller::Caller, input, problem::Problem},
    asked::Segment,
    json,
    page::{limit, time, wrong_cursor},
    schema::Message,
};
use crate::{
    address::{Domain, Mailbox},
    admin::trace::{self, Filter, Names, Outcome, Traced},
    time::Millis,
    token::Scope,
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    since: Option<String>,
    outcome: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[schema(as = Messages)]
struct Page<'a> {
    /// The newest first.
    #[schema(value_type = Vec<Message>)]
    messages: Vec<Traced<'a>>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
    next: Option<String>,
}

/// Messages
///
/// The newest first, as `onward trace --json` has them. A page may be short, or empty, and not the last: there are more
/// while `next` is not `null`. Needs a token of the scope `manage`, which sees of each what is of its domain.
#[utoipa::path(
    get,
    path = "/api/messages",
    tag = "messages",
    params(
        ("id" = Option<String>, Query, description = "Only the message of this id."),
        ("from" = Option<String>, Query, description = "Only those from this address, `@domain`, or `<>`."),
        ("to" = Option<String>, Query, description = "Only those to this address or `@domain`: a recipient, or a mailbox that they were handed on to."),
        ("since" = Option<String>, Query, description = "Only those since this time (RFC 3339)."),
        ("outcome" = Option<String>, Query, description = "Only those that came to this: forwarded, partial, refused, deferred, spooled, bounced, failed, dropped, discarded or aborted."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "So many at most.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page),
    ),
)]
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let query: Query = input::query(query.as_deref())?;
    let limit = limit(query.limit.as_deref())?;
    let before = match query.cursor.as_deref() {
        None => None,
        Some(text) => Some(text.parse().map_err(|()| wrong_cursor())?),
    };
    let since = query.since.as_deref().map(|text| time("since", text)).transpose()?;
    let outcome = query.outcome.as_deref().map(|text| {
        Outcome::parse(text).ok_or_else(|| {
            let accepted = "forwarded, partial, refused, deferred, spooled, bounced, failed, dropped, discarded, aborted";
            Problem::field("outcome", format!("{text:?} is none"), accepted)
        })
    });
    let filter = Filter {
        id: query.id,
        from: query.from.as_deref().map(|text| place("from", text)).transpose()?,
        to: query.to.as_deref().map(|text| place("to", text)).transpose()?,
        since: since.map(|time| Millis::new(time.as_secs().saturating_mul(1000))),
        outcome: outcome.transpose()?,
        domains: caller.own().await?,
        ..Filter::default()
    };
    let page = trace::latest(&site.place, &filter, before, limit).await?;
    let names = Names::all(&site.store).await?;
    let messages = page.records.iter().map(|record| names.traced(record)).collect();
    let next = page.next.map(|position| position.to_string());
    Ok(json(StatusCode::OK, &Page { messages, next }))
}

/// A message
///
/// With the attempts to deliver it. Needs a token of the scope `manage`, which sees what is of its domain.
#[utoipa::path(
    get,
    path = "/api/messages/{id}",
    tag = "messages",
    params(("id" = String, Path, description = "Its id, as in the 250 and in the Received field.")),
    responses(
        (status = 200, description = "The message.", body = Message),
        (status = 404, description = "There is none of this id.!"),
    ),
)]
pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let filter = Filter { id: Some(id), domains: caller.own().await?, ..Filter::default() };
    let page = trace::latest(&site.place, &filter, None, 1).await?;
    let record = page
        .records
        .into_iter()
        .next()
        .ok_or_else(|| Problem::not_found("there is no message of this id"))?;
    let names = Names::all(&site.store).await?;
    Ok(json(StatusCode::OK, &names.traced(&record)))
}

/// An address, `@domain`, or of senders `<>`.
fn place(field: &str, text: &str) -> Result<String, Problem> {
    let is_null = field == "from" && text == "<>";
    let is_domain = text.strip_prefix('@').is_some_and(|name| Domain::parse(name).is_ok());
    if is_null || is_domain || Mailbox::parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(Problem::field(
        field,
        format!("{text:?} is no address"),
        "an address or @domain; of from, <> too",
    ))
}
