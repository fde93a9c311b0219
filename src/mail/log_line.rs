use crate::{
    inbound::{LogBudget, Peer},
    store::journal::Record,
};
use std::fmt::{self, Display};

/// Writes the log line of a record. Of what is refused a client may only cause so many.
pub(super) fn log(budget: &LogBudget, record: &Record, subject: &str) {
    if record.outcome.is_refusal() && !budget.allows(&Peer { ip: record.client }) {
        return;
    }
    let client: &dyn Display = match &record.client {
        Some(ip) => ip,
        None => &"local",
    };
    let via = Joined(record.attempts.iter().map(|attempt| attempt.host.as_str()));
    tracing::info!(
        id = record.id,
        client = %client,
        from = %record.from,
        to = %Joined(record.to.iter().map(String::as_str)),
        size = record.size,
        outcome = %record.outcome,
        auth = record.auth,
        filter = record.filter.as_ref().map(tracing::field::display),
        reply = record.reply,
        via = %via,
        ms = record.ms,
        "{subject}"
    );
}

/// Texts, with a comma between any two.
struct Joined<I>(I);

impl<'a, I: Iterator<Item = &'a str> + Clone> Display for Joined<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, text) in self.0.clone().enumerate() {
            f.write_str(if number == 0 { "" } else { "," })?;
            f.write_str(text)?;
        }
        Ok(())
    }
}
