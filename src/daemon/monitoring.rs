//! What is to be seen over HTTP: figures, and whether all is well.

use crate::{
    http::Page, inbound::Clients, mail::Services, metrics::Now, postfix::Connections, tls,
};
use hyper::StatusCode;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// OpenMetrics, which Prometheus asks for.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// For the answer to whether all is well.
const WELL_WITHIN: Duration = Duration::from_secs(5);

/// What the pages are made of.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) services: Arc<Services>,
    pub(super) clients: Arc<Clients>,
    pub(super) connections: Arc<Connections>,
}

impl Watched {
    /// `/metrics`, `/healthz` and `/readyz`.
    pub(super) async fn page(self, path: String) -> Page {
        match path.as_str() {
            "/metrics" => {
                let text = self.services.metrics.text(&self.now().await);
                Page { status: StatusCode::OK, kind: METRICS, text }
            }
            "/healthz" | "/readyz" => {
                let well = timeout(WELL_WITHIN, self.services.store.is_well()).await;
                match well {
                    Ok(Ok(())) => Page::plain(StatusCode::OK, "ok\n"),
                    Ok(Err(error)) => {
                        tracing::error!(%error, "not well");
                        Page::plain(
                            StatusCode::SERVICE_UNAVAILABLE,
                            "the database cannot be read\n",
                        )
                    }
                    Err(_) => Page::plain(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "the database does not answer\n",
                    ),
                }
            }
            _ => Page::not_found(),
        }
    }

    async fn now(&self) -> Now {
        let services = &self.services;
        let spool = services.store.spool_figures().await.unwrap_or_default();
        let now = crate::clock::millis();
        let age = spool.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
        let files = services.config.tls.certificates.first();
        let end = files.and_then(|files| tls::expiry(&files.certificate).ok());
        Now {
            spool_messages: spool.messages,
            spool_octets: spool.octets,
            spool_age: age.as_millis() as f64 / 1000.0,
            spool_unreadable: spool.unreadable,
            connections: self.clients.connections(),
            map_connections: self.connections.open(),
            idle_connections: services.outbound.idle_connections(),
            memory: services.memory.used(),
            dns: services.outbound.resolver().counts(),
            tls: services.outbound.tls_totals(),
            certificate_end: end.map(|life| life.end),
        }
    }
}
