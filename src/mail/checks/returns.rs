//! What returns to SRS addresses.

use super::{Ruling, Subject};
use crate::{
    address::{Mailbox, ReversePath},
    mail::{parts::Parts, recipient::Recipient},
    metrics::Returned,
    rate::ClientBlock,
    reply::Reply,
    srs::Use,
};

/// True for a bounce to SRS addresses of ours. It is written by machines, often unsigned and without the fields
/// that people's mail must have, and stands for nobody: what is wrong with its form or its author is told, and
/// it is taken all the same.
pub(super) fn is_bounce(subject: &Subject<'_>) -> bool {
    *subject.sender.reverse_path() == ReversePath::Null
        && subject.recipients.iter().all(Recipient::is_srs_return)
}

/// What is said of a bounce where other mail would be refused.
pub(super) fn marked(ruling: Ruling) -> Ruling {
    match ruling {
        Ruling::Refuse(reply) | Ruling::Defer(reply) => {
            Ruling::Mark(format!("taken as a bounce, else: {reply}"))
        }
        other => other,
    }
}

/// Refuses what is sent to an SRS address by somebody, which is no way to write to whoever wrote. Whoever only
/// asks, at RCPT, is not refused: a destination that verifies senders asks in the name of somebody, and goes.
pub(crate) fn refuse_unless_bounce(
    parts: &Parts,
    reverse_path: &ReversePath,
    recipients: &[Recipient],
) -> Option<Reply> {
    let is_bounce = *reverse_path == ReversePath::Null;
    let returns = recipients.iter().any(Recipient::is_srs_return);
    returns.then(|| is_not_a_bounce(parts, is_bounce)).flatten()
}

/// The reply to what is sent to an SRS address and is no bounce.
pub(crate) fn is_not_a_bounce(parts: &Parts, is_bounce: bool) -> Option<Reply> {
    let is_refused = parts.config.srs.bounces_only && !is_bounce;
    is_refused.then(|| {
        parts.metrics.srs_reverse(Returned::NotABounce);
        Reply::srs_bounces_only()
    })
}

/// Counts a message that returns.
///
/// # Errors
/// The reply when it may not return now.
pub(crate) fn count(parts: &Parts, returning: &Use) -> Result<(), Reply> {
    let counted = parts.return_uses.take(returning);
    counted.inspect_err(|_| parts.metrics.srs_reverse(Returned::UsedUp))
}

/// The message as one that returns, where it does.
pub(super) fn use_of(subject: &Subject<'_>) -> Option<Use> {
    let originals = subject.recipients.iter().filter_map(|to| to.original.as_ref());
    let senders: Vec<String> = originals.map(Mailbox::to_key).collect();
    let client = subject.sender.ip().map(ClientBlock::of);
    (!senders.is_empty()).then_some(Use { client, senders })
}
