//! One try again: a spooled message and one destination, from its legs in the store to what became of them.

use super::{
    added::Added,
    handle::{Read, Whole},
    tried::{Touch, Tried},
};
use crate::{
    clock, dsn,
    mail::{parts::Parts, prints::print_at},
    message::Text,
    reply::Reply,
    retry::{Entry, HostState, Work},
    store::{
        StoreError, journal,
        spool::{Leg, LegState, Spooled},
    },
    time::Millis,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Until the next look, when there is no memory for a message or the store cannot be read.
const BREATH: Duration = Duration::from_secs(2);
/// Until the next look at what is held: whoever lets it go on is heard sooner, as a rule.
const HELD: Duration = Duration::from_mins(1);

/// How far a try has come.
#[derive(Debug)]
pub(super) enum Step {
    /// It is over.
    Over(Ended),
    /// Its destination has answered, or need not be asked: what came of it is to be written down.
    Answered(Box<Answered>),
}

/// A try whose outcome is known, and not written down yet.
pub(super) struct Answered {
    retry: Retry,
    ended: Ended,
}

/// What the runner is to do about a try that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) work: Work,
    /// Who has the hosts, where that was found out.
    pub(super) whose: Option<Arc<str>>,
    /// The message waits on.
    pub(super) again: Option<Entry>,
    pub(super) host: HostState,
    /// Nothing of the message is left to do.
    pub(super) is_finished: bool,
    /// The DSNs that followed.
    pub(super) notices: Vec<Added>,
}

/// Does `work`, until it is known what comes of it. `failures`: attempts in a row that found its host asleep.
pub(super) async fn retry(
    parts: Arc<Parts>,
    work: Work,
    failures: u32,
    stopping: watch::Receiver<bool>,
) -> Step {
    let mut ended = Ended {
        work,
        whose: None,
        again: None,
        host: HostState::Unknown,
        is_finished: false,
        notices: Vec::new(),
    };
    let expires = ended.work.expires;
    if !ended.work.is_known
        && let Some(whose) = parts.network.whose(&ended.work.hop).await
    {
        // Where many destinations are one's, they share the places of that one: it is asked who that is.
        ended.whose = Some(whose);
        ended.again = Some(ended.work.again(ended.work.due, expires));
        return Step::Over(ended);
    }
    if failures > 0
        && !ended.work.give_up
        && let Some(hold) = parts.network.hold(&ended.work.group)
    {
        // The first that met it has told the journal.
        ended.again = Some(ended.work.again(hold.until, expires));
        ended.host = HostState::Sleeps { until: hold.until };
        return Step::Over(ended);
    }
    match Retry::read(&parts, &ended.work, failures).await {
        Ok(Found::Ready(retry)) => return retry.run(ended, stopping).await,
        Ok(Found::Nothing) => {}
        Ok(Found::Later) => ended.again = Some(later(&ended.work)),
        Ok(Found::Held { expires }) => {
            let due = expires.min(clock::steady_millis() + HELD);
            ended.again = Some(ended.work.again(due, expires));
        }
        Err(error) => {
            tracing::error!(seq = ended.work.message, %error, "cannot read from the spool");
            ended.again = Some(later(&ended.work));
        }
    }
    Step::Over(ended)
}

impl Answered {
    /// What is known of the hosts.
    pub(super) fn host(&self) -> HostState {
        self.ended.host
    }

    /// Writes down what came of the try, and when the next one is.
    pub(super) async fn conclude(self) -> Ended {
        let Self { mut retry, mut ended } = self;
        let Some(notices) = retry.conclude().await else { return ended };
        ended.notices = notices;
        let open = retry.legs.iter().filter(|tried| goes_to(&retry.parts, &tried.leg, &ended.work));
        let expires = retry.parts.retry.expiry(retry.message.head.arrived);
        let due = open.map(|tried| tried.leg.next_attempt).min();
        ended.again = due.map(|due| ended.work.again(due, expires));
        ended.is_finished = retry.legs.iter().all(|tried| !tried.leg.state.is_open());
        ended
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("ended", &self.ended).finish_non_exhaustive()
    }
}

fn later(work: &Work) -> Entry {
    let due = clock::steady_millis() + BREATH;
    work.again(due, due)
}

/// What is found in the spool where a try begins.
enum Found {
    Ready(Box<Retry>),
    /// There is nothing for this destination any more.
    Nothing,
    /// No room for the message now.
    Later,
    /// The account that sent the message must not send now, and the time of the message is not up.
    Held {
        expires: Millis,
    },
}

/// A spooled message on its way to one destination.
pub(super) struct Retry {
    pub(super) parts: Arc<Parts>,
    /// The message without its legs.
    pub(super) message: Spooled,
    pub(super) legs: Vec<Tried>,
    /// What is sent.
    pub(super) text: Text,
    pub(super) failures: u32,
    pub(super) lines: Vec<journal::AttemptLine>,
}

impl Retry {
    async fn read(parts: &Arc<Parts>, work: &Work, failures: u32) -> Result<Found, StoreError> {
        let Some(whole) = parts.spool.read(parts, work.message).await? else {
            return Ok(Found::Nothing);
        };
        let Whole { mut message, form, source } = whole;
        let legs: Vec<Tried> = (0_i64..)
            .zip(std::mem::take(&mut message.legs))
            .map(|(number, leg)| {
                let is_due = goes_to(parts, &leg, work);
                Tried { number, leg, is_due, has_begun: false, touch: None, success: None }
            })
            .collect();
        if !legs.iter().any(|tried| tried.is_due) {
            return Ok(Found::Nothing);
        }
        let expires = parts.retry.expiry(message.head.arrived);
        if message.held.is_some() && clock::steady_millis() < expires {
            return Ok(Found::Held { expires });
        }
        let source = match source {
            Read::Source(source) => source,
            Read::Gone => return Ok(Found::Nothing),
            Read::NoRoom => return Ok(Found::Later),
        };
        Ok(Found::Ready(Box::new(Self {
            parts: Arc::clone(parts),
            message,
            legs,
            text: form.over(source),
            failures,
            lines: Vec::new(),
        })))
    }

    async fn run(mut self, mut ended: Ended, stopping: watch::Receiver<bool>) -> Step {
        if let Some(hold) = self.message.held {
            let reply = Reply::account_held(hold).to_keep();
            for tried in self.legs.iter_mut().filter(|tried| tried.is_due) {
                tried.leg.reply = reply.clone();
                tried.give_up();
                // No attempt begins on what is held.
                tried.has_begun = true;
            }
            return self.answered(ended);
        }
        // Where nobody else can have the message, what is done at the end of data is enough.
        if self.parts.store.spool_hold().is_some()
            && let Err(error) = self.begin().await
        {
            // What was taken over comes back when it is ours again.
            if !matches!(error, StoreError::TakenOver { .. }) {
                tracing::error!(id = self.message.head.id, %error, "cannot write the spool");
                ended.again = Some(later(&ended.work));
            }
            return Step::Over(ended);
        }
        let is_on_its_way = self.recall();
        if !self.legs.iter().any(|tried| tried.is_due) {
            if is_on_its_way {
                ended.again = Some(later(&ended.work));
                return Step::Over(ended);
            }
        } else if ended.work.give_up {
            self.legs.iter_mut().filter(|tried| tried.is_due).for_each(Tried::give_up);
        } else {
            match self.deliver(&ended.work, stopping).await {
                Some(host) => ended.host = host,
                // Cut short: the next start finds it.
                None => return Step::Over(ended),
            }
        }
        self.answered(ended)
    }

    fn answered(self, ended: Ended) -> Step {
        Step::Answered(Box::new(Answered { retry: self, ended }))
    }

    /// Has the store take those legs into the attempt that it did not take yet. What was dropped meanwhile is neither sent nor
    /// told.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        let numbers = self.due().filter(|tried| !tried.has_begun).map(|tried| tried.number);
        let numbers: Vec<i64> = numbers.collect();
        let begun = self.parts.store.spool_begin(self.message.seq, numbers.clone()).await?;
        for tried in self.legs.iter_mut().filter(|tried| numbers.contains(&tried.number)) {
            tried.has_begun = true;
            if !begun.contains(&tried.number) {
                (tried.is_due, tried.touch) = (false, None);
                // What was heard of it counts for nothing.
                if !tried.leg.state.is_open() {
                    tried.leg.state = LegState::Queued;
                }
            }
        }
        Ok(())
    }

    /// Ends the legs on whose end of data a verdict came late: the message is delivered. Those whose verdict
    /// is still waited for are not sent again; true when there are some.
    fn recall(&mut self) -> bool {
        let (store, now) = (&self.parts.store, clock::now());
        if !store.remembers_deliveries() && self.parts.waits.is_idle() {
            return false;
        }
        let digest = self.text.source.digest();
        let sender = &self.message.head.sender;
        let mut is_on_its_way = false;
        for tried in self.legs.iter_mut().filter(|tried| tried.is_due) {
            let print = print_at(sender, &tried.leg.mailbox, digest);
            if self.parts.waits.has(&print) {
                (tried.is_due, is_on_its_way) = (false, true);
                tracing::info!(id = self.message.head.id, to = %tried.leg.mailbox, "not tried: its verdict is to come");
            } else if store.was_delivered(&print, now) {
                tried.leg.state = LegState::Delivered;
                tried.leg.reply = Reply::ok().to_keep();
                tried.success = Some(dsn::Cause::Relayed);
                (tried.is_due, tried.touch) = (false, Some(Touch::Tried));
            }
        }
        is_on_its_way
    }

    pub(super) fn due(&self) -> impl Iterator<Item = &Tried> {
        self.legs.iter().filter(|tried| tried.is_due)
    }
}

fn goes_to(parts: &Parts, leg: &Leg, work: &Work) -> bool {
    leg.state.is_open() && parts.aliases.destination(leg.mailbox.clone()).next_hop == *work.hop
}
