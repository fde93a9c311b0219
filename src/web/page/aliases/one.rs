//! The page of an alias: all that is known of it, and its form.

use super::{
    super::{
        form::{Form as Sent, Segment},
        messages::recent,
        notices::Notice,
        parts,
        shell::Tab,
        texts::Texts,
        trouble::Trouble,
        visitor::Visitor,
    },
    actions::{Picked, Stale, alter},
    bulk,
    explained::{self, Asked},
    fields::{self, Wrong},
    form::Form,
    list, place_of, rows,
};
use crate::web::page::outside::{isolated, outside};
use crate::{
    admin::{
        Error,
        aliases::{self, ShownAlias},
    },
    alias::{Alias, AliasAddress, Counters, DAYS, Daily, Reason},
    clock,
    session::Role,
    store::ChangeError,
    web::{alias_record, problem::Problem},
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};

/// `GET /aliases/{address}`
pub(super) async fn show(
    visitor: Visitor,
    Segment(address): Segment,
) -> Result<Response<Body>, Trouble> {
    let alias = own(&visitor, &address).await?;
    let form = Form::of(&alias);
    page(&visitor, StatusCode::OK, &alias, &Shown::new(form), &Asked::default()).await
}

/// `POST /aliases/{address}/explain`: what would become of a message. Nothing is changed.
pub(super) async fn explain(
    visitor: Visitor,
    Segment(address): Segment,
    Sent(sent): Sent,
) -> Result<Response<Body>, Trouble> {
    let alias = own(&visitor, &address).await?;
    let asked = explained::ask(&visitor, &alias, sent).await?;
    let status = match asked.is_answered() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page(&visitor, status, &alias, &Shown::new(Form::of(&alias)), &asked).await
}

/// `POST /aliases/{address}`
pub(super) async fn change(
    visitor: Visitor,
    Segment(address): Segment,
    Sent(sent): Sent,
) -> Result<Response<Body>, Trouble> {
    let (site, texts) = (&visitor.site, visitor.texts);
    let alias = own(&visitor, &address).await?;
    let (form, tag) = (Form::typed(&sent), format!("\"{}\"", sent.one("version")));
    let typed = form.clone();
    let change = move |alias: &Alias| {
        let patch = typed.patch(&Form::of(alias));
        let after = alias_record::patched(alias, patch).map_err(No::Wrong)?;
        Ok(Some(after).filter(|after| after != alias))
    };
    let came = match alter::<No, _>(&site.store, alias.address(), tag, change).await {
        Ok(came) => came,
        Err(Error::Change(ChangeError::NoSuchAlias(_))) => return Err(Trouble::NotFound),
        Err(Error::Change(ChangeError::Store(error))) => return Err(error.into()),
        Err(Error::Change(error)) => Err(No::Wrong(error.into())),
        Err(error) => return Err(error.into()),
    };
    let place = place_of(alias.address());
    let shown = match came {
        Ok(Some(step)) => {
            visitor.did("alias changed", alias.address());
            let undo = bulk::keep(&visitor, vec![step], &place);
            let text = texts.say("aliases-done-changed", &[("count", 1_u64.into())]);
            return Ok(visitor.done(Notice { text, undo }, &place));
        }
        Ok(None) => {
            let text = texts.say("aliases-done-same", &[("count", 1_u64.into())]);
            return Ok(visitor.done(Notice::new(text), &place));
        }
        Err(No::Stale) => Shown { is_stale: true, ..Shown::new(form) },
        Err(No::Wrong(problem)) => {
            let (wrong, of_all) = Wrong::of(texts, problem);
            Shown { wrong, of_all, ..Shown::new(form) }
        }
    };
    let status = match shown.is_stale {
        true => StatusCode::CONFLICT,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    // As it is by now.
    let alias = own(&visitor, &address).await?;
    page(&visitor, status, &alias, &shown, &Asked::default()).await
}

/// Why an alias is not changed.
enum No {
    Stale,
    Wrong(Problem),
}

impl From<Stale> for No {
    fn from(_: Stale) -> Self {
        Self::Stale
    }
}

/// The alias of that address, if the visitor may see it.
async fn own(visitor: &Visitor, address: &str) -> Result<Alias, Trouble> {
    let address = AliasAddress::parse(address).map_err(|_| Trouble::NotFound)?;
    if !list::may_see(&visitor.role, address.domain()) {
        return Err(Trouble::NotFound);
    }
    aliases::get(&visitor.site.store, &address).await?.ok_or(Trouble::NotFound)
}

/// What stands in the form, and what is said of it.
struct Shown {
    form: Form,
    wrong: Wrong,
    /// What is wrong with none of the fields.
    of_all: Option<String>,
    /// Somebody else changed the alias meanwhile.
    is_stale: bool,
}

impl Shown {
    fn new(form: Form) -> Self {
        Self { form, wrong: Wrong::default(), of_all: None, is_stale: false }
    }
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    alias: &Alias,
    shown: &Shown,
    asked: &Asked,
) -> Result<Response<Body>, Trouble> {
    let (site, texts) = (&visitor.site, visitor.texts);
    let counters = aliases::counters(&site.store, alias.address()).await?;
    let (days, today) = aliases::daily(&site.store, &[alias]).await?;
    let address = alias.address().to_string();
    let leads = match visitor.role {
        // What an alias of somebody else leads to is his.
        Role::Owner(_) => html! {},
        Role::Admin => leads_to(
            texts,
            &aliases::show(&site.store, alias.address(), site.config.postmaster.as_ref()).await?,
        ),
    };
    let recent = match alias.address() {
        AliasAddress::Exact(mailbox) => recent(visitor, mailbox).await?,
        _ => {
            html! { p { a href=(messages_of(alias.address())) { (texts.say("messages-recent-of-domain", &[])) } } }
        }
    };
    let picked = Picked::of(alias);
    let content = html! {
        p .summary {
            (rows::state(texts, alias, &counters, clock::now()))
            a href="/aliases" { (texts.say("aliases-back", &[])) }
        }
        form method="post" action="/aliases/many" .buttons {
            input type="hidden" name="to" value="alias";
            @let word = if alias.enabled() { "disable" } else { "enable" };
            button type="submit" name="one" value={ (word) " " (picked.value()) } {
                @if alias.enabled() { (texts.say("aliases-disable", &[])) } @else { (texts.say("aliases-enable", &[])) }
            }
            button type="submit" .danger name="one" value={ "delete " (picked.value()) } { (texts.say("aliases-remove", &[])) }
        }
        p .hint { (texts.say("aliases-remove-hint", &[])) }
        section aria-labelledby="use" {
            h2 #use { (texts.say("aliases-use", &[])) }
            (numbers(texts, &counters, days.first().map(|days| (days, today))))
            (leads)
        }
        section aria-labelledby="recent" {
            h2 #recent { (texts.say("messages-recent", &[])) }
            (recent)
        }
        section aria-labelledby="change" {
            h2 #change { (texts.say("aliases-change", &[])) }
            @if shown.is_stale { (stale(texts, alias, &shown.form)) }
            @if let Some(what) = &shown.of_all { p .error role="alert" { (what) } }
            form method="post" action=(place_of(alias.address())) .alias {
                input type="hidden" name="version" value=(alias_record::tag_of(alias).trim_matches('"'));
                (fields::all(texts, &shown.form, &shown.wrong))
                div .buttons {
                    button .main type="submit" { (texts.say("aliases-save", &[])) }
                }
            }
        }
        (explained::section(visitor, alias, asked))
    };
    Ok(visitor.page_with(status, Tab::Aliases, &isolated(&address), &content))
}

/// What somebody else has made of the alias meanwhile: of each field that is another than what was typed, what it holds.
fn stale(texts: Texts, alias: &Alias, typed: &Form) -> Markup {
    let now = Form::of(alias);
    let on = |is_on: bool| {
        if is_on { texts.say("aliases-yes", &[]) } else { texts.say("aliases-no", &[]) }
    };
    let lines = |text: &str| {
        text.split(['\n', '\r', ','])
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let all = [
        (texts.say("aliases-action", &[]), lines(&now.action), lines(&typed.action)),
        (
            texts.say("aliases-destinations", &[]),
            lines(&now.destinations),
            lines(&typed.destinations),
        ),
        (texts.say("aliases-text", &[]), now.text, typed.text.clone()),
        (texts.say("aliases-note", &[]), now.note, typed.note.clone()),
        (texts.say("aliases-enabled", &[]), on(now.enabled), on(typed.enabled)),
        (texts.say("aliases-expires", &[]), now.expires, typed.expires.clone()),
        (texts.say("aliases-max-messages", &[]), now.max_messages, typed.max_messages.clone()),
        (texts.say("aliases-allow", &[]), lines(&now.allow), lines(&typed.allow)),
        (texts.say("aliases-block", &[]), lines(&now.block), lines(&typed.block)),
        (texts.say("aliases-limit", &[]), now.limit, typed.limit.clone()),
        (texts.say("aliases-spam", &[]), now.spam, typed.spam.clone()),
        (texts.say("aliases-keep-tag", &[]), now.keep_tag, typed.keep_tag.clone()),
        (texts.say("aliases-digest", &[]), now.digest, typed.digest.clone()),
        (
            texts.say("aliases-reply-by-address", &[]),
            on(now.reply_by_address),
            on(typed.reply_by_address),
        ),
    ];
    html! {
        div .error .stale role="alert" {
            p { (texts.say("aliases-stale", &[])) }
            dl {
                @for (label, now, _) in all.into_iter().filter(|(_, now, typed)| now != typed) {
                    dt { (label) }
                    dd {
                        @if now.is_empty() { (texts.say("aliases-stale-empty", &[])) } @else { (outside(&now)) }
                    }
                }
            }
        }
    }
}

/// What came of its mail so far, as cards.
fn numbers(texts: Texts, counters: &Counters, days: Option<(&Daily, u64)>) -> Markup {
    html! {
        dl .figures {
            div .figure { dt { (texts.say("aliases-forwarded", &[])) } dd { b { (texts.number(counters.forwarded)) } } }
            div .figure {
                dt { (texts.say("aliases-refused", &[])) }
                dd {
                    b { (texts.number(counters.refused)) }
                    @for (reason, count) in &counters.refused_by { div .hint { (why(texts, *reason)) ": " (texts.number(*count)) } }
                }
            }
            div .figure {
                dt { (texts.say("aliases-last-use", &[])) }
                dd { @if let Some(time) = counters.last_use { (parts::time(time)) } @else { (texts.say("aliases-never", &[])) } }
            }
            @if let Some(since) = counters.since {
                div .figure { dt { (texts.say("aliases-since", &[])) } dd { (parts::time(since)) } }
            }
            @if let Some((days, today)) = days {
                div .figure { dt { (texts.say("aliases-last-days", &[("days", DAYS.into())])) } dd { (rows::drawing(texts, days, today)) } }
            }
        }
    }
}

/// Why messages to an alias were refused.
fn why(texts: Texts, reason: Reason) -> String {
    match reason {
        Reason::Block => texts.say("aliases-refused-block", &[]),
        Reason::Limit => texts.say("aliases-refused-limit", &[]),
        Reason::Disabled => texts.say("aliases-refused-disabled", &[]),
        Reason::Expired => texts.say("aliases-refused-expired", &[]),
        Reason::UsedUp => texts.say("aliases-refused-used-up", &[]),
        Reason::Alias => texts.say("aliases-refused-alias", &[]),
        Reason::List => texts.say("aliases-refused-list", &[]),
        Reason::Spam => texts.say("aliases-refused-spam", &[]),
        Reason::Authentication => texts.say("aliases-refused-authentication", &[]),
        Reason::Destination => texts.say("aliases-refused-destination", &[]),
        Reason::Other => texts.say("aliases-refused-other", &[]),
    }
}

/// Where the mail of an alias ends up, over other aliases too.
fn leads_to(texts: Texts, shown: &ShownAlias) -> Markup {
    html! {
        h3 { (texts.say("aliases-leads-finally", &[])) }
        @if let Some(reply) = &shown.reply { p { (outside(reply)) } }
        @if shown.is_discarded { p { (texts.say("aliases-discards", &[])) } }
        ul {
            @for mailbox in &shown.leads_to { li { (outside(mailbox)) } }
            @for refused in &shown.refused { li { (outside(&refused.address)) ": " (outside(&refused.reply)) } }
        }
    }
}

/// Where the messages are of an alias that stands for many addresses: those of its domain.
fn messages_of(address: &AliasAddress) -> String {
    let Some(domain) = address.domain() else { return "/messages".to_owned() };
    let to = format!("@{domain}");
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", &to).finish();
    format!("/messages?{query}")
}
