//! Is the daemon up, does it listen, how deep is the spool.

mod probe;

use super::{
    Error, Place, Store,
    aliases::{UnsafeAlias, unsafe_aliases},
    providers::{self, State, Told},
    running::Running,
    spam_filter::{FilterStatus, ping},
};
use crate::{
    clock,
    config::Config,
    mail::Bite,
    store::{QueueSummary, StateLock, journal::JournalError},
    time::{DAY, Millis},
};
use serde::Serialize;
use std::io;

/// Destinations that are named, those with the most messages.
const SHOWN: usize = 5;

/// How it is.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// A daemon serves from the state directory.
    pub running: bool,
    /// Its listeners.
    pub listen: Vec<ListenerStatus>,
    /// Sockets that systemd hands over, by their names, and no listener is on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unnamed_sockets: Vec<String>,
    /// Why the daemon cannot write its database for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Rates of `[limits]` that were exceeded within the last hour, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub over_rates: Vec<Bite>,
    /// Providers that get less mail than they take, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Told>,
    /// Postfix's tables of aliases that do not answer the milter, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alias_maps: Vec<String>,
    /// The spam filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterStatus>,
    /// What waits.
    pub spool: SpoolStatus,
    /// Aliases that are never followed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsafe_aliases: Vec<UnsafeAlias>,
    /// Messages that were given up or refused within the last 24 hours, after we answered for them.
    pub failed_last_day: u64,
    /// Messages within the last 24 hours with a DKIM signature that verified and could not be kept.
    pub dkim_broken_last_day: u64,
}

/// Whether a listener answers.
#[derive(Debug, Clone, Serialize)]
pub struct ListenerStatus {
    /// What it speaks.
    pub protocol: String,
    /// Where it is.
    pub address: String,
    /// It does.
    pub answers: bool,
    /// Why it does not.
    pub problem: Option<String>,
}

/// What waits in the spool.
#[derive(Debug, Clone, Serialize)]
pub struct SpoolStatus {
    /// Messages.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// When the oldest came.
    pub oldest: Option<Millis>,
    /// Messages left aside because they cannot be read.
    #[serde(skip_serializing_if = "is_none")]
    pub unreadable: u64,
    /// For whom most of them wait.
    pub destinations: Vec<WaitingDestination>,
}

/// A domain that messages wait for.
#[derive(Debug, Clone, Serialize)]
pub struct WaitingDestination {
    /// Its name.
    pub domain: String,
    /// How many.
    pub messages: u64,
}

impl Status {
    /// Looks, and asks each listener. There is no store before the first start.
    ///
    /// # Errors
    /// When the store or the journal cannot be read.
    pub async fn of(config: &Config, store: Option<&Store>) -> Result<Self, Error> {
        let summary = match store {
            Some(store) => store.queue_summary().await?,
            None => QueueSummary::default(),
        };
        let running = match StateLock::keep_stopped(&config.state_dir) {
            Ok(stopped) => stopped.is_none(),
            // Before the first start.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(Error::closed(&config.state_dir, &error)),
        };
        let problems = if running {
            probe::all(&config.listen).await
        } else {
            config.listen.iter().map(|_| Some("the daemon does not run".to_owned())).collect()
        };
        let listen = config.listen.iter().zip(problems).map(|(listen, problem)| ListenerStatus {
            protocol: listen.protocol.to_string(),
            address: listen.address.to_string(),
            answers: problem.is_none(),
            problem,
        });
        let since = clock::millis() - DAY;
        let [failed_last_day, dkim_broken_last_day] = losses_since(config, since).await?;
        Ok(Self {
            running,
            listen: listen.collect(),
            unnamed_sockets: match running {
                true => Running::unnamed_sockets(&config.state_dir),
                false => Vec::new(),
            },
            trouble: running.then(|| Running::trouble(&config.state_dir)).flatten(),
            over_rates: if running { Running::over_rates(&config.state_dir) } else { Vec::new() },
            providers: held_back(config)?,
            alias_maps: if running { Running::maps(&config.state_dir) } else { Vec::new() },
            filter: ping(config).await?,
            spool: SpoolStatus::of(summary),
            unsafe_aliases: store.map(unsafe_aliases).unwrap_or_default(),
            failed_last_day,
            dkim_broken_last_day,
        })
    }

    /// It runs, every listener, every table and the spam filter answers, none is missing for a socket, and nothing keeps it from
    /// writing.
    pub fn is_well(&self) -> bool {
        let has_trouble = self.trouble.is_some()
            || !self.alias_maps.is_empty()
            || self.filter.as_ref().is_some_and(|filter| filter.problem.is_some())
            || !self.unnamed_sockets.is_empty();
        self.running && !has_trouble && self.listen.iter().all(|listen| listen.answers)
    }
}

impl SpoolStatus {
    fn of(summary: QueueSummary) -> Self {
        let mut destinations: Vec<WaitingDestination> = summary
            .destinations
            .into_iter()
            .map(|(domain, messages)| WaitingDestination { domain, messages })
            .collect();
        destinations.sort_by_key(|to| std::cmp::Reverse(to.messages));
        destinations.truncate(SHOWN);
        let QueueSummary { messages, octets, oldest, unreadable, .. } = summary;
        Self { messages, octets, oldest, unreadable, destinations }
    }
}

/// Those that do not get what they take.
fn held_back(config: &Config) -> Result<Vec<Told>, Error> {
    let mut told = providers::list(config, false)?;
    told.retain(|one| one.state != State::Usual);
    Ok(told)
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What failed, and what had a signature that could not be kept.
async fn losses_since(config: &Config, since: Millis) -> Result<[u64; 2], Error> {
    match Place::of(config).read_journal().await {
        Err(JournalError::Absent { .. }) => Ok([0, 0]),
        opened => {
            let journal = opened?;
            Ok([journal.count_failed(since).await?, journal.count_broken(since).await?])
        }
    }
}
