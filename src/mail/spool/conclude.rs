//! What an attempt comes to: for its legs, for those who must be told, and for the journal.

use super::{
    Added,
    attempt::Attempt,
    notice::{self, Failure},
    outcome::{self, journal, lost, record, waits},
};
use crate::{
    address::ForwardPath,
    clock,
    fate::Verdict,
    outbound,
    store::spool::{Leg, LegState, NewMessage},
    time::{Millis, whole_millis},
};
use std::time::Duration;
use tokio::time::sleep;

/// Between two tries to write down what became of an attempt.
const AGAIN: Duration = Duration::from_secs(1);

/// Why a leg that an attempt touched is at its end, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// The destination spoke, or should have.
    Tried,
    /// Its time was up.
    GivenUp,
}

impl Attempt<'_> {
    /// Notes the verdict on one leg. `progress`: another one of the transaction was delivered.
    /// `asleep_until`: the host does not answer, and need not be asked before.
    pub(super) fn judge(
        &mut self,
        at: usize,
        attempt: &outbound::Attempt,
        progress: bool,
        asleep_until: Option<Millis>,
    ) {
        let (now, retry) = (clock::steady_millis(), &self.services.retry);
        let Some(leg) = self.message.legs.get_mut(at) else { return };
        leg.was_uncertain |= leg.state == LegState::Uncertain;
        leg.attempts = leg.attempts.saturating_add(1);
        leg.next_attempt = now + retry.wait(leg.attempts, clock::random());
        leg.next_attempt = leg.next_attempt.max(asleep_until.unwrap_or_default());
        // Too many recipients at once (RFC 5321 §4.5.3.1.10): the others went, these can follow.
        if progress && attempt.theirs.as_ref().is_some_and(|theirs| theirs.code == 452) {
            leg.next_attempt = now;
        }
        leg.state = match attempt.outcome.verdict {
            Verdict::Delivered => LegState::Delivered,
            Verdict::Refused => LegState::Failed,
            Verdict::Deferred if leg.was_uncertain || attempt.uncertain => LegState::Uncertain,
            Verdict::Deferred => LegState::Queued,
        };
        leg.reply = attempt.outcome.reply.to_keep();
        let is_old = retry.expiry(self.message.head.arrived) <= now;
        if leg.state.is_open() && is_old {
            self.give_up(at);
        } else {
            self.touched.insert(at, Touch::Tried);
        }
    }

    /// Ends a leg that is open.
    pub(super) fn give_up(&mut self, at: usize) {
        let Some(leg) = self.message.legs.get_mut(at) else { return };
        leg.was_uncertain |= leg.state == LegState::Uncertain;
        leg.state = LegState::Failed;
        self.touched.insert(at, Touch::GivenUp);
    }

    /// Writes it all down, however long that takes: until then the destination may have a message that
    /// the spool still holds. Gives the DSN that followed.
    pub(super) async fn conclude(&mut self) -> Option<Added> {
        let _turn = self.services.spool.turn(self.message.seq).await;
        self.hear_of_others().await;
        let store = &self.services.store;
        let touched = self
            .touched
            .keys()
            .filter_map(|at| Some((i64::try_from(*at).ok()?, self.message.legs.get(*at)?.clone())));
        let touched: Vec<(i64, Leg)> = touched.collect();
        let failures = self.failures();
        let mut detail = self.detail();
        let head = &self.message.head;
        let notice = notice::make(self.services, head, &self.bytes, failures).await;
        if let Some(notice) = &notice {
            detail.push(format!("notice {} to the sender", notice.head.id));
        }
        let seq = self.message.seq;
        let mut complained = false;
        let numbers = loop {
            let notices: Vec<NewMessage> = notice.iter().cloned().collect();
            match store.spool_conclude(seq, touched.clone(), notices).await {
                Ok(numbers) => break numbers,
                Err(error) if !complained => {
                    tracing::error!(id = head.id, %error, "cannot write what became of a message");
                    complained = true;
                }
                Err(_) => {}
            }
            sleep(AGAIN).await;
        };
        let lines = std::mem::take(&mut self.lines);
        let mut told = record(&self.message, lines, detail.join("; "));
        tracing::info!(
            id = told.id,
            to = told.to.join(","),
            outcome = %told.outcome,
            via = told.attempts.last().map(|attempt| attempt.host.as_str()),
            reply = told.attempts.last().map(|attempt| attempt.reply.as_str()),
            "spooled message"
        );
        told.ms = whole_millis(clock::steady_millis().since(head.arrived));
        self.services.journal.amend(told).await;
        let (notice, message) = notice.zip(numbers.first().copied())?;
        let added = Added {
            message,
            arrived: notice.head.arrived,
            waits: waits(self.services, &notice.legs),
        };
        let detail = format!("tells the sender of {} what failed", head.id);
        journal(self.services, message, notice, detail).await;
        Some(added)
    }

    /// Takes in what attempts for other destinations changed meanwhile.
    async fn hear_of_others(&mut self) {
        let legs = loop {
            match self.services.store.spooled(self.message.seq).await {
                Ok(Some(fresh)) => break fresh.legs,
                // Gone: only a message with nothing left to do goes.
                Ok(None) => return,
                Err(error) => tracing::error!(%error, "cannot read from the spool"),
            }
            sleep(AGAIN).await;
        };
        for (at, fresh) in legs.into_iter().enumerate() {
            if !self.touched.contains_key(&at)
                && let Some(leg) = self.message.legs.get_mut(at)
            {
                *leg = fresh;
            }
        }
    }

    /// Recipients that this attempt ended for and that nobody has the message of.
    fn failures(&self) -> Vec<Failure> {
        lost(&self.message.legs).into_iter().filter_map(|path| self.failure_of(path)).collect()
    }

    fn failure_of(&self, path: &ForwardPath) -> Option<Failure> {
        let touched = self.touched.iter().filter_map(|(at, touch)| {
            let leg = self.message.legs.get(*at)?;
            (leg.recipient == *path).then_some((leg, touch))
        });
        let touched: Vec<_> = touched.collect();
        let (leg, _) = touched.iter().find(|(leg, _)| leg.state == LegState::Failed)?;
        let age = clock::steady_millis().since(self.message.head.arrived);
        let is_given_up = touched.iter().any(|(_, touch)| **touch == Touch::GivenUp);
        Some(Failure {
            path: path.clone(),
            reply: leg.reply.as_kept(),
            tried_for: is_given_up.then_some(age),
            is_uncertain: touched.iter().any(|(leg, _)| leg.was_uncertain),
        })
    }

    /// What the owner should know that replies of destinations do not tell.
    fn detail(&self) -> Vec<String> {
        let mut given_up = Vec::new();
        for (at, _) in self.touched.iter().filter(|(_, touch)| **touch == Touch::GivenUp) {
            let leg = self.message.legs.get(*at).filter(|leg| leg.state == LegState::Failed);
            given_up.extend(leg.map(|leg| format!("{} was given up", leg.mailbox)));
        }
        outcome::detail(&self.message.legs).into_iter().chain(given_up).collect()
    }
}
