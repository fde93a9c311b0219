//! The daemon: everything wired together, from start to stop.

mod alias_faults;
mod alias_limits;
mod alias_maps;
mod alias_texts;
mod figures;
mod generation;
mod happenings;
mod monitoring;
mod over_rates;
mod pages;
mod providers;
mod shared_acme;
mod sharing;
mod sockets;
mod start_error;
mod threads;
mod trouble;
mod web;

use crate::{
    clock,
    config::{Config, JournalBounds, Limits},
    inbound::{ClientLimits, Clients, Connections},
    mail::{Current, Inbox, OpenError, Parts, Runner, digests, tell_of_delays, tls_reports},
    store::{Place, StateLock, journal::Bounds, moving::is_in_use},
};
pub use figures::Figures;
use generation::{Generation, Serving, Shared};
pub use sockets::Inherited;
use sockets::Sockets;
pub use start_error::StartError;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout, timeout_at},
};
pub use web::Web;

/// Added to `delivery.budget` when stopping: the reply of a delivery that used all of it still goes out.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// How long, behind that, for verdicts whose clients were answered without them.
const LATE_MARGIN: Duration = Duration::from_secs(15);

/// How long, behind all that, for what is written down last: a database that hangs does not keep the daemon from its end.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// How long to try for the right to serve, and how often.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_REST: Duration = Duration::from_millis(20);

/// How often expired memories are deleted; what has expired is never answered anyway.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// A daemon whose listeners are bound and whose store is open.
#[derive(Debug)]
pub struct Daemon {
    generation: Generation,
    shared: Shared,
    spool: Inbox,
    /// The lock of the state directory, held until the end.
    _state_dir: StateLock,
}

/// What a running daemon can be told.
#[derive(Debug)]
pub enum Command {
    /// To go by another configuration, without losing a session; the answer says whether it does, or why
    /// it goes on as before.
    Reload(Box<Config>, oneshot::Sender<Result<(), String>>),
    /// To say whether all is well, or what is not.
    IsWell(oneshot::Sender<Result<(), String>>),
    /// To stop.
    Stop,
}

/// A command of the command line may have the lock for a moment.
async fn lock(state_dir: &Path) -> Result<StateLock, StartError> {
    let give_up = Instant::now() + LOCK_PATIENCE;
    loop {
        let path = || state_dir.to_owned();
        let taken =
            StateLock::take(state_dir).map_err(|error| StartError::Lock { path: path(), error })?;
        match taken {
            Some(lock) => return Ok(lock),
            None if Instant::now() >= give_up => return Err(StartError::Running(path())),
            None => tokio::time::sleep(LOCK_REST).await,
        }
    }
}

/// Where all is to be in a database that machines share, it must not have been left in the state directory.
async fn refuse_left_behind(parts: &Parts) -> Result<(), StartError> {
    let state_dir = parts.place.state_dir();
    if parts.place.database().is_some()
        && parts.store.domains().await.is_ok_and(|domains| domains.is_empty())
        && is_in_use(state_dir).map_err(OpenError::from)?
    {
        return Err(StartError::NotMoved(state_dir.to_owned()));
    }
    Ok(())
}

impl Daemon {
    /// Opens the store and the journal, reads the secrets, and binds all listeners; `inherited` are sockets
    /// that systemd has bound.
    ///
    /// # Errors
    /// The first of these that fails.
    pub async fn bind(config: Config, inherited: Inherited) -> Result<Self, StartError> {
        if config.listen.is_empty() {
            return Err(StartError::NoListener);
        }
        for told in &config.exposed {
            tracing::warn!("{told}");
        }
        let place = Place::of(&config);
        place.make().map_err(OpenError::from)?;
        // Before the store is opened: who opens one that nodes share takes the place of who served from here.
        let state_dir = lock(place.state_dir()).await?;
        let (mut parts, spool) = Parts::open_to_serve(config).await?;
        if let Err(refused) = refuse_left_behind(&parts).await {
            parts.store.close().await;
            return Err(refused);
        }
        let limits = &parts.config.limits;
        let clients = Arc::new(Clients::new(client_limits(limits)));
        let connections = Connections::new(limits.map_connections);
        let shared = Shared::new(clients, connections);
        let sockets = Sockets::new(inherited);
        let sockets = sockets.bind(&parts.config).await?;
        let bounds = journal_bounds(&parts.config.journal);
        parts.journal = parts.place.record(bounds).await?;
        let generation = Generation::new(Arc::new(parts), sockets)?;
        Ok(Self { generation, shared, spool, _state_dir: state_dir })
    }

    /// Has `web` answer on listeners that serve the API; without it nobody does.
    #[must_use]
    pub fn with_web(mut self, web: Arc<dyn Web>) -> Self {
        self.shared.web = Some(web);
        self
    }

    /// The addresses that the daemon listens on.
    pub fn listening(&self) -> Vec<String> {
        self.generation.listening()
    }

    /// Serves until a command says to stop, or nobody is left to say so. Then nobody new is let in, idle
    /// sessions get 421, messages under way are finished within `delivery.budget`, and the journal is
    /// written out.
    pub async fn run(self, mut commands: mpsc::Receiver<Command>) {
        let (stopping, stopped) = watch::channel(false);
        let current = Current::new(Arc::clone(&self.generation.parts));
        providers::go_on(&current);
        let store = self.generation.parts.store.clone();
        let runner = Runner::new(current.clone(), self.spool, stopped.clone());
        let mut runner = tokio::spawn(runner.run());
        let of_count = current.clone();
        let count = tokio::spawn(async move { tls_reports::run(&of_count).await });
        let of_delays = current.clone();
        let delays = tokio::spawn(async move { tell_of_delays(&of_delays).await });
        let events = tokio::spawn(happenings::tell(current.clone()));
        let sharing = tokio::spawn(sharing::follow(current.clone()));
        let of_digests = current.clone();
        let digests = tokio::spawn(async move { digests::run(&of_digests).await });
        let purge = tokio::spawn(async move {
            loop {
                if let Err(error) = store.purge(clock::now()).await {
                    tracing::error!(%error, "cannot forget what has expired");
                }
                tokio::time::sleep(PURGE_EVERY).await;
            }
        });
        let parts = current.get();
        let faults = tokio::spawn(alias_faults::tell(parts.store.clone()));
        let texts = tokio::spawn(alias_texts::see_to(parts.store.clone()));
        let state_dir = parts.config.state_dir.clone();
        let trouble = tokio::spawn(trouble::tell(parts.store.clone(), state_dir.clone()));
        let of_rest = Arc::clone(&parts);
        let rest = tokio::spawn(async move { of_rest.tell_rest().await });
        let over_rates =
            tokio::spawn(over_rates::tell(Arc::clone(&parts.rates), state_dir.clone()));
        let limits = tokio::spawn(alias_limits::keep(Arc::clone(&parts), state_dir.clone()));
        let providers = tokio::spawn(providers::keep(current.clone(), state_dir));
        let of_web = (self.shared.web.clone(), parts.store.clone());
        let web = tokio::spawn(async move {
            if let (Some(web), store) = of_web {
                web.follow(&store).await;
            }
        });
        alias_limits::go_on(&parts);
        let mut serving = self.generation.start(&self.shared, &stopped);
        // Sessions from before a reload.
        let mut retired = JoinSet::new();
        while let Some(command) = commands.recv().await {
            match command {
                Command::Stop => break,
                Command::IsWell(answer) => {
                    let _ = answer.send(is_well(&serving).await);
                }
                Command::Reload(config, answer) => {
                    let next = serving.next(*config).await;
                    let _ = answer.send(next.as_ref().map(drop).map_err(ToString::to_string));
                    let Ok(next) = next else { continue };
                    current.set(Arc::clone(&next.parts));
                    next.parts.take_over();
                    let limits = &next.parts.config.limits;
                    self.shared.clients.set_limits(client_limits(limits));
                    self.shared.connections.set_max(limits.map_connections);
                    let bounds = journal_bounds(&next.parts.config.journal);
                    next.parts.journal.set_bounds(bounds).await;
                    let before =
                        std::mem::replace(&mut serving, next.start(&self.shared, &stopped));
                    let is_other = !Arc::ptr_eq(&before.parts().outbound, &current.get().outbound);
                    retired.spawn(async move {
                        if is_other {
                            tls_reports::keep_results(before.parts()).await;
                        }
                        before.retire(is_other).await;
                    });
                    while retired.try_join_next().is_some() {}
                }
            }
        }
        let parts = current.get();
        let budget = parts.config.delivery.budget;
        tracing::info!(connections = self.shared.clients.connections(), "stopping");
        let _ = stopping.send(true);
        let answer_by = Instant::now() + budget;
        let end = answer_by + STOP_MARGIN;
        let waits = parts.waits.clone();
        let hurry = tokio::spawn(async move {
            sleep_until(answer_by).await;
            waits.hurry();
        });
        let all_ended = async {
            tokio::join!(serving.retire(false), async {
                while retired.join_next().await.is_some() {}
            });
        };
        if timeout_at(end, all_ended).await.is_err() {
            tracing::warn!(
                "sessions still open after the budget are cut; their clients keep the mail"
            );
        }
        retired.shutdown().await;
        let end = end + LATE_MARGIN;
        hurry.abort();
        if timeout_at(end, parts.waits.all_ended()).await.is_err() {
            tracing::warn!("verdicts that are still waited for are lost");
        }
        if timeout_at(end, &mut runner).await.is_err() {
            tracing::warn!("deliveries whose end is not answered are cut; they begin again");
            runner.abort();
        }
        purge.abort();
        sharing.abort();
        faults.abort();
        texts.abort();
        trouble.abort();
        over_rates.abort();
        limits.abort();
        alias_limits::finish(&parts).await;
        providers.abort();
        providers::finish(&current).await;
        rest.abort();
        count.abort();
        delays.abort();
        web.abort();
        events.abort();
        digests.abort();
        let written = async {
            if let Some(web) = &self.shared.web {
                web.finish(&parts.store).await;
            }
            tls_reports::keep_results(&parts).await;
            parts.outbound.close().await;
            parts.tell_last().await;
            parts.journal.clone().close().await;
            parts.store.close().await;
        };
        if timeout(LAST_WORDS, written).await.is_err() {
            tracing::error!("the store does not answer: what it has not taken by now is lost");
        }
        tracing::info!("stopped");
    }
}

fn client_limits(limits: &Limits) -> ClientLimits {
    let Limits { connections, connections_per_client, exempt, .. } = limits;
    ClientLimits { all: *connections, per_client: *connections_per_client, exempt: exempt.clone() }
}

fn journal_bounds(config: &JournalBounds) -> Bounds {
    let JournalBounds { keep, keep_refused, max_size } = *config;
    Bounds { age: keep, refused_age: keep_refused, size: max_size as u64 }
}

/// The store answers, and every listener is there.
async fn is_well(serving: &Serving) -> Result<(), String> {
    serving.parts().is_well().await.map_err(|error| error.to_string())?;
    match serving.listens() {
        true => Ok(()),
        false => Err("a listener has ended".to_owned()),
    }
}
