use crate::{
    clock,
    config::Dnsbl,
    dns::{LookupError, Resolver},
    dnsbl::{Action, Answer, Question, Trouble},
    mail::rates::Questions,
    metrics::{Metrics, Verdict},
    rate::ClientBlock,
    reply::Reply,
    time::Millis,
    turns::Turns,
};
use parking_lot::Mutex;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, timeout, timeout_at};

/// How long a greeting waits for all lists together.
pub(super) const GREETING: Duration = Duration::from_secs(2);
/// How long a recipient, and the end of a message, wait for all lists together.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
/// How long an answer may take: one that comes so late counts for the transactions that follow.
const LONGEST: Duration = Duration::from_secs(16);
/// Questions to one list under way at once; the others wait. A list that is silent holds so many sockets and no more.
const AT_ONCE: usize = 64;
/// ... because of one client.
const AT_ONCE_OF_ONE: usize = 16;
/// Whose silence lasts for so many questions in a row is not worth the whole patience ...
const SILENCES: u32 = 3;
/// ... for so long.
const SILENT_FOR: Duration = Duration::from_mins(1);
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
    places: Turns<Option<ClientBlock>>,
    silence: Mutex<Silence>,
    told: Mutex<Told>,
    metrics: Arc<Metrics>,
}

/// How many questions in a row had no answer, and since when the last.
#[derive(Debug, Default)]
struct Silence {
    questions: u32,
    last: Millis,
}

/// Because of whom a list is asked, and by what.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) resolver: Resolver,
    pub(super) whose: Option<ClientBlock>,
    /// The budget that the questions count against.
    pub(super) questions: Questions,
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
    /// It was not asked, as the client has caused too many questions; by this the client comes again.
    OverBudget(Reply),
}

impl Said {
    /// What becomes of the mail for it, if anything. Who uses up his questions does not get past a list by that.
    pub(super) fn action(&self) -> Option<Action> {
        match self.outcome {
            Outcome::Listed { .. } => Some(self.list.config.action),
            Outcome::OverBudget(_) => Some(self.list.config.action.min(Action::Defer)),
            _ => None,
        }
    }

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
            Outcome::Unanswered => write!(f, "{question}: {zone} does not answer (timeout)"),
            Outcome::OverBudget(_) => {
                write!(f, "{question}: {zone} was not asked: limits.dns_questions_per_client")
            }
        }
    }
}

impl List {
    pub(super) fn new(place: usize, config: Dnsbl, metrics: Arc<Metrics>) -> Self {
        metrics.dnsbl_begins(config.zone.shown());
        let places = Turns::new(AT_ONCE);
        let (silence, told) = (Mutex::default(), Mutex::default());
        Self { config, place, places, silence, told, metrics }
    }

    /// True for a list that is not worth waiting for.
    pub(super) fn is_silent(&self) -> bool {
        let silence = self.silence.lock();
        silence.questions >= SILENCES && clock::steady_millis().since(silence.last) < SILENT_FOR
    }

    /// Asks, for somebody who waits since `began`. What is not answered in time counts as silence, and is waited for a
    /// little longer.
    pub(super) async fn ask(
        self: Arc<Self>,
        asking: Asking,
        question: Question,
        began: Instant,
    ) -> Said {
        let outcome = {
            let mut answer = pin!(self.answer(&asking, &question));
            let patience = if self.is_silent() { GREETING } else { PATIENCE };
            match timeout_at(began + patience, &mut answer).await {
                Ok(outcome) => {
                    self.count(&outcome);
                    outcome
                }
                Err(_) => {
                    self.count(&Outcome::Unanswered);
                    if patience == PATIENCE {
                        self.was_silent();
                    }
                    let late = timeout_at(began + LONGEST, answer).await;
                    let late = late.unwrap_or(Outcome::Unanswered);
                    if late != Outcome::Unanswered {
                        self.count(&late);
                    }
                    late
                }
            }
        };
        Said { list: self, question, outcome }
    }

    async fn answer(&self, asking: &Asking, question: &Question) -> Outcome {
        let _place = self.places.take(asking.whose, AT_ONCE_OF_ONE).await;
        let Dnsbl { zone, codes, kind, action, .. } = &self.config;
        let name = zone.to_ask(&question.labels());
        let code = match addresses(&asking.resolver, &name).await {
            Ok(found) => match Answer::of(&found, codes) {
                Answer::Listed(code) => code,
                Answer::NotListed => return Outcome::NotListed,
                Answer::Trouble(trouble) => return Outcome::Trouble(trouble),
            },
            Err(LookupError::Unanswered) => return asking.refused().unwrap_or(Outcome::Unanswered),
            Err(LookupError::Nonexistent | LookupError::Empty) => return Outcome::NotListed,
        };
        // A list that was given up often lists the world.
        let control = addresses(&asking.resolver, &zone.to_ask(kind.unlisted())).await;
        match control.map(|found| Answer::of(&found, codes)) {
            Ok(Answer::Listed(_)) => return Outcome::Trouble(Trouble::ListsEverybody),
            Ok(Answer::Trouble(trouble)) => return Outcome::Trouble(trouble),
            Ok(Answer::NotListed) => {}
            Err(_) => {
                if let Some(over_budget) = asking.refused() {
                    return over_budget;
                }
            }
        }
        // Nobody reads it of mail that is passed on.
        let reason = match action {
            Action::Mark => None,
            Action::Defer | Action::Refuse => self.reason(&asking.resolver, &name).await,
        };
        Outcome::Listed { code, reason }
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

    fn was_silent(&self) {
        let silence = &mut *self.silence.lock();
        silence.questions = silence.questions.saturating_add(1);
        silence.last = clock::steady_millis();
        if silence.questions == SILENCES {
            let zone = self.config.zone.shown();
            tracing::warn!(zone, "a [[dnsbl]] is silent: it is waited for no longer than 2 s");
        }
    }

    fn count(&self, outcome: &Outcome) {
        let zone = self.config.zone.shown();
        if !matches!(outcome, Outcome::Unanswered | Outcome::OverBudget(_)) {
            self.silence.lock().questions = 0;
        }
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
            // That tells of the client.
            Outcome::OverBudget(_) => return,
        };
        self.metrics.dnsbl(zone, verdict);
    }
}

impl Asking {
    /// Why a question was not asked, if the client is why.
    fn refused(&self) -> Option<Outcome> {
        self.questions.refused().map(Outcome::OverBudget)
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
