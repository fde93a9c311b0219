//! A message over a connection, and what is told of it to whoever has to know.

use super::{
    Outbound,
    connection::Connection,
    delivery::Delivery,
    dialogue::Lost,
    governor::Place,
    limits::Patience,
    pool::Slot,
    transfer::{Answer, transfer},
    transport::Remote,
};
use crate::{
    address::Mailbox,
    next_hop::NextHop,
    provider::{Judgement, Measure, Scope},
    reply::{Class, ForeignReply},
};
use smallvec::SmallVec;
use std::collections::HashSet;
use tokio::time::Instant;

impl Outbound {
    /// Sends to whoever is pending; true where nobody else is to be asked. A kept connection that proves dead, or that takes
    /// no further message for now, is no failure: a new one is tried. Who has the slot has it back where the connection is
    /// not kept.
    pub(super) async fn hand_over(
        &self,
        hop: &NextHop,
        mut connection: Connection,
        was_kept: bool,
        slot: &mut Option<Slot>,
        delivery: &mut Delivery<'_>,
        patience: Patience,
    ) -> bool {
        let is_probe = slot.as_ref().is_some_and(|slot| slot.place.is_probe());
        loop {
            let pending = delivery.pending();
            let recipients = &delivery.mail.recipients;
            let to: SmallVec<[&Mailbox; 4]> =
                pending.iter().filter_map(|at| recipients.get(*at)).collect();
            let began = Instant::now();
            let transfer =
                transfer(&mut connection, delivery.mail, &to, &self.limits, patience).await;
            if let Err(error) = &transfer.connection {
                tracing::debug!(remote = %connection.remote, %error, was_kept, "connection lost");
            }
            let is_silence = matches!(transfer.connection, Err(Lost::TimedOut));
            let Remote { name, endpoint } = &connection.remote;
            if !is_silence {
                self.router.worked(name.as_ref(), endpoint);
            } else if self.has_waited(began) {
                self.router.failed(name.as_ref(), endpoint, true);
            }
            if was_kept
                && !transfer.was_begun
                && !is_of_provider(slot.as_ref(), &connection, &transfer.answers, delivery)
            {
                self.pool.forget(hop);
                if matches!(transfer.connection, Ok(true)) {
                    connection.quit().await;
                }
                return false;
            }
            let is_usable = matches!(transfer.connection, Ok(true));
            self.news.heard(hop, &transfer.answers);
            let splits = self.tell(slot.as_ref(), &connection, &transfer.answers, delivery);
            let splits = if is_usable { splits } else { HashSet::new() };
            let lost = transfer.connection.as_ref().err();
            // What may not be sent here may be sent nowhere.
            let is_withheld =
                transfer.answers.iter().any(|answer| matches!(answer, Answer::Withheld));
            let answered = pending.iter().zip(transfer.answers).enumerate();
            let settled = answered.filter(|(nth, _)| !splits.contains(nth));
            let settled = settled.map(|(_, (at, answer))| (*at, answer));
            delivery.answered(settled, &connection, lost);
            if splits.is_empty() {
                if let Some(slot) = slot.take_if(|_| is_usable) {
                    self.pool.put(hop, connection, slot);
                }
                return is_probe || is_withheld || delivery.is_done();
            }
        }
    }

    /// Has the governor know what came of a transaction. Gives the recipients, by their number, that are to have one of
    /// their own behind it: others got theirs, so that each round is for fewer.
    fn tell(
        &self,
        slot: Option<&Slot>,
        connection: &Connection,
        answers: &[Answer],
        delivery: &mut Delivery<'_>,
    ) -> HashSet<usize> {
        let (mut splits, mut told) = (HashSet::new(), HashSet::new());
        let Some(slot) = slot else { return splits };
        let mut is_delivered = false;
        for (nth, answer) in answers.iter().enumerate() {
            let (Answer::Said(reply) | Answer::Closing(reply)) = answer else { continue };
            if reply.class() == Class::Positive {
                is_delivered = true;
                continue;
            }
            let theirs = reply.to_foreign();
            // Recipients that are answered alike are one answer.
            let judgement = match told.insert(theirs.to_string()) {
                true => self.heard(&slot.place, &connection.remote, &theirs, delivery),
                false => delivery.judge(&theirs, &connection.remote),
            };
            if judgement.measure == Measure::Split && reply.class() == Class::Transient {
                splits.insert(nth);
            }
        }
        if is_delivered {
            self.governor.succeeded(&slot.place);
        }
        let (_, messages, _) = self.governor.allows(&slot.place.whose);
        let may_go_on = is_delivered && connection.messages < messages;
        // Another transaction is another message to it.
        let has_turn = || {
            let turn = self.governor.turn(&slot.place.whose, Instant::now());
            turn.is_ok_and(|wait| wait.is_zero())
        };
        if splits.is_empty() || !may_go_on || !has_turn() { HashSet::new() } else { splits }
    }

    /// Has the governor know of a reply that does not take a message. What says something only where it comes often
    /// counts once for a message, whatever hosts say it.
    pub(super) fn heard(
        &self,
        place: &Place,
        remote: &Remote,
        reply: &ForeignReply,
        delivery: &mut Delivery<'_>,
    ) -> Judgement {
        let mut judgement = delivery.judge(reply, remote);
        if judgement.repeated.is_some() && std::mem::replace(&mut delivery.is_counted, true) {
            judgement.repeated = None;
        }
        let reply = reply.to_string();
        self.news.judged(remote, &judgement, &reply);
        self.governor.failed(place, &judgement, &reply);
        judgement
    }

    /// Whether a host that has said nothing since `began` was given the time that hosts need.
    pub(super) fn has_waited(&self, began: Instant) -> bool {
        began.elapsed() >= self.limits.connect_time
    }
}

/// Whether one of the answers is about all that there is for the provider: another connection would hear the same.
fn is_of_provider(
    slot: Option<&Slot>,
    connection: &Connection,
    answers: &[Answer],
    delivery: &Delivery<'_>,
) -> bool {
    slot.is_some_and(|slot| !slot.place.whose.is_of_the_operator)
        && answers.iter().any(|answer| match answer {
            Answer::Said(reply) | Answer::Closing(reply) => {
                let judgement = delivery.judge(&reply.to_foreign(), &connection.remote);
                judgement.scope == Scope::Provider
            }
            _ => false,
        })
}
