//! The list of aliases: pages of those that are looked for.

use super::super::{
    super::{
        Site,
        alias_record::{AliasObject, Shown},
        problem::Problem,
    },
    asked::{self, Manager, flag},
    json,
    page::{limit, past, wrong_cursor},
    schema,
};
use crate::{
    address::Mailbox,
    admin::aliases::{self, Cursor},
    alias::Filter,
};
use axum::{body::Body, extract::State};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Query {
    q: Option<String>,
    domain: Option<String>,
    destination: Option<String>,
    note: Option<String>,
    enabled: Option<String>,
    unused_since: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// A page of aliases.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AliasPage)]
struct Page<'a> {
    /// Those that are looked for.
    #[schema(value_type = Vec<schema::Alias>)]
    aliases: Vec<AliasObject<'a>>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
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
        ("unused_since" = Option<String>, Query, description = "Only those that no message was for since this time, which is past (RFC 3339)."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u16>, Query, description = "So many at most.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of them.", body = Page),
    ),
)]
pub(in super::super) async fn list(
    State(site): State<Site>,
    Manager(caller): Manager,
    asked::Query(query): asked::Query<Query>,
) -> Result<Response<Body>, Problem> {
    let limit = limit(query.limit.as_deref())?;
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|_| wrong_cursor())?;
    let domain = query.domain.as_deref().map(asked::domain).transpose()?;
    if domain.is_some() {
        caller.needs_domain(domain.as_ref())?;
    }
    let enabled = flag("enabled", query.enabled.as_deref())?;
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
            .map(|text| past("unused_since", text))
            .transpose()?,
        ..Filter::default()
    };
    let page = aliases::page(&site.store, &filter.normal(), after.as_ref(), limit).await?;
    let shown = page.found.iter().map(|(alias, counters)| Shown::new(alias, counters));
    let shown = shown.collect::<Result<Vec<_>, _>>()?;
    let aliases = shown.iter().map(AliasObject::from).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(json(StatusCode::OK, &Page { aliases, next }))
}
