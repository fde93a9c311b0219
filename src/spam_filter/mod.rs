//! The way to the spam filter: rspamd over HTTP, by TCP or a unix socket. Who waits for it, and for how long, is
//! bounded here; what its answers mean is [`crate::rspamd`]'s.

mod circuit;
mod connection;
mod shares;

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
use parking_lot::Mutex;
use shares::Shares;
use std::{
    io,
    pin::pin,
    time::{Duration, Instant as Now},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

/// How often the log is told of a filter that does not answer.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// Idle connections that are kept.
const KEPT: usize = 8;

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
    idle: Mutex<Vec<Connection>>,
    circuit: Mutex<Circuit>,
    /// When the log was told last that there is no answer.
    told: Mutex<Option<Now>>,
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
    /// All of `filter.connections`, or those that the client may have of them, are in use for too long.
    #[error("too many messages wait for it")]
    Busy,
    /// It has not answered lately, and is not asked for a moment.
    #[error("it has not answered lately")]
    LeftAlone,
}

impl FilterError {
    /// Whether the filter may not be there: every message would wait for it in vain. Of what comes at once, the message
    /// may be the cause, and whoever sends such must not keep others from being judged.
    fn is_silence(&self) -> bool {
        matches!(self, Self::NoHost | Self::Connect(_) | Self::Tls(_) | Self::TooSlow)
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
            shares: Shares::of(connections),
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

    /// What it says of `message`, of which `fields` tell; `client` is on whose account it is asked, if on anybody's.
    ///
    /// # Errors
    /// Why it says nothing.
    pub async fn ask(
        &self,
        fields: &[(&'static str, String)],
        message: Bytes,
        client: Option<ClientBlock>,
    ) -> Result<Answer, FilterError> {
        let deadline = Instant::now() + self.timeout;
        let turn = self.turn(client, deadline).await?;
        let question = Question { method: "POST", path: "/checkv2", fields, body: message };
        let asked = timeout_at(deadline, self.exchange(question)).await;
        let body = asked.unwrap_or(Err(FilterError::TooSlow));
        turn.conclude(body.and_then(|body| Ok(Answer::parse(&body)?)))
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ping(&self) -> Result<(), FilterError> {
        let question = Question { method: "GET", path: "/ping", fields: &[], body: Bytes::new() };
        let asked = timeout_at(Instant::now() + self.timeout, self.exchange(question)).await;
        asked.unwrap_or(Err(FilterError::TooSlow)).map(drop)
    }

    /// Tells the log that there is no answer, and what happens: once a minute, as it concerns every message.
    pub fn tell(&self, error: &FilterError, what: &str) {
        let mut told = self.told.lock();
        if told.is_some_and(|last| last.elapsed() < TELL_EVERY) {
            tracing::debug!(place = %self.place, %error, "the spam filter does not answer");
            return;
        }
        *told = Some(Now::now());
        tracing::error!(place = %self.place, %error, "the spam filter does not answer: {what}");
    }

    /// Waits for a slot: first for one of the client's, and then for one of all.
    async fn turn(
        &self,
        client: Option<ClientBlock>,
        deadline: Instant,
    ) -> Result<Turn<'_>, FilterError> {
        let mut left_alone = pin!(self.left_alone.notified());
        // From here on nothing is missed.
        left_alone.as_mut().enable();
        let way = self.circuit.lock().enter(Now::now()).ok_or(FilterError::LeftAlone)?;
        let mut turn = Turn { filter: self, way, slots: None, is_concluded: false };
        let slots = async {
            let own = match client {
                Some(client) => Some(self.shares.slots(client).acquire_owned().await.ok()?),
                None => None,
            };
            Some((self.slots.acquire().await.ok()?, own))
        };
        let slots = tokio::select! {
            slots = timeout_at(deadline, slots) => slots,
            () = left_alone, if way == Way::Open => return Err(FilterError::LeftAlone),
        };
        turn.slots = Some(slots.ok().flatten().ok_or(FilterError::Busy)?);
        Ok(turn)
    }

    /// Over a connection that was kept, if there is one that still holds, or else a new one.
    async fn exchange(&self, question: Question<'_>) -> Result<Bytes, FilterError> {
        let mut kept = self.idle.lock().pop();
        while let Some(mut connection) = kept {
            if connection.is_ready().await {
                match self.over(connection, question.clone()).await {
                    // It may have been closed meanwhile, and asking twice does no harm.
                    Err(FilterError::Http(_)) => {}
                    asked => return asked,
                }
            }
            kept = self.idle.lock().pop();
        }
        let connection = Connection::open(&self.place, &self.resolver, &self.connector).await?;
        self.over(connection, question).await
    }

    async fn over(
        &self,
        mut connection: Connection,
        question: Question<'_>,
    ) -> Result<Bytes, FilterError> {
        let (body, is_kept) = connection.ask(question).await?;
        let mut idle = self.idle.lock();
        if is_kept && idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(body)
    }
}

/// The right of one message to ask.
struct Turn<'a> {
    filter: &'a SpamFilter,
    way: Way,
    slots: Option<(SemaphorePermit<'a>, Option<OwnedSemaphorePermit>)>,
    is_concluded: bool,
}

impl Turn<'_> {
    /// Counts what came of it.
    fn conclude(mut self, asked: Result<Answer, FilterError>) -> Result<Answer, FilterError> {
        self.is_concluded = true;
        let place = &self.filter.place;
        let mut circuit = self.filter.circuit.lock();
        match &asked {
            Err(error) if error.is_silence() => {
                if circuit.failed(self.way, Now::now()) {
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
        asked
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_concluded {
            self.filter.circuit.lock().left(self.way);
        }
    }
}
