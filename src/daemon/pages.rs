//! What is to be had over HTTP: figures, health, and how mail programs are set up.

use super::monitoring::Monitoring;
use crate::{
    client_setup::{self, Document, EMAIL_ADDRESS, Incoming, Person, Request},
    config::Served,
    http::{Page, Question},
    mail::Parts,
};
use hyper::StatusCode;
use std::sync::Arc;

/// The pages of one listener.
#[derive(Debug, Clone)]
pub(super) struct Pages {
    pub(super) monitoring: Monitoring,
    pub(super) serve: Arc<[Served]>,
}

impl Pages {
    /// True for what is asked of these pages, and not of the application beside them.
    pub(super) fn take(&self, question: &Question) -> bool {
        let Question { path, query, host, .. } = question;
        let trimmed = path.trim_start_matches('/');
        let is_api = trimmed == "api" || trimmed.starts_with("api/");
        let serves = |served| self.serve.contains(&served);
        let has_others = serves(Served::Metrics) || serves(Served::Autoconfig);
        match serves(Served::Web) {
            _ if is_api => false,
            false => has_others,
            true => {
                serves(Served::Metrics) && Monitoring::has(path)
                    || serves(Served::Autoconfig) && Request::parse(path, query, host).is_some()
            }
        }
    }

    pub(super) async fn page(self, question: Question) -> Page {
        let serves = |served| self.serve.contains(&served);
        let Question { path, query, host, .. } = &question;
        if serves(Served::Autoconfig)
            && let Some(request) = Request::parse(path, query, host)
        {
            return set_up(&self.monitoring.parts, &request).unwrap_or_else(unknown);
        }
        match serves(Served::Metrics) {
            true => self.monitoring.page(question).await,
            false => unknown(),
        }
    }
}

/// What a mail program is told: of any address of a hosted domain the same, whoever has an account.
fn set_up(parts: &Parts, Request { document, domain }: &Request) -> Option<Page> {
    let config = &parts.config;
    let outgoing = config.outgoing()?;
    if !parts.store.is_hosted(domain) {
        return None;
    }
    let server = config.submission.incoming.clone();
    let incoming = server.map(|server| Incoming { server, username: None });
    let (kind, text) = match document {
        Document::Autoconfig => (
            "text/xml; charset=utf-8",
            client_setup::autoconfig(domain, &outgoing, incoming.as_ref(), EMAIL_ADDRESS),
        ),
        Document::Profile { address, account } => {
            let account = account.as_ref().unwrap_or(address).clone();
            let person = Person { account, address: address.clone() };
            // Its form wants to know where mail is read. Whoever asks does not say that: a profile of ours would send
            // others to a server of his.
            let profile = client_setup::apple_profile(&person, &outgoing, &incoming?)?;
            ("application/x-apple-aspen-config; charset=utf-8", profile)
        }
    };
    Some(Page { status: StatusCode::OK, kind, text })
}

fn unknown() -> Page {
    Page::plain(StatusCode::NOT_FOUND, "nothing of that name is here\n")
}
