use super::{StartError, keys, live::Live, recipient::Destination, spool};
use crate::{
    address::{Domain, Mailbox},
    auth::dkim::{SigningKey, SigningKeys},
    config::{self, Config, Dane},
    dns::{Resolver, ValidatingResolver},
    inbound::MessageMemory,
    metrics::Metrics,
    next_hop::NextHop,
    outbound::{Outbound, OutboundConfig, OutboundLimits, Preferences},
    reply::Reply,
    retry,
    srs::Rewriter,
    store::{Options, SrsPutError, Store, journal::Journal, spool::SpoolBounds},
    tls::Connector,
};
use std::sync::Arc;

/// Where mail servers listen.
const SMTP_PORT: u16 = 25;

/// Where MTA-STS policies are.
const HTTPS_PORT: u16 = 443;

/// What every transaction needs and all of them share.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) journal: Journal,
    pub(super) outbound: Arc<Outbound>,
    pub(super) rewriter: Live<Rewriter>,
    pub(super) signing: Live<SigningKeys>,
    /// For the bytes of all messages, whether they come or wait.
    pub(super) memory: MessageMemory,
    pub(super) retry: retry::Policy,
    pub(super) spool: spool::Handle,
    pub(super) metrics: Arc<Metrics>,
}

impl Services {
    /// Reads the secrets and opens the store. The journal is nowhere yet: it belongs to whoever has the
    /// lock of the state directory. Gives what the spool's runner waits for beside it. To be called
    /// within a Tokio runtime.
    pub(super) fn open(config: Config) -> Result<(Self, spool::Inbox), StartError> {
        let secrets = config.srs.secret_file.clone();
        let rewriter =
            keys::rewriter(config.srs.settings.clone(), secrets).map_err(StartError::Keys)?;
        let signing = keys::signing(&config.state_dir).map_err(StartError::Keys)?;
        let store = Store::open(
            &config.state_dir,
            Options {
                postmaster: config.postmaster.clone(),
                spool: spool_bounds(&config.spool),
                ..Options::default()
            },
        )?;
        let journal = Journal::nowhere();
        let outbound = Arc::new(outbound(&config, &store)?);
        let retry = retry_policy(&config);
        let memory = MessageMemory::new(config.limits.message_memory);
        let (spool, inbox) = spool::Handle::new();
        let metrics = Arc::new(Metrics::new());
        let services = Self {
            config,
            store,
            journal,
            outbound,
            rewriter,
            signing,
            memory,
            retry,
            spool,
            metrics,
        };
        Ok((services, inbox))
    }

    /// The same with another configuration: store, journal, spool and memory are those of `self`, and so are
    /// the connections to destinations where nothing about them changes. Nothing of `self` changes until
    /// [`Services::take_over`].
    pub(super) fn next(&self, config: Config) -> Result<Self, StartError> {
        if config.state_dir != self.config.state_dir {
            return Err(StartError::StateDir);
        }
        let secrets = config.srs.secret_file.clone();
        let rewriter =
            keys::rewriter(config.srs.settings.clone(), secrets).map_err(StartError::Keys)?;
        let signing = keys::signing(&config.state_dir).map_err(StartError::Keys)?;
        let store = self.store.clone();
        let outbound = match is_same_outbound(&config, &self.config) {
            true => Arc::clone(&self.outbound),
            false => Arc::new(outbound(&config, &store)?),
        };
        Ok(Self {
            retry: retry_policy(&config),
            config,
            store,
            journal: self.journal.clone(),
            outbound,
            rewriter,
            signing,
            memory: self.memory.clone(),
            spool: self.spool.clone(),
            metrics: Arc::clone(&self.metrics),
        })
    }

    /// What is shared with those before goes by this configuration from now on.
    pub(super) fn take_over(&self) {
        self.memory.set_max(self.config.limits.message_memory);
        let spool = spool_bounds(&self.config.spool);
        self.store.set_options(self.config.postmaster.clone(), spool);
    }

    /// The rewriter with the secrets as they are now.
    pub(super) fn rewriter(&self) -> Arc<Rewriter> {
        self.rewriter.get()
    }

    /// The keys that sign for a domain as they are now.
    pub(super) fn signing_keys(&self, domain: &Domain) -> Vec<SigningKey> {
        self.signing.get().of(domain).cloned().collect()
    }

    /// Where mail for `mailbox` goes: the first route that fits, else the MX of its domain.
    pub(super) fn destination(&self, mailbox: Mailbox) -> Destination {
        let route = self.config.routes.iter().find(|route| route.pattern.matches(mailbox.domain()));
        let next_hop = match route {
            Some(route) => route.to.clone(),
            None => NextHop::of(mailbox.domain()),
        };
        Destination { next_hop, mailbox }
    }

    /// Keeps a sender that does not fit into an SRS address, and makes a short one that leads to it.
    ///
    /// # Errors
    /// The reply for the client when there is no room or the store fails.
    pub(super) async fn shorten(
        &self,
        rewriter: &Rewriter,
        sender: &Mailbox,
        srs_domain: &Domain,
        now: u64,
    ) -> Result<Mailbox, Reply> {
        let token = rewriter.token_for(sender);
        let expires = rewriter.end_of_life(now);
        let max = self.config.limits.srs_entries as u64;
        match self.store.srs_put(token.as_str(), sender, expires, now, max).await {
            Ok(()) => {}
            Err(SrsPutError::Full) => return Err(Reply::srs_table_full()),
            Err(error) => {
                tracing::error!(%error, "cannot keep a long sender address");
                return Err(Reply::store_failed());
            }
        }
        rewriter.forward_token(&token, srs_domain, now).map_err(|error| {
            tracing::warn!(%sender, %error, "cannot rewrite a sender");
            Reply::cannot_rewrite()
        })
    }
}

fn retry_policy(config: &Config) -> retry::Policy {
    retry::Policy { waits: config.spool.retry.clone(), max_age: config.spool.max_age }
}

fn outbound(config: &Config, store: &Store) -> Result<Outbound, StartError> {
    Ok(Outbound::new(OutboundConfig {
        hostname: config.hostname.clone(),
        resolver: Resolver::new(&config.dns.servers)?,
        mx_port: SMTP_PORT,
        limits: OutboundLimits::default(),
        connector: Connector::new(config.tls.ca_file.as_deref())?,
        preferences: Preferences {
            never_plaintext: config.tls.never_plaintext.clone(),
            ipv4_first: config.delivery.ipv4_first.clone(),
            ipv6_first: config.delivery.ipv6_first.clone(),
        },
        sts_port: config.tls.mta_sts.then_some(HTTPS_PORT),
        store: Some(store.clone()),
        dane: dane(config)?,
    }))
}

/// What [`outbound`] goes by.
fn is_same_outbound(one: &Config, other: &Config) -> bool {
    let of = |config: &Config| {
        let Config { hostname, dns, tls, delivery, .. } = config.clone();
        let tls = (tls.ca_file, tls.never_plaintext, tls.mta_sts, tls.dane);
        (hostname, dns, tls, delivery.ipv4_first, delivery.ipv6_first)
    };
    of(one) == of(other)
}

fn dane(config: &Config) -> Result<Option<ValidatingResolver>, StartError> {
    let (servers, dane) = (&config.dns.servers, config.tls.dane);
    if dane == Dane::Off {
        return Ok(None);
    }
    Ok(Some(ValidatingResolver::new(servers, config.dns.trust_anchor.as_deref(), dane)?))
}

fn spool_bounds(spool: &config::Spool) -> SpoolBounds {
    SpoolBounds {
        octets: spool.max_bytes as u64,
        messages: spool.max_messages,
        free: spool.min_free_disk.map(|octets| octets as u64),
    }
}
