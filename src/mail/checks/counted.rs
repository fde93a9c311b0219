//! What a message takes of what its aliases have: messages that they take in all, and in a time.

use crate::mail::{parts::Parts, rates::TakenLimits, recipient::Recipient, returned::Refusal};
use std::net::IpAddr;

/// What a message has taken. Dropped, it is given back: only what is accepted counts.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    limits: Option<TakenLimits>,
}

impl Counted {
    /// Counts a message of `client` to these recipients.
    ///
    /// # Errors
    /// What refuses it, or puts it off; nothing is counted then.
    pub(crate) async fn of(
        parts: &Parts,
        client: Option<IpAddr>,
        recipients: &[Recipient],
    ) -> Result<Self, Refusal> {
        let limits = parts.rates.take_recipients(client, recipients)?;
        Ok(Self { limits: Some(limits) })
    }

    /// The message was accepted.
    pub(crate) fn spend(self) {
        if let Some(limits) = self.limits {
            limits.spend();
        }
    }
}
