//! `/api/queue`: messages that wait.

use super::{
    super::{
        Site,
        caller::Caller,
        input,
        problem::{Kind, Problem},
    },
    asked::Segment,
    json,
    page::wrong_cursor,
};
use crate::{
    admin::queue::{self, Changed, Filter, WaitingMessage},
    alias::OwnedDomain,
    token::Scope,
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::IntoResponse,
};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    cursor: Option<String>,
}

/// A page of the queue.
#[derive(Serialize, ToSchema)]
#[schema(as = Queue)]
struct Page {
    /// The oldest first.
    messages: Vec<WaitingMessage>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
    next: Option<String>,
}

/// Messages that wait
///
/// The oldest first. A page may be empty and not the last: there are more while `next` is not `null`. Needs a token of
/// the scope `manage`, which sees what is for recipients of its domain.
#[utoipa::path(
    get,
    path = "/api/queue",
    tag = "queue",
    params(("cursor" = Option<String>, Query, description = "The `next` of the page before.")),
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
    let after = match query.cursor.as_deref() {
        None => 0,
        Some(text) => {
            text.parse().ok().filter(|after: &i64| *after >= 0).ok_or_else(wrong_cursor)?
        }
    };
    let (found, next) = queue::page(&site.store, &Filter::default(), after).await?;
    let own = caller.own().await?;
    let messages = found.into_iter().filter_map(|message| visible(own.as_deref(), message));
    let messages = messages.collect();
    Ok(json(StatusCode::OK, &Page { messages, next: next.map(|next| next.to_string()) }))
}

/// A message that waits
///
/// Needs a token of the scope `manage`, which sees what is for recipients of its domain.
#[utoipa::path(
    get,
    path = "/api/queue/{id}",
    tag = "queue",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "The message.", body = WaitingMessage),
        (status = 404, description = "None of this id waits.!"),
    ),
)]
pub(super) async fn show(
    State(site): State<Site>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let found = queue::show(&site.store, &id).await?;
    let own = caller.own().await?;
    let message = found.and_then(|(message, _)| visible(own.as_deref(), message));
    let message = message.ok_or_else(absent)?;
    Ok(json(StatusCode::OK, &message))
}

/// Tries a message at once
///
/// Needs a token of the scope `manage` for all of its recipients.
#[utoipa::path(
    post,
    path = "/api/queue/{id}/retry",
    tag = "queue",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is tried."),
        (status = 404, description = "None of this id waits.!"),
        (status = 409, description = "It is held, as its account must not send.!"),
    ),
)]
pub(super) async fn retry(
    State(site): State<Site>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Response<Body>, Problem> {
    let filter = whole(&site, &caller, id).await?;
    let claim = caller.claim().await?;
    let changed = queue::retry(&site.store, &filter).await?;
    concluded(&changed)?;
    claim.keep("message tried", &filter.ids.join(", "));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives a message up
///
/// Nobody is told. One that is being sent is left alone. Needs a token of the scope `manage` for all of its recipients.
#[utoipa::path(
    delete,
    path = "/api/queue/{id}",
    tag = "queue",
    params(("id" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "None of this id waits.!"),
        (status = 409, description = "It is being sent.!"),
    ),
)]
pub(super) async fn drop(
    State(site): State<Site>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<Response<Body>, Problem> {
    let filter = whole(&site, &caller, id).await?;
    let claim = caller.claim().await?;
    let changed = queue::drop(&site.store, &filter).await?;
    concluded(&changed)?;
    claim.keep("message dropped", &filter.ids.join(", "));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The message of an id, if all of it is the caller's to change.
async fn whole(site: &Site, caller: &Caller, id: String) -> Result<Filter, Problem> {
    caller.needs(Scope::Manage)?;
    if let Some(own) = caller.own().await? {
        let found = queue::show(&site.store, &id).await?;
        let (message, _) = found.ok_or_else(absent)?;
        let legs = message.legs_of(&own);
        if legs == 0 {
            return Err(absent());
        }
        if legs < message.legs.len() {
            let names: Vec<_> = own.iter().map(|own| own.domain.as_str()).collect();
            let what =
                format!("it is for recipients of other domains than {} too", names.join(", "));
            return Err(Problem::forbidden(what));
        }
    }
    Ok(Filter { ids: vec![id], ..Filter::default() })
}

/// Refuses where nothing came of it.
fn concluded(changed: &Changed) -> Result<(), Problem> {
    match changed {
        Changed { sending, .. } if !sending.is_empty() => {
            Err(Problem::new(Kind::Conflict, "it is being sent; try again"))
        }
        Changed { held, .. } if !held.is_empty() => {
            Err(Problem::new(Kind::Conflict, "it is held, as its account must not send now"))
        }
        Changed { ids, .. } if ids.is_empty() => Err(absent()),
        _ => Ok(()),
    }
}

/// What of a message the owner of `own` may see; `None`: he owns all.
fn visible(own: Option<&[OwnedDomain]>, message: WaitingMessage) -> Option<WaitingMessage> {
    match own {
        Some(own) => message.part_of(own),
        None => Some(message),
    }
}

fn absent() -> Problem {
    Problem::not_found("no message of this id waits")
}
