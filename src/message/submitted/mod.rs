//! What a message says of its senders, for judging whether whoever submits it may say so.
//!
//! Receivers read header sections in many ways, so two readings have to agree: that of RFC 5322 ([`Authors`]), and
//! a lenient one of whatever somebody might take for the address of a sender: in a line that begins behind a fold,
//! in a display name, a comment or a group, encoded or not. What is left, addresses with blanks or comments inside and
//! an `@` in a name without quotes, is not taken from our own users.

mod lines;
mod mentions;
mod plain;

use super::{Authors, Header};
use crate::{
    address::{Domain, Mailbox},
    reply::Reply,
};
use lines::claims;
use mentions::{Mention, mentions};
use plain::{has_known_charsets, not_plain};

/// The fields that name who sends (RFC 5322 §3.6.2, §3.6.6).
const FIELDS: [&str; 4] = ["From", "Sender", "Resent-From", "Resent-Sender"];
/// Most lines that name a sender.
const MAX_CLAIMS: usize = 100;
/// Most addresses that might be seen in one of them.
const MAX_MENTIONS: usize = 100;

/// Why a message is not to leave in the name of those whom it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// This field names somebody else.
    Foreign {
        /// The field.
        field: &'static str,
        /// The address, as it is read.
        address: String,
    },
    /// It cannot be said for certain whom the message names.
    Unclear(Reply),
}

/// Reads the senders of `message`, whose lines end in CRLF, and demands that `may` says yes to each of them. Gives
/// those of From.
///
/// # Errors
/// The first who is somebody else, or what cannot be read for certain.
pub fn senders(message: &[u8], may: impl Fn(&Mailbox) -> bool) -> Result<Authors, Objection> {
    let claims = claims(message);
    if claims.len() > MAX_CLAIMS {
        let reply = Reply::bad_header("Message has too many From, Sender or Resent fields");
        return Err(Objection::Unclear(reply));
    }
    for (field, value) in &claims {
        if !has_known_charsets(value) {
            let reply = Reply::bad_header(
                "From, Sender or Resent-From has an encoded-word that not everybody reads in one way: use UTF-8 (RFC 2047)",
            );
            return Err(Objection::Unclear(reply));
        }
        let mentions = mentions(value);
        if mentions.len() > MAX_MENTIONS {
            let reply = Reply::bad_header("From, Sender or Resent-From names too many addresses");
            return Err(Objection::Unclear(reply));
        }
        for mention in mentions {
            if !mention.mailbox().is_some_and(|mailbox| may(&mailbox)) {
                return Err(foreign(field, mention.text));
            }
        }
    }
    let header = Header::scan(message);
    let from = Authors::read(&header).map_err(Objection::Unclear)?;
    check("From", &from, &may)?;
    for name in FIELDS.into_iter().filter(|name| *name != "From") {
        for field in header.named(name) {
            let named = Authors::of_value(field.value).ok_or_else(|| {
                Objection::Unclear(Reply::bad_header(
                    "Sender, Resent-From or Resent-Sender cannot be read for certain: write it as \
                     \"Name\" <name@domain> (RFC 5322 section 3.4)",
                ))
            })?;
            check(name, &named, &may)?;
        }
    }
    // Whatever else stands around an `@` is read in one way by some and in another by others.
    match claims.iter().find_map(|(field, value)| Some((*field, not_plain(value)?))) {
        Some((field, address)) => Err(foreign(field, address)),
        None => Ok(from),
    }
}

fn check(
    field: &'static str,
    named: &Authors,
    may: impl Fn(&Mailbox) -> bool,
) -> Result<(), Objection> {
    if let Some(other) =
        named.mailboxes().iter().find(|mailbox| !is_exact(mailbox) || !may(mailbox))
    {
        return Err(foreign(field, other.to_string()));
    }
    let is_named = |domain: &Domain| named.mailboxes().iter().any(|it| it.domain() == domain);
    match named.domains().iter().find(|domain| !is_named(domain)) {
        Some(domain) => Err(foreign(field, format!("@{domain}"))),
        None => Ok(()),
    }
}

fn foreign(field: &'static str, address: String) -> Objection {
    Objection::Foreign { field, address }
}

/// False where only folding the case makes an ASCII name of other signs: U+212A is no K for whoever compares octets.
pub fn is_exact(mailbox: &Mailbox) -> bool {
    mailbox.local().is_ascii() || !mailbox.local().to_key().is_ascii()
}

impl Mention {
    /// The address, where it is one that is written as it is compared.
    fn mailbox(&self) -> Option<Mailbox> {
        let mailbox = Mailbox::new(
            crate::address::LocalPart::new(&self.local).ok()?,
            Domain::parse(&self.domain).ok()?,
        );
        let mailbox = mailbox.ok()?;
        let written = self.domain.to_lowercase();
        // U-labels that are written in another way are others for whoever compares octets.
        let is_written_so = self.domain.is_ascii()
            || idna::domain_to_unicode(mailbox.domain().as_str()).0 == written;
        (is_written_so && is_exact(&mailbox)).then_some(mailbox)
    }
}

#[cfg(test)]
mod tests;
