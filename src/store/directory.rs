use super::{
    SrsPutError, StoreError,
    sqlite::{
        self, Live, Snapshot,
        aliases::{self, Table},
        domains, expiring,
    },
    srs,
};
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Action, Alias, AliasAddress, Destination, Expansion, ExpansionLimits, MAX_PATTERNS,
        expand_all, find_cycle,
    },
    reply::Reply,
    srs::is_srs_shaped,
    time::UnixTime,
};
use rusqlite::{Connection, TransactionBehavior};
use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
};

/// Domains and aliases, to be read and changed. Every change is checked and all or nothing. Blocks.
#[derive(Debug)]
pub struct Directory {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

/// Why domains or aliases were not changed. Nothing was; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The alias's domain is not hosted.
    #[error("{0} is not hosted here; first: onward domain add {0}")]
    UnknownDomain(Domain),
    /// Mail cannot be routed to an address literal as to a domain.
    #[error("{0} is an address literal; a hosted domain has a name")]
    Literal(Domain),
    /// Nothing to remove.
    #[error("{0} is not hosted here; see onward domain list")]
    NoSuchDomain(Domain),
    /// Aliases are left in the domain.
    #[error(
        "{domain} still has {aliases} aliases; to remove them too: \
         onward domain remove {domain} --with-aliases"
    )]
    HasAliases {
        /// The domain.
        domain: Domain,
        /// How many.
        aliases: u64,
    },
    /// The address has an alias already.
    #[error(
        "{} exists: {existing}; to change it, first: onward alias remove '{}'",
        existing.address(),
        existing.address()
    )]
    Exists {
        /// The one that is there.
        existing: Box<Alias>,
    },
    /// There is no alias of that address.
    #[error("there is no alias {0}; see onward alias list")]
    NoSuchAlias(String),
    /// The aliases would lead back to themselves: the addresses in order.
    #[error("the aliases would form a loop: {}", chain(.0))]
    Cycle(Vec<Mailbox>),
    /// The chain is longer than routing follows.
    #[error("the aliases would form a chain of more than {max}: {}", chain(.0), max = ExpansionLimits::default().depth)]
    TooDeep(Vec<Mailbox>),
    /// More regexes than are tried for a recipient.
    #[error("there are {MAX_PATTERNS} regex aliases already, which is the most")]
    TooManyPatterns,
    /// The same alias twice in what is applied.
    #[error("{0} is there twice")]
    Twice(String),
    /// An alias for it would never be asked: SRS addresses have their own rules.
    #[error("{0} has the form of an SRS address, for which no alias is asked")]
    SrsShaped(Mailbox),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn chain(addresses: &[Mailbox]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

impl Directory {
    /// Opens the directory of the store in `state_dir`, made when it does not exist.
    ///
    /// # Errors
    /// As [`super::Store::open`].
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let connection = sqlite::open_writer(state_dir)?;
        Ok(Self { connection, path: sqlite::path(state_dir) })
    }

    /// The hosted domains in alphabetical order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.stored(domains::all(&self.connection))
    }

    /// Hosts a domain; false when it was hosted before.
    ///
    /// # Errors
    /// When it is an address literal, or the store fails.
    pub fn add_domain(&mut self, domain: &Domain) -> Result<bool, ChangeError> {
        if domain.literal().is_some() {
            return Err(ChangeError::Literal(domain.clone()));
        }
        self.change(|connection| Ok(domains::insert(connection, domain)?))
    }

    /// Stops hosting a domain; gives the number of aliases that went with it.
    ///
    /// # Errors
    /// When it is not hosted, has aliases and `with_aliases` is false, or the store fails.
    pub fn remove_domain(
        &mut self,
        domain: &Domain,
        with_aliases: bool,
    ) -> Result<usize, ChangeError> {
        self.change(|connection| {
            let aliases = aliases::count_in(connection, domain)?;
            if aliases > 0 && !with_aliases {
                let domain = domain.clone();
                return Err(ChangeError::HasAliases { domain, aliases }.into());
            }
            if !domains::delete(connection, domain)? {
                return Err(ChangeError::NoSuchDomain(domain.clone()).into());
            }
            Ok(aliases::delete_in(connection, domain)?)
        })
    }

    /// The alias of that address.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, address: &AliasAddress) -> Result<Option<Alias>, StoreError> {
        self.stored(aliases::get(&self.connection, Table::Stored, &address.key()))
    }

    /// Hands the aliases of `domain`, or all and then the regexes in their order, to `each`.
    ///
    /// # Errors
    /// Whatever `each` gives, and when the store fails.
    pub fn for_each<E: From<StoreError>>(
        &self,
        domain: Option<&Domain>,
        each: impl FnMut(Alias) -> Result<(), E>,
    ) -> Result<(), E> {
        self.stored(aliases::for_each(&self.connection, domain, each))?
    }

    /// Adds an alias; a regex behind the others.
    ///
    /// # Errors
    /// When its domain is not hosted, it exists, it would close a cycle, or the store fails.
    pub fn add(&mut self, alias: &Alias) -> Result<(), ChangeError> {
        self.change(|connection| {
            refuse_srs_shaped(alias)?;
            if let Some(domain) = alias.address().domain()
                && !domains::contains(connection, domain)?
            {
                return Err(ChangeError::UnknownDomain(domain.clone()).into());
            }
            let key = alias.address().key();
            if let Some(existing) = aliases::get(connection, Table::Stored, &key)? {
                return Err(ChangeError::Exists { existing: Box::new(existing) }.into());
            }
            aliases::insert(connection, Table::Stored, alias)?;
            let snapshot = Snapshot::within(connection, Table::Stored)?;
            if snapshot.patterns.len() > MAX_PATTERNS {
                return Err(ChangeError::TooManyPatterns.into());
            }
            refuse_cycle(&live(connection, Table::Stored, &snapshot), alias)
        })
    }

    /// Removes an alias and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub fn remove(&mut self, address: &AliasAddress) -> Result<Alias, ChangeError> {
        self.change(|connection| {
            let key = address.key();
            let alias = existing(connection, address)?;
            aliases::delete(connection, &key)?;
            Ok(alias)
        })
    }

    /// Switches an alias on or off.
    ///
    /// # Errors
    /// When there is none, it would close a cycle, or the store fails.
    pub fn set_enabled(
        &mut self,
        address: &AliasAddress,
        enabled: bool,
    ) -> Result<Alias, ChangeError> {
        self.change(|connection| {
            let alias = existing(connection, address)?.with_enabled(enabled);
            aliases::set_enabled(connection, &address.key(), enabled)?;
            let snapshot = Snapshot::within(connection, Table::Stored)?;
            refuse_cycle(&live(connection, Table::Stored, &snapshot), &alias)?;
            Ok(alias)
        })
    }

    /// Where mail that `alias` answers finally leads; of a regex or a catch-all, the destinations that
    /// are the same for every recipient. `None` when there are none such.
    ///
    /// # Errors
    /// When the store fails.
    pub fn leads_to(
        &self,
        alias: &Alias,
        postmaster: Option<&Mailbox>,
    ) -> Result<Option<Expansion>, StoreError> {
        // An exact alias is asked as a recipient is; role addresses have rules of their own.
        let is_exact = matches!(alias.address(), AliasAddress::Exact(_));
        let known = match alias.action() {
            _ if is_exact => None,
            _ if !alias.enabled() => Some(Reply::no_such_alias()),
            Action::Reject(text) => Some(Reply::alias_rejects(text)),
            Action::Defer(text) => Some(Reply::alias_defers(text)),
            Action::Discard => return Ok(Some(Expansion::Discard)),
            Action::Forward(_) => None,
        };
        let starts = starts(alias);
        if known.is_some() || starts.is_empty() {
            return Ok(known.map(Expansion::Refuse));
        }
        let snapshot = self.stored(Snapshot::load(&self.connection))?;
        let live = Live { postmaster, ..live(&self.connection, Table::Stored, &snapshot) };
        self.stored(expand_all(&starts, &live, ExpansionLimits::default())).map(Some)
    }

    /// As [`super::Store::srs_put`].
    ///
    /// # Errors
    /// As there.
    pub fn srs_put(
        &mut self,
        token: &str,
        address: &Mailbox,
        expires: UnixTime,
        now: UnixTime,
        max_entries: u64,
    ) -> Result<(), SrsPutError> {
        let failed = |error| SrsPutError::from(StoreError::sqlite(&self.path, &error));
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let count = expiring::count_srs_addresses(&transaction).map_err(failed)?;
        let put = srs::Put { token: token.to_lowercase(), address: address.clone(), expires };
        put.run(&transaction, &AtomicU64::new(count), now, max_entries).map_err(failed)??;
        transaction.commit().map_err(failed)
    }

    /// As [`super::Store::srs_get`].
    ///
    /// # Errors
    /// As there.
    pub fn srs_get(&self, token: &str, now: UnixTime) -> Result<Option<Mailbox>, StoreError> {
        let entry = self.stored(expiring::srs_address(&self.connection, &token.to_lowercase()))?;
        Ok(srs::unexpired(entry, now))
    }

    /// Runs `work` in one transaction that counts as a change, when it succeeds.
    pub(super) fn change<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, ChangeError> {
        let done = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::from)
            .and_then(|transaction| {
                let result = work(&transaction)?;
                domains::count_change(&transaction)?;
                transaction.commit()?;
                Ok(result)
            });
        done.map_err(|failure| failure.at(&self.path))
    }

    fn stored<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

/// What can end a transaction.
pub(super) enum Failure {
    Refused(ChangeError),
    Sqlite(rusqlite::Error),
}

impl Failure {
    pub(super) fn at(self, path: &Path) -> ChangeError {
        match self {
            Self::Refused(error) => error,
            Self::Sqlite(error) => StoreError::sqlite(path, &error).into(),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

pub(super) fn live<'a>(
    connection: &'a Connection,
    table: Table,
    snapshot: &'a Snapshot,
) -> Live<'a> {
    Live { connection, table, snapshot, postmaster: None }
}

fn existing(connection: &Connection, address: &AliasAddress) -> Result<Alias, Failure> {
    aliases::get(connection, Table::Stored, &address.key())?
        .ok_or_else(|| ChangeError::NoSuchAlias(address.to_string()).into())
}

/// The addresses whose mail goes through `alias`, as far as they are known.
fn starts(alias: &Alias) -> Vec<Mailbox> {
    match alias.address() {
        AliasAddress::Exact(mailbox) => vec![mailbox.clone()],
        AliasAddress::CatchAll(_) | AliasAddress::Regex(_) => {
            alias.destinations().iter().filter_map(Destination::mailbox).cloned().collect()
        }
    }
}

pub(super) fn refuse_srs_shaped(alias: &Alias) -> Result<(), ChangeError> {
    match alias.address() {
        AliasAddress::Exact(mailbox) if is_srs_shaped(mailbox.local()) => {
            Err(ChangeError::SrsShaped(mailbox.clone()))
        }
        _ => Ok(()),
    }
}

pub(super) fn refuse_cycle(live: &Live<'_>, alias: &Alias) -> Result<(), Failure> {
    if !alias.enabled() {
        return Ok(());
    }
    match find_cycle(&starts(alias), live, ExpansionLimits::default())? {
        None => Ok(()),
        Some(chain) if chain.first().map(Mailbox::to_key) == chain.last().map(Mailbox::to_key) => {
            Err(ChangeError::Cycle(chain).into())
        }
        Some(chain) => Err(ChangeError::TooDeep(chain).into()),
    }
}
