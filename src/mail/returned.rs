//! What returns to SRS addresses of ours: whom it is for, or why it is refused.

use super::{parts::Parts, refusal::Refusal, srs::NotReversed};
use crate::{
    address::{Domain, Mailbox},
    metrics::Returned as Counted,
    reply::Reply,
    srs::{ReverseError, is_srs_prefixed, is_srs_shaped},
    time::UnixTime,
};
use std::str;

/// SRS addresses of ours within one of ours that are followed.
const MAX_NESTED: usize = 3;

/// The sender that an SRS address of ours stands for, or the reply that refuses it; `None` for any other
/// recipient. The recipient is as a mail server that is not ours gives it, without brackets.
pub(crate) async fn returned(
    parts: &Parts,
    recipient: &[u8],
    now: UnixTime,
) -> Option<Result<Mailbox, Reply>> {
    let recipient = str::from_utf8(recipient).ok()?;
    let Ok(mailbox) = Mailbox::parse(recipient) else {
        // It went where ours go, and no mailbox is of that name.
        let (local, domain) = recipient.rsplit_once('@')?;
        let domain = Domain::parse(domain).ok()?;
        let is_meant = is_srs_prefixed(local.trim_start_matches('"'));
        return (is_meant && is_srs_domain(parts, &domain)).then(|| Err(Reply::srs_malformed()));
    };
    if !is_ours(parts, &mailbox) {
        return None;
    }
    let original = match original_of(parts, &mailbox, now).await {
        Ok(original) => original,
        Err(refusal) => return Some(Err(refusal.reply)),
    };
    let leads_to = parts.aliases.final_mailboxes(original.clone()).await;
    Some(leads_to.map(|_| original).map_err(Reply::from))
}

/// As [`returned`], of a recipient that was asked about before, and only where it is good.
pub(crate) async fn returned_again(
    parts: &Parts,
    recipient: &[u8],
    now: UnixTime,
) -> Option<Mailbox> {
    let mailbox = Mailbox::parse(str::from_utf8(recipient).ok()?).ok()?;
    if !is_ours(parts, &mailbox) {
        return None;
    }
    let reversed = parts.srs.reverse(&mailbox, now).await;
    peeled(parts, reversed, now).await.ok()
}

/// Whether `mailbox` looks like an SRS address that we might have made.
pub(crate) fn is_ours(parts: &Parts, mailbox: &Mailbox) -> bool {
    is_srs_shaped(mailbox.local()) && is_srs_domain(parts, mailbox.domain())
}

fn is_srs_domain(parts: &Parts, domain: &Domain) -> bool {
    parts.srs.is_domain(domain, || parts.aliases.is_hosted(domain))
}

/// The sender that an SRS address of ours stands for in the end. The order of the checks decides what a guesser
/// learns: first of all whether the tag is ours.
///
/// # Errors
/// Why the address is refused.
pub(crate) async fn original_of(
    parts: &Parts,
    mailbox: &Mailbox,
    now: UnixTime,
) -> Result<Mailbox, Refusal> {
    let counted = |result| parts.metrics.srs_reverse(result);
    let reversed = parts.srs.reverse(mailbox, now).await;
    if let Err(NotReversed::Address(error)) = &reversed {
        counted(match error {
            ReverseError::BadTag => Counted::BadTag,
            ReverseError::NoReturns => Counted::NoReturns,
            ReverseError::Expired => Counted::Expired,
            ReverseError::Malformed | ReverseError::NotSrs => Counted::Malformed,
        });
        let is_forged = *error == ReverseError::BadTag;
        return Err(Refusal { is_forged, ..not_reversed(error).into() });
    }
    if reversed.is_ok() {
        counted(Counted::Reversed);
    }
    peeled(parts, reversed, now).await
}

async fn peeled(
    parts: &Parts,
    reversed: Result<Mailbox, NotReversed>,
    now: UnixTime,
) -> Result<Mailbox, Refusal> {
    let mut original = reversed.map_err(refusal_of)?;
    // What went through aliases of two domains has an address of ours within an address of ours. The
    // one within came with the message: if it is forged, whoever bounces is not to blame.
    for _ in 0..MAX_NESTED {
        if !is_ours(parts, &original) {
            return Ok(original);
        }
        original = parts.srs.reverse(&original, now).await.map_err(refusal_of)?;
    }
    match is_ours(parts, &original) {
        true => Err(Reply::srs_malformed().into()),
        false => Ok(original),
    }
}

fn refusal_of(error: NotReversed) -> Refusal {
    let reply = match error {
        NotReversed::Address(error) => not_reversed(&error),
        NotReversed::Forgotten => Reply::srs_forgotten(),
        NotReversed::Store(error) => {
            tracing::error!(%error, "cannot look up a long SRS address");
            Reply::store_failed()
        }
    };
    reply.into()
}

fn not_reversed(error: &ReverseError) -> Reply {
    match error {
        ReverseError::BadTag => Reply::srs_bad_signature(),
        ReverseError::NoReturns => Reply::srs_no_returns(),
        ReverseError::Expired => Reply::srs_expired(),
        ReverseError::Malformed | ReverseError::NotSrs => Reply::srs_malformed(),
    }
}
