//! Delivery status notifications: what a sender is told of recipients that will not get a message, and how
//! often: a [`Ledger`] says which may leave; and those of others, which are read as a [`Report`].
//!
//! A [`Notice`] becomes a multipart/report of three parts (RFC 6522): words for people, fields for
//! programs (RFC 3464), and the header section that came, or all of a small message where the sender asks for it. It
//! never names where an alias leads. It is ASCII with CRLF line ends whatever it is made of, so it needs neither
//! 8BITMIME nor, for its content, SMTPUTF8; but the body of a message that comes back whole is as it was.
//!
//! The writer is mail-builder. It would take the time, its own host's name and a random boundary for
//! what it is not given, so it is given everything.

mod ledger;
mod mime;
mod names;
mod original;
mod reason;
mod report;
mod status;
mod text;

pub use ledger::{Claim, Ledger, Print, Silence, Subject};
pub use reason::reason;
pub use report::{Action, Report, ReportedRecipient};

use crate::{
    address::{Domain, ForwardPath, Mailbox},
    envelope::{MailDsn, OriginalRecipient, Returned},
    message::{Header, MessageId},
    reply::Reply,
    time::UnixTime,
};
use jiff::Timestamp;
use mail_builder::{
    MessageBuilder,
    headers::{content_type::ContentType, date::Date, raw::Raw},
    mime::MimePart,
};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What the sender of a message is to be told. It is sent with a null reverse-path.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The id of the notice.
    pub id: MessageId,
    /// Our own name.
    pub hostname: &'a Domain,
    /// Who answers for this server: its postmaster.
    pub from: &'a Mailbox,
    /// The reverse-path of the message as it came, not rewritten.
    pub to: &'a Mailbox,
    /// Names the message in the journal; what no [`MessageId`] has is left out.
    pub original_id: &'a str,
    /// What its client asked of DSNs.
    pub dsn: &'a MailDsn,
    /// When the message came.
    pub arrived: UnixTime,
    /// When the last attempt ended.
    pub now: UnixTime,
    /// The message, or its header section alone, which is sent; more of it where the sender wants a failure to bring back
    /// all.
    pub original: &'a [u8],
    /// Whom the message did not reach, or of whom something else is told: one at least.
    pub failures: &'a [FailedRecipient<'a>],
}

/// A recipient that will not get the message, or of whom something else is reported.
#[derive(Debug, Clone, Copy)]
pub struct FailedRecipient<'a> {
    /// The recipient as the sender wrote it.
    pub path: &'a ForwardPath,
    /// Whom the sender says to have written to first.
    pub original: Option<&'a OriginalRecipient>,
    /// The last reply, as a client may see it.
    pub reply: &'a Reply,
    /// Why nothing more is tried.
    pub cause: Cause,
}

/// Why nothing more is tried, or what else is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The destination said no for good.
    Refused,
    /// The destination did not take the message in time.
    GivenUp {
        /// The time from the first attempt to the last.
        tried_for: Duration,
        /// A final reply was lost: the destination may have the message.
        is_uncertain: bool,
    },
    /// The recipient has still to wait.
    Waits {
        /// The time since the message came.
        waited: Duration,
        /// When it will be given up.
        until: UnixTime,
    },
    /// The next mail system has the message, and makes no reports.
    Relayed,
    /// The message is in the mailbox.
    Delivered,
    /// A mail system behind this one reports that this became of it.
    Reported {
        /// What was done.
        action: Action,
        /// It may have been about another of the recipients that are told of, and not this one.
        is_one_of: bool,
    },
}

impl Notice<'_> {
    /// True when it can go only with SMTPUTF8 (RFC 6531 §3.4): the address it is sent to is not ASCII.
    /// The message itself is, see [`Notice::to_message`].
    pub fn needs_smtputf8(&self) -> bool {
        !self.to.local().is_ascii()
    }

    /// The message. Its lines end in CRLF and have 998 octets at most; all its octets are ASCII, but for those of a body
    /// that comes back.
    ///
    /// A non-ASCII alias stands in the text as it is, in an encoding, and in the fields for programs as
    /// RFC 6533 §3 has it for 7-bit reports. A non-ASCII sender or postmaster cannot stand in To or From
    /// of an ASCII message; there an empty group names it (RFC 6857 §3.1).
    pub fn to_message(&self) -> Vec<u8> {
        let header = Header::scan(self.original);
        let mut builder = MessageBuilder::new()
            .header("From", names::field(Some("Mail Delivery System"), self.from))
            .header("To", names::field(None, self.to))
            .header("Subject", Raw::new(names::unstructured(&text::subject(self))))
            .date(date(self.now))
            .message_id(format!("{}@{}", self.id, self.hostname))
            // RFC 3834 §5.
            .header("Auto-Submitted", Raw::new("auto-replied"));
        if let Some(id) = original::message_id(&header) {
            builder = builder.in_reply_to(id).references(id);
        }
        let whole = self.whole(&header);
        let text = text::body(self, whole.is_some());
        let status = status::fields(self);
        let (back, encoding) = match whole {
            Some(whole) if !whole.is_ascii() => (whole, "8bit"),
            Some(whole) => (whole, "7bit"),
            None => (original::section(&header), "7bit"),
        };
        let boundary = boundary(self.id, [text.as_bytes(), &status, back]);
        let report = ContentType::new("multipart/report")
            .attribute("report-type", "delivery-status")
            .attribute("boundary", boundary);
        let parts = vec![
            MimePart::new("text/plain", text),
            // RFC 3464 §2.1 wants it readable as it stands.
            MimePart::new("message/delivery-status", status).transfer_encoding("7bit"),
            match whole {
                Some(whole) => MimePart::new("message/rfc822", whole).transfer_encoding(encoding),
                None => original::part(back),
            },
        ];
        let mut message = Vec::new();
        let mut report = MimePart::new(report, parts);
        if encoding == "8bit" {
            // It holds such a part (RFC 2045 §6.4).
            report = report.transfer_encoding(encoding);
        }
        builder.body(report).serialize(&mut message);
        message
    }

    /// The message, where all of it comes back: with a failure alone (RFC 3461 §4.3).
    fn whole(&self, header: &Header<'_>) -> Option<&[u8]> {
        let is_wanted = self.dsn.returned == Some(Returned::Full)
            && self.failures.iter().any(|it| status::action(it.cause) == Action::Failed);
        let whole = self.original;
        (is_wanted && original::can_come_back(header, whole)).then_some(whole)
    }
}

/// Nobody can write a part that holds its own digest, so the boundary stands in none of them as they
/// are; and an encoding has no `=_` (RFC 2045 §6.7).
fn boundary(id: MessageId, parts: [&[u8]; 3]) -> String {
    let mut hash = Sha256::new_with_prefix(id.to_string());
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    let (short, _) = digest.split_at_checked(20).unwrap_or((&digest, &[]));
    format!("=_{}", base32::encode(base32::Alphabet::Crockford, short))
}

fn date(time: UnixTime) -> Date {
    Date::new(Timestamp::from(time).as_second())
}
