//! The database that nodes share as one side of a move.

mod rows;
pub(in crate::store::postgres) mod state;

use super::{
    Database, access::Access, alias_texts, ask, error::Error, journal::moving as journal, schema,
    servers::Servers,
};
use crate::store::{
    Progress, StoreError,
    moving::{Counters, Row, Side, State, TABLES, Table, Value},
    number::number,
};
use async_trait::async_trait;
use deadpool::managed::Object;

/// One that everything is done over, and one for what is not of its transaction.
const CONNECTIONS: usize = 2;

/// A long move is not to end by itself.
const SESSION: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// The database.
#[derive(Debug)]
pub(in crate::store) struct PostgresSide {
    access: Access,
    client: Object<Servers>,
    /// The node under whose name records of the journal go on.
    node: String,
}

impl PostgresSide {
    /// One to which another is moved, its tables made where there are none.
    pub(in crate::store) async fn open_to_fill(
        database: Database,
        node: &str,
    ) -> Result<Self, StoreError> {
        let mut side = Self::open(database, node).await?;
        schema::prepare_to_move(&mut side.client, &side.access.database).await?;
        Ok(side)
    }

    /// One that is moved away.
    pub(in crate::store) async fn open_to_leave(
        database: Database,
        node: &str,
    ) -> Result<Self, StoreError> {
        let path = database.name().into();
        Self::open_existing(database, node).await?.ok_or(StoreError::Absent { path })
    }

    /// The same, where there is one.
    pub(in crate::store) async fn open_existing(
        database: Database,
        node: &str,
    ) -> Result<Option<Self>, StoreError> {
        let side = Self::open(database, node).await?;
        let is_there = schema::is_there(&side.client, &side.access.database).await?;
        Ok(is_there.then_some(side))
    }

    /// The nodes that serve from it.
    pub(in crate::store) async fn serving(&self) -> Result<Vec<String>, StoreError> {
        schema::serving(&self.client).await.map_err(|error| self.told(error))
    }

    async fn open(database: Database, node: &str) -> Result<Self, StoreError> {
        let access = Access::new(database.into(), CONNECTIONS)?;
        let client = access.client().await?;
        client.batch_execute(SESSION).await.map_err(|error| access.told(error))?;
        Ok(Self { access, client, node: node.to_owned() })
    }

    fn told(&self, error: impl Into<Error>) -> StoreError {
        self.access.told(error)
    }

    async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(|error| self.told(error))
    }
}

#[async_trait(?Send)]
impl Side for PostgresSide {
    fn name(&self) -> String {
        self.access.database.name()
    }

    async fn state(&mut self) -> Result<State, StoreError> {
        state::read(&self.client).await.map_err(|error| self.told(error))
    }

    async fn is_empty(&mut self) -> Result<bool, StoreError> {
        let anything = "SELECT EXISTS (SELECT 1 FROM domains) OR EXISTS (SELECT 1 FROM accounts)
             OR EXISTS (SELECT 1 FROM tokens) OR EXISTS (SELECT 1 FROM blocks) OR EXISTS (SELECT 1 FROM spool)";
        let row = self.client.query_one(anything, &[]).await.map_err(|error| self.told(error))?;
        row.try_get::<_, bool>(0).map(|is_there| !is_there).map_err(|error| self.told(error))
    }

    async fn counts(&mut self) -> Result<Vec<u64>, StoreError> {
        let mut counts = Vec::new();
        for table in TABLES {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let row = self.client.query_one(&sql, &[]).await.map_err(|error| self.told(error))?;
            counts.push(row.try_get(0).map(number).map_err(|error| self.told(error))?);
        }
        Ok(counts)
    }

    async fn hold(&mut self, alone: bool) -> Result<(), StoreError> {
        if !alone {
            return self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        }
        self.run(&format!("BEGIN; {}", state::lock_all())).await?;
        // One may have begun to serve meanwhile; from here on none can.
        let serving = self.serving().await?;
        match serving.is_empty() {
            true => Ok(()),
            false => {
                let (database, nodes) = (self.name(), serving.join(", "));
                self.run("ROLLBACK").await?;
                Err(StoreError::Serving { database, nodes })
            }
        }
    }

    async fn let_go(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").await
    }

    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Value]>,
    ) -> Result<Vec<Row>, StoreError> {
        rows::page(&self.client, table, after).await.map_err(|error| self.told(error))
    }

    async fn counters(&mut self) -> Result<Counters, StoreError> {
        state::counters(&self.client).await.map_err(|error| self.told(error))
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        self.run(&state::begin()).await
    }

    async fn change(
        &mut self,
        table: &'static Table,
        gone: &[Row],
        put: &[Row],
    ) -> Result<(), StoreError> {
        if table.name.starts_with("journal") && table.name != "journal_traffic" {
            journal::make_days(&self.access, put).await?;
        }
        let changed = async {
            let tx = self.client.transaction().await?;
            ask::at_length(rows::change(&tx, table, gone, put, &self.node)).await?;
            Ok::<_, Error>(tx.commit().await?)
        };
        let changed = changed.await;
        changed.map_err(|error| self.told(error))
    }

    async fn complete(
        &mut self,
        counters: Counters,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        self.run(&state::complete(counters)).await?;
        let written =
            ask::at_length(alias_texts::try_write_texts(&mut self.client, progress)).await;
        written.map_err(|error| self.told(error))?;
        self.run(&state::become_one(State::Full)).await
    }

    async fn leave(&mut self) -> Result<(), StoreError> {
        self.run(&state::leave()).await
    }

    async fn take_up(&mut self) -> Result<(), StoreError> {
        self.run(&state::become_one(State::InUse)).await
    }
}
