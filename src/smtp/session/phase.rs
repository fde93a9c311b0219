//! Where a session stands.

use super::{Incoming, Transaction};
use crate::{
    address::{ForwardPath, HeloName},
    sasl::Exchange,
};

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
    /// The client is to answer a challenge.
    Challenge(Exchange),
    /// The driver owes the answer to credentials.
    Authenticate,
    /// The driver owes the handshake.
    Handshake,
    /// The driver owes the answer to the message.
    Verdict,
    Closed,
}
