//! How all goes, at a glance: what `onward status` says without a look at each listener, and what can be said without
//! reading the spool or the journal as a whole.

use super::{
    Error, Place, Store,
    aliases::{UnsafeAlias, unsafe_aliases},
    running::Running,
};
use crate::{
    clock,
    config::Config,
    mail::Bite,
    store::{
        EventFigures, QueueFilter, WaitingEvent,
        journal::{HostCount, JournalError},
        spool::{SpoolFigures, Spooled},
    },
    time::{DAY, Millis},
};
use std::{collections::BTreeMap, path::Path};

/// Messages that are looked at for where they go: the oldest.
pub const LOOKED_AT: usize = 1000;
/// Hosts and destinations that are named.
const SHOWN: usize = 15;
/// Events that are named.
const EVENTS: usize = 20;

/// How all goes.
#[derive(Debug, Clone)]
pub struct Overview {
    /// What waits, in figures.
    pub spool: SpoolFigures,
    /// Where the oldest messages are to go, the most wanted first.
    pub waiting: Vec<WaitingHop>,
    /// There are more messages than were looked at.
    pub is_more: bool,
    /// The hosts that took longest of late.
    pub slowest: Vec<HostCount>,
    /// Why the database cannot be written for now.
    pub trouble: Option<String>,
    /// Rates of `[limits]` that were exceeded within the last hour.
    pub over_rates: Vec<Bite>,
    /// Postfix's tables that do not answer.
    pub alias_maps: Vec<String>,
    /// Sockets of systemd that no listener is on.
    pub unnamed_sockets: Vec<String>,
    /// Aliases that are never followed.
    pub unsafe_aliases: Vec<UnsafeAlias>,
    /// Octets free, and in all, where the state is.
    pub disk: Option<(u64, u64)>,
    /// The first events that wait for whoever is told of aliases.
    pub events: Vec<WaitingEvent>,
    /// Events in figures.
    pub event_figures: EventFigures,
}

/// A domain that messages wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingHop {
    /// Its name.
    pub domain: String,
    /// How many messages wait for it, of those that were looked at.
    pub messages: u64,
    /// The most attempts that one has had.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_attempt: Millis,
    /// What it said last.
    pub reply: String,
}

impl Overview {
    /// Looks.
    ///
    /// # Errors
    /// When the store or the journal cannot be read.
    pub async fn of(config: &Config, place: &Place, store: &Store) -> Result<Self, Error> {
        let state_dir = &config.state_dir;
        let (waiting, is_more) = waiting(store).await?;
        let since = clock::millis() - DAY;
        let slowest = match place.read_journal().await {
            Err(JournalError::Absent { .. }) => Vec::new(),
            opened => opened?.slowest(since, SHOWN).await?,
        };
        Ok(Self {
            spool: store.spool_figures().await?,
            waiting,
            is_more,
            slowest,
            trouble: Running::trouble(state_dir),
            over_rates: Running::over_rates(state_dir),
            alias_maps: Running::maps(state_dir),
            unnamed_sockets: Running::unnamed_sockets(state_dir),
            unsafe_aliases: unsafe_aliases(store),
            disk: disk(state_dir),
            events: store.waiting_events(EVENTS).await?,
            event_figures: store.event_figures().await?,
        })
    }
}

/// Octets free, and in all, on the disk of a directory.
pub(in crate::admin) fn disk(dir: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some((disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize))
}

/// Where the oldest messages go, and whether there are more.
async fn waiting(store: &Store) -> Result<(Vec<WaitingHop>, bool), Error> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let page = store.queue_page(&QueueFilter::default(), after).await?;
        messages.extend(page.messages);
        match page.next {
            Some(_) if messages.len() >= LOOKED_AT => return Ok((by_domain(&messages), true)),
            Some(next) => after = next,
            None => return Ok((by_domain(&messages), false)),
        }
    }
}

fn by_domain(messages: &[Spooled]) -> Vec<WaitingHop> {
    let mut all: BTreeMap<String, WaitingHop> = BTreeMap::new();
    for message in messages {
        let mut seen = Vec::new();
        for leg in message.legs.iter().filter(|leg| leg.state.is_open()) {
            let domain = leg.mailbox.domain().to_key();
            let hop = all.entry(domain.clone()).or_insert_with(|| WaitingHop {
                domain: domain.clone(),
                messages: 0,
                attempts: 0,
                next_attempt: leg.next_attempt,
                reply: String::new(),
            });
            hop.next_attempt = hop.next_attempt.min(leg.next_attempt);
            if leg.attempts > 0 && leg.attempts >= hop.attempts {
                hop.attempts = leg.attempts;
                hop.reply = leg.reply.to_string();
            }
            if !seen.contains(&domain) {
                hop.messages += 1;
                seen.push(domain);
            }
        }
    }
    let mut hops: Vec<WaitingHop> = all.into_values().collect();
    hops.sort_by_key(|hop| std::cmp::Reverse(hop.messages));
    hops.truncate(SHOWN);
    hops
}
