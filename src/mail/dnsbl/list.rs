use crate::{
    clock,
    config::Dnsbl,
    dns::{LookupError, Resolver},
    dnsbl::{Answer, Question, Trouble},
    metrics::{Metrics, Verdict},
    time::Millis,
};
use parking_lot::Mutex;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

/// Questions to one list under way at once; the others wait. A list that is silent holds so many sockets and no more.
const AT_ONCE: usize = 64;
/// How long an answer may take beyond what the client waits for: it still counts for recipients that come later.
const GRACE: Duration = Duration::from_secs(8);
/// How long the list's own words may take.
const REASON_TIME: Duration = Duration::from_secs(1);
/// Longest words of a list that are repeated.
const MAX_REASON: usize = 200;
/// How often the log tells of the same trouble with a list.
const REST: Duration = Duration::from_hours(1);

/// A list, and how it does.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) config: Dnsbl,
    /// Where it stands in the configuration.
    pub(super) place: usize,
    free: Semaphore,
    told: Mutex<Told>,
    metrics: Arc<Metrics>,
}

/// When the log told of what.
#[derive(Debug, Default)]
struct Told {
    trouble: Option<Millis>,
    silence: Option<Millis>,
}

/// What a list has said of somebody.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) list: Arc<List>,
    pub(crate) question: Question,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    NotListed,
    Listed {
        code: Ipv4Addr,
        /// Why, in the words of the list.
        reason: Option<String>,
    },
    Trouble(Trouble),
    Unanswered,
}

impl Said {
    /// By which answer somebody is listed.
    pub(crate) fn code(&self) -> Option<Ipv4Addr> {
        match self.outcome {
            Outcome::Listed { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// For the journal and whoever asks: the list is named without its key.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, question, outcome } = self;
        let zone = &list.config.zone;
        match outcome {
            Outcome::NotListed => write!(f, "{question} is not listed at {zone}"),
            Outcome::Listed { code, .. } => write!(f, "{question} is listed at {zone} ({code})"),
            Outcome::Trouble(trouble) => write!(f, "{question}: no answer of {zone}: {trouble}"),
            Outcome::Unanswered => write!(f, "{question}: {zone} does not answer"),
        }
    }
}

impl List {
    pub(super) fn new(place: usize, config: Dnsbl, metrics: Arc<Metrics>) -> Self {
        metrics.dnsbl_begins(config.zone.shown());
        let (free, told) = (Semaphore::new(AT_ONCE), Mutex::default());
        Self { config, place, free, told, metrics }
    }

    /// Asks; what is not answered at `until` counts as silence, and is waited for a little longer.
    pub(super) async fn ask(
        self: Arc<Self>,
        resolver: &Resolver,
        question: Question,
        until: Instant,
    ) -> Said {
        let outcome = {
            let mut answer = pin!(self.answer(resolver, &question));
            match timeout_at(until, &mut answer).await {
                Ok(outcome) => {
                    self.count(&outcome);
                    outcome
                }
                Err(_) => {
                    self.count(&Outcome::Unanswered);
                    let late = timeout(GRACE, answer).await.unwrap_or(Outcome::Unanswered);
                    if late != Outcome::Unanswered {
                        self.count(&late);
                    }
                    late
                }
            }
        };
        Said { list: self, question, outcome }
    }

    async fn answer(&self, resolver: &Resolver, question: &Question) -> Outcome {
        let Ok(_place) = self.free.acquire().await else { return Outcome::Unanswered };
        let Dnsbl { zone, codes, kind, .. } = &self.config;
        let name = zone.to_ask(&question.labels());
        let code = match addresses(resolver, &name).await {
            Ok(found) => match Answer::of(&found, codes) {
                Answer::Listed(code) => code,
                Answer::NotListed => return Outcome::NotListed,
                Answer::Trouble(trouble) => return Outcome::Trouble(trouble),
            },
            Err(LookupError::Unanswered) => return Outcome::Unanswered,
            Err(LookupError::Nonexistent | LookupError::Empty) => return Outcome::NotListed,
        };
        // A list that was given up often lists the world.
        let control = zone.to_ask(kind.unlisted());
        let (control, reason) =
            tokio::join!(addresses(resolver, &control), self.reason(resolver, &name));
        match control.map(|found| Answer::of(&found, codes)) {
            Ok(Answer::Listed(_)) => Outcome::Trouble(Trouble::ListsEverybody),
            Ok(Answer::Trouble(trouble)) => Outcome::Trouble(trouble),
            Ok(Answer::NotListed) | Err(_) => Outcome::Listed { code, reason },
        }
    }

    /// What the list says about a listing, where that can be repeated.
    async fn reason(&self, resolver: &Resolver, name: &str) -> Option<String> {
        let texts = timeout(REASON_TIME, resolver.texts(name)).await.ok()?.ok()?;
        let text = String::from_utf8(texts.into_iter().next()?).ok()?;
        let text = text.trim();
        let is_clean = !text.is_empty()
            && text.len() <= MAX_REASON
            && text.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic())
            && !self.config.zone.is_told_by(text);
        is_clean.then(|| text.to_owned())
    }

    fn count(&self, outcome: &Outcome) {
        let zone = self.config.zone.shown();
        let verdict = match outcome {
            Outcome::NotListed => Verdict::NotListed,
            Outcome::Listed { .. } => Verdict::Listed,
            Outcome::Trouble(trouble) => {
                if is_due(&mut self.told.lock().trouble) {
                    tracing::error!(zone, "a [[dnsbl]] refuses nobody now: {trouble}");
                }
                Verdict::Error
            }
            Outcome::Unanswered => {
                if is_due(&mut self.told.lock().silence) {
                    tracing::warn!(
                        zone,
                        "a [[dnsbl]] does not answer in time: it lists nobody then"
                    );
                }
                Verdict::Timeout
            }
        };
        self.metrics.dnsbl(zone, verdict);
    }
}

async fn addresses(resolver: &Resolver, name: &str) -> Result<Vec<Ipv4Addr>, LookupError> {
    let found = resolver.addresses_like(name, Ipv4Addr::LOCALHOST.into()).await?;
    let found = found.into_iter().filter_map(|ip| match ip {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    });
    Ok(found.collect())
}

fn is_due(last: &mut Option<Millis>) -> bool {
    let now = clock::millis();
    let is_due = last.is_none_or(|last| now.since(last) >= REST);
    if is_due {
        *last = Some(now);
    }
    is_due
}
