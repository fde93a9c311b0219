//! A transaction that is on its way to a destination, and how whoever waits hears of its end.

use crate::{
    address::Mailbox,
    outbound::{Attempt, Progress},
};
use parking_lot::Mutex;
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::runtime::Handle;

/// What became of a message for the recipients of one transaction.
pub(super) type Attempts = Vec<(Mailbox, Attempt)>;

/// One that whoever waits for its verdict carries on, which saves a task: mostly there is one for a message. It is not for
/// us to cut off, as behind the end of data the message is the destination's: dropped, it goes on as a task.
#[derive(Default)]
pub(super) struct Sending(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Sending {
    pub(super) fn of(sending: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(sending)))
    }
}

/// Ends never where nothing is sent, or not any more.
impl Future for Sending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sending) = &mut self.0 else { return Poll::Pending };
        let polled = sending.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}

/// Where whoever waits looks for the end of a transaction.
#[derive(Debug, Default)]
pub(super) struct Awaited(Arc<Mutex<Heard>>);

/// The other side: whoever carries a transaction tells its end here, once. Dropped, it has ended without verdicts.
#[derive(Debug)]
pub(super) struct Teller {
    heard: Arc<Mutex<Heard>>,
    /// Wakes whoever waits.
    progress: Progress,
}

#[derive(Debug, Default)]
enum Heard {
    #[default]
    Nothing,
    Ended(Attempts),
    /// Nobody waits any more.
    Left,
}

impl Awaited {
    /// The teller of a transaction, whose end is heard with the changes of `progress`.
    pub(super) fn by(&self, progress: &Progress) -> Teller {
        Teller { heard: Arc::clone(&self.0), progress: progress.clone() }
    }

    /// The verdicts, once they are there.
    pub(super) fn take(&self) -> Option<Attempts> {
        let mut heard = self.0.lock();
        match mem::take(&mut *heard) {
            Heard::Ended(attempts) => {
                *heard = Heard::Left;
                Some(attempts)
            }
            other => {
                *heard = other;
                None
            }
        }
    }

    /// [`Awaited::take`] for the last time: from now on the teller is not heard.
    pub(super) fn leave(&self) -> Option<Attempts> {
        match mem::replace(&mut *self.0.lock(), Heard::Left) {
            Heard::Ended(attempts) => Some(attempts),
            Heard::Nothing | Heard::Left => None,
        }
    }
}

impl Teller {
    /// Tells the verdicts.
    ///
    /// # Errors
    /// They come back where nobody waits for them.
    pub(super) fn tell(&self, attempts: Attempts) -> Result<(), Attempts> {
        let mut heard = self.heard.lock();
        if matches!(*heard, Heard::Left) {
            return Err(attempts);
        }
        *heard = Heard::Ended(attempts);
        drop(heard);
        self.progress.wake();
        Ok(())
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let mut heard = self.heard.lock();
        if matches!(*heard, Heard::Nothing) {
            *heard = Heard::Ended(Attempts::new());
            self.progress.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether whoever waits was woken since the last time.
    async fn is_woken(progress: &Progress) -> bool {
        tokio::select! {
            biased;
            () = progress.changed() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn an_end_is_heard_once() {
        let (progress, awaited) = (Progress::default(), Awaited::default());
        let teller = awaited.by(&progress.of_another());
        assert!(awaited.take().is_none() && !is_woken(&progress).await);
        assert!(teller.tell(Vec::new()).is_ok());
        assert!(is_woken(&progress).await);
        assert!(awaited.take().is_some() && awaited.take().is_none());
        drop(teller);
        assert!(!is_woken(&progress).await && awaited.leave().is_none());
    }

    #[tokio::test]
    async fn a_teller_that_goes_without_a_word_ends_the_wait() {
        let (progress, awaited) = (Progress::default(), Awaited::default());
        drop(awaited.by(&progress));
        assert!(is_woken(&progress).await);
        assert_eq!(awaited.take().map(|attempts| attempts.len()), Some(0));
    }

    #[test]
    fn what_nobody_waits_for_comes_back() {
        let (progress, awaited) = (Progress::default(), Awaited::default());
        let teller = awaited.by(&progress);
        assert!(awaited.leave().is_none());
        assert!(teller.tell(Vec::new()).is_err());
    }
}
