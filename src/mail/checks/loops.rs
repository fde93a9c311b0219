//! Mail that goes round in circles.

use super::Ruling;
use crate::{
    mail::recipient::Recipient,
    message::{Header, LoopMarks, LoopToken},
    reply::Reply,
    srs::Keyring,
};

/// Each server on the way adds a Received field (RFC 5321 §6.3).
pub(super) fn hops(header: &Header<'_>, most: usize) -> Ruling {
    match header.named("Received").count() > most {
        true => Reply::mail_loop().into(),
        false => Ruling::Pass,
    }
}

/// Our token for each recipient, to be put before the message.
///
/// # Errors
/// When the message has one of them already, or says in Delivered-To that it was delivered to this very recipient,
/// as Postfix and Exim have it: it has come round in a circle.
pub(super) fn tokens(
    header: &Header<'_>,
    keyring: &Keyring,
    recipients: &[Recipient],
) -> Result<Vec<LoopToken>, Ruling> {
    let marks = LoopMarks::of(header);
    let mut tokens = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let key = recipient.key();
        // Under retired secrets too: a mail may be on its way for days.
        let mut known = keyring.digests(LoopToken::PURPOSE, &key).map(LoopToken::new).peekable();
        tokens.extend(known.peek().cloned());
        // What returns was never delivered to an SRS address: that field is somebody's slip.
        let was_here = !recipient.is_srs_return() && marks.was_delivered_to(&key);
        if was_here || known.any(|token| marks.contains(&token)) {
            return Err(Reply::mail_loop().into());
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_counted() {
        let header = Header::scan(b"Received: a\r\nReceived: b\r\n\r\n");
        assert_eq!(hops(&header, 2), Ruling::Pass);
        assert!(matches!(hops(&header, 1), Ruling::Refuse(_)));
    }
}
