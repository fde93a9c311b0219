use crate::{
    fate::{DestinationOutcome, Verdict},
    provider::{Meaning, meaning},
    reply::{Class, Hidden, Reply},
    smtp::reply_reader::ServerReply,
};

/// What the reply of a host means for the message, in words that hide what `hidden` names.
pub(super) fn outcome_of(reply: &ServerReply, hidden: &Hidden) -> DestinationOutcome {
    let in_its_words = || reply.to_foreign().for_client(hidden);
    let (verdict, reply) = match reply.class() {
        Class::Positive => (Verdict::Delivered, in_its_words()),
        // Authentication or encryption is wanted (RFC 4954 §6, RFC 3207 §4): nothing that the
        // sender could do, and the operator can mend it.
        Class::Permanent if matches!(reply.code, 530 | 534 | 535 | 538) => {
            (Verdict::Deferred, Reply::destination_refuses_us())
        }
        Class::Permanent => (Verdict::Refused, in_its_words()),
        Class::Intermediate | Class::Transient => (Verdict::Deferred, in_its_words()),
    };
    DestinationOutcome { verdict, reply }
}

/// Words of smart hosts that will not have our addresses.
const NOT_OURS: [&str; 5] = [
    "is not verified",
    "domain not verified",
    "not owned by user",
    "invalid credentials",
    "sender address rejected",
];

/// Whether a smart host that we log in at refuses us in `reply`, and not the mail or its recipient: it does not relay for
/// us, or not what is from these addresses.
pub(super) fn refuses_account(reply: &str) -> bool {
    if matches!(meaning("", reply), Some(Meaning::NoRelay | Meaning::RefusesUs)) {
        return true;
    }
    // What stands in addresses, others have chosen.
    let words = reply.split_ascii_whitespace().filter(|word| !word.contains('@'));
    let text = words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    text.starts_with('5') && NOT_OURS.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies as these services give them.
    #[test]
    fn who_refuses_us_and_who_refuses_the_mail() {
        for (reply, is_us) in [
            (
                "554 Message rejected: Email address is not verified. The following identities failed the check in \
                 region EU-CENTRAL-1: alice@sender.test",
                true,
            ),
            ("550 From header sender domain not verified", true),
            ("550 Relay access denied - please authenticate", true),
            ("550 5.7.1 Invalid credentials for relay [192.0.2.7].", true),
            (
                "553 5.7.1 <srs0=x@example.org>: Sender address rejected: not owned by user forwarder@relay.test",
                true,
            ),
            ("554 5.7.1 <bob@sink.test>: Relay access denied", true),
            ("550 5.1.1 <bob@sink.test>: Recipient address rejected: User unknown", false),
            ("550 5.7.1 Message content rejected as spam", false),
            ("552 5.3.4 Message size exceeds fixed limit", false),
            ("550 5.1.1 <is not verified@sink.test> unknown", false),
            ("450 4.1.1 the address is not verified", false),
        ] {
            assert_eq!(refuses_account(reply), is_us, "{reply}");
        }
    }
}
