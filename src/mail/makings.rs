//! What [`Parts`](super::parts::Parts) are made of by a configuration.

use super::late;
use crate::{
    auth::dkim::SigningKeys,
    config::{self, Config, Dane},
    dns::{Resolver, ResolverError, ValidatingResolver},
    event::Listener,
    keys::{self, Keystore, KeystoreError, live::Live},
    outbound::{Governor, Outbound, OutboundConfig, OutboundLimits, Preferences},
    retry,
    spam_filter::SpamFilter,
    srs::Rewriter,
    store::{Options, Place, Store, StoreError, spool::SpoolBounds},
    tls::{Connector, RootsError},
};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Why mail cannot be handled. Nothing was accepted yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The state directory or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The SRS secrets, a DKIM key, or a password for the spam filter or a smart host.
    #[error("{0}")]
    Keys(String),
    /// The resolver: the system's configuration cannot be read, for one.
    #[error("cannot look up names: {0}; name servers can be set in [dns]")]
    Resolver(#[from] ResolverError),
    /// The authorities to trust.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// A reload cannot move it.
    #[error("state_dir has changed: that needs a restart")]
    StateDir,
    /// As that: what is kept in one store is not in the other.
    #[error(
        "[store] has changed, or hostname, which is the node's name where store.node is not set: that needs a restart"
    )]
    Place,
}

/// Where mail servers listen.
const SMTP_PORT: u16 = 25;

/// Where MTA-STS policies are.
const HTTPS_PORT: u16 = 443;

/// What is read of files that only we may read.
pub(super) struct Secrets {
    pub(super) rewriter: Live<Rewriter>,
    pub(super) signing: Live<SigningKeys>,
    pub(super) filter_password: Option<Live<Zeroizing<String>>>,
    pub(super) webhook_secret: Option<Live<Zeroizing<String>>>,
}

impl Secrets {
    pub(super) fn read(config: &Config, keystore: Keystore) -> Result<Self, OpenError> {
        let rewriter = keys::rewriter(config.srs.settings.clone(), keystore.clone());
        let signing = keys::signing(keystore);
        let filter_password = config.filter.password_file.clone().map(keys::filter_password);
        let webhook_secret = config.events.secret_file.clone().map(keys::webhook_secret);
        // They are read again for each login; that they cannot be is to be known now.
        for login in config.routes.iter().filter_map(|route| route.to.login()) {
            keys::relay_password(&login.password_file).map_err(OpenError::Keys)?;
        }
        Ok(Self {
            rewriter: rewriter.map_err(OpenError::Keys)?,
            signing: signing.map_err(OpenError::Keys)?,
            filter_password: filter_password.transpose().map_err(OpenError::Keys)?,
            webhook_secret: webhook_secret.transpose().map_err(OpenError::Keys)?,
        })
    }
}

/// Opens the store, as a node where this machine `serves`, and reads the secrets: those in files before anything is opened.
pub(super) async fn store_and_secrets(
    config: &Config,
    place: &Place,
    options: Options,
    serves: bool,
) -> Result<(Store, Secrets), OpenError> {
    let in_files = match &config.store.key_file {
        None => Some(Secrets::read(config, Keystore::of(config))?),
        Some(_) => None,
    };
    let store = match serves {
        true => place.serve(options).await?,
        false => place.open(options).await?,
    };
    if let Some(secrets) = in_files {
        return Ok((store, secrets));
    }
    let keystore = keystore(config, &store, serves).await;
    match keystore.and_then(|keystore| Secrets::read(config, keystore)) {
        Ok(secrets) => Ok((store, secrets)),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// Where SRS secrets and DKIM keys are. `is_node`: this machine keeps a copy of what is sealed in the store, and goes by that where
/// the store has nothing that it can open.
pub(super) async fn keystore(
    config: &Config,
    store: &Store,
    is_node: bool,
) -> Result<Keystore, OpenError> {
    let of_node = Keystore::of(config);
    let Some(key_file) = &config.store.key_file else { return Ok(of_node) };
    let has_copy = || is_node && of_node.keyring().is_ok();
    let away = store.trouble().borrow().clone();
    if away.is_some() && has_copy() {
        return Ok(of_node);
    }
    let found = match store.sealed().await {
        Ok(Some(sealed)) if is_node => {
            keys::keep_copy(config, &sealed.octets).map(|_| of_node.clone())
        }
        Ok(Some(sealed)) => keys::open(key_file, &sealed.octets)
            .map(|document| Keystore::Document(Arc::new(document))),
        Ok(None) => Err(KeystoreError::Absent),
        Err(_) if has_copy() => return Ok(of_node),
        Err(error) => return Err(error.into()),
    };
    match found {
        Ok(keystore) => Ok(keystore),
        Err(error) if has_copy() => {
            tracing::error!("{error}; until then this node goes by those that it had");
            Ok(of_node)
        }
        Err(error) => Err(OpenError::Keys(error.to_string())),
    }
}

pub(super) fn backoff(config: &Config) -> retry::Backoff {
    retry::Backoff { waits: config.spool.retry.clone(), max_age: config.spool.max_age }
}

/// The way to destinations by the configuration. `store`: where what they say of TLS is kept; `listener`: who is told what the
/// operator has to mend.
pub(crate) fn outbound(
    config: &Config,
    store: Option<&Store>,
    governor: Arc<Governor>,
    listener: Option<Arc<dyn Listener>>,
) -> Result<Outbound, OpenError> {
    let resolver = Resolver::new(&config.dns.servers)?;
    Ok(Outbound::new(OutboundConfig {
        hostname: config.hostname.clone(),
        mx_port: SMTP_PORT,
        limits: OutboundLimits {
            final_time: config.delivery.final_patience + late::BESIDE,
            ..OutboundLimits::default()
        },
        connector: Connector::new(config.tls.ca_file.as_deref())?,
        preferences: Preferences {
            never_plaintext: config.tls.never_plaintext.clone(),
            ipv4_first: config.delivery.ipv4_first.clone(),
            ipv6_first: config.delivery.ipv6_first.clone(),
        },
        sts_port: config.tls.mta_sts.then_some(HTTPS_PORT),
        store: store.map(Store::policies),
        dane: dane(config)?.map(|validating| validating.beside(&resolver)),
        resolver,
        governor,
        passwords: keys::relay_password,
        listener,
    }))
}

/// The spam filter of the configuration, if there is one.
pub(crate) fn filter(
    config: &Config,
    resolver: &Resolver,
) -> Result<Option<Arc<SpamFilter>>, RootsError> {
    let Some(place) = config.filter.rspamd.clone() else { return Ok(None) };
    let config::Filter { timeout, connections, .. } = config.filter;
    let connector = Connector::new(config.tls.ca_file.as_deref())?;
    Ok(Some(Arc::new(SpamFilter::new(place, timeout, connections, resolver.clone(), connector))))
}

/// What [`outbound`] goes by.
pub(super) fn is_same_outbound(one: &Config, other: &Config) -> bool {
    let of = |config: &Config| {
        let Config { hostname, dns, tls, delivery, .. } = config.clone();
        let tls = (tls.ca_file, tls.never_plaintext, tls.mta_sts, tls.dane);
        let first = (delivery.ipv4_first, delivery.ipv6_first);
        (hostname, dns, tls, first, delivery.final_patience)
    };
    of(one) == of(other)
}

/// What [`Lists`] go by.
pub(super) fn is_same_lists(one: &Config, other: &Config) -> bool {
    one.dnsbl == other.dnsbl && one.dns == other.dns && one.limits.exempt == other.limits.exempt
}

fn dane(config: &Config) -> Result<Option<ValidatingResolver>, OpenError> {
    let (servers, dane) = (&config.dns.servers, config.tls.dane);
    if dane == Dane::Off {
        return Ok(None);
    }
    Ok(Some(ValidatingResolver::new(servers, config.dns.trust_anchor.as_deref(), dane)?))
}

pub(super) fn spool_bounds(spool: &config::Spool) -> SpoolBounds {
    SpoolBounds {
        octets: spool.max_bytes as u64,
        messages: spool.max_messages,
        free: spool.min_free_disk.map(|octets| octets as u64),
    }
}
