//! What a session asks of its driver.

use crate::{
    address::{ForwardPath, HeloName},
    envelope::{Envelope, RcptDsn},
    reply::Reply,
    sasl::Credentials,
    smtp::{tls::Tls, xforward::Origin},
};

/// What the driver has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write the output; then give the answer that is owed, or else more input.
    NeedInput,
    /// Decide on the sender of a transaction, of which this is the envelope, and answer: 2xx opens the
    /// transaction.
    Sender(Envelope),
    /// Decide on this recipient of [`Session::envelope_so_far`], of whom so much is asked of DSNs, and answer: 2xx adds
    /// it.
    Recipient(ForwardPath, RcptDsn),
    /// Decide whether the text of the message may come at all and answer: 354 bids the client begin.
    Data,
    /// Write the output, decide on this message and answer. Without the answer the client must take it
    /// for undelivered.
    Message(Box<Transaction>),
    /// Know that a transaction ended without a message; no answer is awaited.
    Aborted(Aborted),
    /// Say whether TLS can begin, by an answer; after a positive one write the output, begin, and tell
    /// [`Session::secured`].
    StartTls,
    /// Say whether these are the credentials of an account, and answer: 2xx lets the client send mail. Whatever
    /// the client sent before it heard the answer must not be received: the session is to be shut down.
    Authenticate(Credentials),
    /// Write the output and close the connection.
    Close,
}

/// A message with all that the client said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What the client called itself.
    pub helo: HeloName,
    /// From whom the client has it, if it may say so.
    pub origin: Option<Origin>,
    /// EHLO and not HELO: Received says ESMTP (RFC 3848).
    pub esmtp: bool,
    /// How the session was encrypted, if it was.
    pub tls: Option<Tls>,
    /// From whom and for whom; at least one forward-path.
    pub envelope: Envelope,
    /// The message as sent, without stuffed dots: every line ends in CRLF, there is no other CR or LF
    /// and no NUL. Or the refusal to answer with, where it breaks this rule or did not fit.
    pub message: Result<Vec<u8>, Reply>,
    /// Lines of the message ended in a bare LF as it came.
    pub is_normalized: bool,
}

impl Transaction {
    /// What the client that a relay names called itself, or else the one that is connected.
    pub fn author_helo(&self) -> &str {
        Origin::helo_or(self.origin.as_ref(), self.helo.as_str())
    }
}

/// A transaction that ended without a message: by RSET, another EHLO, or with the session.
#[derive(Debug, PartialEq, Eq)]
pub struct Aborted {
    /// The transaction as far as it had come; the message is empty.
    pub transaction: Box<Transaction>,
    /// The text of the message was under way, behind DATA or BDAT.
    pub in_message: bool,
}
