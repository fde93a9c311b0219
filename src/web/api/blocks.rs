//! `/api/blocks`: senders that are refused for all aliases, or for those of a domain.

use super::{
    super::{Site, caller::Caller, changes, problem::Problem},
    asked::{self, Fields, Manager},
    json,
};
use crate::{
    address::Domain,
    admin::{
        aliases::Progress,
        blocks::{self, BlockRecord},
    },
    alias::SenderPattern,
};
use axum::{body::Body, extract::State, response::IntoResponse};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    domain: Option<String>,
}

/// Blocks.
#[derive(Serialize, ToSchema)]
#[schema(as = Blocks)]
struct List {
    /// Those for all aliases first.
    blocks: Vec<BlockRecord>,
}

/// Senders that are to be refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBlock {
    /// An address, `@domain` or `*.domain`.
    #[schema(example = "@shop.example")]
    pattern: String,
    /// For the aliases of this domain; where it is left out, for all.
    domain: Option<String>,
    /// What it is for.
    #[schema(max_length = 500)]
    note: Option<String>,
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
        (status = 200, description = "All of them.", body = List),
        (status = 404, description = "The domain is not hosted.!"),
    ),
)]
pub(super) async fn list(
    State(site): State<Site>,
    Manager(caller): Manager,
    asked::Query(query): asked::Query<Query>,
) -> Result<Response<Body>, Problem> {
    let domain = query.domain.as_deref().map(asked::domain).transpose()?;
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
        (status = 200, description = "They were blocked before; the note is now this one.", body = BlockRecord),
        (status = 201, description = "They are blocked.", body = BlockRecord),
        (status = 404, description = "The domain is not hosted.!"),
        (status = 409, description = "There are as many as may be.!"),
    ),
)]
pub(super) async fn add(
    State(site): State<Site>,
    Manager(caller): Manager,
    Fields(new): Fields<NewBlock>,
) -> Result<Response<Body>, Problem> {
    let domain = own(&caller, new.domain.as_deref())?;
    let pattern = pattern(&new.pattern)?;
    let claim = caller.claim().await?;
    let (store, note, nobody) = (&site.store, new.note.as_deref(), Progress::default());
    let added = blocks::add(store, domain.as_ref(), vec![pattern], note, nobody).await?;
    let (block, is_new) = added.into_iter().next().ok_or_else(Problem::failed)?;
    claim.keep("block added", &changes::block(&block.pattern, domain.as_ref()));
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(json(status, &BlockRecord::from(&block)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
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
    Manager(caller): Manager,
    asked::Query(removal): asked::Query<Removal>,
) -> Result<Response<Body>, Problem> {
    let domain = own(&caller, removal.domain.as_deref())?;
    let pattern = pattern(&removal.pattern)?;
    let claim = caller.claim().await?;
    let patterns = vec![pattern.clone()];
    blocks::remove(&site.store, domain.as_ref(), patterns, Progress::default()).await?;
    claim.keep("block removed", &changes::block(&pattern, domain.as_ref()));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// For whose aliases: those of a domain that is the caller's, or of all.
fn own(caller: &Caller, text: Option<&str>) -> Result<Option<Domain>, Problem> {
    let domain = text.map(asked::domain).transpose()?;
    match &domain {
        None if caller.token.domain.is_some() => Err(Problem::forbidden(
            "this token blocks for the aliases of its domain: name it as domain",
        )),
        _ => caller.needs_domain(domain.as_ref()).map(|()| domain),
    }
}

fn pattern(text: &str) -> Result<SenderPattern, Problem> {
    let wrong = |what: String| {
        Problem::field("pattern", what, "news@shop.example, @shop.example or *.shop.example")
    };
    match SenderPattern::parse(text) {
        Ok(SenderPattern::Everybody) => Err(wrong(
            "* would block all mail; an alias has it in its own block, and may allow senders"
                .into(),
        )),
        parsed => parsed.map_err(|error| wrong(error.to_string())),
    }
}
