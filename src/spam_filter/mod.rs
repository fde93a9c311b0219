//! The way to the spam filter: rspamd over HTTP, by TCP or a unix socket. Who waits for it, and for how long, is
//! bounded here; what its answers mean is [`crate::rspamd`]'s.

mod circuit;
mod connection;
mod idle;
mod shares;
#[cfg(test)]
mod tests;

use crate::{
    config::FilterAddress,
    dns::Resolver,
    rate::ClientBlock,
    rspamd::{Answer, AnswerError},
    tls::{Connector, TlsError},
};
use circuit::{Circuit, Way};
use connection::{Connection, Question};
use hyper::{StatusCode, body::Bytes};
use idle::Idle;
use parking_lot::Mutex;
use shares::{Share, Shares};
use std::{
    io,
    pin::pin,
    time::{Duration, Instant as Now},
};
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

/// How often the log is told of a filter that does not answer.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Asks the filter. One for all messages.
#[derive(Debug)]
pub struct SpamFilter {
    place: FilterAddress,
    resolver: Resolver,
    connector: Connector,
    timeout: Duration,
    /// Questions that may be under way.
    slots: Semaphore,
    /// Those of them that one client may have.
    shares: Shares,
    idle: Mutex<Idle<Connection>>,
    circuit: Mutex<Circuit>,
    /// When the log was told last that there is no answer, and that some have to wait for it.
    told: Mutex<(Option<Now>, Option<Now>)>,
    /// Wakes those who wait for a slot when the filter is left alone.
    left_alone: Notify,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Its host is not known.
    #[error("its host has no address")]
    NoHost,
    /// Nobody is there.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// TLS failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It takes longer than `filter.timeout`.
    #[error("no answer in time")]
    TooSlow,
    /// What comes is no HTTP, or ends early.
    #[error("no HTTP answer: {0}")]
    Http(#[from] hyper::Error),
    /// The password is not the one it wants.
    #[error("it refuses the password of filter.password_file, or wants one")]
    Password,
    /// It answers with an error.
    #[error("its answer is {0}")]
    Status(StatusCode),
    /// The answer makes no sense.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// What is to be asked cannot be written as HTTP.
    #[error("cannot ask: {0}")]
    Question(#[from] hyper::http::Error),
    /// A place of `filter.connections` came free too late, or the client has others of its messages with the filter
    /// and this one took too long: whoever sends many at once waits for them, and gets none past the filter.
    #[error("too many messages are with it")]
    Busy,
    /// It has not answered lately, and is not asked for a moment.
    #[error("it has not answered lately")]
    LeftAlone,
}

impl FilterError {
    /// Whether the filter may not be there: every message would wait for it in vain. Of what comes at once, the message
    /// may be the cause, and whoever sends such must not keep others from being judged.
    fn is_silence(&self) -> bool {
        self.is_nobodys_fault() || matches!(self, Self::TooSlow)
    }

    /// True where mail is put off whatever `filter.fail` says: whoever sends it has brought this about, and could get
    /// past the filter so.
    pub fn is_senders_doing(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Answer(AnswerError::TooLong | AnswerError::TooManySymbols)
        )
    }

    /// Whether the time was over before anything was heard.
    fn is_lateness(&self) -> bool {
        match self {
            Self::TooSlow => true,
            Self::Connect(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }

    /// What no message can be the cause of.
    fn is_nobodys_fault(&self) -> bool {
        matches!(self, Self::NoHost | Self::Connect(_) | Self::Tls(_))
    }
}

impl SpamFilter {
    /// A filter at `place` that is given `timeout` for an answer and asked `connections` questions at once.
    pub fn new(
        place: FilterAddress,
        timeout: Duration,
        connections: usize,
        resolver: Resolver,
        connector: Connector,
    ) -> Self {
        Self {
            place,
            resolver,
            connector,
            timeout,
            slots: Semaphore::new(connections),
            shares: Shares::new(connections),
            idle: Mutex::default(),
            circuit: Mutex::default(),
            told: Mutex::default(),
            left_alone: Notify::new(),
        }
    }

    /// Where it is.
    pub fn place(&self) -> &FilterAddress {
        &self.place
    }

    /// What it says of `message`, of which `fields` tell; `client` is on whose account it is asked, if on anybody's,
    /// and `is_exempt` where that client may have more than its share of the places.
    ///
    /// # Errors
    /// Why it says nothing.
    pub async fn ask(
        &self,
        fields: &[(&'static str, String)],
        message: Bytes,
        client: Option<ClientBlock>,
        is_exempt: bool,
    ) -> Result<Answer, FilterError> {
        let deadline = Instant::now() + self.timeout;
        let mut turn = self.turn(client, is_exempt, deadline).await?;
        turn.is_late = deadline.saturating_duration_since(Instant::now()) < self.timeout / 2;
        let question = Question { method: "POST", path: "/checkv2", fields, body: message };
        let body = self.exchange(question, turn.way, deadline).await;
        turn.conclude(body.and_then(|body| Ok(Answer::parse(&body)?)))
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ping(&self) -> Result<(), FilterError> {
        let question = Question { method: "GET", path: "/ping", fields: &[], body: Bytes::new() };
        let deadline = Instant::now() + self.timeout;
        self.exchange(question, Way::Trial, deadline).await.map(drop)
    }

    /// Tells the log that there is no answer, and what happens: once a minute, as it concerns every message.
    pub fn tell(&self, error: &FilterError, what: &str) {
        let (place, is_senders) = (&self.place, error.is_senders_doing());
        let mut told = self.told.lock();
        // What senders do must not keep the operator from reading that the filter is gone.
        let last = if is_senders { &mut told.1 } else { &mut told.0 };
        if last.is_some_and(|last| last.elapsed() < TELL_EVERY) {
            tracing::debug!(%place, %error, "the spam filter does not answer");
            return;
        }
        *last = Some(Now::now());
        match is_senders {
            true => tracing::warn!(%place, %error, "the spam filter does not answer: {what}"),
            false => tracing::error!(%place, %error, "the spam filter does not answer: {what}"),
        }
    }

    /// Waits for a slot: first for one of the client's, and then for one of all.
    async fn turn(
        &self,
        client: Option<ClientBlock>,
        is_exempt: bool,
        deadline: Instant,
    ) -> Result<Turn<'_>, FilterError> {
        let mut left_alone = pin!(self.left_alone.notified());
        // From here on nothing is missed.
        left_alone.as_mut().enable();
        let entered = self.circuit.lock().enter(client, Now::now());
        let way = entered.ok_or(FilterError::LeftAlone)?;
        let share = client.filter(|_| !is_exempt).map(|client| self.shares.of(client));
        let mut turn = Turn {
            filter: self,
            client,
            way,
            slot: None,
            share,
            is_late: false,
            is_concluded: false,
        };
        let slot = async {
            if let Some(share) = &mut turn.share {
                share.acquire().await?;
            }
            self.slots.acquire().await.ok()
        };
        let slot = tokio::select! {
            biased;
            () = left_alone, if way == Way::Open => Err(FilterError::LeftAlone),
            slot = timeout_at(deadline, slot) => slot.ok().flatten().ok_or(FilterError::Busy),
        };
        turn.slot = Some(slot.map_err(|error| turn.or_busy(error))?);
        Ok(turn)
    }

    /// By `deadline`, over a connection that was kept, if there is one that still holds, or else a new one. A trial has
    /// a new one: what was kept may have died with the filter.
    async fn exchange(
        &self,
        question: Question<'_>,
        way: Way,
        deadline: Instant,
    ) -> Result<Bytes, FilterError> {
        let kept = || match way {
            Way::Open => self.idle.lock().take(Now::now()),
            Way::Trial => None,
        };
        let asked = async {
            while let Some(mut connection) = kept() {
                if connection.is_ready().await {
                    match self.over(connection, question.clone()).await {
                        // It may have been closed meanwhile, and asking twice does no harm.
                        Err(FilterError::Http(_)) => {}
                        asked => return asked,
                    }
                }
            }
            let opened = Connection::open(&self.place, &self.resolver, &self.connector);
            let opened = timeout_at(deadline, opened).await;
            let late = || FilterError::Connect(io::ErrorKind::TimedOut.into());
            self.over(opened.unwrap_or_else(|_| Err(late()))?, question).await
        };
        let asked = timeout_at(deadline, asked).await.unwrap_or(Err(FilterError::TooSlow));
        if matches!(&asked, Err(error) if error.is_silence()) {
            self.idle.lock().clear();
        }
        asked
    }

    async fn over(
        &self,
        mut connection: Connection,
        question: Question<'_>,
    ) -> Result<Bytes, FilterError> {
        let (body, is_kept) = connection.ask(question).await?;
        if is_kept {
            self.idle.lock().keep(connection, Now::now());
        }
        Ok(body)
    }
}

/// The right of one message to ask.
struct Turn<'a> {
    filter: &'a SpamFilter,
    client: Option<ClientBlock>,
    way: Way,
    slot: Option<SemaphorePermit<'a>>,
    share: Option<Share>,
    /// Most of the time was over when a place came free: that there is no answer says nothing of the filter.
    is_late: bool,
    is_concluded: bool,
}

impl Turn<'_> {
    /// Counts what came of it.
    fn conclude(mut self, asked: Result<Answer, FilterError>) -> Result<Answer, FilterError> {
        self.is_concluded = true;
        let place = &self.filter.place;
        let mut circuit = self.filter.circuit.lock();
        match &asked {
            Err(error) if self.is_late && error.is_lateness() => circuit.left(self.way),
            Err(error) if error.is_silence() => {
                let cause = self.client.filter(|_| !error.is_nobodys_fault());
                if circuit.failed(cause, self.way, Now::now()) {
                    self.filter.left_alone.notify_waiters();
                }
            }
            Ok(_)
            | Err(FilterError::Status(_) | FilterError::Answer(_) | FilterError::Password) => {
                if circuit.answered() {
                    tracing::info!(%place, "the filter answers again");
                }
            }
            Err(_) => circuit.left(self.way),
        }
        drop(circuit);
        asked.map_err(|error| self.or_busy(error))
    }

    /// What took too long among many of one client, or was kept waiting by others.
    fn or_busy(&self, error: FilterError) -> FilterError {
        let is_crowded = self.share.as_ref().is_some_and(Share::is_crowded);
        match error {
            error if self.is_late && error.is_lateness() => FilterError::Busy,
            FilterError::TooSlow | FilterError::LeftAlone if is_crowded => FilterError::Busy,
            error => error,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_concluded {
            self.filter.circuit.lock().left(self.way);
        }
    }
}
