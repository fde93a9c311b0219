//! Whoever has sent a message is told once that a recipient has still to wait for it: by the time that has passed, and not
//! by an attempt, as a destination that does not answer is asked by one message for all.

use super::{
    added::Added,
    handle::Read,
    notice::{self, Told},
    outcome::record_new,
};
use crate::{
    clock,
    dsn::Cause,
    mail::{current::Current, parts::Parts},
    store::{
        StoreError,
        spool::{Leg, LegState},
    },
    time::Millis,
};
use std::time::Duration;
use tokio::time::sleep;

/// How often it is looked who waits: ten times until the first is to be told, and within these bounds.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_mins(1);

/// Tells of delays, for ever.
pub(crate) async fn tell_of_delays(current: &Current) {
    loop {
        let parts = current.get();
        if let Err(error) = look(&parts).await {
            tracing::error!(%error, "cannot tell of delays");
        }
        sleep((parts.config.submission.delay_notice / 10).clamp(OFTEN, SELDOM)).await;
    }
}

async fn look(parts: &Parts) -> Result<(), StoreError> {
    let now = clock::steady_millis();
    let mut last = 0;
    loop {
        let messages = parts.store.spool_delayed(now, last).await?;
        for message in &messages {
            if let Err(error) = tell(parts, *message, now).await {
                tracing::error!(seq = message, %error, "cannot tell of a delay");
            }
        }
        match messages.last() {
            Some(message) => last = *message,
            None => return Ok(()),
        }
    }
}

async fn tell(parts: &Parts, seq: i64, now: Millis) -> Result<(), StoreError> {
    let _turn = parts.spool.turn(seq).await;
    let Some(message) = parts.store.spooled(seq).await? else { return Ok(()) };
    // Of what an account may not send there is nothing to wait for; it is told once that goes on.
    if message.held.is_some() {
        return Ok(());
    }
    let head = &message.head;
    let is_due = |leg: &Leg| leg.state.is_open() && leg.delay_due.is_some_and(|due| due <= now);
    let due = (0_i64..).zip(&message.legs).filter(|(_, leg)| is_due(leg));
    let due: Vec<(i64, &Leg)> = due.collect();
    let mut told: Vec<Told> = Vec::new();
    for (_, leg) in &due {
        let has_it =
            |other: &Leg| other.recipient == leg.recipient && other.state == LegState::Delivered;
        let is_known = told.iter().any(|known| known.path == leg.recipient);
        if is_known || message.legs.iter().any(has_it) {
            continue;
        }
        told.push(Told {
            path: leg.recipient.clone(),
            original: leg.dsn.original.clone(),
            reply: leg.reply.as_kept(),
            cause: Cause::Waits {
                waited: now.since(head.arrived),
                until: parts.retry.expiry(head.arrived).unix_time(),
            },
        });
    }
    let source = match parts.spool.source(parts, &message).await? {
        Read::Source(source) => source,
        Read::Gone | Read::NoRoom => return Ok(()),
    };
    let notice = match notice::without_failure(parts, head, source.octets(), &told).await {
        Ok(notice) => notice,
        Err(reply) => {
            tracing::error!(%reply, "cannot find out where the sender's mail goes");
            return Ok(());
        }
    };
    let legs = due.into_iter().map(|(number, _)| number).collect();
    let number = parts.store.spool_told_of_delay(seq, legs, notice.clone()).await?;
    if let Some((notice, number)) = notice.zip(number) {
        parts.metrics.notice(None);
        let added = Added::new(parts, number, &notice);
        record_new(parts, notice, format!("tells the sender that {} waits", head.id)).await;
        parts.spool.added(added);
    }
    Ok(())
}
