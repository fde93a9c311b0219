//! The names of copies, by which deliveries and refusals are remembered.

use super::{late::Announcement, parts::Parts};
use crate::{
    address::{Mailbox, ReversePath},
    clock,
    fate::Verdict,
    message::Source,
    outbound::Attempt,
    store::Fingerprint,
    time::UnixTime,
};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// For how long it is remembered who has a message whose sender was told to come again: as long as
/// senders usually try.
const MEMORY: Duration = Duration::from_hours(5 * 24);

/// Names the message of this digest from `reverse_path` at one destination.
pub(super) fn print_at(
    reverse_path: &ReversePath,
    destination: &Mailbox,
    digest: &[u8],
) -> Fingerprint {
    let sender = reverse_path.to_string();
    fingerprint([sender.as_bytes(), destination.to_key().as_bytes(), digest])
}

/// Remembers deliveries of messages that came `now`.
pub(super) async fn remember_prints(parts: &Parts, prints: Vec<Fingerprint>, now: UnixTime) {
    if prints.is_empty() {
        return;
    }
    // Not remembered means a duplicate, which beats a loss.
    if let Err(error) = parts.store.remember_delivered(prints, now + MEMORY).await {
        tracing::error!(%error, "cannot remember deliveries, the sender may cause duplicates");
    }
}

/// A digest of `parts` in which no border between them can move.
pub(crate) fn fingerprint<const N: usize>(parts: [&[u8]; N]) -> Fingerprint {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Remembers the deliveries among `attempts`, which nobody waited for: whoever brings the message again is
/// answered by them, and so is the spool. `sources`: of the message as it came, and of what was sent and spooled.
pub(super) async fn remember_late(
    parts: &Parts,
    reverse_path: &ReversePath,
    sources: [&Source; 2],
    attempts: &[(Mailbox, Attempt)],
    announced: &Announcement,
) {
    let digests = sources.map(Source::digest);
    let mut delivered = Vec::new();
    let mut verdicts = Vec::new();
    for (mailbox, attempt) in attempts {
        let verdict = attempt.outcome.verdict;
        tracing::info!(
            from = %reverse_path,
            to = %mailbox,
            via = attempt.remote.as_deref(),
            reply = %attempt.outcome.reply,
            "a verdict that came late"
        );
        for digest in digests {
            let print = print_at(reverse_path, mailbox, digest);
            verdicts.push((print, verdict));
            if verdict == Verdict::Delivered && !delivered.contains(&print) {
                delivered.push(print);
            }
        }
    }
    remember_prints(parts, delivered, clock::now()).await;
    if let Some(announced) = announced.get() {
        verdicts.iter().for_each(|(print, verdict)| announced.tell(print, *verdict));
    }
}
