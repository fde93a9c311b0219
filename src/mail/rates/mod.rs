//! How often clients, aliases and domains may do what costs others (`[limits]`). Kept in memory only: a restart
//! forgives, but for the limits that aliases have of their own ([`kept`]).

mod bites;
mod kept;
mod own;
mod questions;

pub use bites::Bite;
pub use kept::KeptLimits;
pub(crate) use kept::{go_on, kept};
pub(crate) use own::TakenLimits;
pub(crate) use questions::Questions;

use super::{recipient::Recipient, refusal::Refusal};
use crate::{
    address::ForwardPath,
    alias::{Key, Named, Rule},
    clock,
    config::{IpNet, Limits, print_rate},
    metrics::{Limit, Metrics},
    rate::{Buckets, ClientBlock, ClientBuckets, Full, Rate},
    reply::Reply,
    time::Millis,
    turns::{Turn, Turns},
};
use bites::Bites;
use ecow::EcoString;
use own::Own;
use parking_lot::Mutex;
use std::{
    collections::HashMap, fmt::Display, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration,
};
use tokio::sync::Notify;

/// Most clients, networks, addresses and domains of which something is kept at once, each.
const CAPACITY: usize = 65_536;

/// The buckets of all sessions.
#[derive(Debug)]
pub(crate) struct Rates {
    tables: Mutex<Tables>,
    metrics: Arc<Metrics>,
    bitten: Notify,
    /// Something was taken of a limit that is kept.
    taken: Notify,
    /// Checks under way; `None` is whoever may use a unix socket.
    checks: Turns<Option<ClientBlock>>,
}

#[derive(Debug)]
struct Tables {
    exempt: Vec<IpNet>,
    messages: ClientBuckets,
    unknown: ClientBuckets,
    forged: ClientBuckets,
    questions: ClientBuckets,
    checks_per_client: usize,
    aliases: Buckets<Whose>,
    domains: Buckets<EcoString>,
    own: Own,
    bites: Bites,
}

/// An address of a hosted domain without its tag, in lower case. By domain first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Whose {
    domain: EcoString,
    local: EcoString,
}

/// What is wrong with a recipient that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Nobody is there, or the mail would be relayed.
    Unknown,
    /// An SRS address that we never made.
    Forged,
}

impl Rates {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        let tables = Tables {
            exempt: limits.exempt.clone(),
            messages: ClientBuckets::new(limits.messages_per_client, CAPACITY),
            unknown: ClientBuckets::new(limits.unknown_recipients_per_client, CAPACITY),
            forged: ClientBuckets::new(limits.forged_srs_per_client, CAPACITY),
            questions: ClientBuckets::new(limits.dns_questions_per_client, CAPACITY),
            checks_per_client: limits.checks_per_client,
            aliases: Buckets::new(limits.messages_per_alias, CAPACITY),
            domains: Buckets::new(limits.messages_per_domain, CAPACITY),
            own: Own::new(CAPACITY),
            bites: Bites::default(),
        };
        let checks = Turns::new(limits.checks);
        Self {
            tables: Mutex::new(tables),
            metrics,
            bitten: Notify::new(),
            taken: Notify::new(),
            checks,
        }
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        let tables = &mut *self.tables.lock();
        tables.exempt.clone_from(&limits.exempt);
        tables.messages.set_rate(limits.messages_per_client);
        tables.unknown.set_rate(limits.unknown_recipients_per_client);
        tables.forged.set_rate(limits.forged_srs_per_client);
        tables.questions.set_rate(limits.dns_questions_per_client);
        tables.checks_per_client = limits.checks_per_client;
        self.checks.set_most(limits.checks);
        tables.aliases.set_rate(limits.messages_per_alias);
        tables.domains.set_rate(limits.messages_per_domain);
    }

    /// Goes by its part of what so many machines may take together, where limits are aliases' own.
    pub(crate) fn set_nodes(&self, nodes: NonZeroU32) {
        self.tables.lock().own.set_nodes(nodes);
    }

    /// Against whom is counted what this client causes; nobody, if it is exempt.
    pub(crate) fn block_of(&self, client: Option<IpAddr>) -> Option<ClientBlock> {
        self.tables.lock().counted(client).map(ClientBlock::of)
    }

    /// Whether a message of this client would be taken, and checked. `None` is whoever may use a unix socket.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn may_send(&self, client: Option<IpAddr>) -> Result<(), Reply> {
        self.of_client(client, |tables, ip, now| tables.messages.check(ip, now))?;
        let tables = &mut *self.tables.lock();
        let Some(ip) = tables.counted(client) else { return Ok(()) };
        let asked = tables.questions.check(ip, clock::steady_millis());
        asked.map_err(|full| self.too_many_questions(&mut tables.bites, &full))
    }

    /// Counts a question to DNS that is about to leave because of this client.
    ///
    /// # Errors
    /// The reply that puts its message off; then the question must not leave.
    fn take_question(&self, client: Option<IpAddr>) -> Result<(), Reply> {
        let tables = &mut *self.tables.lock();
        let Some(ip) = tables.counted(client) else { return Ok(()) };
        let asked = tables.questions.take(ip, clock::steady_millis());
        asked.map_err(|full| self.too_many_questions(&mut tables.bites, &full))
    }

    fn too_many_questions<B: Display>(&self, bites: &mut Bites, full: &Full<B>) -> Reply {
        let Exceeded { whose, rate, wait } = self.bite(bites, Limit::Questions, full);
        Reply::too_many_questions(&whose, &rate, wait)
    }

    /// Waits until one more message of this client may be checked.
    pub(crate) async fn check_turn(&self, client: Option<IpAddr>) -> Turn<Option<ClientBlock>> {
        let (client, most) = {
            let tables = self.tables.lock();
            let is_counted = tables.counted(client).is_some();
            let most = if is_counted { tables.checks_per_client } else { usize::MAX };
            (client.map(ClientBlock::of), most)
        };
        self.checks.take(client, most).await
    }

    /// Counts a message of this client.
    ///
    /// # Errors
    /// As [`Rates::may_send`]; nothing is counted then.
    pub(crate) fn take_message(&self, client: Option<IpAddr>) -> Result<(), Reply> {
        self.of_client(client, |tables, ip, now| tables.messages.take(ip, now))
    }

    fn of_client<B: Display>(
        &self,
        client: Option<IpAddr>,
        ask: impl FnOnce(&mut Tables, IpAddr, Millis) -> Result<(), Full<B>>,
    ) -> Result<(), Reply> {
        let tables = &mut *self.tables.lock();
        let Some(ip) = tables.counted(client) else { return Ok(()) };
        ask(tables, ip, clock::steady_millis()).map_err(|full| {
            let Exceeded { whose, rate, wait } =
                self.bite(&mut tables.bites, Limit::Messages, &full);
            Reply::too_many_messages(&whose, &rate, wait)
        })
    }

    /// Whether a message of this client for `path` would be taken. An alias that has a limit of its own goes by that,
    /// whoever sends.
    ///
    /// # Errors
    /// What puts it off.
    pub(crate) fn may_receive(
        &self,
        client: Option<IpAddr>,
        recipient: &Recipient,
    ) -> Result<(), Refusal> {
        let tables = &mut *self.tables.lock();
        let now = clock::steady_millis();
        check_own(tables, recipient, now)?;
        let Some(key) = key(recipient) else { return Ok(()) };
        match tables.is_exempt(client) {
            true => Ok(()),
            false => Ok(self.check(tables, &key, has_own(recipient), now)?),
        }
    }

    /// Counts a message for each of these recipients and, once, for each of their domains; gives what it takes of the
    /// limits that aliases have of their own.
    ///
    /// # Errors
    /// As [`Rates::may_receive`]; nothing is counted then.
    pub(crate) fn take_recipients(
        self: &Arc<Self>,
        client: Option<IpAddr>,
        recipients: &[Recipient],
    ) -> Result<TakenLimits, Refusal> {
        let tables = &mut *self.tables.lock();
        let now = clock::steady_millis();
        let is_exempt = tables.is_exempt(client);
        let mut counted: Vec<(Whose, bool)> = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            check_own(tables, recipient, now)?;
            if let Some(key) = key(recipient).filter(|_| !is_exempt) {
                let has_own = has_own(recipient);
                self.check(tables, &key, has_own, now)?;
                counted.push((key, has_own));
            }
        }
        counted.sort_unstable();
        counted.dedup();
        for (key, _) in
            counted.chunk_by(|(a, _), (b, _)| a.domain == b.domain).filter_map(<[_]>::first)
        {
            tables.domains.take(&key.domain, now);
        }
        for (key, _) in counted.iter().filter(|(_, has_own)| !has_own) {
            tables.aliases.take(key, now);
        }
        let limit = |named: &Arc<Named>| tables.own.limit_of(named);
        let own = |named: &Arc<Named>| limit(named).map(|limit| (named.key.clone(), limit));
        let own: HashMap<Key, Rate> =
            recipients.iter().filter_map(|to| to.named.as_ref().and_then(own)).collect();
        for (key, rate) in &own {
            tables.own.take(key.clone(), *rate, now);
            self.taken.notify_one();
        }
        Ok(TakenLimits::new(self, own.into_iter().collect()))
    }

    /// Looks at the domain's limit, and at that of the address unless its alias has its own.
    fn check(
        &self,
        tables: &mut Tables,
        key: &Whose,
        has_own: bool,
        now: Millis,
    ) -> Result<(), Reply> {
        tables.domains.check(&key.domain, now).map_err(|full| {
            let exceeded = self.bite(&mut tables.bites, Limit::Domain, &full);
            Reply::too_many_for_domain(&exceeded.rate, exceeded.wait)
        })?;
        if has_own {
            return Ok(());
        }
        tables.aliases.check(key, now).map_err(|full| {
            let Full { whose: Whose { domain, local }, rate, wait } = full;
            let full = Full { whose: format!("{local}@{domain}"), rate, wait };
            let exceeded = self.bite(&mut tables.bites, Limit::Alias, &full);
            Reply::too_many_for_address(&exceeded.rate, exceeded.wait)
        })
    }

    /// Counts a recipient that is refused. `is_relayed`: somebody else tells whose it is, in a session that is not
    /// the client's alone.
    ///
    /// # Errors
    /// The reply in place of the refusal, once there were too many.
    pub(crate) fn take_miss(
        &self,
        client: Option<IpAddr>,
        miss: Miss,
        is_relayed: bool,
    ) -> Result<(), Reply> {
        let tables = &mut *self.tables.lock();
        let Some(ip) = tables.counted(client) else { return Ok(()) };
        let (limit, buckets) = match miss {
            Miss::Unknown => (Limit::Unknown, &mut tables.unknown),
            Miss::Forged => (Limit::Forged, &mut tables.forged),
        };
        buckets.take(ip, clock::steady_millis()).map_err(|full| {
            let Exceeded { whose, rate, wait } = self.bite(&mut tables.bites, limit, &full);
            Reply::too_many_refused_recipients(&whose, &rate, wait, !is_relayed)
        })
    }

    /// The buckets that were found empty within the last hour, those that were so most often first.
    pub(crate) fn bites(&self) -> Vec<Bite> {
        self.tables.lock().bites.recent(clock::millis())
    }

    /// Ready when another bucket was found empty.
    pub(crate) async fn bitten(&self) {
        self.bitten.notified().await;
    }

    /// Ready when something was taken of a limit that is kept.
    pub(crate) async fn taken(&self) {
        self.taken.notified().await;
    }

    /// The same, of another limit than those here.
    pub(crate) fn note_taken(&self) {
        self.taken.notify_one();
    }

    /// How many messages an alias has had of those that its own limit allows, in words.
    pub(crate) fn of_limit(&self, named: &Named) -> Option<String> {
        let now = clock::steady_millis();
        let (rate, taken) = self.tables.lock().own.taken_of(named, now)?;
        Some(format!("{} of {} taken", taken.div_ceil(1000), print_rate(rate)))
    }

    fn bite<B: Display>(&self, bites: &mut Bites, limit: Limit, full: &Full<B>) -> Exceeded {
        self.metrics.over_rate(limit);
        self.bitten.notify_one();
        let limit = limit.key();
        let (whose, rate) = (full.whose.to_string(), print_rate(full.rate));
        if bites.add(limit, &whose, &rate, clock::millis()) {
            tracing::warn!(limit, whose, rate, "over a limit: what comes beyond is put off");
        }
        Exceeded { whose, rate, wait: full.wait }
    }
}

/// A rate that is exceeded, in words.
struct Exceeded {
    whose: String,
    rate: String,
    wait: Duration,
}

impl Tables {
    fn is_exempt(&self, client: Option<IpAddr>) -> bool {
        client.is_some_and(|ip| self.exempt.iter().any(|net| net.contains(ip)))
    }

    /// The client, where it is counted.
    fn counted(&self, client: Option<IpAddr>) -> Option<IpAddr> {
        client.filter(|_| !self.is_exempt(client))
    }
}

fn has_own(recipient: &Recipient) -> bool {
    recipient.rules().limit.is_some()
}

/// Whether something is left of the limit that the alias of a recipient has of its own.
fn check_own(tables: &mut Tables, recipient: &Recipient, now: Millis) -> Result<(), Refusal> {
    let Some(named) = &recipient.named else { return Ok(()) };
    tables.own.check(named, now).map_err(|Full { rate, wait, .. }| Refusal {
        named: Some(Arc::clone(named)),
        rule: Some(Box::new(Rule::Limit(rate))),
        ..Reply::too_many_for_address(&print_rate(rate), wait).into()
    })
}

/// Whose mail it counts as. What returns has limits of its own (`srs.max_returns`), and so have answers.
fn key(recipient: &Recipient) -> Option<Whose> {
    match &recipient.path {
        ForwardPath::Mailbox(mailbox)
            if !recipient.is_srs_return() && recipient.answered.is_none() =>
        {
            let local = mailbox.local().key();
            let untagged = local.split_once('+').map(|(name, _)| name).filter(|it| !it.is_empty());
            let domain = mailbox.domain().key().into();
            Some(Whose { domain, local: untagged.unwrap_or(local).into() })
        }
        _ => None,
    }
}
