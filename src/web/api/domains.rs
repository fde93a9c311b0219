//! `/api/domains`: whose mail is ours to answer.

use super::{
    super::{
        Site, etag, input,
        problem::{Kind, Problem},
    },
    asked::{self, Admin, Fields, Manager, Object, OwnDomain, Segment, flag},
    json,
};
use crate::{
    address::Domain,
    admin::{
        aliases::{self, Leads},
        domains::{self, AutoCreateRecord, HostedDomain},
    },
    alias::{AutoCreate, Digest, DomainSettings, SettingsChange, template_lookalike},
};
use axum::{body::Body, extract::State, response::IntoResponse};
use hyper::{HeaderMap, Response, StatusCode, header::IF_MATCH};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The hosted domains that the token may see.
#[derive(Serialize, ToSchema)]
#[schema(as = Domains)]
struct List {
    /// In alphabetical order.
    domains: Vec<HostedDomain>,
}

/// A domain as it was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangedDomain)]
struct Changed {
    #[serde(flatten)]
    hosted: HostedDomain,
    /// Where aliases lead that mail makes, and nothing answers here. Mail to them is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<String>,
}

/// A domain that is to be hosted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDomain {
    /// Its name.
    #[schema(example = "example.org")]
    domain: String,
}

/// What is to change of a domain. What is left out stays, and `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DomainPatch {
    /// Which addresses become aliases by their first mail.
    auto_create: Option<AutoCreateRecord>,
    /// How often owners hear of its aliases, where those say nothing of that.
    digest: Option<Digest>,
}

/// The hosted domains
///
/// Needs a token of the scope `manage`, which sees its own.
#[utoipa::path(
    get,
    path = "/api/domains",
    tag = "domains",
    responses(
        (status = 200, description = "Those that the token may see.", body = List),
    ),
)]
pub(super) async fn list(
    State(site): State<Site>,
    Manager(caller): Manager,
) -> Result<Response<Body>, Problem> {
    let all = domains::list(&site.store).await?.into_iter();
    let own = all.filter(|hosted| match &caller.token.domain {
        Some(own) => own.to_key() == hosted.domain,
        None => true,
    });
    Ok(json(StatusCode::OK, &List { domains: own.collect() }))
}

/// Hosts a domain
///
/// Needs a token of the scope `admin`.
#[utoipa::path(
    post,
    path = "/api/domains",
    tag = "domains",
    request_body(content = NewDomain, content_type = "application/json"),
    responses(
        (status = 201, description = "It is hosted.", body = HostedDomain),
        (status = 409, description = "It is hosted already.!"),
    ),
)]
pub(super) async fn add(
    State(site): State<Site>,
    Admin(caller): Admin,
    Fields(new): Fields<NewDomain>,
) -> Result<Response<Body>, Problem> {
    let domain = asked::domain(&new.domain)?;
    let claim = caller.claim().await?;
    if !domains::add(&site.store, &domain).await? {
        return Err(Problem::new(Kind::Exists, format!("{domain} is hosted already")));
    }
    claim.keep("domain added", &domain);
    Ok(json(StatusCode::CREATED, &one(&site, &domain).await?))
}

/// A hosted domain
///
/// Needs a token of the scope `manage`.
#[utoipa::path(
    get,
    path = "/api/domains/{domain}",
    tag = "domains",
    params(("domain" = String, Path, description = "Its name.", example = "example.org")),
    responses(
        (status = 200, description = "The domain.", body = HostedDomain),
        (status = 404, description = "It is not hosted.!"),
    ),
)]
pub(super) async fn show(
    State(site): State<Site>,
    OwnDomain { domain, .. }: OwnDomain,
) -> Result<Response<Body>, Problem> {
    Ok(json(StatusCode::OK, &one(&site, &domain).await?))
}

/// Changes what is set for a domain
///
/// What is not named stays; `null` takes it away. With If-Match it is changed only if it is still what that names. Needs
/// a token of the scope `manage`.
#[utoipa::path(
    patch,
    path = "/api/domains/{domain}",
    tag = "domains",
    params(
        ("domain" = String, Path, description = "Its name.", example = "example.org"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was seen before."),
    ),
    request_body(content = DomainPatch, content_type = "application/json"),
    responses(
        (status = 200, description = "As it is now.", body = Changed),
        (status = 404, description = "It is not hosted.!"),
        (status = 409, description = "A loop would come of it.!"),
        (status = 412, description = "It is not what If-Match names any more.!"),
    ),
)]
pub(super) async fn change(
    State(site): State<Site>,
    OwnDomain { caller, domain }: OwnDomain,
    headers: HeaderMap,
    Object(object): Object,
) -> Result<Response<Body>, Problem> {
    let named = ["auto_create", "digest"].map(|name| object.contains_key(name));
    let DomainPatch { auto_create, digest } = input::fields(object)?;
    let auto_create = auto_create.map(|one| {
        AutoCreate::new(&one.pattern, &one.destinations).map_err(|error| {
            let accepted = "a regex for what stands before the @, and 1 to 100 mailboxes";
            Problem::field("auto_create", error.to_string(), accepted)
        })
    });
    let auto_create = auto_create.transpose()?;
    let made = auto_create.as_ref().map(AutoCreate::destinations).unwrap_or_default().to_vec();
    if let Some(error) = template_lookalike(&made) {
        let accepted = "a regex for what stands before the @, and 1 to 100 mailboxes";
        return Err(Problem::field("auto_create", error.to_string(), accepted));
    }
    let [names_auto_create, names_digest] = named;
    let only_if = match headers.contains_key(IF_MATCH) {
        true => Some(seen(&site, &domain, &headers).await?),
        false => None,
    };
    let change = SettingsChange {
        auto_create: names_auto_create.then_some(auto_create),
        digest: names_digest.then_some(digest),
        only_if,
    };
    let claim = caller.claim().await?;
    domains::set(&site.store, &domain, &change).await?;
    claim.keep("domain changed", &domain);
    let from = format!("what mail makes in {domain}");
    let (leads, own) = (Leads::To { from: &from, to: &made }, caller.token.domain.as_ref());
    let nowhere = aliases::nowhere_here(&site.config, &site.store, leads, own).await;
    let warnings = nowhere.iter().map(ToString::to_string).collect();
    Ok(json(StatusCode::OK, &Changed { hosted: one(&site, &domain).await?, warnings }))
}

/// What is set for a domain, if that is what If-Match names.
async fn seen(
    site: &Site,
    domain: &Domain,
    headers: &HeaderMap,
) -> Result<DomainSettings, Problem> {
    let settings = domains::settings(&site.store, domain);
    let shown = serde_json::to_vec(&one(site, domain).await?).map_err(|_| Problem::failed())?;
    match etag::fits(headers, &etag::tag(&shown)) {
        true => Ok(settings),
        false => Err(Problem::new(
            Kind::Changed,
            "the domain is not what If-Match names any more; look at it again",
        )),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    with_aliases: Option<String>,
}

/// Hosts a domain no more
///
/// One that has aliases is kept, unless they are to go too. Tokens for it end. Needs a token of the scope `admin`.
#[utoipa::path(
    delete,
    path = "/api/domains/{domain}",
    tag = "domains",
    params(
        ("domain" = String, Path, description = "Its name.", example = "example.org"),
        ("with_aliases" = Option<bool>, Query, description = "Its aliases go too, and what accounts send as in it."),
    ),
    responses(
        (status = 204, description = "It is hosted no more."),
        (status = 404, description = "It is not hosted.!"),
        (status = 409, description = "It has aliases, or accounts that send as its addresses.!"),
    ),
)]
pub(super) async fn remove(
    State(site): State<Site>,
    Admin(caller): Admin,
    Segment(domain): Segment,
    asked::Query(removal): asked::Query<Removal>,
) -> Result<Response<Body>, Problem> {
    let domain = asked::domain(&domain)?;
    let with_aliases = flag("with_aliases", removal.with_aliases.as_deref())?.unwrap_or(false);
    let claim = caller.claim().await?;
    domains::remove(&site.store, &domain, with_aliases).await?;
    claim.keep("domain removed", &domain);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn one(site: &Site, domain: &Domain) -> Result<HostedDomain, Problem> {
    let mut all = domains::list(&site.store).await?.into_iter();
    let found = all.find(|hosted| hosted.domain == domain.to_key());
    found.ok_or_else(|| Problem::not_found(format!("{domain} is not hosted here")))
}
