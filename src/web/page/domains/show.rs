//! One domain.

use super::{
    checks::Subject,
    named, path_of,
    records::{report, to_copy},
    settings::Settings,
};
use crate::{
    address::Domain,
    admin::{
        blocks, certificates, dkim_keys,
        domains::{self, HostedDomain},
        keystore::Keys,
        traffic,
    },
    alias::OwnedDomain,
    clock,
    session::Role,
    time::Millis,
    web::page::{
        chart,
        form::Segment,
        outside::outside,
        parts::{Field, Table, ago, time},
        shell::Tab,
        trouble::Trouble,
        visitor::Visitor,
    },
};
use axum::body::Body;
use hyper::{Response, StatusCode};
use maud::{Markup, html};
use std::slice;

/// Blocks that are named.
const BLOCKS: usize = 100;

/// What was sent and is wrong, to be shown again.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) settings: Option<Settings>,
    /// A sender that was to be blocked, and what is wrong with it.
    pub(super) block: Option<(String, String)>,
    /// The name that was typed to remove the domain, and why it is not removed.
    pub(super) remove: Option<(String, String)>,
}

pub(super) async fn page(
    visitor: Visitor,
    Segment(name): Segment,
) -> Result<Response<Body>, Trouble> {
    let domain = named(&visitor, &name)?;
    show(&visitor, StatusCode::OK, &domain, &Sent::default()).await
}

/// The page, with what was sent.
pub(super) async fn show(
    visitor: &Visitor,
    status: StatusCode,
    domain: &Domain,
    sent: &Sent,
) -> Result<Response<Body>, Trouble> {
    let texts = visitor.texts;
    let site = &visitor.site;
    let is_hosted = site.store.is_hosted(domain);
    let since = site.store.owned(slice::from_ref(domain)).await?.first().map(|own| own.since);
    let seen_since = match visitor.role {
        Role::Admin => Millis::EPOCH,
        // It was removed a moment ago.
        Role::Owner(_) => since.ok_or(Trouble::NotFound)?,
    };
    let seen = OwnedDomain { domain: domain.clone(), since: seen_since };
    let traffic = traffic::of(&site.place, Some(&seen), clock::now()).await?;
    let hosted = HostedDomain::new(domain, &domains::settings(&site.store, domain));
    let settings = sent.settings.clone().unwrap_or_else(|| Settings::of(&hosted));
    let content = html! {
        @if !is_hosted { p .lead { (texts.say("domains-srs-only", &[])) } }
        h2 { (texts.say("domains-dns", &[])) }
        (check(visitor, domain, since))
        h2 { (texts.say("domains-keys", &[])) }
        (keys(visitor, domain)?)
        h2 { (texts.say("domains-certificate", &[])) }
        (certificate(visitor))
        @if is_hosted {
            h2 { (texts.say("domains-traffic", &[])) }
            @if visitor.role != Role::Admin { p .hint { (texts.say("chart-since", &[])) } }
            (chart::of_periods(texts, &traffic))
            h2 { (texts.say("domains-settings", &[])) }
            (settings.form(texts, domain))
            h2 { (texts.say("domains-blocks", &[])) }
            (blocked(visitor, domain, sent).await?)
            @if visitor.role == Role::Admin {
                h2 { (texts.say("domains-remove-title", &[])) }
                (remove_form(visitor, domain, sent))
            }
        }
    };
    Ok(visitor.page_with(status, Tab::Domains, domain.as_str(), &content))
}

/// The button, and what the last look came to.
fn check(visitor: &Visitor, domain: &Domain, since: Option<Millis>) -> Markup {
    let (texts, now) = (visitor.texts, clock::now());
    let checks = &visitor.site.shared.checks;
    let going = checks.going(&Subject::Domain(domain.clone()));
    html! {
        form method="post" action=(format!("{}/check", path_of(domain))) {
            button .main { (texts.say("domains-check", &[])) }
        }
        @if let Some(going) = going {
            p .hint role="status" { (texts.say("domains-check-goes", &[])) " " (ago(texts, going.since, now)) }
        }
        @match checks.domain(domain, since) {
            Some(checked) => (report(texts, &checked, now)),
            None => p .empty { (texts.say("domains-check-none", &[])) },
        }
    }
}

/// The keys that sign for the domain, with their records. Where the files are is nobody's business here.
fn keys(visitor: &Visitor, domain: &Domain) -> Result<Markup, Trouble> {
    let texts = visitor.texts;
    let mut table = Table::new(&texts.say("domains-keys", &[]))
        .text(&texts.say("domains-selector", &[]))
        .text(&texts.say("domains-key-state", &[]))
        .text(&texts.say("domains-key-kind", &[]))
        .text(&texts.say("domains-key-record", &[]));
    let mut is_unreadable = false;
    let keys = dkim_keys::of(&Keys::of(&visitor.site.config), domain)?;
    for (at, key) in keys.into_iter().enumerate() {
        let Ok(key) = key else {
            is_unreadable = true;
            continue;
        };
        let (state, class) = match key.state {
            "active" => (texts.say("domains-key-active", &[]), "good"),
            "staged" => (texts.say("domains-key-staged", &[]), "warn"),
            _ => (texts.say("domains-key-retired", &[]), "plain"),
        };
        table.row(vec![
            html! { code { (outside(&key.selector)) } },
            html! { span .badge .(class) { (state) } },
            html! { (key.kind) " " (key.bits) },
            html! { div {
                p .hint { "TXT " (outside(&key.dns_name)) }
                (to_copy(texts, &format!("key-{at}"), &key.dns_text))
            } },
        ]);
    }
    let none = texts.say("domains-no-keys", &[("domain", domain.as_str().into())]);
    Ok(html! {
        (table.or_empty(&none))
        @if is_unreadable && visitor.role == Role::Admin {
            p .error { (texts.say("domains-key-unreadable", &[])) }
        }
    })
}

/// The certificate that servers are shown who bring mail here.
fn certificate(visitor: &Visitor) -> Markup {
    let (texts, now) = (visitor.texts, clock::now());
    let config = &visitor.site.config;
    let all = certificates::list(config);
    let mut table = Table::new(&texts.say("domains-certificate", &[]))
        .text(&texts.say("domains-certificate-names", &[]))
        .text(&texts.say("domains-certificate-issuer", &[]))
        .text(&texts.say("domains-certificate-end", &[]));
    let mut is_unreadable = false;
    for certificate in all {
        let Ok(certificate) = certificate else {
            is_unreadable = true;
            continue;
        };
        let is_over = certificate.end <= now;
        table.row(vec![
            html! { div { @for name in certificate.names.iter().take(BLOCKS) { p .value { (outside(name)) } } } },
            html! { div {
                (outside(&certificate.issuer))
                @if certificate.is_self_signed { " " span .badge .warn { (texts.say("domains-self-signed", &[])) } }
            } },
            html! { div {
                (time(certificate.end))
                @if is_over { " " span .badge .bad { (texts.say("domains-certificate-over", &[])) } }
            } },
        ]);
    }
    let none = match config.tls.acme.is_some() {
        true => texts.say("domains-certificate-issued", &[]),
        false => texts.say("domains-no-certificate", &[]),
    };
    html! {
        @if is_unreadable { p .error { (texts.say("domains-certificate-unreadable", &[])) } }
        @else { (table.or_empty(&none)) }
    }
}

/// The senders that are blocked for all of the domain's aliases.
async fn blocked(visitor: &Visitor, domain: &Domain, sent: &Sent) -> Result<Markup, Trouble> {
    let texts = visitor.texts;
    let all = blocks::list(&visitor.site.store, Some(domain)).await?;
    let mut table = Table::new(&texts.say("domains-blocks", &[]))
        .text(&texts.say("domains-block-sender", &[]))
        .text(&texts.say("domains-block-note", &[]))
        .text(&texts.say("domains-block-since", &[]))
        .actions(&texts.say("domains-actions", &[]));
    for block in all.iter().take(BLOCKS) {
        let pattern = block.pattern.to_string();
        let label = texts.say("domains-unblock-one", &[("sender", pattern.as_str().into())]);
        table.row(vec![
            html! { (outside(&pattern)) },
            html! { @match &block.note { Some(note) => (outside(note)), None => "–" } },
            time(block.added),
            html! { form method="post" action=(format!("{}/unblock", path_of(domain))) {
                input type="hidden" name="pattern" value=(pattern);
                button .danger aria-label=(label) { (texts.say("domains-unblock", &[])) }
            } },
        ]);
    }
    let (value, error) = match &sent.block {
        Some((value, error)) => (value.as_str(), Some(error.as_str())),
        None => ("", None),
    };
    let field = Field {
        name: "pattern",
        label: &texts.say("domains-block-new", &[]),
        hint: &texts.say("domains-block-hint", &[]),
        value,
        error,
        required: true,
        ..Field::default()
    };
    Ok(html! {
        (table.or_empty(&texts.say("domains-no-blocks", &[])))
        @if all.len() > BLOCKS { p .hint { (texts.say("domains-more", &[("count", (all.len() - BLOCKS).into())])) } }
        form method="post" action=(format!("{}/block", path_of(domain))) {
            (field.markup())
            button { (texts.say("domains-block", &[])) }
        }
    })
}

fn remove_form(visitor: &Visitor, domain: &Domain, sent: &Sent) -> Markup {
    let texts = visitor.texts;
    let (value, error) = match &sent.remove {
        Some((value, error)) => (value.as_str(), Some(error.as_str())),
        None => ("", None),
    };
    let field = Field {
        name: "name",
        label: &texts.say("domains-remove-name", &[("domain", domain.as_str().into())]),
        hint: &texts.say("domains-remove-hint", &[]),
        value,
        error,
        required: true,
        ..Field::default()
    };
    html! {
        form method="post" action=(format!("{}/remove", path_of(domain))) {
            (field.markup())
            p { label { input type="checkbox" name="with_aliases" value="1"; " " (texts.say("domains-remove-aliases", &[])) } }
            button .danger { (texts.say("domains-remove", &[])) }
        }
    }
}
