//! The envelope of a transaction: reverse-path, its parameters, forward-paths (RFC 5321 §2.3.1).

mod dsn;

pub use dsn::{EnvelopeId, MailDsn, Notify, Occasion, OriginalRecipient, RcptDsn, Returned};

use crate::address::{ForwardPath, ReversePath};

/// BODY parameter of MAIL (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Body {
    /// Absent or `7BIT`.
    #[default]
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
}

/// Parameters of MAIL that were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE: what the client says the message will have, in octets (RFC 1870).
    pub size: Option<u64>,
    /// BODY.
    pub body: Body,
    /// SMTPUTF8 (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// RET and ENVID, where they are offered (RFC 3461).
    pub dsn: MailDsn,
}

/// Who sends to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where bounces go.
    pub reverse_path: ReversePath,
    /// What MAIL said beside it.
    pub parameters: MailParameters,
    /// Accepted recipients, in the order of their RCPT.
    pub forward_paths: Vec<ForwardPath>,
}
