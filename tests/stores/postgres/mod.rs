//! The store that several nodes share, in a database of PostgreSQL.

mod claims;
#[path = "../../support/cluster.rs"]
pub(crate) mod cluster;
mod crash;
mod journal;
mod nodes;
mod proxy;
mod schema;

use crate::place::{JournalPlace, Place};
use cluster::{Cluster, connect};
use onward::store::{
    Options, Store, StoreError,
    journal::{Bounds, Journal, Reading, connect_to_read},
    postgres::{Database, Node},
};
use std::{any::Any, cell::Cell, future::Future, path::Path, sync::Arc};
use tokio::{runtime::Handle, task::block_in_place};

mod suite {
    crate::run_suite! { store crate::postgres::InDatabase::new() }
    crate::run_suite! { journal crate::postgres::InDatabase::new() }
}

pub(crate) struct InDatabase {
    url: String,
    serves: Cell<bool>,
    opened: Cell<u32>,
}

impl InDatabase {
    /// `None` where PostgreSQL is not installed.
    pub(crate) fn new() -> Option<Self> {
        let cluster = Cluster::get()?;
        Some(Self { url: now(cluster.database()), serves: Cell::new(false), opened: Cell::new(0) })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn database(&self) -> Database {
        Database::parse(&self.url).unwrap()
    }

    /// Where the server's socket is.
    fn directory(&self) -> &Path {
        Cluster::get().unwrap().directory()
    }

    /// The same database by another way.
    fn by_way_of(&self, directory: &Path) -> Database {
        let server = self.directory().display().to_string();
        Database::parse(&self.url.replace(&server, &directory.display().to_string())).unwrap()
    }

    /// Opens it for a node of that name, or for who does not serve.
    pub(crate) async fn open_as(&self, node: Option<&str>) -> Result<Store, StoreError> {
        let database = Database::parse(&self.url).unwrap();
        Store::connect(database, node.map(Node::named), Options::default()).await
    }

    pub(crate) async fn node(&self, name: &str) -> Store {
        self.open_as(Some(name)).await.unwrap()
    }

    /// Does something behind the store's back.
    pub(crate) async fn raw(&self, sql: &str) {
        connect(&self.url).await.batch_execute(sql).await.unwrap();
    }
}

/// What a future gives, waited for on a thread of the runtime.
fn now<T>(future: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(future))
}

impl Place for InDatabase {
    fn open_with(&self, options: Options) -> Store {
        self.opened.set(self.opened.get() + 1);
        let name = format!("mx{}.test", self.opened.get());
        let node = self.serves.get().then(|| Node::named(&name));
        let database = Database::parse(&self.url).unwrap();
        now(Store::connect(database, node, options)).unwrap()
    }

    fn totals(&self) -> (i64, i64) {
        now(async {
            let raw = connect(&self.url).await;
            let ask = async |sql: &str| {
                let row = raw.query_one(sql, &[]).await.unwrap();
                (row.get::<_, i64>(0), row.get::<_, i64>(1))
            };
            let counted =
                ask("SELECT sum(messages)::bigint, sum(octets)::bigint FROM spool_counts").await;
            let kept = "SELECT count(*),
                        (coalesce(sum(CASE WHEN text IS NULL THEN size ELSE length(prefix) + length(message) END), 0)
                         + (SELECT coalesce(sum(length(octets)), 0) FROM spool_texts))::bigint FROM spool";
            assert_eq!(counted, ask(kept).await);
            let stray = "SELECT count(*), 0::bigint FROM spool_texts t
                         WHERE NOT EXISTS (SELECT 1 FROM spool s WHERE s.text = t.text)";
            assert_eq!(ask(stray).await, (0, 0), "octets without a message");
            let stray = "SELECT count(*), 0::bigint FROM spool_legs l
                         WHERE NOT EXISTS (SELECT 1 FROM spool s WHERE s.seq = l.message)";
            assert_eq!(ask(stray).await, (0, 0), "legs without a message");
            counted
        })
    }

    fn serve(&self) -> Box<dyn Any> {
        self.serves.set(true);
        Box::new(())
    }

    fn knows_its_disk(&self) -> bool {
        false
    }
}

impl JournalPlace for InDatabase {
    fn journal_with(&self, bounds: Bounds) -> Journal {
        let database = Database::parse(&self.url).unwrap();
        now(Journal::connect(database, "mx1.test".into(), bounds)).unwrap()
    }

    fn reading(&self) -> Arc<dyn Reading> {
        now(connect_to_read(Database::parse(&self.url).unwrap())).unwrap()
    }
}
