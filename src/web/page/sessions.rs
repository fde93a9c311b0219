//! Who is logged in, and the links that nobody followed yet.

use super::{
    form::{Form, Segment},
    notices::Notice,
    outside::outside,
    parts::{Table, ago, time},
    shell::{Tab, see},
    texts::Texts,
    trouble::Trouble,
    visitor::Visitor,
};
use crate::{
    account::Label,
    admin, clock,
    session::{Role, Session, SessionId},
    store::EndedSession,
    web::Site,
};
use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
use hyper::Response;
use maud::{Markup, html};
use std::collections::HashMap;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/sessions", get(list)).route("/sessions/{id}/revoke", post(revoke))
}

/// Those that may not do more than the visitor.
async fn seen_by(visitor: &Visitor) -> Result<Vec<Session>, Trouble> {
    let mut all = admin::sessions::all(&visitor.site.store).await?;
    all.retain(|one| visitor.role.covers(&one.role));
    // The newest first: a link that was just made, a session that should not be there.
    all.reverse();
    Ok(all)
}

async fn list(visitor: Visitor) -> Result<Response<Body>, Trouble> {
    let (texts, now) = (visitor.texts, clock::now());
    let sessions = seen_by(&visitor).await?;
    let mut made: HashMap<SessionId, usize> = HashMap::new();
    let tokens = visitor.site.store.tokens().await?;
    for id in tokens.iter().filter_map(|token| token.maker.as_ref()?.session()) {
        *made.entry(id).or_default() += 1;
    }
    let mut table = Table::new(&texts.say("sessions-caption", &[]))
        .text(&texts.say("sessions-who", &[]))
        .text(&texts.say("sessions-may", &[]))
        .text(&texts.say("sessions-used", &[]))
        .text(&texts.say("sessions-client", &[]))
        .text(&texts.say("sessions-ends", &[]))
        .actions(&texts.say("sessions-actions", &[]));
    for session in &sessions {
        let is_own = visitor.session() == Some(session.id);
        let last = session.last_use;
        let made = made.get(&session.id).copied().unwrap_or_default();
        table.row(vec![
            who(texts, session, is_own),
            may(texts, &session.role),
            html! { @match last {
                Some(last) => (ago(texts, last.time, now)),
                None => (texts.say("sessions-not-used", &[])),
            } },
            html! { @if let Some(client) = last.and_then(|last| last.client) { (client) } @else { "–" } },
            time(session.ends),
            html! {
                form method="post" action=(format!("/sessions/{}/revoke", session.id)) {
                    @if made > 0 {
                        label { input type="checkbox" name="tokens" value="1"; " "
                            (texts.say("sessions-with-tokens", &[("count", made.into())])) }
                    }
                    button .danger aria-label=(texts.say("sessions-revoke-one", &[("id", session.id.to_string().into())])) {
                        (texts.say("sessions-revoke", &[]))
                    }
                }
            },
        ]);
    }
    let content = html! {
        p .lead { (texts.say("sessions-about", &[])) }
        (table.or_empty(&texts.say("sessions-none", &[])))
    };
    Ok(visitor.page(Tab::Sessions, &texts.say("sessions-title", &[]), &content))
}

fn who(texts: Texts, session: &Session, is_own: bool) -> Markup {
    html! {
        @match &session.label {
            Some(label) => (outside(Label::as_str(label))),
            None => code { (session.id) },
        }
        @if is_own { " " span .badge { (texts.say("sessions-own", &[])) } }
        @if session.began.is_none() { " " span .badge .open { (texts.say("sessions-link", &[])) } }
    }
}

fn may(texts: Texts, role: &Role) -> Markup {
    html! { @match role {
        Role::Admin => (texts.say("sessions-all", &[])),
        Role::Owner(domains) => @for (at, domain) in domains.iter().enumerate() {
            @if at > 0 { ", " }
            (outside(domain.as_str()))
        },
    } }
}

async fn revoke(
    visitor: Visitor,
    Segment(id): Segment,
    Form(fields): Form,
) -> Result<Response<Body>, Trouble> {
    let id = SessionId::parse(&id).ok_or(Trouble::NotFound)?;
    let seen = seen_by(&visitor).await?;
    if !seen.iter().any(|one| one.id == id) {
        return Err(Trouble::NotFound);
    }
    let takes_tokens = fields.has("tokens");
    let ended = visitor.site.store.end_session(id, takes_tokens).await;
    let EndedSession { tokens, .. } = ended.map_err(admin::Error::from)?;
    visitor.did("session ended", &id);
    if takes_tokens {
        for token in &tokens {
            visitor.did("token revoked", &format_args!("{} ({})", token.id, token.label));
        }
    }
    if visitor.session() == Some(id) {
        return Ok(see("/login"));
    }
    let mut text = visitor.texts.say("sessions-revoked", &[("id", id.to_string().into())]);
    if !tokens.is_empty() {
        let key = if takes_tokens { "sessions-tokens-ended" } else { "sessions-tokens-go-on" };
        text = format!("{text} {}", visitor.texts.say(key, &[("count", tokens.len().into())]));
    }
    Ok(visitor.done(Notice::new(text), "/sessions"))
}
