//! The list of aliases: pages of those that are looked for.

use super::{
    super::{
        super::{
            Site,
            alias_record::{AliasObject, Shown},
            caller::Caller,
            input,
            problem::Problem,
        },
        json,
        page::{limit, time, wrong_cursor},
    },
    AliasPage,
};
use crate::{
    address::{Domain, Mailbox},
    admin::aliases::{self, Cursor},
    alias::Filter,
    token::Scope,
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    q: Option<String>,
    domain: Option<String>,
    destination: Option<String>,
    note: Option<String>,
    enabled: Option<String>,
    unused_since: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    aliases: Vec<AliasObject<'a>>,
    next: Option<String>,
}

/// Aliases
///
/// In the order of their domains and local parts, the regexes last; where texts are looked for, in that in which they were
/// made. A page may be short, or empty, and not the last: there are more while `next` is not `null`. Needs a token of the scope `manage`, which sees those of its domain.
#[utoipa::path(
    get,
    path = "/api/aliases",
    tag = "aliases",
    params(
        ("q" = Option<String>, Query, description = "Text in the address, the note or a destination, in any case."),
        ("domain" = Option<String>, Query, description = "Only those of this domain."),
        ("destination" = Option<String>, Query, description = "Only those that lead to this mailbox."),
        ("note" = Option<String>, Query, description = "Text in the note, in any case."),
        ("enabled" = Option<bool>, Query, description = "Only those that are switched on, or off."),
        ("unused_since" = Option<String>, Query, description = "Only those that no message was for since this time (RFC 3339)."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "So many at most.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of them.", body = AliasPage),
        (status = 304, description = "It is what If-None-Match names."),
    ),
)]
pub(in super::super) async fn list(
    State(site): State<Site>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, Problem> {
    caller.needs(Scope::Manage)?;
    let query: Query = input::query(query.as_deref())?;
    let limit = limit(query.limit.as_deref())?;
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|_| wrong_cursor())?;
    let domain = query.domain.as_deref().map(Domain::parse).transpose().map_err(|error| {
        Problem::field("domain", error.to_string(), "the name of a domain, such as example.org")
    })?;
    if domain.is_some() {
        caller.needs_domain(domain.as_ref())?;
    }
    let enabled = match query.enabled.as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => {
            return Err(Problem::field(
                "enabled",
                format!("{other:?} is neither"),
                "true or false",
            ));
        }
    };
    let destination = query.destination.as_deref().map(|text| {
        Mailbox::parse(text).map_err(|error| {
            Problem::field(
                "destination",
                error.to_string(),
                "a mailbox, such as me@mailbox.example",
            )
        })
    });
    let filter = Filter {
        domain: domain.or_else(|| caller.token.domain.clone()),
        destination: destination.transpose()?.map(|mailbox| mailbox.to_string()),
        text: query.q,
        note: query.note,
        enabled,
        unused_since: query
            .unused_since
            .as_deref()
            .map(|text| time("unused_since", text))
            .transpose()?,
    };
    let page = aliases::page(&site.store, &filter.normal(), after.as_ref(), limit).await?;
    let shown = page.found.iter().map(|(alias, counters)| Shown::new(alias, counters));
    let shown = shown.collect::<Result<Vec<_>, _>>()?;
    let aliases = shown.iter().map(AliasObject::from).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(json(StatusCode::OK, &Page { aliases, next }))
}
