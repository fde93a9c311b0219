//! The daemon: everything wired together, from start to stop.

mod accept;
mod clock;
mod delivery;
mod explain;
mod filter;
mod form;
mod keys;
mod live;
mod recipient;
mod sender;
mod services;
mod spool;
mod story;
mod tables;
mod tls_reports;
mod transaction;

use crate::{
    acme::{self, Keeper, Responder},
    address::Domain,
    config::{Config, Listen, Milter, Protocol},
    milter::Mode,
    net::{Clients, Encryption, Listener, Manners, ResolverError, Server, Timeouts},
    postfix::{self, Connections, Dialect, Patience},
    smtp::SessionConfig,
    store::{
        StateLock, StoreError,
        journal::{Bounds, Journal, JournalError},
    },
    tls::{Acceptor, Certificates, RootsError},
};
pub use explain::{Explanation, Question, explain};
use filter::Filter;
use live::Live;
use services::Services;
use spool::Runner;
use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
pub use tables::Tables;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use transaction::Mail;

/// Added to `delivery.budget` when stopping: the reply of a delivery that used all of it still goes out.
const STOP_MARGIN: Duration = Duration::from_secs(5);

/// How long to try for the right to serve, and how often.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_REST: Duration = Duration::from_millis(20);

/// How often expired memories are deleted; what has expired is never answered anyway.
const PURGE_EVERY: Duration = Duration::from_secs(3600);

/// A daemon whose listeners are bound and whose store is open.
#[derive(Debug)]
pub struct Daemon {
    services: Arc<Services>,
    listeners: Vec<Listener>,
    /// For Postfix.
    table_listeners: Vec<(postfix::Listener, Option<Milter>)>,
    spool: spool::Inbox,
    certificates: Option<LiveCertificates>,
    issuing: Option<(Keeper, TcpListener)>,
    /// Held until the end.
    _state_dir: StateLock,
}

/// Why the daemon does not start. Nothing was accepted yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The state directory or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two daemons would each know only half of what was delivered and how often SRS addresses were
    /// used.
    #[error("{}: another onward serves from this state directory", .0.display())]
    Running(PathBuf),
    /// The lock by which daemons tell.
    #[error("cannot lock the state directory {}: {error}", .path.display())]
    Lock {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The SRS secrets, a DKIM key, or a certificate.
    #[error("{0}")]
    Keys(String),
    /// A listener.
    #[error("cannot listen on {address}: {error}{}", hint(error))]
    Listen {
        /// As configured.
        address: String,
        /// What the system says.
        error: io::Error,
    },
    /// The resolver: the system's configuration cannot be read, for one.
    #[error("cannot look up names: {0}; name servers can be set in [dns]")]
    Resolver(#[from] ResolverError),
    /// The authorities to trust.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The configuration names no listener.
    #[error("the configuration has no [[listen]] section, so there is nothing to serve")]
    NoListener,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another program has the port (`ss -ltnp` shows which)",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need CAP_NET_BIND_SERVICE or socket activation"
        }
        _ => "",
    }
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

type LiveCertificates = Arc<Live<Option<Arc<Certificates>>>>;

/// `None` where no client is offered TLS.
fn certificates(config: &Config) -> Result<Option<LiveCertificates>, StartError> {
    let mut files = config.tls.certificates.clone();
    let is_issued = config.tls.acme.is_some();
    if is_issued {
        files.insert(0, acme::Files::new(&config.state_dir).certificate());
    }
    if files.is_empty() {
        return Ok(None);
    }
    let live = keys::certificates(files, is_issued).map_err(StartError::Keys)?;
    Ok(Some(Arc::new(live)))
}

/// Who sees to certificates, and where the authority asks.
async fn issuing(config: &Config) -> Result<Option<(Keeper, TcpListener)>, StartError> {
    let Some(acme) = &config.tls.acme else { return Ok(None) };
    let address = &acme.http;
    let bound = TcpListener::bind(address.to_string()).await;
    let listener =
        bound.map_err(|error| StartError::Listen { address: address.to_string(), error })?;
    let names = std::iter::once(&config.hostname).chain(&acme.names);
    let keeper = Keeper {
        acme: acme.clone(),
        names: names.map(Domain::to_key).collect(),
        ca_file: config.tls.ca_file.clone(),
        files: acme::Files::new(&config.state_dir),
    };
    Ok(Some((keeper, listener)))
}

fn acceptor(certificates: Option<&LiveCertificates>) -> Result<Option<Acceptor>, StartError> {
    let Some(certificates) = certificates.cloned() else { return Ok(None) };
    let acceptor = Acceptor::new(move || certificates.get().as_ref().clone());
    acceptor.map(Some).map_err(|error| StartError::Keys(format!("TLS cannot begin: {error}")))
}

impl Daemon {
    /// Opens the store and the journal, reads the secrets, and binds all listeners.
    ///
    /// # Errors
    /// The first of these that fails.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        if config.listen.is_empty() {
            return Err(StartError::NoListener);
        }
        let (mut services, spool) = Services::open(config)?;
        let config = &services.config;
        let state_dir = lock(&config.state_dir).await?;
        let certificates = certificates(config)?;
        let acceptor = acceptor(certificates.as_ref())?;
        let issuing = issuing(config).await?;
        let mut listeners = Vec::new();
        let mut table_listeners = Vec::new();
        for listen in &config.listen {
            let Listen { protocol, address, milter, .. } = listen;
            let failed = |error| StartError::Listen { address: address.to_string(), error };
            let dialect = match protocol {
                Protocol::Smtp => {
                    let encryption = acceptor
                        .clone()
                        .map(|acceptor| Encryption { acceptor, is_implicit: listen.implicit_tls });
                    let manners = Manners {
                        proxies: listen.proxy_protocol.clone(),
                        relays: listen.xforward.clone(),
                        encryption,
                    };
                    let bound = Listener::bind(address, manners).await;
                    listeners.push(bound.map_err(failed)?);
                    continue;
                }
                Protocol::Socketmap => Dialect::Socketmap,
                Protocol::TcpTable(direction) => Dialect::TcpTable(*direction),
                Protocol::Policy => Dialect::Policy,
                Protocol::Milter if milter.shadow => Dialect::Milter(Mode::Shadow),
                Protocol::Milter => Dialect::Milter(Mode::Act),
            };
            let bound = postfix::Listener::bind(address, dialect).await;
            let rules = (*protocol == Protocol::Milter).then(|| milter.clone());
            table_listeners.push((bound.map_err(failed)?, rules));
        }
        services.journal = Journal::open(&services.config.state_dir, Bounds::default())?;
        Ok(Self {
            services: Arc::new(services),
            listeners,
            table_listeners,
            spool,
            certificates,
            issuing,
            _state_dir: state_dir,
        })
    }

    /// Where it listens.
    pub fn listening(&self) -> Vec<String> {
        let tables = self.table_listeners.iter().map(|(listener, _)| listener.local());
        let smtp = self.listeners.iter().map(Listener::local);
        smtp.chain(tables).map(ToOwned::to_owned).collect()
    }

    /// Serves until `stop` is ready. Then nobody new is let in, idle sessions get 421, messages under
    /// way are finished within `delivery.budget`, and the journal is written out.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let config = &self.services.config;
        let limits = &config.limits;
        let handler_services = Arc::clone(&self.services);
        let server = Arc::new(Server {
            session: Arc::new(SessionConfig {
                hostname: config.hostname.to_string(),
                max_message_size: config.delivery.max_message_size,
                max_recipients: limits.recipients,
                max_errors: limits.errors,
            }),
            clients: Arc::new(Clients::new(limits.connections, limits.connections_per_client)),
            memory: self.services.memory.clone(),
            timeouts: Timeouts {
                command: limits.command_timeout,
                data: limits.data_timeout,
                session: limits.session_timeout,
            },
            handler: move |peer, admission| {
                Mail::new(Arc::clone(&handler_services), peer, admission)
            },
        });
        let grace = config.delivery.budget + STOP_MARGIN;

        let (stopping, stopped) = watch::channel(false);
        let smtp = self.listeners.iter().find_map(Listener::plain_address);
        let tables = Tables::new(Arc::clone(&self.services), smtp);
        let connections = Connections::new(limits.map_connections);
        let mut listeners = JoinSet::new();
        for (listener, milter) in self.table_listeners {
            tracing::info!(address = listener.local(), "listening");
            let (tables, connections) = (tables.clone(), Arc::clone(&connections));
            let patience = Patience(limits.map_timeout);
            let stopped = stopped.clone();
            match milter {
                None => {
                    listeners.spawn(listener.run(Arc::new(tables), connections, patience, stopped))
                }
                Some(rules) => {
                    let filter = Filter::new(Arc::clone(&self.services), tables, rules);
                    listeners.spawn(listener.run(Arc::new(filter), connections, patience, stopped))
                }
            };
        }
        for listener in self.listeners {
            tracing::info!(address = listener.local(), "listening");
            listeners.spawn(listener.run(Arc::clone(&server), stopped.clone()));
        }
        let runner = Runner::new(Arc::clone(&self.services), self.spool, stopped.clone());
        let mut runner = tokio::spawn(runner.run());
        let services = Arc::clone(&self.services);
        let certificates = self.certificates;
        let follow = tokio::spawn(async move {
            let certificates = async {
                if let Some(certificates) = certificates {
                    certificates.follow().await;
                }
            };
            tokio::join!(services.rewriter.follow(), services.signing.follow(), certificates);
        });
        let issuing = self.issuing.map(|(keeper, listener)| {
            let responder = Responder::default();
            let serving = responder.clone().serve(listener);
            tokio::spawn(async move { tokio::join!(serving, keeper.keep(responder)) })
        });
        let services = Arc::clone(&self.services);
        let count = tokio::spawn(async move {
            tls_reports::run(&services).await;
        });
        let store = self.services.store.clone();
        let purge = tokio::spawn(async move {
            loop {
                if let Err(error) = store.purge(clock::seconds()).await {
                    tracing::error!(%error, "cannot forget what has expired");
                }
                tokio::time::sleep(PURGE_EVERY).await;
            }
        });

        stop.await;
        tracing::info!(connections = server.clients.connections(), "stopping");
        let _ = stopping.send(true);
        let end = Instant::now() + grace;
        let all_ended = async { while listeners.join_next().await.is_some() {} };
        if timeout_at(end, all_ended).await.is_err() {
            tracing::warn!(
                "sessions still open after the budget are cut; their clients keep the mail"
            );
            listeners.shutdown().await;
        }
        if timeout_at(end, &mut runner).await.is_err() {
            tracing::warn!("deliveries whose end is not answered are cut; they begin again");
            runner.abort();
        }
        follow.abort();
        purge.abort();
        if let Some(issuing) = issuing {
            issuing.abort();
        }
        count.abort();
        tls_reports::keep_results(&self.services).await;
        self.services.outbound.close().await;
        self.services.journal.clone().close().await;
        self.services.store.close().await;
        tracing::info!("stopped");
    }
}
