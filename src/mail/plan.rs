//! From accepted recipients to what leaves for them: the rewritten reverse-path, and where each copy goes.

use super::{
    parts::Parts,
    recipient::Recipient,
    sender::Sender,
    srs::{KeptSender, Own, Rewritten, ShortAddress},
};
use crate::{
    address::{Domain, ReversePath},
    auth::spf::Spf,
    config::ReturnsTo,
    metrics::Forwarded,
    reply::Reply,
    srs::Returns,
    store::SrsPutError,
    time::UnixTime,
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The share of `delivery.budget` in which it is found out whether a sender fails SPF, and the longest time
/// for it.
const SHARE: u32 = 3;
const LONGEST: Duration = Duration::from_secs(20);

/// A recipient, and the reverse-path with which its copies leave.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) recipient: Recipient,
    pub(crate) reverse_path: ReversePath,
    /// What the reverse-path leads nowhere without, to be kept before anything leaves.
    pub(crate) short: Option<ShortAddress>,
}

/// Rewrites the reverse-path for each of `recipients`, of a message whose end came at `began`; one at a domain of
/// ours stays as it is only where SPF says that it is from there. Nothing is kept yet.
///
/// # Errors
/// The reply for the client when it cannot be rewritten.
pub(crate) async fn plan(
    parts: &Parts,
    from: &Sender,
    recipients: Vec<Recipient>,
    now: UnixTime,
    began: Instant,
) -> Result<Vec<Planned>, Reply> {
    let returns = returns(parts, from, began).await;
    let is_own =
        |domain: &Domain| recipients.iter().any(|recipient| recipient.srs_domain == *domain);
    let own = match from.reverse_path() {
        ReversePath::Mailbox(sender)
            if is_own(sender.domain()) && !from.is_authenticated(parts).await =>
        {
            Own::Rewritten
        }
        _ => Own::Kept,
    };
    let planned = recipients.into_iter().map(|recipient| {
        let ReversePath::Mailbox(sender) = from.reverse_path() else {
            return Ok(Planned { recipient, reverse_path: ReversePath::Null, short: None });
        };
        let rewritten = parts.srs.forward(sender, &recipient.srs_domain, own, returns, now);
        let rewritten = rewritten.map_err(|error| {
            parts.metrics.srs_forward(Forwarded::Failed);
            tracing::warn!(%sender, %error, "cannot rewrite a sender");
            Reply::cannot_rewrite()
        })?;
        let (rewritten, short) = match rewritten {
            Rewritten::Unchanged => {
                parts.metrics.srs_forward(Forwarded::Unchanged);
                (sender.clone(), None)
            }
            Rewritten::Whole(address) => {
                parts.metrics.srs_forward(Forwarded::Rewritten);
                (address, None)
            }
            Rewritten::Short(short) => (short.address.clone(), Some(short)),
        };
        Ok(Planned { recipient, reverse_path: ReversePath::Mailbox(rewritten), short })
    });
    planned.collect()
}

/// Whether the rewritten reverse-path takes what returns. A sender that failed SPF may not be whom it names,
/// and what is not known in time is no failure.
async fn returns(parts: &Parts, sender: &Sender, began: Instant) -> Returns {
    let is_asked = parts.config.srs.returns == ReturnsTo::NotFailed
        && sender.reverse_path() != &ReversePath::Null;
    let time = LONGEST.min(parts.config.delivery.budget / SHARE);
    match is_asked {
        true if timeout_at(began + time, sender.spf(parts)).await == Ok(Spf::Fail) => {
            Returns::Refused
        }
        _ => Returns::Taken,
    }
}

/// The short reverse-paths that are to leave. One sender is behind all of them, and one token.
pub(crate) fn shorts(planned: &[Planned]) -> Vec<ShortAddress> {
    let leaving = planned.iter().filter(|planned| !planned.recipient.destinations.is_empty());
    leaving.filter_map(|planned| planned.short.clone()).collect()
}

/// Keeps the sender that short reverse-paths lead to; durable when this answers.
///
/// # Errors
/// The reply for the client when none may be kept or the store fails.
pub(crate) async fn keep_sender(
    parts: &Parts,
    from: &Sender,
    shorts: &[ShortAddress],
    now: UnixTime,
) -> Result<Option<KeptSender>, Reply> {
    let Some(short) = shorts.first() else { return Ok(None) };
    let kept = parts.srs.keep(short, parts.rates.block_of(from.ip()), now).await;
    for _ in shorts {
        parts.metrics.srs_forward(match kept {
            Ok(_) => Forwarded::Kept,
            Err(_) => Forwarded::Failed,
        });
    }
    kept.map(Some).map_err(|error| match error {
        SrsPutError::Full => Reply::srs_table_full(),
        error => {
            tracing::error!(%error, "cannot keep a long sender address");
            Reply::store_failed()
        }
    })
}
