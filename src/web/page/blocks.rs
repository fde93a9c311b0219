//! Blocks: senders whose mail is refused for all aliases, or for those of a domain.

use super::{
    aliases::offered,
    faults,
    form::Form,
    notices::Notice,
    outside::outside,
    parts::{Field, Table, time},
    shell::Tab,
    trouble::Trouble,
    visitor::Visitor,
};
use crate::{
    address::Domain,
    admin::{Error, blocks},
    alias::{Block, SenderPattern},
    session::Role,
    store::{ChangeError, Progress},
    web::{Site, cause::Cause, changes},
};
use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use hyper::{Response, StatusCode};
use maud::html;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/blocks", get(list).post(add)).route("/blocks/remove", post(remove))
}

async fn list(visitor: Visitor) -> Result<Response<Body>, Trouble> {
    page(&visitor, StatusCode::OK, &Typed::default()).await
}

/// What was typed, and what is wrong with it.
#[derive(Debug, Default)]
struct Typed {
    pattern: String,
    domain: String,
    note: String,
    wrong: Option<(&'static str, String)>,
}

impl Typed {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(of, _)| *of == field).map(|(_, what)| what.as_str())
    }
}

async fn add(visitor: Visitor, Form(fields): Form) -> Result<Response<Body>, Trouble> {
    let text = |name: &str| fields.one(name).to_owned();
    let mut typed =
        Typed { pattern: text("pattern"), domain: text("domain"), note: text("note"), wrong: None };
    match added(&visitor, &typed).await? {
        Ok(notice) => Ok(visitor.done(notice, "/blocks")),
        Err(wrong) => {
            typed.wrong = Some(wrong);
            page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, &typed).await
        }
    }
}

async fn added(
    visitor: &Visitor,
    typed: &Typed,
) -> Result<Result<Notice, (&'static str, String)>, Trouble> {
    let texts = visitor.texts;
    let pattern = match SenderPattern::parse(&typed.pattern) {
        Ok(pattern) => pattern,
        Err(error) => return Ok(Err(("pattern", faults::said(texts, &error.into())))),
    };
    let Some(domain) = own(visitor, &typed.domain) else {
        let what = texts.say("blocks-no-domain", &[("domain", typed.domain.as_str().into())]);
        return Ok(Err(("domain", what)));
    };
    let note = Some(typed.note.as_str()).filter(|note| !note.is_empty());
    let patterns = vec![pattern.clone()];
    let store = &visitor.site.store;
    match blocks::add(store, domain.as_ref(), patterns, note, Progress::default()).await {
        Ok(_) => {
            visitor.did("block added", &changes::block(&pattern, domain.as_ref()));
            let pattern = pattern.to_string();
            Ok(Ok(Notice::new(texts.say("blocks-added", &[("pattern", pattern.into())]))))
        }
        Err(Error::Change(ChangeError::Store(error)) | Error::Store(error)) => Err(error.into()),
        Err(Error::Alias(error)) => Ok(Err(("note", faults::said(texts, &error.into())))),
        Err(Error::Change(error)) => {
            let field = match error {
                ChangeError::NoSuchDomain(_) => "domain",
                _ => "pattern",
            };
            Ok(Err((field, faults::said(texts, &Cause::from(&error)))))
        }
        Err(error) => Err(error.into()),
    }
}

/// For whose aliases: those of a domain that is the visitor's, or of all; `None` where that is not theirs to say.
fn own(visitor: &Visitor, text: &str) -> Option<Option<Domain>> {
    if text.is_empty() {
        return (visitor.role == Role::Admin).then_some(None);
    }
    let domain = Domain::parse(text).ok()?;
    visitor.may_see(&domain).then_some(Some(domain))
}

async fn remove(visitor: Visitor, Form(fields): Form) -> Result<Response<Body>, Trouble> {
    let pattern = SenderPattern::parse(fields.one("pattern")).map_err(|_| Trouble::NotFound)?;
    let domain = own(&visitor, fields.one("domain")).ok_or(Trouble::NotFound)?;
    let (store, patterns) = (&visitor.site.store, vec![pattern.clone()]);
    let key = match blocks::remove(store, domain.as_ref(), patterns, Progress::default()).await {
        Ok(_) => {
            visitor.did("block removed", &changes::block(&pattern, domain.as_ref()));
            "blocks-removed"
        }
        Err(Error::Change(ChangeError::NoSuchBlock { .. })) => "blocks-not-blocked",
        Err(Error::Change(ChangeError::NoSuchDomain(_))) => return Err(Trouble::NotFound),
        Err(Error::Change(ChangeError::Store(error))) => return Err(error.into()),
        Err(error) => return Err(error.into()),
    };
    let text = visitor.texts.say(key, &[("pattern", pattern.to_string().into())]);
    Ok(visitor.done(Notice::new(text), "/blocks"))
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    typed: &Typed,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let mut all = blocks::list(&visitor.site.store, None).await?;
    // Those for all aliases are the administrator's.
    all.retain(|block| match &block.domain {
        Some(domain) => visitor.may_see(domain),
        None => visitor.role == Role::Admin,
    });
    let mut table = Table::new(&texts.say("blocks-title", &[]))
        .text(&texts.say("blocks-pattern", &[]))
        .text(&texts.say("blocks-domain", &[]))
        .text(&texts.say("blocks-note", &[]))
        .text(&texts.say("blocks-since", &[]))
        .actions(&texts.say("blocks-actions", &[]));
    for Block { pattern, domain, note, added, .. } in &all {
        let (pattern, domain) =
            (pattern.to_string(), domain.as_ref().map(ToString::to_string).unwrap_or_default());
        table.row(vec![
            outside(&pattern),
            html! { @if domain.is_empty() { (texts.say("blocks-of-all", &[])) } @else { (outside(&domain)) } },
            html! { @if let Some(note) = note { (outside(note)) } },
            time(*added),
            html! {
                form method="post" action="/blocks/remove" {
                    input type="hidden" name="pattern" value=(pattern);
                    input type="hidden" name="domain" value=(domain);
                    button aria-label=(texts.say("blocks-remove-one", &[("pattern", pattern.as_str().into())])) {
                        (texts.say("blocks-remove", &[]))
                    }
                }
            },
        ]);
    }
    let names = offered(visitor).await?;
    let content = html! {
        p .lead { (texts.say("blocks-about", &[])) }
        (table.or_empty(&texts.say("blocks-none", &[])))
        h2 { (texts.say("blocks-add", &[])) }
        form method="post" action="/blocks" {
            (Field { name: "pattern", label: &texts.say("blocks-pattern", &[]), hint: &texts.say("blocks-pattern-hint", &[]),
                value: &typed.pattern, error: typed.wrong("pattern"), required: true, ..Field::default() }.markup())
            @if names.is_empty() {
                (Field { name: "domain", label: &texts.say("blocks-domain", &[]), hint: &texts.say("blocks-domain-hint", &[]),
                    value: &typed.domain, error: typed.wrong("domain"), ..Field::default() }.markup())
            } @else {
                div .field .wrong[typed.wrong("domain").is_some()] {
                    label for="field-domain" { (texts.say("blocks-domain", &[])) }
                    select id="field-domain" name="domain" aria-describedby=[typed.wrong("domain").map(|_| "field-domain-error")] {
                        @if visitor.role == Role::Admin { option value="" { (texts.say("blocks-of-all", &[])) } }
                        @for name in &names { option value=(name) selected[*name == typed.domain] { (name) } }
                    }
                    @if let Some(what) = typed.wrong("domain") { p .error id="field-domain-error" { (what) } }
                }
            }
            (Field { name: "note", label: &texts.say("blocks-note", &[]), value: &typed.note, error: typed.wrong("note"),
                ..Field::default() }.markup())
            button .main { (texts.say("blocks-add-button", &[])) }
        }
    };
    Ok(visitor.page_with(status, Tab::Aliases, &texts.say("blocks-title", &[]), &content))
}
