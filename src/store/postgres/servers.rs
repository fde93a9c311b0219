//! The servers of a database: of several the one that can be written to, and that none of the others has taken over from.

use super::{
    Database,
    error::Error,
    lineage::{Known, Lineage},
    tls::{Encrypted, Handshakes},
};
use crate::store::StoreError;
use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use std::{
    future::poll_fn,
    ops::{Deref, DerefMut},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_postgres::{Client, Config, Connection, SimpleQueryMessage, Socket};

/// How long a server may take until it has said what it is.
const REACH: Duration = Duration::from_secs(10);
/// How long the others of a database have once one is found that can be written to.
const OTHERS: Duration = Duration::from_secs(1);

/// What holds for each connection: nobody waits for ever, neither here nor for us. To compile a plan takes a quarter of a
/// second, and these take milliseconds.
const SESSION: &str = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET jit = off;
    SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning";

/// What a server that can be written to goes on with: whoever takes over begins a later timeline of the same system.
const LINEAGE: &str =
    "SELECT CASE current_setting('transaction_read_only') WHEN 'off' THEN
         (SELECT system_identifier FROM pg_control_system()) || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END";
/// The same of one that does not tell so much.
const READ_ONLY: &str =
    "SELECT CASE current_setting('transaction_read_only') WHEN 'off' THEN '' END";

/// A connection of a pool.
#[derive(Debug)]
pub(super) struct Pooled {
    client: ClientWrapper,
    lineage: Lineage,
    /// A transaction began of which nobody has seen the end: what the server makes of the connection is not known.
    is_under_way: bool,
}

/// The way to whichever server serves.
#[derive(Debug)]
pub(super) struct Servers {
    database: Arc<Database>,
    handshakes: Handshakes,
    known: Known,
}

/// A connection that somebody has to drive.
pub(super) struct Reached {
    pub(super) client: Client,
    pub(super) connection: Connection<Socket, Encrypted>,
    lineage: Lineage,
}

impl Servers {
    pub(super) fn of(database: Arc<Database>) -> Result<Self, StoreError> {
        let handshakes = Handshakes::with(&database).map_err(|error| StoreError::Unreachable {
            database: database.name(),
            reason: error.to_string(),
        })?;
        let known = Known::kept_in(database.remembered_in());
        Ok(Self { database, handshakes, known })
    }

    /// Heeds what others of this machine have found out.
    pub(super) fn look(&self) {
        self.known.look();
    }

    /// Connects to the server that can be written to; where several can, as one came back that another had taken over from, to
    /// the one with the latest history.
    pub(super) async fn reach(&self) -> Result<Reached, StoreError> {
        let mut asked = JoinSet::new();
        for (at, server) in self.database.servers().iter().cloned().enumerate() {
            let (database, handshakes) = (Arc::clone(&self.database), self.handshakes.clone());
            asked.spawn(async move {
                let reached = timeout(REACH, reach_one(&server, handshakes)).await;
                (at, reached.unwrap_or(Err(Error::Silent)).map_err(|error| error.at(&database)))
            });
        }
        let (mut found, mut trouble): (Option<(usize, Reached)>, _) = (None, None);
        let mut until = None;
        loop {
            let next = match until {
                Some(until) => timeout_at(until, asked.join_next()).await.ok().flatten(),
                None => asked.join_next().await,
            };
            match next {
                None => break,
                Some(Ok((at, Ok(reached)))) => {
                    until.get_or_insert(Instant::now() + OTHERS);
                    let is_better = found.as_ref().is_none_or(|(before, known)| {
                        reached.lineage.is_behind(&known.lineage).map_or(at < *before, |is| !is)
                    });
                    if is_better {
                        found = Some((at, reached));
                    }
                }
                Some(Ok((_, Err(error)))) => {
                    let is_vague = matches!(trouble, None | Some(StoreError::Unreachable { .. }));
                    if is_vague {
                        trouble = Some(error);
                    }
                }
                Some(Err(error)) => trouble = Some(self.unreachable(error.to_string())),
            }
        }
        let Some((_, reached)) = found else {
            return Err(trouble.unwrap_or_else(|| self.unreachable("it names no host".to_owned())));
        };
        let learnt = self.known.learn(&reached.lineage);
        learnt.map_err(|error| self.unreachable(error.to_string()))?;
        Ok(reached)
    }

    fn unreachable(&self, reason: String) -> StoreError {
        StoreError::Unreachable { database: self.database.name(), reason }
    }
}

/// A connection to one server, if it can be written to.
async fn reach_one(server: &Config, handshakes: Handshakes) -> Result<Reached, Error> {
    let (client, mut connection) = server.connect(handshakes).await?;
    let told = match ask(&client, &mut connection, LINEAGE).await {
        // It is another program, or a login that may not know.
        Err(Error::Database(error)) if error.as_db_error().is_some() => {
            ask(&client, &mut connection, READ_ONLY).await?
        }
        told => told?,
    };
    match told {
        Some(told) => Ok(Reached { client, connection, lineage: Lineage::parse(&told) }),
        None => Err(Error::ReadOnly),
    }
}

/// The one value that a question comes to.
async fn ask(
    client: &Client,
    connection: &mut Connection<Socket, Encrypted>,
    question: &str,
) -> Result<Option<String>, Error> {
    let mut answer = pin!(client.simple_query(question));
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut answer => break answer?,
            message = poll_fn(|cx| connection.poll_message(cx)) => match message {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Error::Silent),
            },
        }
    };
    let value = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.map(str::to_owned))
}

impl Manager for Servers {
    type Type = Pooled;
    type Error = StoreError;

    async fn create(&self) -> Result<Pooled, StoreError> {
        let Reached { client, connection, lineage } = self.reach().await?;
        let driving = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        let client = ClientWrapper::new(client, driving);
        let set = client.batch_execute(SESSION).await;
        set.map_err(|error| Error::from(error).at(&self.database))?;
        Ok(Pooled { client, lineage, is_under_way: false })
    }

    async fn recycle(&self, pooled: &mut Pooled, _: &Metrics) -> RecycleResult<StoreError> {
        if pooled.client.is_closed() || pooled.is_under_way {
            return Err(RecycleError::message("nobody knows what it is at"));
        }
        if self.known.is_later_than(&pooled.lineage) {
            return Err(RecycleError::message("another server has taken over"));
        }
        Ok(())
    }
}

impl Pooled {
    /// A transaction begins.
    pub(super) fn begins(&mut self) {
        self.is_under_way = true;
    }

    /// It has ended, one way or the other.
    pub(super) fn ended(&mut self) {
        self.is_under_way = false;
    }
}

impl Deref for Pooled {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut ClientWrapper {
        &mut self.client
    }
}
