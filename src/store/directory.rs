//! Hosted domains and their aliases.

use super::StoreError;
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Alias, AliasAddress, AliasError, Amendment, Expansion, ExpansionLimits, Key, MAX_BLOCKS,
        MAX_PATTERNS, OwnedDomain, Resolution,
    },
};
use async_trait::async_trait;
use std::{fmt, sync::Arc};
use tokio::sync::watch;

/// Aliases that an error names.
const FIRST: usize = 3;

/// Hosted domains and aliases: what becomes of a recipient, and what an administrator does.
///
/// Whoever keeps them promises:
/// - Every change is checked, and all or nothing. It is durable when it is answered.
/// - A change by whomever, from another process too, is seen by every look-up within a second; what one
///   asks after a change of one's own was answered knows of it.
/// - A look-up that fails is an error and never "there is no such alias": the recipient is asked for again
///   later.
#[async_trait]
pub trait Directory {
    /// True when mail for `domain` is ours to answer. Answered from memory.
    fn is_hosted(&self, domain: &Domain) -> bool;

    /// What becomes of `recipient`, where that is known without a look into the database.
    fn known(&self, recipient: &Mailbox) -> Option<Arc<Resolution>>;

    /// What becomes of `recipient`. It must not be SRS-shaped: see [`crate::alias`].
    ///
    /// # Errors
    /// When the database cannot be read: the recipient is to be asked for again later.
    async fn resolve(&self, recipient: &Mailbox) -> Result<Arc<Resolution>, StoreError>;

    /// What becomes of a bare `<postmaster>`.
    ///
    /// # Errors
    /// As [`Directory::resolve`].
    async fn resolve_postmaster(&self) -> Result<Arc<Resolution>, StoreError>;

    /// The version of domains and aliases that look-ups use; it changes when they do.
    fn version(&self) -> watch::Receiver<i64>;

    /// The hosted domains in alphabetical order.
    ///
    /// # Errors
    /// When the store fails.
    async fn domains(&self) -> Result<Vec<Domain>, StoreError>;

    /// Those of `domains` that are hosted, each with when it was added last: as the database has it, so that nobody is
    /// taken for the owner who was there before him.
    ///
    /// # Errors
    /// When the store fails.
    async fn owned(&self, domains: &[Domain]) -> Result<Vec<OwnedDomain>, StoreError>;

    /// Hosts a domain; false when it was hosted before.
    ///
    /// # Errors
    /// When `domain` is an address literal, or the store fails.
    async fn add_domain(&self, domain: &Domain) -> Result<bool, ChangeError>;

    /// Stops hosting a domain; gives the number of aliases that went with it. What accounts send as in it goes too.
    ///
    /// # Errors
    /// When it is not hosted, has aliases or accounts send as its addresses and `with_aliases` is false, or the store
    /// fails.
    async fn remove_domain(
        &self,
        domain: &Domain,
        with_aliases: bool,
    ) -> Result<usize, ChangeError>;

    /// The alias of that address.
    ///
    /// # Errors
    /// When the store fails.
    async fn alias(&self, address: &AliasAddress) -> Result<Option<Alias>, StoreError>;

    /// A page of the aliases of `domain`, or of all, and then the regexes in their order: those behind
    /// `after`, which is the `next` of the page before. Nothing is held from one page to the next.
    ///
    /// # Errors
    /// When the store fails.
    async fn aliases(
        &self,
        domain: Option<&Domain>,
        after: Option<&Key>,
    ) -> Result<AliasPage, StoreError>;

    /// The aliases that are kept and switched on, but never followed: see [`Alias::fault`]. Answered from memory.
    fn unsafe_aliases(&self) -> Vec<Alias>;

    /// Adds an alias; a regex behind the others.
    ///
    /// # Errors
    /// When its domain is not hosted, it exists, it would close a cycle or never be followed, or the store
    /// fails.
    async fn add_alias(&self, alias: &Alias) -> Result<(), ChangeError>;

    /// Adds an alias, or puts it in the place of the one of its address, which is given.
    ///
    /// # Errors
    /// As [`Directory::add_alias`], but that it may exist.
    async fn replace_alias(&self, alias: &Alias) -> Result<Option<Alias>, ChangeError>;

    /// Removes an alias and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn remove_alias(&self, address: &AliasAddress) -> Result<Alias, ChangeError>;

    /// Switches an alias on or off, and gives it as it is now.
    ///
    /// # Errors
    /// When there is none, it would close a cycle or never be followed, or the store fails.
    async fn set_enabled(
        &self,
        address: &AliasAddress,
        enabled: bool,
    ) -> Result<Alias, ChangeError>;

    /// Changes what an alias says of itself, and gives it as it is now. A regex keeps its turn.
    ///
    /// # Errors
    /// When there is none, it cannot have what is asked for (see [`Amendment::of`]), or the store fails.
    async fn amend_alias(
        &self,
        address: &AliasAddress,
        amendment: &Amendment,
    ) -> Result<Alias, ChangeError>;

    /// Where mail that `alias` answers finally leads; of a regex or a catch-all, the destinations that
    /// are the same for every recipient. `None` when there are none such.
    ///
    /// # Errors
    /// When the store fails.
    async fn leads_to(
        &self,
        alias: &Alias,
        postmaster: Option<&Mailbox>,
    ) -> Result<Option<Expansion>, StoreError>;

    /// Makes the aliases equal to `wanted`, as far as `extent` says, and gives what that changes.
    ///
    /// # Errors
    /// When a domain is not hosted, an address comes twice, aliases would form a cycle, more of them would be
    /// removed than `extent` allows, or the store fails.
    async fn apply(&self, wanted: Vec<Alias>, extent: Apply) -> Result<Vec<Change>, ChangeError>;
}

/// How far [`Directory::apply`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apply {
    /// It only gives what would change.
    Plan,
    /// It removes no more than half of the aliases: a list that is empty or cut off is a slip.
    Careful,
    /// It removes whatever is not in the list.
    Whole,
}

/// Some of the aliases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasPage {
    /// The aliases in order of their domains and local parts.
    pub aliases: Vec<Alias>,
    /// Behind what the next page begins; `None` when this is the last one.
    pub next: Option<Key>,
}

/// One difference between the aliases and the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The alias is in the list only.
    Add(Alias),
    /// The alias is not in the list.
    Remove(Alias),
    /// The alias is in both, and differs.
    Replace {
        /// The alias as it was.
        old: Box<Alias>,
        /// The alias as the list has it.
        new: Alias,
    },
    /// The regexes that are in both come in another order.
    Reorder,
}

/// `+`, `-` or `~`, and the alias as listings have it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(alias) => write!(f, "+ {alias}"),
            Self::Remove(alias) => write!(f, "- {alias}"),
            Self::Replace { old, new } => write!(f, "~ {new} (was: {old})"),
            Self::Reorder => write!(f, "~ the order of the regexes"),
        }
    }
}

/// Why domains or aliases were not changed. Nothing was; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The alias's domain is not hosted.
    #[error("{0} is not hosted here; first: onward domain add {0}")]
    UnknownDomain(Domain),
    /// An alias that is kept, but never followed.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// Mail cannot be routed to an address literal as to a domain.
    #[error("{0} is an address literal; a hosted domain has a name")]
    Literal(Domain),
    /// Nothing to remove.
    #[error("{0} is not hosted here; see onward domain list")]
    NoSuchDomain(Domain),
    /// Aliases are left in the domain, or accounts that send as its addresses.
    #[error(
        "{domain} still has {}; to remove them too: onward domain remove {domain} --with-aliases",
        left(*aliases, accounts)
    )]
    HasAliases {
        /// The domain.
        domain: Domain,
        /// How many.
        aliases: u64,
        /// The names of the accounts.
        accounts: Vec<String>,
    },
    /// The address has an alias already.
    #[error(
        "{} exists: {existing}; --replace puts the new one in its place",
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
    /// An alias is twice in what is applied.
    #[error("{0} is there twice")]
    Twice(String),
    /// An alias for this address would never be asked: SRS addresses have their own rules.
    #[error("{0} has the form of an SRS address, for which no alias is asked")]
    SrsShaped(Mailbox),
    /// More would be removed than a list that is whole removes.
    #[error(
        "{} of the {all} aliases would be removed ({}), and nothing is changed: --plan shows all of it, \
         --delete does it", removed.len(), first(removed)
    )]
    Removes {
        /// Those that are not in the list.
        removed: Vec<String>,
        /// How many there are now.
        all: u64,
    },
    /// There is no such block.
    #[error("{pattern} is not blocked {}; see onward block list", scope(domain.as_ref()))]
    NoSuchBlock {
        /// The senders.
        pattern: String,
        /// For whose aliases; `None` for all.
        domain: Option<Domain>,
    },
    /// More blocks than are kept.
    #[error(
        "there would be {0} blocks, and {MAX_BLOCKS} is the most; @shop.example stands for all of a domain"
    )]
    TooManyBlocks(u64),
    /// What is set for a domain is not what whoever changes it saw.
    #[error("what is set for {0} has changed meanwhile; look at it again")]
    SettingsChanged(Domain),
    /// A block of everybody for more than an alias.
    #[error("* would block all mail; it is for an alias (--alias), which may allow senders")]
    BlocksEverything,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn left(aliases: u64, accounts: &[String]) -> String {
    let aliases = format!("{aliases} aliases");
    match accounts {
        [] => aliases,
        accounts => {
            format!("{aliases}, and accounts that send as its addresses ({})", first(accounts))
        }
    }
}

/// The first few, and how many are not named.
fn first(addresses: &[String]) -> String {
    let mut text = addresses.iter().take(FIRST).map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(more @ 1..) = addresses.len().checked_sub(FIRST) {
        text += &format!(" and {more} more");
    }
    text
}

fn scope(domain: Option<&Domain>) -> String {
    domain.map_or_else(|| "for all".to_owned(), |domain| format!("for {domain}"))
}

fn chain(addresses: &[Mailbox]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}
