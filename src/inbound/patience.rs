//! How long a client may take: less for whoever is not known while places run short, and never for ever.

use super::clients::Admission;
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// How long a client may take (`[limits]`, RFC 5321 §4.5.3.2).
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// How long a whole command may take.
    pub command: Duration,
    /// How long may pass between two reads of a message.
    pub data: Duration,
    /// Octets a second that a message must bring, on average of [`WINDOW`].
    pub data_rate: u64,
    /// How long a session may take.
    pub session: Duration,
}

/// Over how long the rate of a message is looked at.
const WINDOW: Duration = Duration::from_secs(30);
/// By what a client's time shrinks while places run short.
const SHRINKS_BY: u32 = 10;

/// The time of one client.
#[derive(Debug)]
pub struct Patience {
    timeouts: Timeouts,
    began: Instant,
    /// Places run short; for a client that is waited for as long as ever, the sender is gone.
    is_short: watch::Receiver<bool>,
    has_brought_mail: bool,
    admission: Option<Admission>,
}

/// The pace of a message that comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    since: Instant,
    octets: u64,
}

impl Patience {
    /// A client that came at `began`, is waited for as `timeouts` says, and a tenth of that while places run short
    /// for it.
    pub fn new(timeouts: Timeouts, began: Instant, admission: Admission) -> Self {
        let is_short = admission.shortage();
        Self { admission: Some(admission), ..Self::while_short(timeouts, began, is_short) }
    }

    /// A client that came at `began` and is waited for as `timeouts` says, whatever happens.
    pub fn unshaken(timeouts: Timeouts, began: Instant) -> Self {
        let (_, is_short) = watch::channel(false);
        Self::while_short(timeouts, began, is_short)
    }

    fn while_short(timeouts: Timeouts, began: Instant, is_short: watch::Receiver<bool>) -> Self {
        Self { timeouts, began, is_short, has_brought_mail: false, admission: None }
    }

    /// Mail of the client was taken: from now on this session is waited for as long as ever, and its next ones too.
    pub(super) fn brought_mail(&mut self) {
        self.has_brought_mail = true;
        if let Some(admission) = &self.admission {
            admission.prove();
        }
    }

    /// When a command that was waited for since then has taken too long.
    pub(super) fn command_end(&self, since: Instant) -> Instant {
        (since + self.now(self.timeouts.command)).min(self.session_end())
    }

    /// When a read within a message that was waited for since then has taken too long, at this pace.
    pub(super) fn data_end(&self, since: Instant, pace: &Pace) -> Instant {
        let end = (since + self.now(self.timeouts.data)).min(self.session_end());
        match pace.octets < self.least() {
            true => end.min(pace.since + self.now(WINDOW)),
            false => end,
        }
    }

    /// How long the client may take to read what we write.
    pub(super) fn command(&self) -> Duration {
        self.now(self.timeouts.command)
    }

    /// How long whatever comes before the dialogue may take.
    pub(super) fn handshake(&self) -> Duration {
        self.now(self.timeouts.command.min(WINDOW))
    }

    /// Whether what has come of a message until `now`, `octets` more among it, came fast enough.
    pub(super) fn goes_on(&self, pace: &mut Pace, octets: usize, now: Instant) -> bool {
        pace.octets = pace.octets.saturating_add(octets as u64);
        let window = self.now(WINDOW);
        if now - pace.since < window {
            return true;
        }
        let is_enough = pace.octets >= self.least();
        *pace = Pace::begin(now);
        is_enough
    }

    /// Ready when all of this may have become shorter, or longer.
    pub(super) async fn changed(&mut self) {
        if self.is_short.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Octets that a window must bring.
    fn least(&self) -> u64 {
        self.timeouts.data_rate.saturating_mul(self.now(WINDOW).as_secs())
    }

    fn session_end(&self) -> Instant {
        self.began + self.now(self.timeouts.session)
    }

    fn now(&self, time: Duration) -> Duration {
        let shrinks = !self.has_brought_mail && *self.is_short.borrow();
        if shrinks { time / SHRINKS_BY } else { time }
    }
}

impl Pace {
    /// A message that begins at `now`.
    pub(super) fn begin(now: Instant) -> Self {
        Self { since: now, octets: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        command: Duration::from_secs(300),
        data: Duration::from_secs(180),
        data_rate: 1024,
        session: Duration::from_secs(1800),
    };

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn time_shrinks_to_a_tenth_while_places_run_short() {
        let (short, is_short) = watch::channel(false);
        let now = Instant::now();
        let mut patience = Patience::while_short(TIMEOUTS, now, is_short);
        assert_eq!(patience.command_end(now), now + seconds(300));
        short.send(true).unwrap();
        patience.changed().await;
        assert_eq!(patience.command_end(now), now + seconds(30));
        assert_eq!(patience.data_end(now, &Pace::begin(now)), now + seconds(3));
        assert_eq!(Patience::unshaken(TIMEOUTS, now).command_end(now), now + seconds(300));
    }

    #[test]
    fn who_has_brought_mail_in_this_session_keeps_its_time() {
        let (_short, is_short) = watch::channel(true);
        let now = Instant::now();
        let mut patience = Patience::while_short(TIMEOUTS, now, is_short);
        assert_eq!(patience.command_end(now), now + seconds(30));
        patience.brought_mail();
        assert_eq!(patience.command_end(now), now + seconds(300));
    }

    #[test]
    fn a_message_needs_its_rate_on_average_of_a_window() {
        let now = Instant::now();
        let patience = Patience::unshaken(TIMEOUTS, now);
        let mut pace = Pace::begin(now);
        assert!(patience.goes_on(&mut pace, 1, now + seconds(29)), "it may be made up for");
        assert!(patience.goes_on(&mut pace, 30 * 1024 - 1, now + seconds(30)));
        assert!(!patience.goes_on(&mut pace, 30 * 1024 - 1, now + seconds(60)), "each by itself");
    }

    #[test]
    fn what_came_fast_may_pause() {
        let now = Instant::now();
        let patience = Patience::unshaken(TIMEOUTS, now);
        let mut pace = Pace::begin(now);
        assert_eq!(patience.data_end(now, &pace), now + seconds(30));
        assert!(patience.goes_on(&mut pace, 100_000, now));
        assert_eq!(patience.data_end(now, &pace), now + seconds(180));
        assert!(patience.goes_on(&mut pace, 1, now + seconds(170)));
    }

    #[test]
    fn no_time_goes_beyond_the_session() {
        let began = Instant::now();
        let patience = Patience::unshaken(TIMEOUTS, began);
        let late = began + seconds(1790);
        assert_eq!(patience.command_end(late), began + seconds(1800));
        assert_eq!(patience.data_end(late, &Pace::begin(late)), began + seconds(1800));
    }
}
