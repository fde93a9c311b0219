//! Outbound delivery against scripted receivers on loopback.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod bytes_sent;
mod dns;
mod governed;
mod hung;
mod kept;
mod lmtp;
mod login;
mod mx;
mod peer;
mod probes;
mod secure;
mod stages;

use onward::{
    address::{Domain, Mailbox, ReversePath},
    dns::Resolver,
    fate::Verdict,
    message::{Source, Text},
    next_hop::NextHop,
    outbound::{
        Attempt, DsnRequest, Governor, Outbound, OutboundConfig, OutboundLimits, Outgoing,
        Preferences, Progress,
    },
    provider::Providers,
    slots::Cause,
    tls::Connector,
};
use std::{net::SocketAddr, time::Duration};
use tokio::time::Instant;

/// Long enough never to be reached.
pub(crate) const AMPLE: Duration = Duration::from_secs(20);
/// For peers that say nothing.
pub(crate) const SHORT: Duration = Duration::from_millis(250);

pub(crate) fn outbound(limits: OutboundLimits) -> Outbound {
    outbound_with_dns(limits, &["127.0.0.1:1".parse().unwrap()], 25)
}

pub(crate) fn outbound_with_dns(
    limits: OutboundLimits,
    dns: &[SocketAddr],
    mx_port: u16,
) -> Outbound {
    Outbound::new(config(limits, dns, mx_port))
}

pub(crate) fn config(limits: OutboundLimits, dns: &[SocketAddr], mx_port: u16) -> OutboundConfig {
    OutboundConfig {
        hostname: Domain::parse("mx.onward.test").unwrap(),
        resolver: Resolver::new(dns).unwrap(),
        mx_port,
        limits,
        connector: Connector::new(None).unwrap(),
        preferences: Preferences::default(),
        sts_port: None,
        store: None,
        dane: None,
        governor: Governor::new(Providers::default()),
        passwords: |_| Ok("geheim".to_owned().into()),
        listener: None,
    }
}

pub(crate) fn mail(recipients: &[&str], message: &str) -> Outgoing {
    Outgoing {
        reverse_path: ReversePath::Mailbox(Mailbox::parse("SRS0=x=y=a.test=b@srs.test").unwrap()),
        recipients: recipients.iter().map(|r| Mailbox::parse(r).unwrap()).collect(),
        cause: Cause::default(),
        text: text("Received: from somewhere\r\n", message),
        eight_bit: false,
        smtputf8: false,
        dsn: DsnRequest::default(),
        checkpoint: None,
        progress: Progress::default(),
        tells_success: true,
    }
}

pub(crate) fn text(prefix: &str, message: &str) -> Text {
    Text::new(prefix.to_owned(), Source::from(message.as_bytes().to_vec()))
}

pub(crate) fn simple_mail() -> Outgoing {
    mail(&["bob@sink.test"], "Subject: hello\r\n\r\nHello.\r\n")
}

pub(crate) async fn deliver(
    outbound: &Outbound,
    hop: &NextHop,
    mail: &Outgoing,
    time: Duration,
) -> Vec<Attempt> {
    let attempts = outbound.deliver(hop, mail, Instant::now() + time).await;
    assert_eq!(attempts.len(), mail.recipients.len());
    for attempt in &attempts {
        let expected = match attempt.outcome.verdict {
            Verdict::Delivered => 2,
            Verdict::Refused => 5,
            Verdict::Deferred => 4,
        };
        assert_eq!(attempt.outcome.reply.code() / 100, expected, "{attempt:?}");
        assert_eq!(attempt.outcome.reply.status().unwrap().0, expected as u8, "{attempt:?}");
    }
    attempts
}

/// `verdict reply`, and `?` where it is uncertain.
pub(crate) fn shown(attempt: &Attempt) -> String {
    let mark = if attempt.uncertain { " ?" } else { "" };
    format!("{:?} {}{mark}", attempt.outcome.verdict, attempt.outcome.reply)
}
