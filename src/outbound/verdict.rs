use crate::{
    fate::{DestinationOutcome, Verdict},
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
        Class::Permanent if matches!(reply.code, 530 | 535 | 538) => {
            (Verdict::Deferred, Reply::destination_refuses_us())
        }
        Class::Permanent => (Verdict::Refused, in_its_words()),
        Class::Intermediate | Class::Transient => (Verdict::Deferred, in_its_words()),
    };
    DestinationOutcome { verdict, reply }
}
