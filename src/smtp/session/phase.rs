//! Where a session stands.

use super::{Incoming, Transaction};
use crate::address::{ForwardPath, HeloName};

#[derive(Debug)]
pub(super) struct Client {
    pub(super) helo: HeloName,
    pub(super) esmtp: bool,
}

#[derive(Debug, Default)]
pub(super) enum Phase {
    #[default]
    Commands,
    Incoming(Incoming),
    /// The driver owes the answer to the MAIL that would open this transaction.
    Sender(Box<Transaction>),
    /// The driver owes the answer to this RCPT.
    Recipient(ForwardPath),
    /// The driver owes the answer to DATA.
    Data,
    /// The driver owes the answer to STARTTLS.
    StartTls,
    /// The driver owes the handshake.
    Handshake,
    /// The driver owes the answer to the message.
    Verdict,
    Closed,
}
