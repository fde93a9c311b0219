//! What is to be seen over HTTP: figures, and whether all is well.

use super::{figures::Figures, providers};
use crate::{
    clock,
    http::{Page, Question},
    inbound::{Clients, Connections},
    keys,
    mail::{NotWell, Parts},
    metrics::{Format, Now, ProcessFigures},
    outbound::Unreachable,
    provider::{PROVIDERS, governor::Told},
    tls,
};
use async_trait::async_trait;
use hyper::StatusCode;
use std::{sync::Arc, time::Duration};

/// What the pages are made of.
#[derive(Debug, Clone)]
pub(super) struct Monitoring {
    pub(super) parts: Arc<Parts>,
    pub(super) clients: Arc<Clients>,
    pub(super) connections: Arc<Connections>,
}

impl Monitoring {
    /// True for the paths that [`Monitoring::page`] answers.
    pub(super) fn has(path: &str) -> bool {
        ["/metrics", "/healthz", "/readyz"].contains(&path)
    }

    /// `/metrics`, `/healthz` and `/readyz`.
    pub(super) async fn page(self, Question { path, accept, .. }: Question) -> Page {
        match path.as_str() {
            "/metrics" => {
                let format = Format::accepted(&accept);
                let text = self.parts.metrics.text(&self.now().await, format);
                Page { status: StatusCode::OK, kind: format.kind(), text }
            }
            "/healthz" | "/readyz" => {
                let ill = |text| Page::plain(StatusCode::SERVICE_UNAVAILABLE, text);
                let trouble = self.parts.store.trouble().borrow().is_some();
                match self.parts.is_well().await {
                    // Whoever restarts what is not healthy would mend nothing.
                    Ok(()) if trouble && path == "/readyz" => {
                        ill("the database was moved or replaced\n")
                    }
                    Ok(()) => Page::plain(StatusCode::OK, "ok\n"),
                    Err(NotWell::Silent) => ill("the database does not answer\n"),
                    Err(NotWell::Store(error)) => {
                        tracing::error!(%error, "not well");
                        ill("the database cannot be read\n")
                    }
                }
            }
            _ => Page::not_found(),
        }
    }
}

#[async_trait]
impl Figures for Monitoring {
    fn process(&self) -> ProcessFigures {
        self.parts.metrics.process()
    }

    fn unreachable(&self) -> Vec<Unreachable> {
        self.parts.outbound.unreachable()
    }

    async fn now(&self) -> Now {
        let parts = &self.parts;
        let spool = parts.store.spool_figures().await.unwrap_or_default();
        let events = parts.store.event_figures().await.unwrap_or_default();
        let now = clock::millis();
        let age = spool.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
        let files = keys::certificate_files(&parts.config);
        let ends = files.iter().filter_map(|files| tls::expiry(&files.certificate).ok());
        let end = ends.map(|life| life.end).min();
        Now {
            spool_messages: spool.messages,
            spool_octets: spool.octets,
            spool_age: age.as_millis() as f64 / 1000.0,
            spool_unreadable: spool.unreadable,
            events_waiting: events.waiting,
            events_lost: events.lost,
            store_trouble: parts.store.trouble().borrow().is_some(),
            connections: self.clients.connections(),
            map_connections: self.connections.open(),
            idle_connections: parts.outbound.idle_connections(),
            memory: parts.memory.used(),
            dns: parts.outbound.resolver().counts(),
            dns_questions: parts.outbound.resolver().questions(),
            tls: parts.outbound.tls_totals(),
            providers: providers(parts),
            certificate_end: end,
        }
    }
}

/// Those that a table names, and `other` for each that is in none: their names are up to whoever writes.
fn providers(parts: &Parts) -> Vec<Told> {
    let is_named = |name: &str| {
        PROVIDERS.iter().any(|one| one.name == name)
            || parts.config.providers.iter().any(|own| own.name == name)
    };
    let mut told = providers::told(parts);
    for one in &mut told {
        if !is_named(&one.provider) {
            "other".clone_into(&mut one.provider);
        }
    }
    told
}
