//! The spool. A message is owned by the node that takes it, and by another once that one is silent for too long: see
//! [`rows::nodes`](super::rows::nodes).

use super::{
    Postgres,
    access::{reading, trying, writing},
    ask::Result,
    error::{Error, Failure},
    queue,
    rows::{claims, legs, nodes, queue as queue_rows, spool, texts},
};
use crate::{
    retry::Left,
    store::{
        QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, StoreError, Unreadable,
        spool::{
            Claim, Claimed, Leg, LegState, NewMessage, Open, Spool, SpoolBounds, SpoolError,
            SpoolFigures, SpoolTaken, Spooled, SpooledWhole, Which,
        },
        whole::Whole,
    },
    time::Millis,
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// How long it may take to keep a message.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is due at any time is due by then.
const ANY_TIME: Millis = Millis::MAX;

#[async_trait]
impl Spool for Postgres {
    async fn spool(&self, messages: Vec<NewMessage>) -> Result<Vec<i64>, SpoolError> {
        // A client waits for its reply. What is kept all the same arrives twice, if the client comes again.
        match timeout(PATIENCE, self.keep(&messages)).await {
            Ok(kept) => kept,
            Err(_) => Err(self.access.told(Error::Silent).into()),
        }
    }

    async fn spool_begin(&self, seq: i64, legs: Vec<i64>) -> Result<Vec<i64>, StoreError> {
        let me = self.me().await?;
        let (epoch, begun): (i64, Vec<i64>) = writing!(self.access, tx => {
            let Some(epoch) = legs::own(tx, seq, me).await? else {
                return Err(Failure::Refused(StoreError::TakenOver { seq }));
            };
            Ok((epoch, legs::begin(tx, seq, &legs).await?))
        })?;
        let mut epochs = self.epochs.lock();
        epochs.extend(begun.iter().map(|leg| ((seq, *leg), epoch)));
        Ok(begun)
    }

    async fn spool_uncertain(&self, seq: i64, legs: Vec<i64>) -> Result<bool, StoreError> {
        let (me, epoch) = (self.me().await?, self.epoch_of(seq, &legs));
        let (serves, began) = (self.node.is_some(), Instant::now());
        let (left, may_be_sent): (Option<Duration>, bool) = writing!(self.access, tx => {
            // The fence: whoever was silent for too long has lost the message, or is about to.
            let is_own = legs::is_own(tx, seq, me, epoch).await?;
            let left = match serves {
                true => nodes::left_of_lease(tx, me).await?,
                false => None,
            };
            if !is_own || serves && left.is_none() {
                return Err(Failure::Refused(StoreError::TakenOver { seq }));
            }
            Ok((left, legs::make_uncertain(tx, seq, &legs).await?))
        })?;
        // Whoever stood still behind that may find that others have it by now.
        match left.is_some_and(|left| began.elapsed() >= left) {
            true => Err(StoreError::TakenOver { seq }),
            false => Ok(may_be_sent),
        }
    }

    async fn spool_conclude(
        &self,
        seq: i64,
        legs: Vec<(i64, Leg)>,
        notices: Vec<NewMessage>,
    ) -> Result<Vec<i64>, StoreError> {
        let ats: Vec<i64> = legs.iter().map(|(at, _)| *at).collect();
        let (me, epoch) = (self.me().await?, self.epoch_of(seq, &ats));
        let owner = self.owner().await?;
        let kept: Option<Vec<i64>> = writing!(self.access, tx => {
            let is_own = legs::is_own(tx, seq, me, epoch).await?;
            // Whoever lost the connection does not know whether that was behind the commit, and tries again.
            if legs::are_written(tx, seq, &legs).await? {
                return Ok(Some(spool::known(tx, &notices).await?));
            }
            for (at, leg) in &legs {
                // What was delivered is so, whoever owns the message now; the rest is for the owner to say.
                if is_own || leg.state == LegState::Delivered {
                    legs::update(tx, seq, *at, leg).await?;
                }
            }
            let is_all_delivered = legs.iter().all(|(_, leg)| leg.state == LegState::Delivered);
            match is_own {
                true => Ok(Some(spool::insert(tx, &notices, owner).await?)),
                false => Ok(is_all_delivered.then(Vec::new)),
            }
        })?;
        let mut epochs = self.epochs.lock();
        for at in ats {
            epochs.remove(&(seq, at));
        }
        kept.ok_or(StoreError::TakenOver { seq })
    }

    async fn spool_delayed(&self, now: Millis, after: i64) -> Result<Vec<i64>, StoreError> {
        let owner = self.owner().await?;
        reading!(self.access, tx => legs::delayed(tx, now, after, owner).await)
    }

    async fn spool_told_of_delay(
        &self,
        seq: i64,
        legs: Vec<i64>,
        notice: Option<NewMessage>,
    ) -> Result<Option<i64>, StoreError> {
        let owner = self.owner().await?;
        writing!(self.access, tx => {
            let is_news = legs::told_of_delay(tx, seq, &legs).await?;
            let notice: Vec<NewMessage> = notice.iter().filter(|_| is_news).cloned().collect();
            Ok(spool::insert(tx, &notice, owner).await?.pop())
        })
    }

    async fn spool_bury(&self, messages: Vec<i64>) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(spool::bury(tx, &messages).await.map(drop)?))
    }

    async fn spool_recover(&self) -> Result<usize, StoreError> {
        let owner = self.owner().await?;
        let legs: u64 = writing!(self.access, tx => Ok(legs::recover(tx, owner).await?))?;
        Ok(usize::try_from(legs).unwrap_or(usize::MAX))
    }

    async fn spooled(&self, seq: i64) -> Result<Option<Spooled>, StoreError> {
        let found = reading!(self.access, tx => spool::of(tx, seq).await);
        Ok(found?.transpose()?)
    }

    async fn spooled_whole(&self, seq: i64, most: u64) -> Result<Option<SpooledWhole>, StoreError> {
        let found = reading!(self.access, tx => whole(tx, seq, most).await);
        Ok(found?.transpose()?)
    }

    async fn spooled_source(
        &self,
        source: i64,
        octets: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        reading!(self.access, tx => texts::source(tx, source, octets).await)
    }

    async fn spool_open(&self) -> Result<(Vec<Open>, Vec<i64>), StoreError> {
        let owner = self.owner().await?;
        let whole = reading!(self.access, tx => read_whole(tx, owner).await);
        let Whole { open, finished, unreadable } = whole?;
        self.unreadable.lock().retain(|seq, _| unreadable.iter().any(|one| one.seq == *seq));
        self.leave_aside(unreadable);
        Ok((open, finished))
    }

    fn spool_hold(&self) -> Option<usize> {
        self.node.as_ref().map(|node| node.hold)
    }

    async fn spool_claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let Some(me) = self.owner().await? else { return Ok(Claimed::default()) };
        let (claimed, unreadable): (Claimed, Vec<Unreadable>) =
            writing!(self.access, tx => Ok(take(tx, me, &claim).await?))?;
        self.leave_aside(unreadable);
        Ok(claimed)
    }

    async fn spool_leave(&self, messages: Vec<Left>) -> Result<(), StoreError> {
        let Some(me) = self.owner().await? else { return Ok(()) };
        writing!(self.access, tx => Ok(claims::leave(tx, me, &messages).await?))
    }

    fn spool_changes(&self) -> watch::Receiver<i64> {
        self.spool_changes.subscribe()
    }

    async fn spool_figures(&self) -> Result<SpoolFigures, StoreError> {
        let unreadable: Vec<i64> = self.unreadable.lock().keys().copied().collect();
        reading!(self.access, tx => queue_rows::figures(tx, &unreadable).await)
    }

    async fn spool_taken(&self) -> Result<SpoolTaken, StoreError> {
        let used = reading!(self.access, tx => spool::totals(tx).await)?;
        Ok(SpoolTaken { messages: used.messages, octets: used.octets })
    }

    async fn queue_summary(&self) -> Result<QueueSummary, StoreError> {
        reading!(self.access, tx => queue::summary(tx).await)
    }

    async fn queue_page(&self, filter: &QueueFilter, after: i64) -> Result<QueuePage, StoreError> {
        reading!(self.access, tx => queue::page(tx, filter, after).await)
    }

    async fn queue_get(&self, id: &str) -> Result<Option<(Spooled, Vec<u8>)>, StoreError> {
        let found = reading!(self.access, tx => queue::get(tx, id).await);
        Ok(found?.transpose()?)
    }

    async fn queue_change(
        &self,
        filter: &QueueFilter,
        change: QueueChange,
    ) -> Result<QueueChanged, StoreError> {
        let wanted = reading!(self.access, tx => queue::Wanted::find(tx, filter, change).await);
        let wanted = wanted??;
        writing!(self.access, tx => Ok(wanted.change(tx, filter, change).await?))
    }
}

impl Postgres {
    async fn keep(&self, messages: &[NewMessage]) -> Result<Vec<i64>, SpoolError> {
        let (bounds, owner) = (self.live.spool_bounds(), self.owner().await?);
        trying!(self.access, tx => {
            allow(tx, bounds, messages).await?;
            spool::insert(tx, messages, owner).await.map_err(Failure::from)
        })
    }

    /// Who answers for what is spooled: this process, if it serves.
    pub(super) async fn owner(&self) -> Result<Option<i64>, StoreError> {
        match self.node.is_some() {
            true => self.me().await.map(Some),
            false => Ok(None),
        }
    }

    /// Since which epoch these legs are being sent.
    fn epoch_of(&self, seq: i64, legs: &[i64]) -> Option<i64> {
        let epochs = self.epochs.lock();
        legs.iter().filter_map(|leg| epochs.get(&(seq, *leg)).copied()).min()
    }

    /// Notes which messages cannot be read, and tells of each once.
    fn leave_aside(&self, unreadable: Vec<Unreadable>) {
        let mut known = self.unreadable.lock();
        for one in unreadable.iter().filter(|one| !known.contains_key(&one.seq)) {
            tracing::error!(id = one.id, "{one}");
        }
        known.extend(unreadable.into_iter().map(|one| (one.seq, one)));
    }
}

/// Has `me` own what is wanted and nobody has; gives it, and what of it cannot be read.
async fn take(tx: &Transaction<'_>, me: i64, claim: &Claim) -> Result<(Claimed, Vec<Unreadable>)> {
    let are_more = claims::leave_of_gone(tx, me).await?;
    let mut taken = claims::claim(tx, me, claim.now, claim.due).await?;
    let is_full = are_more || claim.due > 0 && taken.len() == claim.due;
    if let Some(ahead) = claim.ahead.checked_sub(taken.len()).filter(|ahead| *ahead > 0) {
        taken.extend(claims::claim(tx, me, ANY_TIME, ahead).await?);
    }
    let mut hastened = HashSet::new();
    for of in &claim.lines {
        let until = if of.which == Which::Due { claim.now } else { ANY_TIME };
        let of_line = claims::claim_of(tx, me, until, of.most, &of.line).await?;
        if of.which == Which::AtOnce {
            hastened.extend(of_line.iter().copied());
        }
        taken.extend(of_line);
    }
    let lines = claims::lines(tx).await?;
    let mut whole = Whole::default();
    whole.add_all(spool::of_all(tx, &taken).await?);
    let Whole { mut open, finished, unreadable } = whole;
    for open in open.iter_mut().filter(|open| hastened.contains(&open.message)) {
        open.next_attempt = open.next_attempt.min(claim.now);
    }
    Ok((Claimed { open, finished, is_full, lines }, unreadable))
}

/// A message as it is to leave; its octets where there are no more than `most` of them.
async fn whole(
    tx: &Transaction<'_>,
    seq: i64,
    most: u64,
) -> Result<Option<std::result::Result<SpooledWhole, Unreadable>>> {
    let message = match spool::of(tx, seq).await? {
        Some(Ok(message)) => message,
        Some(Err(unreadable)) => return Ok(Some(Err(unreadable))),
        None => return Ok(None),
    };
    let Some(form) = texts::form(tx, seq).await? else { return Ok(None) };
    let source = match message.size <= most {
        true => texts::source(tx, message.source, message.size).await?,
        false => None,
    };
    Ok(Some(Ok(SpooledWhole { message, form, source })))
}

/// All that `owner` owns, or all there is for who does not serve.
async fn read_whole(tx: &Transaction<'_>, owner: Option<i64>) -> Result<Whole> {
    let mut whole = Whole::default();
    let mut after = 0;
    loop {
        let page = spool::page_of(tx, after, owner).await?;
        let Some(last) = page.last() else { return Ok(whole) };
        after = spool::seq(last);
        whole.add_all(page);
    }
}

/// Refuses what is more than may be kept. How much is left on the server's disk only the server knows.
pub(super) async fn allow(
    tx: &Transaction<'_>,
    bounds: SpoolBounds,
    messages: &[NewMessage],
) -> Result<(), Failure<SpoolError>> {
    let used = spool::totals(tx).await?;
    if used.messages.saturating_add(messages.len() as u64) > bounds.messages {
        return Err(Failure::Refused(SpoolError::Full("spool.max_messages")));
    }
    if used.octets.saturating_add(octets(messages)) > bounds.octets {
        return Err(Failure::Refused(SpoolError::Full("spool.max_bytes")));
    }
    Ok(())
}

/// What messages take of the spool, those of one source together.
fn octets(messages: &[NewMessage]) -> u64 {
    let mut seen: Vec<&Arc<_>> = Vec::new();
    let mut octets = 0;
    for new in messages {
        let text = &new.text;
        if spool::has_text(messages, new) {
            octets += text.own_octets();
        }
        if !seen.iter().any(|seen| Arc::ptr_eq(seen, &text.source)) {
            seen.push(&text.source);
            octets += text.source.octets().len() as u64;
        }
    }
    octets
}
