//! Tokens: made, shown once, revoked. An owner makes and sees those of his domains: they may do nothing that he may not.

use super::{
    aliases::offered,
    faults,
    form::{Fields, Form, Segment},
    notices::Notice,
    outside::outside,
    parts::{Field, Table, time},
    shell::Tab,
    texts::Texts,
    trouble::Trouble,
    visitor::Visitor,
};
use crate::{
    account::Label,
    address::{Domain, Mailbox},
    admin::{
        Error,
        tokens::{self, New, Record},
    },
    alias::parse_expires,
    session::Role,
    store::TokenChangeError,
    token::{MAX_DESTINATIONS, MAX_TOKENS, NameFormat, Scope, TokenError},
    web::{Site, cause::Cause},
};
use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use hyper::{Response, StatusCode};
use maud::{Markup, html};
use std::num::NonZeroU32;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/tokens", get(list).post(add)).route("/tokens/{id}/revoke", post(revoke))
}

async fn list(visitor: Visitor) -> Result<Response<Body>, Trouble> {
    page(&visitor, StatusCode::OK, &Fields::default(), None).await
}

/// What is wrong with a field.
type Wrong = (&'static str, String);

async fn add(visitor: Visitor, Form(fields): Form) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let made = match wanted(&visitor, &fields) {
        Ok(new) => tokens::add(&visitor.site.store, new).await,
        Err(wrong) => return refused(&visitor, &fields, wrong).await,
    };
    let (record, secret) = match made {
        Ok(made) => made,
        Err(Error::TokenChange(TokenChangeError::Store(error)) | Error::Store(error)) => {
            return Err(error.into());
        }
        Err(Error::TokenChange(TokenChangeError::NoSession(_))) => return Err(Trouble::NoSession),
        Err(Error::TokenChange(error)) => {
            return refused(&visitor, &fields, of_field(texts, &error)).await;
        }
        Err(Error::Refused(_)) => {
            let past = texts.say("tokens-expires-past", &[]);
            return refused(&visitor, &fields, ("expires", past)).await;
        }
        Err(error) => return Err(error.into()),
    };
    visitor.did("token made", &format_args!("{} ({})", record.id, record.label));
    // In the answer itself, as nothing of it is kept: not even for a moment, in what would be shown next.
    let content = html! {
        div .card .secret role="status" {
            p { strong { (texts.say("tokens-once", &[])) } }
            p { code #secret { (secret.as_str()) } }
            p {
                button type="button" data-copy="secret" hidden data-copied=(texts.say("tokens-copied", &[])) { (texts.say("tokens-copy", &[])) }
            }
        }
        dl { (told(texts, &record)) }
        p { a .button href="/tokens" { (texts.say("tokens-back", &[])) } }
    };
    Ok(visitor.page_with(
        StatusCode::CREATED,
        Tab::Tokens,
        &texts.say("tokens-made", &[]),
        &content,
    ))
}

async fn refused(
    visitor: &Visitor,
    fields: &Fields,
    wrong: Wrong,
) -> Result<Response<Body>, Trouble> {
    page(visitor, StatusCode::UNPROCESSABLE_ENTITY, fields, Some(wrong)).await
}

/// The token that is asked for.
fn wanted(visitor: &Visitor, fields: &Fields) -> Result<New, Wrong> {
    let texts = visitor.texts;
    let label = Label::parse(fields.one("label"));
    let label = label.map_err(|error| ("label", faults::account(texts, &error)))?;
    let scope: Scope =
        fields.one("scope").parse().map_err(|_| ("scope", texts.say("tokens-scope-wrong", &[])))?;
    if scope == Scope::Admin && visitor.role != Role::Admin {
        return Err(("scope", texts.say("tokens-scope-wrong", &[])));
    }
    let domain = match (scope, fields.one("domain")) {
        (Scope::Admin, _) | (_, "") => None,
        (_, text) => {
            let unknown = || ("domain", texts.say("tokens-no-domain", &[("domain", text.into())]));
            let domain = Domain::parse(text).map_err(|_| unknown())?;
            // As one that is not there.
            Some(Some(domain).filter(|domain| visitor.may_see(domain)).ok_or_else(unknown)?)
        }
    };
    let lines = fields.one("destinations").split(['\n', '\r', ',']).map(str::trim);
    let destinations = lines.filter(|line| !line.is_empty()).map(|line| {
        let why = |error| format!("{line}: {}", faults::address(texts, error));
        Mailbox::parse(line).map_err(|error| ("destinations", why(error)))
    });
    let format = match fields.one("format") {
        "" => NameFormat::default(),
        text => text.parse().map_err(|_| ("format", texts.say("tokens-format-wrong", &[])))?,
    };
    let daily_limit = match fields.one("daily_limit") {
        "" => None,
        text => {
            let limit: Result<NonZeroU32, _> = text.parse();
            Some(limit.map_err(|_| ("daily_limit", texts.say("tokens-limit-wrong", &[])))?)
        }
    };
    let expires = match fields.one("expires") {
        "" => None,
        // The end of that day, in UTC.
        text => {
            let wrong = |_| ("expires", texts.say("tokens-expires-wrong", &[]));
            Some(
                parse_expires(&format!("{text}T23:59:59Z"))
                    .or_else(|_| parse_expires(text))
                    .map_err(wrong)?,
            )
        }
    };
    let destinations = destinations.collect::<Result<_, _>>()?;
    let maker = visitor.maker();
    Ok(New { label, scope, domain, destinations, format, daily_limit, expires, maker })
}

/// Which field is at fault, and why.
fn of_field(texts: Texts, error: &TokenChangeError) -> Wrong {
    match error {
        TokenChangeError::Token(TokenError::NeedsDestination) => {
            ("destinations", texts.say("tokens-needs-destination", &[]))
        }
        TokenChangeError::Token(TokenError::TooManyDestinations) => {
            let most = [("most", MAX_DESTINATIONS.into())];
            ("destinations", texts.say("tokens-too-many-destinations", &most))
        }
        TokenChangeError::Token(TokenError::NeedsDomain(_)) => {
            ("domain", texts.say("tokens-needs-domain", &[]))
        }
        TokenChangeError::NotHosted(domain) => {
            ("domain", texts.say("tokens-no-domain", &[("domain", domain.to_string().into())]))
        }
        TokenChangeError::TooMany => {
            ("label", texts.say("tokens-too-many", &[("most", MAX_TOKENS.into())]))
        }
        TokenChangeError::Token(TokenError::Literal(domain)) => {
            ("domain", faults::said(texts, &Cause::Literal(domain.clone())))
        }
        // What the fields of the form do not send.
        _ => ("domain", faults::said(texts, &Cause::Other)),
    }
}

async fn revoke(visitor: Visitor, Segment(id): Segment) -> Result<Response<Body>, Trouble> {
    let seen = seen_by(&visitor).await?;
    let record = seen.iter().find(|record| record.id == id).ok_or(Trouble::NotFound)?;
    match tokens::revoke(&visitor.site.store, &record.id).await {
        Ok(_) => visitor.did("token revoked", &format_args!("{} ({})", record.id, record.label)),
        // Somebody else was faster: it is gone either way.
        Err(Error::TokenChange(TokenChangeError::NoSuchToken(_))) => {}
        Err(Error::TokenChange(TokenChangeError::Store(error))) => return Err(error.into()),
        Err(error) => return Err(error.into()),
    }
    let label = record.label.as_str();
    let text = visitor.texts.say("tokens-revoked", &[("label", label.into())]);
    Ok(visitor.done(Notice::new(text), "/tokens"))
}

/// The tokens that the visitor may see: those of his domains, or all.
async fn seen_by(visitor: &Visitor) -> Result<Vec<Record>, Trouble> {
    let mut all = tokens::list(&visitor.site.store).await?;
    all.retain(|record| match record.domain.as_deref().map(Domain::parse) {
        Some(Ok(domain)) => visitor.may_see(&domain),
        _ => visitor.role == Role::Admin,
    });
    Ok(all)
}

fn scope_said(texts: Texts, scope: &str) -> String {
    match scope {
        "create" => texts.say("tokens-scope-create", &[]),
        "manage" => texts.say("tokens-scope-manage", &[]),
        _ => texts.say("tokens-scope-admin", &[]),
    }
}

/// What a token is, as a list.
fn told(texts: Texts, record: &Record) -> Markup {
    html! {
        dt { (texts.say("tokens-label", &[])) } dd { (outside(&record.label)) }
        dt { (texts.say("tokens-scope", &[])) } dd { (scope_said(texts, &record.scope)) }
        @if let Some(domain) = &record.domain { dt { (texts.say("tokens-domain", &[])) } dd { (outside(domain)) } }
        @if !record.destinations.is_empty() {
            dt { (texts.say("tokens-destinations", &[])) }
            dd { @for to in &record.destinations { div { (outside(to)) } } }
        }
    }
}

/// A time as records have it.
fn at(text: &str) -> Markup {
    match parse_expires(text) {
        Ok(at) => time(at),
        Err(_) => outside(text),
    }
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    typed: &Fields,
    wrong: Option<Wrong>,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let mut table = Table::new(&texts.say("tokens-title", &[]))
        .text(&texts.say("tokens-label", &[]))
        .text(&texts.say("tokens-scope", &[]))
        .text(&texts.say("tokens-domain", &[]))
        .text(&texts.say("tokens-destinations", &[]))
        .number(&texts.say("tokens-today", &[]))
        .text(&texts.say("tokens-used", &[]))
        .text(&texts.say("tokens-expires", &[]))
        .actions(&texts.say("tokens-actions", &[]));
    for record in seen_by(visitor).await? {
        table.row(vec![
            html! {
                (outside(&record.label)) div .hint { code { (record.id) } }
                @if let Some(maker) = &record.made_by {
                    div .hint { (texts.say("tokens-made-by", &[])) " " (outside(maker)) }
                }
            },
            html! { (scope_said(texts, &record.scope)) },
            html! { @match &record.domain {
                Some(domain) => (outside(domain)),
                None => (texts.say("tokens-of-all", &[])),
            } },
            html! { @for to in &record.destinations { div { (outside(to)) } } },
            html! {
                (texts.number(record.changes_today))
                @if let Some(limit) = record.daily_limit { " / " (texts.number(limit.into())) }
            },
            html! {
                @match &record.last_used { Some(used) => (at(used)), None => (texts.say("tokens-never", &[])) }
                @if let Some(client) = &record.client { div .hint { (client) } }
            },
            html! { @match &record.expires { Some(end) => (at(end)), None => (texts.say("tokens-no-end", &[])) } },
            html! {
                form method="post" action=(format!("/tokens/{}/revoke", record.id)) {
                    button .danger aria-label=(texts.say("tokens-revoke-one", &[("label", record.label.as_str().into())])) {
                        (texts.say("tokens-revoke", &[]))
                    }
                }
            },
        ]);
    }
    let content = html! {
        p .lead { (texts.say("tokens-about", &[])) }
        (table.or_empty(&texts.say("tokens-none", &[])))
        (form(visitor, typed, wrong.as_ref()).await?)
    };
    Ok(visitor.page_with(status, Tab::Tokens, &texts.say("tokens-title", &[]), &content))
}

async fn form(visitor: &Visitor, typed: &Fields, wrong: Option<&Wrong>) -> Result<Markup, Trouble> {
    let texts = visitor.texts;
    let names = offered(visitor).await?;
    let wrong = |field: &str| wrong.filter(|(of, _)| *of == field).map(|(_, what)| what.as_str());
    let field = |name: &'static str, label: String, hint: String, lines: u8, kind: &str| {
        Field {
            name,
            label: &label,
            hint: &hint,
            value: typed.one(name),
            error: wrong(name),
            lines,
            kind,
            ..Field::default()
        }
        .markup()
    };
    let choice = |name: &'static str, label: String, options: Vec<(String, String)>| {
        html! {
            div .field .wrong[wrong(name).is_some()] {
                label for={ "field-" (name) } { (label) }
                select id={ "field-" (name) } name=(name) aria-invalid=[wrong(name).map(|_| "true")]
                    aria-describedby=[wrong(name).map(|_| format!("field-{name}-error"))] {
                    @for (value, said) in options { option value=(value) selected[value == typed.one(name)] { (said) } }
                }
                @if let Some(what) = wrong(name) { p .error id={ "field-" (name) "-error" } { (what) } }
            }
        }
    };
    let mut scopes = vec![
        ("create".to_owned(), texts.say("tokens-scope-create", &[])),
        ("manage".to_owned(), texts.say("tokens-scope-manage", &[])),
    ];
    if visitor.role == Role::Admin {
        scopes.push(("admin".to_owned(), texts.say("tokens-scope-admin", &[])));
    }
    let formats = NameFormat::ALL.map(|format| {
        let said = match format {
            NameFormat::RandomCharacters => texts.say("tokens-format-characters", &[]),
            NameFormat::RandomWords => texts.say("tokens-format-words", &[]),
            NameFormat::Site => texts.say("tokens-format-site", &[]),
            NameFormat::Uuid => texts.say("tokens-format-uuid", &[]),
        };
        (format.to_string(), said)
    });
    Ok(html! {
        h2 { (texts.say("tokens-add", &[])) }
        form method="post" action="/tokens" {
            (field("label", texts.say("tokens-label", &[]), texts.say("tokens-label-hint", &[]), 1, ""))
            (choice("scope", texts.say("tokens-scope", &[]), scopes))
            @if names.is_empty() {
                (field("domain", texts.say("tokens-domain", &[]), texts.say("tokens-domain-hint", &[]), 1, ""))
            } @else {
                (choice("domain", texts.say("tokens-domain", &[]), names.iter().map(|name| (name.clone(), name.clone())).collect()))
            }
            (field("destinations", texts.say("tokens-destinations", &[]), texts.say("tokens-destinations-hint", &[]), 3, ""))
            (choice("format", texts.say("tokens-format", &[]), formats.to_vec()))
            (field("daily_limit", texts.say("tokens-limit", &[]), texts.say("tokens-limit-hint", &[]), 1, "number"))
            (field("expires", texts.say("tokens-expires", &[]), texts.say("tokens-expires-hint", &[]), 1, "date"))
            button .main { (texts.say("tokens-add-button", &[])) }
        }
    })
}
