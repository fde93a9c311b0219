//! What a try comes to: for its legs, for those who must be told, and for the journal.

use super::{
    added::Added,
    notice::{self, Telling, Told},
    outcome::{self, lost, record, record_new},
    retry::Retry,
    tried::{Touch, Tried},
};
use crate::{
    address::ForwardPath,
    clock,
    dsn::Cause,
    envelope::Occasion,
    mail::{frozen, parts::Parts},
    reply::Reply,
    store::{
        StoreError,
        spool::{Leg, LegState, NewMessage},
    },
    time::whole_millis,
};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

/// Between two tries to write down what became of a message.
const AGAIN: Duration = Duration::from_secs(1);

impl Retry {
    /// Writes it all down, however long that takes: until then the destination may have a message that
    /// the spool still holds. Gives the DSNs that followed; nothing where the message is another node's by now, who tries it, and
    /// tells of it.
    pub(super) async fn conclude(&mut self) -> Option<Vec<Added>> {
        if !self.is_ours_to_tell().await {
            return None;
        }
        let parts = Arc::clone(&self.parts);
        let _turn = parts.spool.turn(self.message.seq).await;
        if self.legs.iter().any(|tried| tried.touch.is_none()) {
            self.hear_of_others().await;
        }
        let legs: Vec<Leg> = self.legs.iter().map(|tried| tried.leg.clone()).collect();
        let touched = self.legs.iter().filter(|tried| tried.touch.is_some());
        let touched: Vec<(i64, Leg)> =
            touched.map(|tried| (tried.number, tried.leg.clone())).collect();
        let mut detail = self.detail(&legs);
        let head = &self.message.head;
        let (failure, owed) = match self.tell(&parts, &legs).await {
            Telling::Nothing => (None, None),
            Telling::Dsn(notice, owed) => {
                detail.push(format!("notice {} to the sender", notice.head.id));
                (Some(*notice), Some(owed))
            }
            Telling::Silence(silence) => {
                self.parts.metrics.notice(Some(silence));
                detail.push(format!("no notice to the sender: {silence}"));
                (None, None)
            }
        };
        let success = self.tell_of_successes().await;
        detail.extend(success.iter().map(|it| format!("notice {} of success", it.head.id)));
        let is_success = success.is_some();
        let notices: Vec<NewMessage> = failure.into_iter().chain(success).collect();
        let seq = self.message.seq;
        let mut complained = false;
        let numbers = loop {
            match self.parts.store.spool_conclude(seq, touched.clone(), notices.clone()).await {
                Ok(numbers) => break numbers,
                Err(StoreError::TakenOver { .. }) => {
                    tracing::info!(id = head.id, "another node has the message by now");
                    return None;
                }
                Err(error) if !complained => {
                    tracing::error!(id = head.id, %error, "cannot write what became of a message");
                    complained = true;
                }
                Err(_) => {}
            }
            sleep(AGAIN).await;
        };
        if let Some(owed) = owed {
            owed.paid(&self.parts.store, &self.parts.metrics).await;
        }
        if is_success {
            self.parts.metrics.notice(None);
        }
        detail.extend(frozen::heard(&parts, head, &touched).await);
        let lines = std::mem::take(&mut self.lines);
        let mut told = record(head, self.message.size, &legs, lines, detail.join("; "));
        tracing::info!(
            id = told.id,
            to = told.to.join(","),
            outcome = %told.outcome,
            via = told.attempts.last().map(|attempt| attempt.host.as_str()),
            reply = told.attempts.last().map(|attempt| attempt.reply.as_str()),
            "spooled message"
        );
        told.ms = whole_millis(clock::steady_millis().since(head.arrived));
        self.parts.journal.amend(told).await;
        let mut added = Vec::with_capacity(notices.len());
        for (notice, number) in notices.into_iter().zip(numbers) {
            added.push(Added::new(&parts, number, &notice));
            let detail = format!("tells the sender what became of {}", head.id);
            record_new(&parts, notice, detail).await;
        }
        Some(added)
    }

    /// Where a leg failed, has the attempt begin that was too short for it, so that nobody is told of what was dropped meanwhile.
    /// False where the message is another node's by now.
    async fn is_ours_to_tell(&mut self) -> bool {
        let is_open = |tried: &Tried| {
            !tried.has_begun && tried.touch.is_some() && tried.leg.state == LegState::Failed
        };
        while self.legs.iter().any(is_open) {
            match self.begin().await {
                Ok(()) => {}
                Err(StoreError::TakenOver { .. }) => return false,
                Err(error) => {
                    tracing::error!(id = self.message.head.id, %error, "cannot write the spool");
                    sleep(AGAIN).await;
                }
            }
        }
        true
    }

    /// What the sender is told of the recipients that ended with this try.
    async fn tell<'p>(&self, parts: &'p Parts, legs: &[Leg]) -> Telling<'p> {
        let lost = lost(legs).into_iter();
        let failures: Vec<_> = lost.filter_map(|path| self.failure_of(path)).collect();
        loop {
            match notice::make(parts, &self.message.head, self.text.source.octets(), &failures)
                .await
            {
                Ok(telling) => return telling,
                Err(reply) => {
                    tracing::error!(%reply, "cannot find out where the sender's mail goes")
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// The DSN about the recipients that have the message by this try, if the sender wants it.
    async fn tell_of_successes(&self) -> Option<NewMessage> {
        let mut told: Vec<Told> = Vec::new();
        for tried in &self.legs {
            if !told.iter().any(|known| known.path == tried.leg.recipient) {
                told.extend(self.success_of(tried));
            }
        }
        loop {
            let (head, octets) = (&self.message.head, self.text.source.octets());
            match notice::without_failure(&self.parts, head, octets, &told).await {
                Ok(notice) => return notice,
                Err(reply) => {
                    tracing::error!(%reply, "cannot find out where the sender's mail goes")
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// That a recipient has the message by this try, where nobody else tells it: one of its mailboxes had it before, or
    /// the destination makes reports itself.
    fn success_of(&self, tried: &Tried) -> Option<Told> {
        let leg = &tried.leg;
        let is_delivered = |tried: &Tried| tried.leg.state == LegState::Delivered;
        let had_it = self.legs.iter().any(|other| {
            other.leg.recipient == leg.recipient && other.touch.is_none() && is_delivered(other)
        });
        if tried.touch.is_none()
            || !is_delivered(tried)
            || had_it
            || !leg.dsn.wants(Occasion::Success)
        {
            return None;
        }
        // The words of a destination tell whose it is.
        let reply = if leg.is_of_recipient() { leg.reply.as_kept() } else { Reply::ok() };
        Some(Told {
            path: leg.recipient.clone(),
            original: leg.dsn.original.clone(),
            reply,
            cause: tried.success?,
        })
    }

    /// Takes in what tries for other destinations changed meanwhile.
    async fn hear_of_others(&mut self) {
        let legs = loop {
            match self.parts.store.spooled(self.message.seq).await {
                Ok(Some(fresh)) => break fresh.legs,
                // Gone: only a message with nothing left to do goes.
                Ok(None) => return,
                Err(error) => tracing::error!(%error, "cannot read from the spool"),
            }
            sleep(AGAIN).await;
        };
        // In the order of their numbers, here as there.
        for (tried, fresh) in self.legs.iter_mut().zip(legs) {
            if tried.touch.is_none() {
                tried.leg = fresh;
            }
        }
    }

    /// Of a recipient that nobody has the message of: that it ended with this try, and how.
    fn failure_of(&self, path: &ForwardPath) -> Option<Told> {
        let touched = self.legs.iter().filter(|tried| tried.touch.is_some());
        let touched: Vec<_> = touched.filter(|tried| tried.leg.recipient == *path).collect();
        let failed = touched.iter().find(|tried| tried.leg.state == LegState::Failed)?;
        if !failed.leg.dsn.wants(Occasion::Failure) {
            return None;
        }
        let is_given_up = touched.iter().any(|tried| tried.touch == Some(Touch::GivenUp));
        let tried_for = clock::steady_millis().since(self.message.head.arrived);
        let is_uncertain = touched.iter().any(|tried| tried.leg.was_uncertain);
        Some(Told {
            path: path.clone(),
            original: failed.leg.dsn.original.clone(),
            reply: failed.leg.reply.as_kept(),
            cause: match is_given_up {
                true => Cause::GivenUp { tried_for, is_uncertain },
                false => Cause::Refused,
            },
        })
    }

    /// What the owner should know that replies of destinations do not tell.
    fn detail(&self, legs: &[Leg]) -> Vec<String> {
        let given_up = self.legs.iter().filter(|tried| {
            tried.touch == Some(Touch::GivenUp) && tried.leg.state == LegState::Failed
        });
        let given_up = given_up.map(|tried| format!("{} was given up", tried.leg.mailbox));
        outcome::detail(legs).into_iter().chain(given_up).collect()
    }
}
