//! `/api/aliases`: which addresses lead where, and what their owners say of their mail.

use super::{
    super::{
        Site,
        alias_record::{self as record, AliasObject, Shown, tag_of},
        caller::Caller,
        etag,
        problem::{FieldError, Kind, Problem},
    },
    asked::{Object, OwnAlias},
    json,
    schema::{Alias as AliasSchema, AliasPatch, NewAlias},
};
use crate::{
    admin::aliases::{self, Altered, Leads},
    alias::{Alias, AliasAddress},
    naming::is_reserved,
    token::Scope,
};
use axum::{body::Body, extract::State, response::IntoResponse};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{ETAG, HeaderValue, LOCATION},
};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Makes an alias
///
/// An address that has one already is answered 409. With a token of the scope `create` the address is a plain one of its
/// domain, and the alias leads to the destinations of the token: nothing but `address`, `note` and those may be said.
#[utoipa::path(
    post,
    path = "/api/aliases",
    tag = "aliases",
    request_body(content = NewAlias, content_type = "application/json"),
    responses(
        (status = 201, description = "It is made.", body = AliasSchema, headers(
            ("ETag" = String, description = "For If-Match of a change."),
            ("Location" = String, description = "Where it is."),
        )),
        (status = 409, description = "There is one of this address, or a loop would come of it.!"),
    ),
)]
pub(super) async fn add(
    State(site): State<Site>,
    caller: Caller,
    Object(mut object): Object,
) -> Result<Response<Body>, Problem> {
    let (token, is_bound) = (&caller.token, caller.token.scope == Scope::Create);
    if is_bound {
        refuse_beyond(&object, &caller)?;
    }
    let leads_nowhere = !object.contains_key("destinations") && !object.contains_key("action");
    if (is_bound || leads_nowhere) && !token.destinations.is_empty() {
        let own = token.destinations.iter().map(|to| Value::String(to.to_string()));
        object.insert("destinations".into(), own.collect());
    }
    let alias = record::checked(object).await?;
    caller.needs_domain(alias.address().domain())?;
    if is_bound {
        refuse_unlike(&alias)?;
    }
    let claim = caller.claim().await?;
    aliases::add(&site.store, &alias).await?;
    claim.keep("alias made", alias.address());
    // Where its aliases lead is what the token says, and nothing that whoever holds it is told.
    let shown = match is_bound {
        true => Shown::of(&site, &alias).await?.without_destinations(),
        false => warned(&site, &caller, alias.clone()).await?,
    };
    let mut response = answer(StatusCode::CREATED, &shown);
    if let Ok(place) = HeaderValue::from_str(&place_of(&alias)) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// An alias
///
/// With what became of its mail. Needs a token of the scope `manage`.
#[utoipa::path(
    get,
    path = "/api/aliases/{address}",
    tag = "aliases",
    params(("address" = String, Path, description = "As it was made, in percent encoding: `hello@example.org`, `*@example.org`, or a regex between slashes.", example = "hello@example.org")),
    responses(
        (status = 200, description = "The alias.", body = AliasSchema, headers(("ETag" = String, description = "For If-Match of a change."))),
        (status = 404, description = "There is none.!"),
    ),
)]
pub(super) async fn show(
    State(site): State<Site>,
    OwnAlias { address, .. }: OwnAlias,
) -> Result<Response<Body>, Problem> {
    let alias = aliases::get(&site.store, &address).await?;
    let alias = alias.ok_or_else(|| no_such(&address))?;
    Ok(answer(StatusCode::OK, &Shown::of(&site, &alias).await?))
}

/// Changes an alias
///
/// What is not named stays; `null` takes a value away (RFC 7396). With If-Match it is changed only if it is still what
/// that names. Needs a token of the scope `manage`.
#[utoipa::path(
    patch,
    path = "/api/aliases/{address}",
    tag = "aliases",
    params(
        ("address" = String, Path, description = "As it was made, in percent encoding.", example = "hello@example.org"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was seen before."),
    ),
    request_body(content = AliasPatch, content_type = "application/json"),
    responses(
        (status = 200, description = "As it is now.", body = AliasSchema, headers(("ETag" = String, description = "For If-Match of a change."))),
        (status = 404, description = "There is none.!"),
        (status = 409, description = "A loop would come of it.!"),
        (status = 412, description = "It is not what If-Match names any more.!"),
    ),
)]
pub(super) async fn change(
    State(site): State<Site>,
    asked: OwnAlias,
    headers: HeaderMap,
    Object(patch): Object,
) -> Result<Response<Body>, Problem> {
    let change = move |alias: &Alias| {
        record::patched(alias, patch).map(|patched| Altered::Replaced(Box::new(patched)))
    };
    let alias = alter(&site, &asked, headers, "alias changed", change).await?;
    Ok(answer(StatusCode::OK, &warned(&site, &asked.caller, alias).await?))
}

/// Removes an alias
///
/// With If-Match only if it is still what that names. Needs a token of the scope `manage`.
#[utoipa::path(
    delete,
    path = "/api/aliases/{address}",
    tag = "aliases",
    params(
        ("address" = String, Path, description = "As it was made, in percent encoding.", example = "hello@example.org"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was seen before."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none.!"),
        (status = 412, description = "It is not what If-Match names any more.!"),
    ),
)]
pub(super) async fn remove(
    State(site): State<Site>,
    asked: OwnAlias,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    alter(&site, &asked, headers, "alias removed", |_| Ok(Altered::Removed)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Switches an alias on
///
/// Needs a token of the scope `manage`.
#[utoipa::path(
    post,
    path = "/api/aliases/{address}/enable",
    tag = "aliases",
    params(
        ("address" = String, Path, description = "As it was made, in percent encoding.", example = "hello@example.org"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was seen before."),
    ),
    responses(
        (status = 200, description = "As it is now.", body = AliasSchema),
        (status = 404, description = "There is none.!"),
        (status = 409, description = "A loop would come of it.!"),
        (status = 412, description = "It is not what If-Match names any more.!"),
    ),
)]
pub(super) async fn enable(
    State(site): State<Site>,
    asked: OwnAlias,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    switch(&site, &asked, headers, true).await
}

/// Switches an alias off
///
/// It refuses its mail as if there were none. Needs a token of the scope `manage`.
#[utoipa::path(
    post,
    path = "/api/aliases/{address}/disable",
    tag = "aliases",
    params(
        ("address" = String, Path, description = "As it was made, in percent encoding.", example = "hello@example.org"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was seen before."),
    ),
    responses(
        (status = 200, description = "As it is now.", body = AliasSchema),
        (status = 404, description = "There is none.!"),
        (status = 409, description = "What is there stands against it.!"),
        (status = 412, description = "It is not what If-Match names any more.!"),
    ),
)]
pub(super) async fn disable(
    State(site): State<Site>,
    asked: OwnAlias,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    switch(&site, &asked, headers, false).await
}

async fn switch(
    site: &Site,
    asked: &OwnAlias,
    headers: HeaderMap,
    enabled: bool,
) -> Result<Response<Body>, Problem> {
    let switched =
        move |alias: &Alias| Ok(Altered::Replaced(Box::new(alias.clone().with_enabled(enabled))));
    let what = if enabled { "alias enabled" } else { "alias disabled" };
    let alias = alter(site, asked, headers, what, switched).await?;
    Ok(answer(StatusCode::OK, &Shown::of(site, &alias).await?))
}

/// An alias as it came to be, with a warning of those of its destinations that nothing answers here. A token for a domain
/// hears nothing of others.
async fn warned(site: &Site, caller: &Caller, alias: Alias) -> Result<Shown, Problem> {
    let (shown, aliases) = (Shown::of(site, &alias).await?, vec![alias]);
    let (leads, own) = (Leads::Aliases(&aliases), caller.token.domain.as_ref());
    let nowhere = aliases::nowhere_here(&site.config, &site.store, leads, own).await;
    Ok(shown.with_warnings(&nowhere))
}

/// Changes an alias of which `headers` may name what it has to be.
async fn alter(
    site: &Site,
    OwnAlias { caller, address }: &OwnAlias,
    headers: HeaderMap,
    what: &'static str,
    change: impl FnOnce(&Alias) -> Result<Altered, Problem> + Send + 'static,
) -> Result<Alias, Problem> {
    let claim = caller.claim().await?;
    let refused = Arc::<Mutex<Option<Problem>>>::default();
    let refusal = Arc::clone(&refused);
    let alteration = move |alias: &Alias| {
        let changed = match etag::fits(&headers, &tag_of(alias)) {
            true => change(alias),
            false => Err(Problem::new(
                Kind::Changed,
                "the alias is not what If-Match names any more; look at it again",
            )),
        };
        changed.unwrap_or_else(|problem| {
            *refusal.lock() = Some(problem);
            Altered::Kept
        })
    };
    let altered = aliases::alter(&site.store, address, Box::new(alteration)).await?;
    if let Some(problem) = refused.lock().take() {
        return Err(problem);
    }
    claim.keep(what, altered.address());
    Ok(altered)
}

/// Refuses what a token of the scope `create` may not say.
fn refuse_beyond(object: &Map<String, Value>, caller: &Caller) -> Result<(), Problem> {
    let own: Vec<String> = caller.token.destinations.iter().map(ToString::to_string).collect();
    let mut errors = Vec::new();
    for (name, value) in object {
        let what = match name.as_str() {
            "address" | "note" => continue,
            "destinations" if *value == Value::from(own.clone()) => continue,
            "destinations" => {
                "a token of the scope create makes aliases that lead to its own destinations"
            }
            _ => "a token of the scope create says nothing of this",
        };
        errors.push(FieldError::new(name, what, "no such field, with this token"));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let fields = Problem::fields(errors);
    Err(Problem { kind: Kind::Forbidden, ..fields })
}

/// Refuses addresses that a token of the scope `create` may not take.
fn refuse_unlike(alias: &Alias) -> Result<(), Problem> {
    let refuse = |what: &str| {
        let fields = Problem::field("address", what, "one address, such as k7f2qd@example.org");
        Err(Problem { kind: Kind::Forbidden, ..fields })
    };
    let AliasAddress::Exact(mailbox) = alias.address() else {
        return refuse("a token of the scope create makes aliases of one address each");
    };
    let local = mailbox.local().to_key();
    if local.contains('+') {
        return refuse("what stands behind a + is a tag of another address");
    }
    match is_reserved(&local) {
        true => refuse("this address is for whoever is responsible for the domain"),
        false => Ok(()),
    }
}

fn no_such(address: &AliasAddress) -> Problem {
    Problem::not_found(format!("there is no alias {address}"))
}

fn answer(status: StatusCode, shown: &Shown) -> Response<Body> {
    let mut response = json(status, &AliasObject::from(shown));
    if let Ok(tag) = HeaderValue::from_str(&shown.tag()) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn place_of(alias: &Alias) -> String {
    let octets = alias.address().to_string().into_bytes().into_iter();
    let encoded = octets.map(|octet| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'.' | b'-' | b'_' => {
            char::from(octet).to_string()
        }
        other => format!("%{other:02X}"),
    });
    format!("/api/aliases/{}", encoded.collect::<String>())
}

mod list;
pub(super) use list::*;
