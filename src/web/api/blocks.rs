//! `/api/blocks`: senders that are refused for all aliases, or for those of a domain.

use super::{
    super::{
        Site,
        caller::Caller,
        input,
        problem::{FieldError, Problem},
    },
    json,
    schema::{Block as BlockSchema, Blocks, NewBlock},
};
use crate::{
    address::Domain,
    admin::{
        aliases::Progress,
        blocks::{self, BlockRecord},
    },
    alias::SenderPattern,
    token::Scope,
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::IntoResponse,
};
use hyper::{HeaderMap, Response, StatusCode, body::Bytes};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    domain: Option<String>,
}

#[derive(Serialize)]
struct List {
    blocks: Vec<BlockRecord>,
}

/// Blocks
///
/// Those for all aliases first, then those of domains. Needs a token of the scope `manage`, which sees those of its domain.
#[utoipa::path(
    get,
    path = "/api/blocks",
    tag = "blocks",
    params(("domain" = Option<String>, Query, description = "Only those for the aliases of this domain.")),
    responses(
        (status = 200, description = "All of them.", body = Blocks),
        (status = 304, description = "It is what If-None-Match names."),
        (status = 404, description = "The domain is not hosted.!"),
    ),
)]
pub(super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let query: Query = input::query(query.as_deref())?;
    let domain = query.domain.as_deref().map(domain).transpose()?;
    if domain.is_some() {
        caller.needs_domain(domain.as_ref())?;
    }
    let domain = domain.or_else(|| caller.token.domain.clone());
    let blocks = blocks::list(&site.store, domain.as_ref()).await?;
    Ok(json(StatusCode::OK, &List { blocks: blocks.iter().map(BlockRecord::from).collect() }))
}

/// Blocks senders
///
/// Their mail is refused for all aliases of a domain, or for all there are; an alias's own `allow` is an exception. Needs
/// a token of the scope `manage` for a domain, `admin` for all.
#[utoipa::path(
    post,
    path = "/api/blocks",
    tag = "blocks",
    request_body(content = NewBlock, content_type = "application/json"),
    responses(
        (status = 200, description = "They were blocked before; the note is now this one.", body = BlockSchema),
        (status = 201, description = "They are blocked.", body = BlockSchema),
        (status = 404, description = "The domain is not hosted.!"),
        (status = 409, description = "There are as many as may be, or everybody would be blocked.!"),
    ),
)]
pub(super) async fn add(
    State(site): State<Site>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let new: NewBlock = input::fields(input::object(&headers, &body)?)?;
    let domain = own(&caller, new.domain.as_deref())?;
    let pattern = pattern(&new.pattern)?;
    let claim = caller.claim().await?;
    let (store, note, nobody) = (&site.store, new.note.as_deref(), Progress::default());
    let added = blocks::add(store, domain.as_ref(), vec![pattern], note, nobody).await?;
    let (block, is_new) = added.into_iter().next().ok_or_else(Problem::failed)?;
    claim.keep();
    tracing::info!(pattern = %block.pattern, token = %caller.token.id, "block added");
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &BlockRecord::from(&block)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    pattern: String,
    domain: Option<String>,
}

/// Blocks senders no more
///
/// Needs a token of the scope `manage` for a domain, `admin` for all.
#[utoipa::path(
    delete,
    path = "/api/blocks",
    tag = "blocks",
    params(
        ("pattern" = String, Query, description = "The senders, as they were blocked.", example = "@shop.example"),
        ("domain" = Option<String>, Query, description = "For the aliases of this domain; else for all."),
    ),
    responses(
        (status = 204, description = "They are blocked no more."),
        (status = 404, description = "There is no such block.!"),
        (status = 409, description = "What is there stands against it.!"),
    ),
)]
pub(super) async fn remove(
    State(site): State<Site>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let removal: Removal = input::query(query.as_deref())?;
    let domain = own(&caller, removal.domain.as_deref())?;
    let pattern = pattern(&removal.pattern)?;
    let claim = caller.claim().await?;
    let patterns = vec![pattern.clone()];
    blocks::remove(&site.store, domain.as_ref(), patterns, Progress::default()).await?;
    claim.keep();
    tracing::info!(%pattern, token = %caller.token.id, "block removed");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// For whose aliases: those of a domain that is the caller's, or of all.
fn own(caller: &Caller, text: Option<&str>) -> Result<Option<Domain>, Problem> {
    let domain = text.map(domain).transpose()?;
    match &domain {
        None if caller.token.domain.is_some() => Err(Problem::forbidden(
            "this token blocks for the aliases of its domain: name it as domain",
        )),
        _ => caller.needs_domain(domain.as_ref()).map(|()| domain),
    }
}

fn domain(text: &str) -> Result<Domain, Problem> {
    Domain::parse(text).map_err(|error| {
        Problem::field("domain", error.to_string(), "the name of a domain, such as example.org")
    })
}

fn pattern(text: &str) -> Result<SenderPattern, Problem> {
    SenderPattern::parse(text).map_err(|error| {
        let accepted = "news@shop.example, @shop.example, *.shop.example; for a domain also *";
        Problem::fields(vec![FieldError::new("pattern", error.to_string(), accepted)])
    })
}
