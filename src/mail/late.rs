//! Verdicts that come late. A destination may take ten minutes behind an end of data (RFC 5321 §4.5.3.2.6), and a
//! copy that is sent again meanwhile is one more copy there (RFC 1047). So whoever brings a message again while
//! a copy of it is on its way waits for that copy's verdict, and a verdict that nobody waits for any more is
//! remembered.

use crate::{fate::Verdict, store::Fingerprint};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// For how long a verdict is waited for when whoever brought the message has been answered.
pub(crate) const BESIDE: Duration = Duration::from_mins(5);

/// For how long a delivery is its client's alone: most end sooner, and what is sent again within a moment is not
/// looked for.
pub(super) const SLOW: Duration = Duration::from_secs(1);

/// Copies whose verdict takes its time, whoever waits for it. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    copies: Mutex<HashMap<Fingerprint, watch::Receiver<Option<Verdict>>>>,
    /// True when all who are waited with must be answered.
    hurry: watch::Sender<bool>,
    /// How many transactions are on their way.
    under_way: watch::Sender<usize>,
}

impl Default for Inner {
    fn default() -> Self {
        let (hurry, under_way) = (watch::Sender::new(false), watch::Sender::new(0));
        Self { copies: Mutex::default(), hurry, under_way }
    }
}

/// Copies of one message that others can wait for, until this is dropped.
#[derive(Debug)]
pub(crate) struct Announced {
    waits: Waits,
    copies: HashMap<Fingerprint, watch::Sender<Option<Verdict>>>,
}

/// The copies of one message, once they are announced. Whoever sends them holds on to this.
pub(crate) type Announcement = Arc<OnceLock<Announced>>;

/// The verdict on a copy is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLate;

/// A transaction is on its way, whether its client waits or not, until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Waits);

impl Waits {
    /// Lets others wait for the copies of these prints. What is announced already is left as it is.
    pub(super) fn announce(&self, prints: impl IntoIterator<Item = Fingerprint>) -> Announced {
        let mut all = self.lock();
        let mut copies = HashMap::new();
        for print in prints {
            all.entry(print).or_insert_with(|| {
                let (verdict, waiting) = watch::channel(None);
                copies.insert(print, verdict);
                waiting
            });
        }
        Announced { waits: self.clone(), copies }
    }

    /// True when nothing is announced: then no message need be named.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    /// True when the verdict on this copy is to come.
    pub(super) fn has(&self, print: &Fingerprint) -> bool {
        self.lock().get(print).is_some_and(|waiting| waiting.borrow().is_none())
    }

    /// [`Waits::verdict`] until `until`.
    ///
    /// # Errors
    /// When the copy is still on its way then, or clients must be answered before.
    pub(super) async fn verdict_by(
        &self,
        print: &Fingerprint,
        until: Instant,
    ) -> Result<Option<Verdict>, TooLate> {
        tokio::select! {
            biased;
            verdict = self.verdict(print) => Ok(verdict),
            () = sleep_until(until) => Err(TooLate),
            () = self.hurried() => Err(TooLate),
        }
    }

    /// The verdict on a copy that is on its way; `None` where none is, or it ended without one.
    pub(super) async fn verdict(&self, print: &Fingerprint) -> Option<Verdict> {
        let mut waiting = self.lock().get(print)?.clone();
        let verdict = waiting.wait_for(Option::is_some).await.ok()?;
        *verdict
    }

    /// From now on clients are answered by what is known.
    pub(crate) fn hurry(&self) {
        self.0.hurry.send_replace(true);
    }

    /// Ends when clients must be answered by what is known.
    pub(super) async fn hurried(&self) {
        let _ = self.0.hurry.subscribe().wait_for(|hurry| *hurry).await;
    }

    /// Ends when nothing is on its way.
    pub(crate) async fn all_ended(&self) {
        let _ = self.0.under_way.subscribe().wait_for(|count| *count == 0).await;
    }

    /// A transaction begins.
    pub(super) fn under_way(&self) -> UnderWay {
        self.0.under_way.send_modify(|count| *count = count.saturating_add(1));
        UnderWay(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, watch::Receiver<Option<Verdict>>>> {
        self.0.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Announced {
    /// Tells whoever waits what became of a copy.
    pub(super) fn tell(&self, print: &Fingerprint, verdict: Verdict) {
        if let Some(copy) = self.copies.get(print) {
            copy.send_replace(Some(verdict));
        }
    }

    /// The copies that are delivered.
    pub(crate) fn delivered(&self) -> Vec<Fingerprint> {
        let is_delivered = |verdict: &watch::Sender<Option<Verdict>>| {
            *verdict.borrow() == Some(Verdict::Delivered)
        };
        self.copies.iter().filter(|(_, copy)| is_delivered(copy)).map(|(print, _)| *print).collect()
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let mut all = self.waits.lock();
        for print in self.copies.keys() {
            all.remove(print);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_comes_again_hears_the_verdict_on_the_first_copy() {
        let waits = Waits::default();
        let (one, other) = ([1; 32], [2; 32]);
        assert!(waits.is_idle());
        let announced = waits.announce([one]);
        assert!(waits.announce([one]).copies.is_empty(), "it is the first one's");
        assert!(!waits.is_idle(), "the second one's end does not end the first one's");
        assert_eq!(waits.verdict(&other).await, None);
        let (heard, ()) = tokio::join!(waits.verdict(&one), async {
            announced.tell(&one, Verdict::Delivered);
        });
        assert_eq!(heard, Some(Verdict::Delivered));
        assert_eq!(announced.delivered(), [one]);
        assert!(!waits.has(&one), "nothing is to come");
        let unknown = waits.announce([other]);
        let (heard, ()) = tokio::join!(waits.verdict(&other), async { drop(unknown) });
        assert_eq!(heard, None);
        drop(announced);
        assert!(waits.is_idle());
    }
}
