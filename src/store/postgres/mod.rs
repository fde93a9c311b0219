//! The store that several nodes share: one database of PostgreSQL. All SQL of it stands below here.

mod access;
mod accounts;
mod alias_numbers;
mod alias_texts;
mod alias_use;
mod alter;
mod apply;
mod ask;
mod changing;
mod copy;
mod directory;
mod error;
mod follow;
pub(super) mod journal;
mod lineage;
mod long_senders;
mod many;
mod memory;
pub(super) mod moving;
mod node;
mod outbox;
mod queue;
mod removals;
mod rows;
mod schema;
mod servers;
mod sessions;
mod sharing;
mod snapshot;
mod spool;
mod standing;
mod steps;
mod take_in;
mod telling;
mod tls;
mod tls_records;
mod tokens;
mod tries;

pub use crate::config::{Database, DatabaseError};
pub(super) use node::new_instance;
pub use node::{HOLD, LEASE, Node};
pub use steps::UpgradeStep;

use super::{
    Backend, NodeStatus, Nodes, Options, Sealed, StoreError, Unreadable, in_force::InForce,
    snapshot::Snapshot, spool::SpoolBounds, sqlite::mirror::Mirror,
};
use crate::address::Mailbox;
use access::{Access, CONNECTIONS, reading, writing};
use async_trait::async_trait;
use error::Error;
use follow::Following;
use memory::Memories;
use parking_lot::Mutex;
use rows::{domains, nodes, queue as queue_rows};
use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

/// How long whoever closes the store waits for a server that may not answer.
const FAREWELL: Duration = Duration::from_secs(5);

/// The store of a node, or of an administrator.
#[derive(Debug)]
pub(super) struct Postgres {
    access: Access,
    live: InForce,
    memories: Memories,
    /// Messages that could not be read when the spool was last read as a whole, by number.
    unreadable: Mutex<BTreeMap<i64, Unreadable>>,
    /// Since which epoch legs are being sent by this process, by message and leg.
    epochs: Mutex<HashMap<(i64, i64), i64>>,
    /// Whom this process serves as, if it does.
    node: Option<Node>,
    /// Its number, once it has one.
    me: OnceCell<i64>,
    /// A copy of domains and aliases, of a node that keeps one.
    mirror: Option<Mirror>,
    /// Whether the database was found to be of this version, which a node that began without it does not know yet.
    is_prepared: AtomicBool,
    /// Another process has the place of this one.
    is_replaced: AtomicBool,
    /// How many nodes serve.
    serving: watch::Sender<NonZeroU32>,
    /// What is sealed for all nodes.
    sealed: watch::Sender<Option<Sealed>>,
    /// What administrators did to the spool.
    spool_changes: watch::Sender<i64>,
    trouble: watch::Sender<Option<StoreError>>,
    /// Until the store is closed.
    following: Mutex<Option<Following>>,
}

impl Postgres {
    /// Opens the store, made where there is none. `node` is the one that this process serves as: what it takes into the spool
    /// is its own as long as it is heard of.
    pub(super) async fn open(
        database: Database,
        node: Option<Node>,
        options: Options,
    ) -> Result<Arc<Self>, StoreError> {
        let copy = node.as_ref().and_then(|node| node.copy.as_deref());
        let mirror = copy.map(copy::open).transpose()?;
        let access = Access::new(Arc::new(database), CONNECTIONS)?;
        let begun = begin(&access, mirror.as_ref()).await;
        let (snapshot, changes, is_prepared) = match (begun, &mirror) {
            (Ok((snapshot, changes)), _) => (snapshot, changes, true),
            (Err(error @ StoreError::Unreachable { .. }), Some(mirror)) => {
                let copied = mirror.snapshot().await?.ok_or_else(|| error.clone())?;
                tracing::error!("{error}; mail is forwarded by the directory as it was known last");
                (copied, 0, false)
            }
            (Err(error), _) => return Err(error),
        };
        let live = InForce::new(snapshot, &options);
        let away = (!is_prepared).then(|| StoreError::Unreachable {
            database: access.database.name(),
            reason: "it was away at the start".to_owned(),
        });
        let (spool_changes, trouble) = (watch::channel(changes).0, watch::channel(away).0);
        let store = Arc::new(Self {
            access,
            live,
            memories: Memories::new(),
            unreadable: Mutex::default(),
            epochs: Mutex::default(),
            node,
            me: OnceCell::new(),
            mirror,
            is_prepared: AtomicBool::new(is_prepared),
            is_replaced: AtomicBool::new(false),
            serving: watch::channel(NonZeroU32::MIN).0,
            sealed: watch::channel(None).0,
            spool_changes,
            trouble,
            following: Mutex::default(),
        });
        if is_prepared {
            store.recall().await?;
            if store.node.is_some() {
                store.me().await?;
            }
        }
        *store.following.lock() = Some(Following::start(&store));
        Ok(store)
    }

    /// The number under which this process writes to the spool.
    async fn me(&self) -> Result<i64, StoreError> {
        let number = self.me.get_or_try_init(|| async {
            let Some(node) = &self.node else {
                return writing!(self.access, tx => Ok(nodes::insert_guest(tx).await?));
            };
            let number: Option<i64> = writing!(self.access, tx => {
                let number = nodes::insert(tx, node).await?;
                // All may have been moved away since this was opened; from here on it cannot.
                schema::refuse_not_in_use(tx.client(), &self.access.database).await?;
                Ok(number)
            })?;
            number.ok_or_else(|| self.name_taken(node))
        });
        number.await.copied()
    }

    fn name_taken(&self, node: &Node) -> StoreError {
        StoreError::NameTaken { database: self.access.database.name(), node: node.name.clone() }
    }
}

/// Prepares the database; gives domains and aliases, of which `mirror` is a copy then, and what administrators did to the spool.
async fn begin(access: &Access, mirror: Option<&Mirror>) -> Result<(Snapshot, i64), StoreError> {
    let mut client = access.client().await?;
    schema::prepare(&mut client, &access.database).await?;
    drop(client);
    let (snapshot, changes) = reading!(access, tx => {
        let snapshot = snapshot::load(tx, None).await?;
        if let (Some(mirror), Some(snapshot)) = (mirror, &snapshot) {
            copy::follow(tx, mirror, snapshot).await?;
        }
        Ok((snapshot, queue_rows::changes(tx).await?))
    })?;
    let nothing = || StoreError::failed(access.database.name().as_ref(), "there is no directory");
    Ok((snapshot.ok_or_else(nothing)?, changes))
}

/// False where nothing was ever kept.
pub(super) async fn exists(database: Database) -> Result<bool, StoreError> {
    let access = Access::new(Arc::new(database), 2)?;
    let client = access.client().await?;
    Ok(schema::version(&client, &access.database).await?.is_some())
}

/// What the server of a database is, in words.
///
/// # Errors
/// When it cannot be reached, or not be used as it is.
pub async fn describe(database: Database) -> Result<String, StoreError> {
    let access = Access::new(Arc::new(database), 2)?;
    let client = access.client().await?;
    schema::describe(&client, &access.database).await
}

/// What [`upgrade`] would do.
///
/// # Errors
/// When the database cannot be reached, or is of a newer version.
pub async fn plan_upgrade(database: Database) -> Result<Vec<UpgradeStep>, StoreError> {
    let access = Access::new(Arc::new(database), CONNECTIONS)?;
    let client = access.client().await?;
    schema::plan(&client, &access.database).await
}

/// Brings a database up to date that an older version wrote, while no node serves; gives the steps that were made.
///
/// # Errors
/// When it cannot be reached, nodes serve, or a step fails: it is as it was then.
pub async fn upgrade(database: Database) -> Result<Vec<UpgradeStep>, StoreError> {
    let access = Access::new(Arc::new(database), CONNECTIONS)?;
    let mut client = access.client().await?;
    schema::upgrade(&mut client, &access.database).await
}

#[async_trait]
impl Nodes for Postgres {
    async fn nodes(&self) -> Result<Vec<NodeStatus>, StoreError> {
        reading!(self.access, tx => nodes::all(tx).await)
    }
}

#[async_trait]
impl Backend for Postgres {
    fn set_options(&self, postmaster: Option<Mailbox>, keep_tag: bool, spool: SpoolBounds) {
        self.live.set_options(postmaster, keep_tag, spool);
    }

    async fn is_well(&self) -> Result<(), StoreError> {
        if let Some(mirror) = &self.mirror {
            // Without its database a node forwards all the same, and a restart brings that back to nobody.
            return mirror.is_well().await;
        }
        reading!(self.access, tx => domains::version(tx).await.map(drop))
    }

    fn trouble(&self) -> watch::Receiver<Option<StoreError>> {
        self.trouble.subscribe()
    }

    async fn close(&self) {
        let following = self.following.lock().take();
        if let Some(following) = following {
            following.end().await;
        }
        if let (Some(_), Some(me)) = (&self.node, self.me.get()) {
            let end = async { writing!(self.access, tx => Ok(nodes::end(tx, *me).await?)) };
            let ended: Result<(), StoreError> = match timeout(FAREWELL, end).await {
                Ok(ended) => ended,
                Err(_) => Err(self.access.told(Error::Silent)),
            };
            if let Err(error) = ended {
                tracing::warn!(%error, "others wait for what this node has in the spool");
            }
        }
        self.access.close();
    }
}
