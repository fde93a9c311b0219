//! What came of TLS, written down; and the owners of the domains told, if they ask for it (RFC 8460).

use super::{
    clock,
    current::Current,
    services::Services,
    spool::{Added, added},
};
use crate::{
    address::{ForwardPath, Mailbox, ReversePath},
    daemon::form::signatures,
    mta_sts::PolicyStore,
    reply::ForeignReply,
    store::spool::{Head, Leg, LegState, NewMessage},
    tls_rpt::{Report, Row, report_to},
};
use std::{str, time::Duration};

/// How often results are written down.
const COUNT_EVERY: Duration = Duration::from_mins(1);
/// In seconds.
const DAY: u64 = 86_400;
/// Domains that are told of one day.
const MAX_REPORTS: usize = 1000;

/// Never ends.
pub(super) async fn run(current: &Current) {
    loop {
        let services = current.get();
        // Known before the first message waits for it.
        services.outbound.prepare().await;
        if services.config.tls.reports {
            report(&services).await;
        }
        tokio::time::sleep(COUNT_EVERY).await;
        keep_results(&current.get()).await;
    }
}

/// Writes down what was counted since the last time.
pub(super) async fn keep_results(services: &Services) {
    let counts = services.outbound.take_tls_results();
    if counts.is_empty() {
        return;
    }
    if let Err(error) = services.store.add_tls_results(counts, clock::seconds()).await {
        tracing::error!(%error, "cannot count TLS sessions");
    }
}

/// Reports on yesterday, once.
async fn report(services: &Services) {
    let now = clock::seconds();
    let Some(day) = (now / DAY).checked_sub(1) else { return };
    let rows = match services.store.tls_results_to_report(day).await {
        Ok(rows) => rows,
        Err(error) => return tracing::error!(%error, "cannot read what came of TLS"),
    };
    for rows in rows.chunk_by(|a, b| a.domain == b.domain).take(MAX_REPORTS) {
        report_to_one(services, rows, day, now).await;
    }
}

async fn report_to_one(services: &Services, rows: &[Row], day: u64, now: u64) {
    let Some(Row { domain, .. }) = rows.first() else { return };
    let asked = services.outbound.resolver().texts(&format!("_smtp._tls.{domain}")).await;
    let texts = asked.unwrap_or_default();
    let to = report_to(texts.iter().filter_map(|text| str::from_utf8(text).ok()));
    let srs_domain = &services.config.srs.settings.domain;
    let Ok(contact) = Mailbox::parse(&format!("postmaster@{srs_domain}")) else { return };
    let policy = services.store.sts_policy(domain, now).await.ok().flatten();
    for to in to {
        let id = clock::message_id().to_string();
        let policy = policy.iter().flat_map(|policy| policy.text.lines());
        let report = Report {
            domain,
            day,
            hostname: &services.config.hostname,
            contact: &contact,
            id: &id,
            rows,
            policy: policy.map(str::to_owned).collect(),
        };
        let message = report.to_message(&to, now);
        let arrived = clock::steady_millis();
        let new = NewMessage {
            head: Head {
                id: id.clone(),
                arrived,
                client: None,
                helo: String::new(),
                sender: ReversePath::Null,
                notify: false,
                eight_bit: false,
                smtputf8: !to.local().is_ascii(),
                has_delivered: false,
                has_failed: false,
            },
            prefix: signatures(services, srs_domain, &[&message]).into(),
            message: message.into(),
            legs: vec![Leg {
                recipient: ForwardPath::Mailbox(to.clone()),
                mailbox: to.clone(),
                reverse_path: ReversePath::Null,
                state: LegState::Queued,
                was_uncertain: false,
                attempts: 0,
                next_attempt: arrived,
                reply: ForeignReply { code: 451, status: None, text: "Not tried yet".to_owned() },
            }],
        };
        let spooled: Result<Added, _> =
            added(services, new, format!("TLS report about {domain}")).await;
        match spooled {
            Ok(added) => {
                tracing::info!(id, domain, %to, "TLS report");
                services.spool.added(added);
            }
            Err(error) => tracing::error!(%error, domain, "no TLS report"),
        }
    }
}
