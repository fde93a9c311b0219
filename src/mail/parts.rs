use super::{
    alias_use::AliasUses,
    aliases::Aliases,
    answers::Answers,
    dnsbl::Lists,
    events::{Events, Hook},
    late::Waits,
    logins::Logins,
    makings::{
        OpenError, Secrets, backoff, filter, is_same_lists, is_same_outbound, keystore, outbound,
        spool_bounds, store_and_secrets,
    },
    new_aliases::NewAliases,
    notices::Notices,
    rates::{self, KeptLimits, Rates},
    refused::RefusedRecipients,
    spool,
    srs::Srs,
    usage::Usage,
    uses::ReturnUses,
};
use crate::{
    address::Domain,
    auth::dkim::{SigningKey, SigningKeys},
    config::Config,
    event::Listener,
    inbound::{LogBudget, MessageMemory},
    keys::live::Live,
    metrics::Metrics,
    next_hop::NextHop,
    outbound::{Attempt, Deadline, Governor, Outbound, Outgoing},
    provider::{Providers, governor::Hold},
    retry,
    spam_filter::SpamFilter,
    store::{Options, Place, Store, StoreError, journal::Journal},
};
use async_trait::async_trait;
use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

/// Hands messages to other servers.
#[async_trait]
pub(crate) trait Network: fmt::Debug + Send + Sync {
    /// Delivers `mail` to `hop` until `deadline`: one attempt for each recipient, in their order.
    async fn deliver(&self, hop: &NextHop, mail: &Outgoing, deadline: Deadline) -> Vec<Attempt>;

    /// Who has the hosts of `hop`; `None` where DNS does not tell for now.
    async fn whose(&self, hop: &NextHop) -> Option<Arc<str>> {
        Some(hop.owner())
    }

    /// Until when nobody may ask the hosts that one has, and why.
    fn hold(&self, _whose: &str) -> Option<Hold> {
        None
    }
}

#[async_trait]
impl Network for Outbound {
    async fn deliver(&self, hop: &NextHop, mail: &Outgoing, deadline: Deadline) -> Vec<Attempt> {
        Self::deliver(self, hop, mail, deadline).await
    }

    async fn whose(&self, hop: &NextHop) -> Option<Arc<str>> {
        Self::whose(self, hop, Instant::now() + WHOSE_WITHIN).await
    }

    fn hold(&self, whose: &str) -> Option<Hold> {
        self.governor().hold(whose)
    }
}

/// What the life of a mail needs: a few parts, each of its own kind, shared by all who need them.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What is demanded of mail and allowed to it.
    pub(crate) config: Config,
    /// Where addresses lead.
    pub(crate) aliases: Aliases,
    /// What comes of the mail to aliases, and how many messages they take.
    pub(crate) alias_uses: Arc<AliasUses>,
    /// How many aliases domains may still get by mail.
    pub(crate) new_aliases: Arc<NewAliases>,
    /// Senders rewritten, and turned back.
    pub(crate) srs: Srs,
    /// What has returned to SRS addresses.
    pub(crate) return_uses: ReturnUses,
    /// How often clients send, and aliases get.
    pub(crate) rates: Arc<Rates>,
    /// Who failed to log in.
    pub(crate) logins: Arc<Logins>,
    /// How much accounts send, and what becomes of it.
    pub(crate) usage: Arc<Usage>,
    /// How much mailboxes send as their aliases.
    pub(crate) answers: Arc<Answers>,
    /// Refused recipients that are still counted together.
    pub(crate) refused: Arc<RefusedRecipients>,
    /// How much clients may have logged.
    pub(crate) log: Arc<LogBudget>,
    /// Lists of those that mail is not taken from.
    pub(crate) lists: Arc<Lists>,
    /// DKIM keys of ours.
    pub(crate) signing: Live<SigningKeys>,
    /// Who says whether mail is spam, and the password for it.
    pub(crate) filter: Option<Arc<SpamFilter>>,
    pub(crate) filter_password: Option<Live<Zeroizing<String>>>,
    /// What is to be told of aliases, to whom, and the secret that signs it.
    pub(crate) events: Arc<Events>,
    pub(crate) hook: Option<Arc<Hook>>,
    pub(crate) webhook_secret: Option<Live<Zeroizing<String>>>,
    /// What is kept: what earlier attempts brought, what waits; and where that is.
    pub(crate) store: Store,
    pub(crate) place: Place,
    /// What is told of each message.
    pub(crate) journal: Journal,
    /// The way to destinations.
    pub(crate) network: Arc<dyn Network>,
    /// What the network is made of: the resolver that all share, connections that are kept, results of TLS.
    pub(crate) outbound: Arc<Outbound>,
    /// The way to whoever tries again what waits.
    pub(crate) spool: spool::Handle,
    /// Which senders are told that their messages failed.
    pub(crate) notices: Arc<Notices>,
    /// When what waits is tried again.
    pub(crate) retry: retry::Backoff,
    /// Verdicts that are waited for.
    pub(crate) waits: Waits,
    /// Room for the bytes of all messages, whether they come or wait.
    pub(crate) memory: MessageMemory,
    pub(crate) metrics: Arc<Metrics>,
}

impl Parts {
    /// Reads the secrets and opens the store. The journal is nowhere yet: it belongs to whoever has the
    /// lock of the state directory. Gives what the spool's runner waits for beside it. To be called
    /// within a Tokio runtime.
    pub(crate) async fn open(config: Config) -> Result<(Self, spool::Inbox), OpenError> {
        Self::open_for(config, Purpose::Change).await
    }

    /// As [`Parts::open`] for whoever only looks: a database of an older version is refused.
    pub(crate) async fn open_to_read(config: Config) -> Result<Self, OpenError> {
        Self::open_for(config, Purpose::Read).await.map(|(parts, _)| parts)
    }

    /// As [`Parts::open`] for who serves.
    pub(crate) async fn open_to_serve(config: Config) -> Result<(Self, spool::Inbox), OpenError> {
        Self::open_for(config, Purpose::Serve).await
    }

    /// Ready when something was taken of the limits of aliases.
    pub(crate) async fn limits_taken(&self) {
        self.rates.taken().await;
    }

    /// What is taken of the limits of aliases, for who goes on from there.
    pub(crate) fn kept_limits(&self) -> KeptLimits {
        rates::kept(&self.rates, &self.new_aliases)
    }

    /// Goes on from what another process kept.
    pub(crate) fn go_on_with_limits(&self, kept: &KeptLimits) {
        rates::go_on(&self.rates, &self.new_aliases, kept);
    }

    async fn open_for(config: Config, purpose: Purpose) -> Result<(Self, spool::Inbox), OpenError> {
        let options = Options {
            postmaster: config.postmaster.clone(),
            keep_tag: config.delivery.keep_tag,
            spool: spool_bounds(&config.spool),
            keeps_schema: purpose == Purpose::Read,
            ..Options::default()
        };
        let place = Place::of(&config);
        let serves = purpose == Purpose::Serve;
        let (store, secrets) = store_and_secrets(&config, &place, options, serves).await?;
        let governor = Governor::new(Providers::new(config.providers.clone()));
        let events = Arc::new(Events::new(&config));
        let listener = Arc::clone(&events) as Arc<dyn Listener>;
        let outbound = Arc::new(outbound(&config, Some(&store), governor, Some(listener))?);
        let (spool, inbox) = spool::Handle::new();
        let metrics = Arc::new(Metrics::new());
        let parts = Self {
            aliases: Aliases::new(store.clone(), &config.routes),
            alias_uses: Arc::default(),
            new_aliases: Arc::new(NewAliases::new(config.limits.new_aliases_per_domain)),
            srs: Srs::new(secrets.rewriter, store.long_senders(), config.limits.srs_entries as u64),
            return_uses: ReturnUses::new(config.srs.use_limits(NonZeroU32::MIN)),
            rates: Arc::new(Rates::new(&config.limits, Arc::clone(&metrics))),
            logins: Arc::default(),
            usage: Arc::new(Usage::new(&config.submission)),
            answers: Arc::new(Answers::new(config.submission.limits())),
            refused: Arc::default(),
            log: Arc::new(LogBudget::new(&config.limits)),
            lists: Arc::new(Lists::new(&config, &metrics)?),
            signing: secrets.signing,
            filter: filter(&config, outbound.resolver())?,
            filter_password: secrets.filter_password,
            events,
            hook: Hook::new(&config, outbound.resolver())?.map(Arc::new),
            webhook_secret: secrets.webhook_secret,
            place,
            store,
            journal: Journal::nowhere(),
            network: Arc::clone(&outbound) as Arc<dyn Network>,
            outbound,
            spool,
            notices: Arc::new(Notices::new(config.spool.max_notices)),
            retry: backoff(&config),
            waits: Waits::default(),
            memory: MessageMemory::new(config.limits.message_memory),
            metrics,
            config,
        };
        Ok((parts, inbox))
    }

    /// The parts by another configuration: store, journal, spool and memory are those of `self`, and so are
    /// the connections to destinations where nothing about them changes. Nothing of `self` changes until
    /// [`Parts::take_over`].
    pub(crate) async fn next(&self, config: Config) -> Result<Self, OpenError> {
        if config.state_dir != self.config.state_dir {
            return Err(OpenError::StateDir);
        }
        if Place::of(&config) != self.place {
            return Err(OpenError::Place);
        }
        let store = self.store.clone();
        let secrets = Secrets::read(&config, keystore(&config, &store, true).await?)?;
        let outbound = match is_same_outbound(&config, &self.config) {
            true => Arc::clone(&self.outbound),
            false => {
                let governor = Arc::clone(self.outbound.governor());
                let listener = Arc::clone(&self.events) as Arc<dyn Listener>;
                Arc::new(outbound(&config, Some(&store), governor, Some(listener))?)
            }
        };
        let max_kept = config.limits.srs_entries as u64;
        let srs = Srs::new(secrets.rewriter, store.long_senders(), max_kept).behind(&self.srs);
        let lists = match is_same_lists(&config, &self.config) {
            true => Arc::clone(&self.lists),
            false => Arc::new(Lists::new(&config, &self.metrics)?),
        };
        let is_same_filter =
            is_same_outbound(&config, &self.config) && config.filter == self.config.filter;
        let filter = match is_same_filter {
            true => self.filter.clone(),
            false => filter(&config, outbound.resolver())?,
        };
        Ok(Self {
            aliases: Aliases::new(store.clone(), &config.routes),
            alias_uses: Arc::clone(&self.alias_uses),
            new_aliases: Arc::clone(&self.new_aliases),
            srs,
            return_uses: self.return_uses.clone(),
            rates: Arc::clone(&self.rates),
            logins: Arc::clone(&self.logins),
            usage: Arc::clone(&self.usage),
            answers: Arc::clone(&self.answers),
            refused: Arc::clone(&self.refused),
            log: Arc::clone(&self.log),
            lists,
            signing: secrets.signing,
            filter,
            filter_password: secrets.filter_password,
            events: Arc::clone(&self.events),
            hook: Hook::new(&config, outbound.resolver())?.map(Arc::new),
            webhook_secret: secrets.webhook_secret,
            place: self.place.clone(),
            store,
            journal: self.journal.clone(),
            network: Arc::clone(&outbound) as Arc<dyn Network>,
            outbound,
            spool: self.spool.clone(),
            notices: Arc::clone(&self.notices),
            retry: backoff(&config),
            waits: self.waits.clone(),
            memory: self.memory.clone(),
            metrics: Arc::clone(&self.metrics),
            config,
        })
    }

    /// What is shared with those before goes by this configuration from now on.
    pub(crate) fn take_over(&self) {
        let providers = Providers::new(self.config.providers.clone());
        self.outbound.governor().set_providers(providers);
        self.memory.set_max(self.config.limits.message_memory);
        self.share(*self.store.serving().borrow());
        self.usage.set_limits(&self.config.submission);
        self.answers.set_limits(self.config.submission.limits());
        self.log.set_limits(&self.config.limits);
        self.events.set_limits(&self.config);
        let spool = spool_bounds(&self.config.spool);
        let Config { postmaster, delivery, .. } = &self.config;
        self.store.set_options(postmaster.clone(), delivery.keep_tag, spool);
    }

    /// Goes by its part of what so many machines may do together.
    pub(crate) fn share(&self, nodes: NonZeroU32) {
        self.outbound.governor().set_nodes(nodes);
        let limits = self.config.limits.of_one_of(nodes);
        self.return_uses.set_limits(self.config.srs.use_limits(nodes));
        self.rates.set_limits(&limits);
        self.rates.set_nodes(nodes);
        self.new_aliases.set_rate(limits.new_aliases_per_domain);
        self.notices.set_rate(self.config.spool.max_notices.divided_by(nodes));
    }

    /// Tells each minute what clients caused too often to be told at once, and writes down how much accounts send and aliases get, for ever.
    pub(crate) async fn tell_rest(&self) {
        let usage = self.usage.follow(&self.store);
        let uses = self.alias_uses.follow(&self.store);
        tokio::join!(self.refused.follow(&self.journal), self.log.tell(), usage, uses);
    }

    /// Tells the rest of that at the end.
    pub(crate) async fn tell_last(&self) {
        self.refused.finish(&self.journal).await;
        self.log.tell_now();
        self.usage.keep(&self.store).await;
        self.events.keep(&self.store).await;
        self.alias_uses.keep(&self.store).await;
    }

    /// Follows the files of secrets and keys for ever.
    pub(crate) async fn follow_keys(&self) {
        let filter_password = async {
            if let Some(password) = &self.filter_password {
                password.follow().await;
            }
        };
        let webhook_secret = async {
            if let Some(secret) = &self.webhook_secret {
                secret.follow().await;
            }
        };
        tokio::join!(self.srs.follow(), self.signing.follow(), filter_password, webhook_secret);
    }

    /// The secret that events are signed with, as it is now.
    pub(crate) fn webhook_secret(&self) -> Option<Arc<Zeroizing<String>>> {
        self.webhook_secret.as_ref().map(Live::get)
    }

    /// The keys that sign for a domain as they are now.
    pub(crate) fn signing_keys(&self, domain: &Domain) -> Vec<SigningKey> {
        self.signing.get().of(domain).cloned().collect()
    }

    /// True when a key signs for a domain.
    pub(crate) fn signs_for(&self, domain: &Domain) -> bool {
        self.signing.get().of(domain).next().is_some()
    }

    /// Whether all is well that every message needs; within [`WELL_WITHIN`].
    ///
    /// # Errors
    /// What is not well.
    pub(crate) async fn is_well(&self) -> Result<(), NotWell> {
        let answer = timeout(WELL_WITHIN, self.store.is_well()).await;
        Ok(answer.map_err(|_| NotWell::Silent)??)
    }
}

/// What parts are opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Change,
    Serve,
}

/// How long it may take to find out who has the hosts of a destination.
const WHOSE_WITHIN: Duration = Duration::from_secs(10);

/// How long the answer to whether all is well may take.
const WELL_WITHIN: Duration = Duration::from_secs(5);

/// What is not well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWell {
    /// The database takes too long.
    #[error("the database does not answer")]
    Silent,
    /// The database answers with an error.
    #[error(transparent)]
    Store(#[from] StoreError),
}
