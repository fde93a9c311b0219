use crate::{
    inbound::{LogBudget, Peer},
    store::journal::Record,
};

/// Writes the log line of a record. Of what is refused a client may only cause so many.
pub(super) fn log(budget: &LogBudget, record: &Record, subject: &str) {
    if record.outcome.is_refusal() && !budget.allows(&Peer { ip: record.client }) {
        return;
    }
    let hosts: Vec<_> = record.attempts.iter().map(|attempt| attempt.host.as_str()).collect();
    tracing::info!(
        id = record.id,
        client = record.client.map_or_else(|| "local".to_owned(), |ip| ip.to_string()),
        from = %record.from,
        to = record.to.join(","),
        size = record.size,
        outcome = %record.outcome,
        auth = record.auth,
        filter = record.filter.as_ref().map(tracing::field::display),
        reply = record.reply,
        via = hosts.join(","),
        ms = record.ms,
        "{subject}"
    );
}
