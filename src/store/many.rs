//! Changes of aliases that depend on what they are: of one, and of many at once.

use super::{Change, ChangeError};
use crate::{
    address::{Domain, Mailbox},
    alias::{
        Alias, AliasAddress, AliasError, AliasSource, AutoCreate, Destination, DomainSettings,
        Edit, Key,
    },
};
use async_trait::async_trait;
use std::{collections::HashSet, fmt, sync::Arc};
use tokio::sync::mpsc;

/// Who is told how far a long change is: nobody, by default.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Told>>);

type Told = dyn Fn(&Far) + Send + Sync;

/// How far a long change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Far {
    /// What is being done, such as `checked`.
    pub what: &'static str,
    /// How many are through.
    pub done: u64,
    /// How many there are; `None` where nobody knows.
    pub of: Option<u64>,
}

/// What is to become of an alias, as somebody says who is shown it.
pub type Alteration = Box<dyn FnOnce(&Alias) -> Altered + Send>;

/// What becomes of an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Altered {
    /// It stays as it is.
    Kept,
    /// This one takes its place.
    Replaced(Box<Alias>),
    /// It goes.
    Removed,
}

/// Changes of aliases that depend on what they are, and of many at once.
///
/// Whoever keeps the aliases promises what [`super::Directory`] says: a change is all or nothing, checked, durable
/// when it is answered, and seen by every look-up within a second; and nothing changes an alias between its being shown
/// and its change. Of a change of many, others wait only for the commit.
#[async_trait]
pub trait AliasChanges {
    /// Does with the alias of `address` what `alteration` says, which has to be quick: other changes wait for it. Gives
    /// the alias as it is afterwards, or as it was when it goes.
    ///
    /// # Errors
    /// When there is none, what is to take its place has another address or is refused as by
    /// [`add_alias`](super::Directory::add_alias), or the store fails.
    async fn alter_alias(
        &self,
        address: &AliasAddress,
        alteration: Alteration,
    ) -> Result<Alias, ChangeError>;

    /// Makes one change of many aliases, of all that it would change or nothing.
    ///
    /// # Errors
    /// When aliases would form a cycle, or the store fails.
    async fn edit_aliases(&self, many: Many) -> Result<Edited, ChangeError>;

    /// Takes in aliases that are new, or as new, and hosts domains, all of it or nothing: where one is refused, all
    /// that are refused are named, and nothing is kept. Those that are there as they come are left alone.
    ///
    /// # Errors
    /// When the store fails.
    async fn take_in(&self, coming: Coming) -> Result<TakenIn, ChangeError>;
}

/// What [`AliasChanges::edit_aliases`] is asked for.
#[derive(Debug, Clone)]
pub struct Many {
    /// The change.
    pub edit: Edit,
    /// The aliases that are meant; those that are there no longer are left out. `None`: all.
    pub which: Option<Vec<Key>>,
    /// It is done, not only found out.
    pub commits: bool,
    /// Who is given each alias as it was and as it is, once all of it is found possible.
    pub told: Option<mpsc::Sender<Change>>,
    /// Who is told how far it is.
    pub progress: Progress,
}

/// What a change of many aliases came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edited {
    /// Aliases that changed.
    pub changed: u64,
    /// Aliases that cannot have what is asked for, and stay as they are.
    pub unable: u64,
    /// The first of them, and why.
    pub first_unable: Vec<(AliasAddress, AliasError)>,
    /// The first of those that changed, as they are now.
    pub first_changed: Vec<Alias>,
    /// Domains whose addresses that become aliases by their first mail lead elsewhere.
    pub domains: Vec<Domain>,
    /// Labels of the tokens whose aliases lead elsewhere from now on.
    pub tokens: Vec<String>,
}

/// What [`AliasChanges::take_in`] is asked for.
#[derive(Clone)]
pub struct Coming {
    /// Domains that are hosted from now on.
    pub domains: Vec<Domain>,
    /// The aliases; a regex that is new comes behind the others.
    pub aliases: Arc<dyn AliasSource>,
    /// They take the place of those of the same address.
    pub replaces: bool,
    /// It is done, not only found out.
    pub commits: bool,
    /// Who is told how far it is.
    pub progress: Progress,
}

/// What came of [`AliasChanges::take_in`]; aliases go by the numbers that their source has for them, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenIn {
    /// The aliases that cannot be taken in. With one of them nothing is kept.
    pub refused: Vec<Refused>,
    /// Those that are there already as they come.
    pub unchanged: Vec<usize>,
    /// Those in whose place others come.
    pub replaced: Vec<(usize, Alias)>,
}

/// An alias that cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number.
    pub number: usize,
    /// Its address.
    pub address: AliasAddress,
    /// Why.
    pub why: ChangeError,
}

/// The most of the aliases that are named as unable, and as changed.
const MAX_UNABLE: usize = 20;
const MAX_CHANGED: usize = 100;

impl Progress {
    /// `told` is called from any thread, about every thousand aliases.
    pub fn new(told: impl Fn(&Far) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(told)))
    }

    /// Tells.
    pub fn at(&self, what: &'static str, done: u64, of: Option<u64>) {
        if let Some(told) = &self.0 {
            told(&Far { what, done, of });
        }
    }

    /// Tells every now and then.
    pub fn step(&self, what: &'static str, done: u64, of: Option<u64>) {
        if done.is_multiple_of(1_000) {
            self.at(what, done, of);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(told)" } else { "Progress(silent)" })
    }
}

impl Edited {
    /// Counts an alias that changes.
    pub(crate) fn is_changed(&mut self, alias: Alias) {
        self.changed += 1;
        if self.first_changed.len() < MAX_CHANGED {
            self.first_changed.push(alias);
        }
    }

    /// Counts an alias that cannot have it.
    pub(crate) fn is_unable(&mut self, address: &AliasAddress, why: AliasError) {
        self.unable += 1;
        if self.first_unable.len() < MAX_UNABLE {
            self.first_unable.push((address.clone(), why));
        }
    }
}

impl Default for Coming {
    /// No alias and no domain.
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            aliases: Arc::new(Vec::new()),
            replaces: false,
            commits: false,
            progress: Progress::default(),
        }
    }
}

impl TakenIn {
    /// Names an alias that cannot be taken in.
    pub(super) fn refuse(&mut self, number: usize, alias: &Alias, why: ChangeError) {
        self.refused.push(Refused { number, address: alias.address().clone(), why });
    }

    /// Of an alias whose address has another: true where it is to be written.
    pub(super) fn meet(
        &mut self,
        number: usize,
        alias: &Alias,
        there: Alias,
        replaces: bool,
    ) -> bool {
        if there == *alias {
            self.unchanged.push(number);
            return false;
        }
        match replaces {
            true => self.replaced.push((number, there)),
            false => {
                self.refuse(number, alias, ChangeError::Exists { existing: Box::new(there) });
            }
        }
        replaces
    }

    /// The numbers of those that are not to be looked at any more.
    pub(super) fn settled(&self) -> HashSet<usize> {
        let refused = self.refused.iter().map(|refused| refused.number);
        refused.chain(self.unchanged.iter().copied()).collect()
    }

    /// As an error, where nothing may be refused.
    ///
    /// # Errors
    /// Why the first is refused.
    pub fn whole(self) -> Result<(), ChangeError> {
        self.refused.into_iter().next().map_or(Ok(()), |refused| Err(refused.why))
    }
}

/// True where an alias leads to a domain that is hosted, and may be part of a loop.
pub(super) fn leads_on(alias: &Alias, hosted: &HashSet<Domain>) -> bool {
    let is_ours = |mailbox: &Mailbox| hosted.contains(mailbox.domain());
    alias.destinations().iter().filter_map(Destination::mailbox).any(is_ours)
}

/// Of what is set for domains, that of which addresses that become aliases by themselves lead elsewhere by `edit`.
pub(super) fn led_elsewhere(
    all: Vec<(Domain, DomainSettings)>,
    edit: &Edit,
) -> Result<Vec<(Domain, DomainSettings)>, String> {
    let Edit::Destination(change) = edit else { return Ok(Vec::new()) };
    let mut changed = Vec::new();
    for (domain, settings) in all {
        let Some(made) = &settings.auto_create else { continue };
        let Some(to) = change.within(made.destinations(), whole, Mailbox::clone) else { continue };
        let made = AutoCreate::new(made.pattern(), to.iter().map(ToString::to_string));
        let auto_create = Some(made.map_err(|error| error.to_string())?);
        changed.push((domain, DomainSettings { auto_create, ..settings }));
    }
    Ok(changed)
}

/// A destination that is a mailbox and nothing else, for any lifetime, as a path to the variant would not be.
fn whole(mailbox: &Mailbox) -> Option<&Mailbox> {
    Some(mailbox)
}
