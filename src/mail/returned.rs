//! What returns to SRS addresses of ours: whom it is for, or why it is refused.

use super::{parts::Parts, srs::NotReversed};
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

/// An SRS address of ours that is good.
#[derive(Debug)]
pub(crate) struct Returned {
    /// The sender that the SRS address stands for.
    pub(crate) original: Mailbox,
    /// For [`may_be_used`].
    pub(crate) key: String,
}

/// Why a recipient is not taken.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) reply: Reply,
    /// The recipient is an SRS address that we did not make: that is counted against the client.
    pub(crate) is_forged: bool,
}

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        Self { reply, is_forged: false }
    }
}

/// Whom an SRS address of ours stands for, or the reply that refuses it; `None` for any other recipient.
/// Both paths are as a mail server that is not ours gives them, without brackets.
pub(crate) async fn returned(
    parts: &Parts,
    reverse_path: &[u8],
    recipient: &[u8],
    now: UnixTime,
) -> Option<Result<Returned, Reply>> {
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
    let is_bounce = matches!(reverse_path, b"" | b"<>");
    let original = match original_of(parts, is_bounce, &mailbox, now).await {
        Ok(original) => original,
        Err(refusal) => return Some(Err(refusal.reply)),
    };
    let leads_to = parts.aliases.final_mailboxes(original.clone()).await;
    Some(leads_to.map(|_| Returned { original, key: mailbox.to_key() }))
}

/// Counts a use of the SRS address with this key. False when it has been used often enough today.
pub(crate) fn may_be_used(parts: &Parts, key: &str, now: UnixTime) -> bool {
    parts.store.srs_use(key, now.day(), parts.config.srs.max_uses_per_day)
}

/// Whether `mailbox` looks like an SRS address that we might have made.
pub(crate) fn is_ours(parts: &Parts, mailbox: &Mailbox) -> bool {
    is_srs_shaped(mailbox.local()) && is_srs_domain(parts, mailbox.domain())
}

fn is_srs_domain(parts: &Parts, domain: &Domain) -> bool {
    parts.srs.is_domain(domain, || parts.aliases.is_hosted(domain))
}

/// Whom a returning bounce is for. The order of the checks decides what a guesser learns: first of all
/// whether the tag is ours.
///
/// # Errors
/// Why the address is refused.
pub(crate) async fn original_of(
    parts: &Parts,
    is_bounce: bool,
    mailbox: &Mailbox,
    now: UnixTime,
) -> Result<Mailbox, Refusal> {
    let counted = |result| parts.metrics.srs_reverse(result);
    let reversed = parts.srs.reverse(mailbox, now).await;
    if let Err(NotReversed::Address(error)) = &reversed {
        counted(match error {
            ReverseError::BadTag => Counted::BadTag,
            ReverseError::Expired => Counted::Expired,
            ReverseError::Malformed | ReverseError::NotSrs => Counted::Malformed,
        });
        let is_forged = *error == ReverseError::BadTag;
        return Err(Refusal { reply: not_reversed(error), is_forged });
    }
    if parts.config.srs.bounces_only && !is_bounce {
        counted(Counted::NotABounce);
        return Err(Reply::srs_bounces_only().into());
    }
    let mut original = reversed.map_err(refusal_of)?;
    counted(Counted::Reversed);
    // What went through aliases of two domains has an address of ours within an address of ours. The
    // one within came with the message: if it is forged, whoever bounces is not to blame.
    for _ in 0..MAX_NESTED {
        if !is_ours(parts, &original) {
            break;
        }
        original = parts.srs.reverse(&original, now).await.map_err(refusal_of)?;
    }
    Ok(original)
}

fn refusal_of(error: NotReversed) -> Refusal {
    let reply = match error {
        NotReversed::Address(error) => not_reversed(&error),
        NotReversed::Forgotten => Reply::srs_expired(),
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
        ReverseError::Expired => Reply::srs_expired(),
        ReverseError::Malformed | ReverseError::NotSrs => Reply::srs_malformed(),
    }
}
