//! The program that is told.

use crate::{
    address::Domain,
    clock,
    config::{Config, Webhook},
    dns::Resolver,
    event::signature,
    tls::{Connector, RootsError},
    web_client::Server,
};
use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};
use tokio::time::timeout;

/// Where events are sent.
#[derive(Debug)]
pub(crate) struct Hook {
    webhook: Webhook,
    patience: Duration,
    connector: Connector,
    resolver: Resolver,
}

impl Hook {
    /// The one of the configuration, if there is one.
    pub(crate) fn new(config: &Config, resolver: &Resolver) -> Result<Option<Self>, RootsError> {
        let Some(webhook) = config.events.webhook.clone() else { return Ok(None) };
        let connector = Connector::new(config.tls.ca_file.as_deref())?;
        let patience = config.events.timeout;
        Ok(Some(Self { webhook, patience, connector, resolver: resolver.clone() }))
    }

    /// Where that is, without what may be a secret of it.
    pub(super) fn place(&self) -> &Webhook {
        &self.webhook
    }

    /// Sends an event.
    ///
    /// # Errors
    /// Why it was not taken, in words.
    pub(super) async fn send(&self, secret: Option<&str>, body: &str) -> Result<(), String> {
        match timeout(self.patience, self.ask(secret, body)).await {
            Ok(sent) => sent,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn ask(&self, secret: Option<&str>, body: &str) -> Result<(), String> {
        let Webhook { is_tls, port, path, host, .. } = &self.webhook;
        let mut request = Request::post(path)
            .header(HOST, self.webhook.authority())
            .header(USER_AGENT, concat!("onward/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json");
        if let Some(secret) = secret {
            let signed = signature(secret.as_bytes(), clock::now(), body);
            request = request.header("Onward-Signature", signed);
        }
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        let request = request.body(body).map_err(|error| error.to_string())?;
        let name = Domain::parse(host).ok().filter(|name| name.literal().is_none());
        let server = Server {
            connector: is_tls.then_some(&self.connector),
            name: name.as_ref().filter(|_| host.parse::<IpAddr>().is_err()),
            addresses: self.addresses(host, name.as_ref()).await?,
            port: *port,
        };
        // What stands behind the status does not count, and may have no end.
        let answer = server.ask(request, 0).await.map_err(|error| error.to_string())?;
        match answer.status {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => {
                Err(format!("the answer is {status}, which is not followed"))
            }
            status => Err(format!("the answer is {status}")),
        }
    }

    async fn addresses(&self, host: &str, name: Option<&Domain>) -> Result<Vec<IpAddr>, String> {
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        // Nobody's DNS is asked which machine this one is.
        if host == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let nowhere = || "its host has no address".to_owned();
        let name = name.ok_or_else(nowhere)?;
        self.resolver.local_addresses(name).await.map_err(|_| nowhere())
    }
}
