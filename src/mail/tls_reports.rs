//! What came of TLS, written down; and the owners of the domains told, if they ask for it (RFC 8460).

use super::{
    current::Current,
    parts::Parts,
    spool::{own_message, spool_own},
};
use crate::{
    address::Mailbox,
    clock,
    time::UnixTime,
    tls_rpt::{Report, Row, report_to},
};
use std::{str, time::Duration};

/// How often results are written down.
const COUNT_EVERY: Duration = Duration::from_mins(1);
/// Domains that are told of one day.
const MAX_REPORTS: usize = 1000;

/// Keeps the results of TLS and reports them, for ever.
pub(crate) async fn run(current: &Current) {
    loop {
        let parts = current.get();
        // Known before the first message waits for it.
        parts.outbound.prepare().await;
        if parts.config.tls.reports {
            report(&parts).await;
        }
        tokio::time::sleep(COUNT_EVERY).await;
        keep_results(&current.get()).await;
    }
}

/// Writes down what was counted since the last time.
pub(crate) async fn keep_results(parts: &Parts) {
    let counts = parts.outbound.take_tls_results();
    if counts.is_empty() {
        return;
    }
    if let Err(error) = parts.store.add_tls_results(counts, clock::now()).await {
        tracing::error!(%error, "cannot count TLS sessions");
    }
}

/// Reports on yesterday, once.
async fn report(parts: &Parts) {
    let now = clock::now();
    let Some(day) = now.day().checked_sub(1) else { return };
    let rows = match parts.store.tls_results_to_report(day).await {
        Ok(rows) => rows,
        Err(error) => return tracing::error!(%error, "cannot read what came of TLS"),
    };
    for rows in rows.chunk_by(|a, b| a.domain == b.domain).take(MAX_REPORTS) {
        report_to_one(parts, rows, day, now).await;
    }
}

async fn report_to_one(parts: &Parts, rows: &[Row], day: u64, now: UnixTime) {
    let Some(Row { domain, .. }) = rows.first() else { return };
    let asked = parts.outbound.resolver().texts(&format!("_smtp._tls.{domain}")).await;
    let texts = asked.unwrap_or_default();
    let to = report_to(texts.iter().filter_map(|text| str::from_utf8(text).ok()));
    let srs_domain = &parts.config.srs.settings.domain;
    let Ok(contact) = Mailbox::parse(&format!("postmaster@{srs_domain}")) else { return };
    let policy = parts.store.sts_policy(domain, now).await.ok().flatten();
    for to in to {
        let id = clock::message_id();
        let policy = policy.iter().flat_map(|policy| policy.text.lines());
        let report = Report {
            domain,
            day,
            hostname: &parts.config.hostname,
            contact: &contact,
            id: &id.to_string(),
            rows,
            policy: policy.map(str::to_owned).collect(),
        };
        let message = report.to_message(&to, now);
        let arrived = clock::steady_millis();
        let new = own_message(parts, id, arrived, message, &to, vec![to.clone()], None);
        match spool_own(parts, new, format!("TLS report about {domain}")).await {
            Ok(added) => {
                tracing::info!(%id, domain, %to, "TLS report");
                parts.spool.added(added);
            }
            Err(error) => tracing::error!(%error, domain, "no TLS report"),
        }
    }
}
