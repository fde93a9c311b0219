//! What outlives a message: domains and aliases, accounts, tokens, sessions, long SRS addresses, what was delivered or refused; the
//! spool, messages that wait; events and digests, what is told of aliases; and the journal.
//!
//! The traits say what is kept, in the words of mail, and what whoever keeps it promises; [`Store`] is a
//! handle to one that does: `sqlite` in a file, `postgres` in a database that machines share. [`Place`] says which. Several
//! processes may have one store open; a change by one is seen by the others within a second.

mod accounts;
mod alias_numbers;
mod alias_use;
mod cache;
mod digests;
mod directory;
mod error;
mod expiring;
mod failure;
mod in_force;
pub mod journal;
mod kept_alias;
mod kept_counters;
mod kept_maker;
mod lock;
mod long_senders;
mod many;
mod memory;
pub mod moving;
mod nodes;
mod number;
mod outbox;
mod pieces;
mod place;
pub mod postgres;
mod queue;
mod removals;
mod rules;
mod sessions;
mod sharing;
mod snapshot;
pub mod spool;
mod sqlite;
mod standing;
mod tls;
mod tokens;
mod ways;
mod whole;

pub use accounts::{AccountChangeError, AccountPage, Accounts};
pub use alias_numbers::AliasNumbers;
pub use alias_use::{AliasUse, Cursor, FindError, FoundAliases};
pub use digests::{DigestStep, Digests, Told, UnderWay};
pub use directory::{AliasPage, Apply, Change, ChangeError, Directory};
pub use error::StoreError;
pub use lock::StateLock;
pub use long_senders::{Kept, LongSender, LongSenders, SrsPutError};
pub use many::{
    AliasChanges, Alteration, Altered, Coming, Edited, Far, Many, Progress, Refused, TakenIn,
};
pub use memory::{Fingerprint, Memory};
pub use nodes::{NodeStatus, Nodes};
pub use outbox::{EventFigures, Outbox, WaitingEvent};
pub use place::Place;
pub use queue::{QueueChange, QueueChanged, QueueFilter, QueuePage, QueueSummary, Unreadable};
pub use removals::{CameOfOne, IsMeant, OneChange, Removals, Removed};
pub use sessions::{Begin, EndedSession, SessionChangeError, Sessions};
pub use sharing::{Sealed, SecretPrint, Sharing};
pub use sqlite::backup;
pub use standing::{Standing, StandingRules};
pub use tls::TlsRecords;
pub use tokens::{MayChange, TokenChangeError, Tokens};

use crate::{address::Mailbox, alias::ExpansionLimits, mta_sts::PolicyStore};
use async_trait::async_trait;
use spool::{Spool, SpoolBounds};
use std::{ops::Deref, path::Path, sync::Arc};
use tokio::sync::watch;

/// How a [`Store`] is to behave.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who gets the mail of role addresses without an alias.
    pub postmaster: Option<Mailbox>,
    /// Mailboxes see the `+tag` of a recipient, unless its alias says otherwise.
    pub keep_tag: bool,
    /// How far an expansion may go.
    pub limits: ExpansionLimits,
    /// What the spool may use.
    pub spool: SpoolBounds,
    /// A database of an older version is refused, not brought up to date: for whoever changes no domains or aliases.
    pub keeps_schema: bool,
}

/// What keeps all of it. Look-ups are answered from memory or off the runtime's threads, and writes share
/// commits.
#[async_trait]
pub trait Backend:
    Directory
    + AliasChanges
    + Removals
    + AliasUse
    + AliasNumbers
    + StandingRules
    + Accounts
    + Tokens
    + Sessions
    + LongSenders
    + Memory
    + Spool
    + PolicyStore
    + TlsRecords
    + Outbox
    + Digests
    + Nodes
    + Sharing
{
    /// Changes what the configuration says, from now on.
    fn set_options(&self, postmaster: Option<Mailbox>, keep_tag: bool, spool: SpoolBounds);

    /// Whether the store can be read. What [`Backend::trouble`] says is another thing.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn is_well(&self) -> Result<(), StoreError>;

    /// What keeps everything from being written for now, as noticed within a second; `None` while nothing does.
    /// Look-ups go on.
    fn trouble(&self) -> watch::Receiver<Option<StoreError>>;

    /// Finishes what was asked for and closes the database; look-ups go on, writes fail.
    async fn close(&self);
}

/// The store. Clones share it, and have all that [`Backend`] and the traits that it is made of say.
#[derive(Debug, Clone)]
pub struct Store(Arc<dyn Backend>);

impl Store {
    /// Opens the store in `state_dir`, made when it does not exist. Blocks.
    ///
    /// # Errors
    /// When the store cannot be opened, is damaged, or of a newer version.
    pub fn open(state_dir: &Path, options: Options) -> Result<Self, StoreError> {
        Ok(Self(sqlite::Sqlite::open(state_dir, options)?))
    }

    /// Opens the store that nodes share in a database, made when it does not exist. `node` is the one that this process
    /// serves as, if it does.
    ///
    /// # Errors
    /// When the database cannot be used, or its tables are of another version.
    pub async fn connect(
        database: postgres::Database,
        node: Option<postgres::Node>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Ok(Self(postgres::Postgres::open(database, node, options).await?))
    }

    /// Opens the store in `state_dir`; `None` when nothing was ever kept there. Blocks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_existing(state_dir: &Path, options: Options) -> Result<Option<Self>, StoreError> {
        sqlite::exists(state_dir)?.then(|| Self::open(state_dir, options)).transpose()
    }

    /// Where long senders are kept.
    pub fn long_senders(&self) -> Arc<dyn LongSenders> {
        self.0.clone()
    }

    /// Where the MTA-STS policies of destinations are kept.
    pub fn policies(&self) -> Arc<dyn PolicyStore> {
        self.0.clone()
    }
}

impl Deref for Store {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
