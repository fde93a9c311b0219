//! What one configuration has listening, from the start or a reload to the next.

use super::{
    StartError, Web, alias_maps, monitoring::Monitoring, pages::Pages, shared_acme,
    sockets::Sockets, threads::Threads, web::Beside,
};
use crate::{
    acme::{self, Keeper, Responder},
    address::Domain,
    admin::running::Running,
    config::{Acme, Config, Milter, Protocol, Served, service},
    http::{serve_application, serve_http},
    inbound::{
        Clients, Connections, Encryption, Listener, ListenerConfig, Server, Socket, Timeouts,
    },
    keys::{self, live::Live},
    mail::{Filter, Mail, Parts, Tables},
    milter::Mode,
    postfix::{self, Dialect, RequestTimeout},
    smtp::SessionConfig,
    tls::{Acceptor, Certificates},
};
use std::sync::Arc;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What counts over all generations.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clients: Arc<Clients>,
    pub(super) connections: Arc<Connections>,
    /// What programs with a token ask, where somebody answers.
    pub(super) web: Option<Arc<dyn Web>>,
    /// What stands behind mail.
    pub(super) behind: Threads,
    /// What answers maps.
    pub(super) maps: Threads,
}

impl Shared {
    pub(super) fn new(clients: Arc<Clients>, connections: Arc<Connections>) -> Self {
        let (behind, maps) = (Threads::behind(), Threads::of_maps());
        Self { clients, connections, web: None, behind, maps }
    }
}

/// A generation that does not listen yet.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) parts: Arc<Parts>,
    sockets: Sockets,
    listeners: Vec<Listener>,
    /// Listeners for Postfix.
    table_listeners: Vec<(postfix::PostfixListener, Option<Milter>)>,
    /// Sockets for HTTP, whether they begin with TLS, and what is to be had there.
    pages: Vec<(Socket, Option<Acceptor>, Arc<[Served]>)>,
    certificates: Option<LiveCertificates>,
    issuing: Option<Issuing>,
}

/// A generation that listens.
#[derive(Debug)]
pub(super) struct Serving {
    parts: Arc<Parts>,
    sockets: Sockets,
    retired: watch::Sender<bool>,
    listeners: JoinSet<()>,
    count: usize,
    follow: JoinHandle<()>,
    alias_maps: JoinHandle<()>,
    issuing: Option<JoinHandle<()>>,
}

type LiveCertificates = Arc<Live<Option<Arc<Certificates>>>>;

/// Who sees to certificates, and where the authority asks.
#[derive(Debug)]
struct Issuing {
    keeper: Keeper,
    socket: Socket,
}

impl Generation {
    pub(super) fn new(parts: Arc<Parts>, sockets: Sockets) -> Result<Self, StartError> {
        let config = &parts.config;
        let certificates = certificates(config)?;
        let acceptor = acceptor(certificates.as_ref())?;
        let (mut listeners, mut table_listeners) = (Vec::new(), Vec::new());
        let mut pages = Vec::new();
        let mut free = sockets.clone();
        for listen in &config.listen {
            let address = &listen.address;
            let failed = |error| StartError::Listen { address: address.clone(), error };
            let dialect = match listen.protocol {
                Protocol::Smtp | Protocol::Submission | Protocol::Http => None,
                Protocol::Socketmap => Some(Dialect::Socketmap),
                Protocol::TcpTable(direction) => Some(Dialect::TcpTable(direction)),
                Protocol::Policy => Some(Dialect::Policy),
                Protocol::Milter if listen.milter.shadow => Some(Dialect::Milter(Mode::Shadow)),
                Protocol::Milter => Some(Dialect::Milter(Mode::Act)),
            };
            for bound in free.take(address) {
                let socket = Socket::new(bound).map_err(failed)?;
                if let Some(dialect) = dialect {
                    let rules =
                        (listen.protocol == Protocol::Milter).then(|| listen.milter.clone());
                    table_listeners.push((postfix::PostfixListener::new(socket, dialect), rules));
                    continue;
                }
                if listen.protocol == Protocol::Http {
                    let tls = acceptor.clone().filter(|_| listen.implicit_tls);
                    pages.push((socket, tls, listen.serve.as_slice().into()));
                    continue;
                }
                let encryption = acceptor
                    .clone()
                    .map(|acceptor| Encryption { acceptor, is_implicit: listen.implicit_tls });
                let listener_config = ListenerConfig {
                    proxies: listen.proxy_protocol.clone(),
                    relays: listen.xforward.clone(),
                    accounts_only: listen.protocol == Protocol::Submission,
                    encryption,
                };
                listeners.push(Listener::new(socket, listener_config));
            }
        }
        let issuing = match &config.tls.acme {
            Some(acme) => issuing(config, acme, &mut free)?,
            None => None,
        };
        Ok(Self { parts, sockets, listeners, table_listeners, pages, certificates, issuing })
    }

    pub(super) fn listening(&self) -> Vec<String> {
        let tables = self.table_listeners.iter().map(|(listener, _)| listener.local());
        let smtp = self.listeners.iter().map(Listener::local);
        let pages = self.pages.iter().map(|(socket, ..)| socket.local());
        smtp.chain(tables).chain(pages).map(ToOwned::to_owned).collect()
    }

    /// Accepts, until it is retired or `stopped` turns true.
    pub(super) fn start(self, shared: &Shared, stopped: &watch::Receiver<bool>) -> Serving {
        for address in self.listening() {
            tracing::info!(address, "listening");
        }
        let unnamed = self.sockets.unnamed();
        for name in &unnamed {
            tracing::error!("{}", service::unnamed(name));
        }
        Running::tell_unnamed_sockets(&self.parts.config.state_dir, &unnamed);
        let Self { parts, sockets, listeners, table_listeners, pages, certificates, issuing } =
            self;
        let config = &parts.config;
        let limits = &config.limits;
        let handler_parts = Arc::clone(&parts);
        let server = Arc::new(Server {
            session: Arc::new(SessionConfig {
                hostname: config.hostname.to_string(),
                max_message_size: config.delivery.max_message_size,
                max_recipients: limits.recipients,
                max_errors: limits.errors,
                bare_lf: config.delivery.bare_lf,
                minds_early_talk: limits.early_talker,
            }),
            clients: Arc::clone(&shared.clients),
            memory: parts.memory.clone(),
            log: Arc::clone(&parts.log),
            timeouts: Timeouts {
                command: limits.command_timeout,
                data: limits.data_timeout,
                data_rate: limits.data_rate as u64,
                session: limits.session_timeout,
            },
            handler: move |peer| Mail::new(Arc::clone(&handler_parts), peer),
        });
        let (retire, retired) = watch::channel(false);
        let smtp = listeners.iter().find_map(Listener::plain_address);
        let tables = Tables::new(Arc::clone(&parts), smtp);
        let (mut running, mut filters) = (JoinSet::new(), Vec::new());
        for (listener, milter) in table_listeners {
            let (tables, connections) = (tables.clone(), Arc::clone(&shared.connections));
            let time = RequestTimeout(limits.map_timeout);
            let (retired, stopped) = (retired.clone(), stopped.clone());
            match milter {
                None => {
                    let is_map = listener.is_map();
                    let service = Arc::new(tables);
                    let answering = listener.run(service, connections, time, retired, stopped);
                    match is_map {
                        true => running.spawn_on(answering, &shared.maps.handle()),
                        false => running.spawn(answering),
                    }
                }
                Some(rules) => {
                    let service = Arc::new(Filter::new(Arc::clone(&parts), tables, rules));
                    filters.push(Arc::clone(&service));
                    running.spawn(listener.run(service, connections, time, retired, stopped))
                }
            };
        }
        for listener in listeners {
            running.spawn(listener.run(Arc::clone(&server), retired.clone(), stopped.clone()));
        }
        for (socket, tls, serve) in pages {
            let monitoring = Monitoring {
                parts: Arc::clone(&parts),
                clients: Arc::clone(&shared.clients),
                connections: Arc::clone(&shared.connections),
            };
            let pages = Pages { monitoring, serve };
            let is_web = |served: &Served| matches!(served, Served::Api | Served::Web);
            if pages.serve.iter().any(is_web)
                && let Some(web) = &shared.web
            {
                let application = {
                    let figures = Arc::new(pages.monitoring.clone());
                    web.application(config, &parts.place, &parts.store, figures, &pages.serve)
                };
                let beside = Arc::new(Beside { application, pages });
                let serving = serve_application(socket, tls, retired.clone(), beside);
                running.spawn_on(serving, &shared.behind.handle());
                continue;
            }
            let page = move |question| pages.clone().page(question);
            running.spawn(serve_http(socket, tls, retired.clone(), page));
        }
        let followed = Arc::clone(&parts);
        let follow = tokio::spawn(async move {
            let certificates = async {
                if let Some(certificates) = certificates {
                    certificates.follow().await;
                }
            };
            tokio::join!(followed.follow_keys(), certificates);
        });
        let issuing = issuing.map(|Issuing { keeper, socket }| {
            let responder = Responder::new(shared_acme::shared(&parts.store));
            let serving = responder.clone().serve(socket);
            tokio::spawn(async move {
                tokio::join!(serving, keeper.keep(responder));
            })
        });
        let alias_maps = tokio::spawn(alias_maps::watch(filters, config.state_dir.clone()));
        let (count, retired) = (running.len(), retire);
        Serving { parts, sockets, retired, listeners: running, count, follow, alias_maps, issuing }
    }
}

impl Serving {
    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Whether every listener is there.
    pub(super) fn listens(&self) -> bool {
        self.listeners.len() == self.count
    }

    /// The one that follows by another configuration. Until it is started nothing changes.
    pub(super) async fn next(&self, config: Config) -> Result<Generation, StartError> {
        if config.listen.is_empty() {
            return Err(StartError::NoListener);
        }
        let parts = Arc::new(self.parts.next(config).await?);
        let sockets = self.sockets.bind(&parts.config).await?;
        Generation::new(parts, sockets)
    }

    /// Lets nobody new in, and waits for the sessions to end. `closes`: the connections to destinations
    /// are nobody else's.
    pub(super) async fn retire(mut self, closes: bool) {
        self.alias_maps.abort();
        let _ = self.retired.send(true);
        drop(self.sockets);
        if let Some(issuing) = self.issuing {
            issuing.abort();
        }
        while self.listeners.join_next().await.is_some() {}
        self.follow.abort();
        if closes {
            self.parts.outbound.close().await;
        }
    }
}

/// `None` where no client is offered TLS.
fn certificates(config: &Config) -> Result<Option<LiveCertificates>, StartError> {
    let files = keys::certificate_files(config);
    let is_issued = config.tls.acme.is_some();
    if files.is_empty() {
        return Ok(None);
    }
    let live = keys::certificates(files, is_issued).map_err(StartError::Certificates)?;
    Ok(Some(Arc::new(live)))
}

fn acceptor(certificates: Option<&LiveCertificates>) -> Result<Option<Acceptor>, StartError> {
    let Some(certificates) = certificates.cloned() else { return Ok(None) };
    let acceptor = Acceptor::new(move || certificates.get().as_ref().clone());
    acceptor
        .map(Some)
        .map_err(|error| StartError::Certificates(format!("TLS cannot begin: {error}")))
}

fn issuing(
    config: &Config,
    acme: &Acme,
    sockets: &mut Sockets,
) -> Result<Option<Issuing>, StartError> {
    let Some(bound) = sockets.take(&acme.http).pop() else { return Ok(None) };
    let failed = |error| StartError::Listen { address: acme.http.clone(), error };
    let names = std::iter::once(&config.hostname).chain(&acme.names);
    let keeper = Keeper {
        acme: acme.clone(),
        names: names.map(Domain::to_key).collect(),
        ca_file: config.tls.ca_file.clone(),
        files: acme::Files::new(&config.state_dir),
    };
    Ok(Some(Issuing { keeper, socket: Socket::new(bound).map_err(failed)? }))
}
