//! The tables: made at once where there are none, and brought up to date by who asks for that.

use super::{
    Database,
    error::Error,
    moving::state,
    steps::{STEPS, UpgradeStep, behind},
};
use crate::store::{StoreError, moving::State, number::column};
use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::Client;

/// The oldest PostgreSQL that does.
const OLDEST: i32 = 14;
/// Who makes or changes tables holds this lock (`Onwd`).
const LOCK: i64 = 0x4f6e_7764;

/// Makes the tables where there are none; else refuses what this version cannot use as it is, or what is not in use.
pub(super) async fn prepare(
    client: &mut ClientWrapper,
    database: &Database,
) -> Result<(), StoreError> {
    prepare_to_move(client, database).await?;
    refuse_not_in_use(client, database).await
}

/// Refuses what is not in use.
pub(super) async fn refuse_not_in_use(
    client: &Client,
    database: &Database,
) -> Result<(), StoreError> {
    let path = || database.name().into();
    match state::read(client).await.map_err(|error| error.at(database))? {
        State::InUse => Ok(()),
        State::Filling | State::Full => Err(StoreError::Unfinished { path: path() }),
        State::Left => Err(StoreError::Left { path: path() }),
    }
}

/// The same, whether it is in use or not.
pub(super) async fn prepare_to_move(
    client: &mut ClientWrapper,
    database: &Database,
) -> Result<(), StoreError> {
    let told = |error: tokio_postgres::Error| Error::from(error).at(database);
    refuse_server(client, database).await?;
    if let Some(found) = version(client, database).await? {
        return refuse(found, database);
    }
    let tx = client.transaction().await.map_err(told)?;
    lock(&tx).await.map_err(told)?;
    // Another process may have been faster.
    match version(tx.client(), database).await? {
        Some(found) => refuse(found, database),
        None => {
            tx.batch_execute("CREATE TABLE onward_schema (version bigint NOT NULL); INSERT INTO onward_schema VALUES (0)")
                .await
                .map_err(told)?;
            run(&tx, 0).await.map_err(told)?;
            tx.commit().await.map_err(told)
        }
    }
}

/// What the server is, if it can be used as it is.
pub(super) async fn describe(client: &Client, database: &Database) -> Result<String, StoreError> {
    refuse_server(client, database).await?;
    let told = |error: tokio_postgres::Error| Error::from(error).at(database);
    let row = client.query_one("SELECT current_setting('server_version')", &[]).await;
    let server: String = row.and_then(|row| row.try_get(0)).map_err(told)?;
    match version(client, database).await? {
        Some(found) => refuse(found, database)
            .map(|()| format!("PostgreSQL {server}, with a schema of version {found}")),
        None => Ok(format!("PostgreSQL {server}, empty: the first start makes the tables")),
    }
}

/// The steps that bring the tables up to date.
pub(super) async fn plan(
    client: &Client,
    database: &Database,
) -> Result<Vec<UpgradeStep>, StoreError> {
    refuse_server(client, database).await?;
    let found = version(client, database).await?;
    let found = found.ok_or_else(|| StoreError::Absent { path: database.name().into() })?;
    match found > known() {
        true => refuse(found, database).map(|()| Vec::new()),
        false => Ok(behind(usize::try_from(found).unwrap_or_default())),
    }
}

/// Brings the tables up to date; gives the steps that were made. Nobody may serve meanwhile.
pub(super) async fn upgrade(
    client: &mut ClientWrapper,
    database: &Database,
) -> Result<Vec<UpgradeStep>, StoreError> {
    let told = |error: tokio_postgres::Error| Error::from(error).at(database);
    refuse_server(client, database).await?;
    let tx = client.transaction().await.map_err(told)?;
    lock(&tx).await.map_err(told)?;
    let Some(found) = version(tx.client(), database).await? else {
        return Err(StoreError::Absent { path: database.name().into() });
    };
    if found > known() {
        return refuse(found, database).map(|()| Vec::new());
    }
    let serving = serving(tx.client()).await.map_err(told)?;
    if !serving.is_empty() && found < known() {
        let nodes = serving.join(", ");
        return Err(StoreError::Serving { database: database.name(), nodes });
    }
    let done = usize::try_from(found).unwrap_or_default();
    run(&tx, done).await.map_err(told)?;
    tx.commit().await.map_err(told)?;
    Ok(behind(done))
}

/// The names of the nodes that serve.
pub(super) async fn serving(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "SELECT name FROM nodes WHERE lease_until > clock_timestamp() ORDER BY name";
    client.query(sql, &[]).await?.iter().map(|row| row.try_get(0)).collect()
}

/// Whether there are tables, which this version can use as they are.
pub(super) async fn is_there(client: &Client, database: &Database) -> Result<bool, StoreError> {
    match version(client, database).await? {
        Some(found) => refuse(found, database).map(|()| true),
        None => Ok(false),
    }
}

/// Ends with the transaction.
async fn lock(tx: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    // Whoever is at it may take long.
    tx.batch_execute("SET LOCAL lock_timeout = '10min'; SET LOCAL statement_timeout = 0").await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map(drop)
}

async fn run(tx: &Transaction<'_>, done: usize) -> Result<(), tokio_postgres::Error> {
    for (_, sql) in STEPS.iter().skip(done) {
        tx.batch_execute(sql).await?;
    }
    tx.execute("UPDATE onward_schema SET version = $1", &[&known()]).await.map(drop)
}

fn known() -> i64 {
    column(STEPS.len() as u64)
}

/// The version of the tables; `None` where there are none at all.
pub(super) async fn version(
    client: &Client,
    database: &Database,
) -> Result<Option<i64>, StoreError> {
    let told = |error: tokio_postgres::Error| Error::from(error).at(database);
    let ours = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'onward_schema'";
    if client.query_opt(ours, &[]).await.map_err(told)?.is_none() {
        let others = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1";
        return match client.query_opt(others, &[]).await.map_err(told)? {
            None => Ok(None),
            Some(_) => Err(StoreError::Foreign { path: database.name().into() }),
        };
    }
    let row = client.query_one("SELECT version FROM onward_schema", &[]).await.map_err(told)?;
    row.try_get(0).map(Some).map_err(told)
}

fn refuse(found: i64, database: &Database) -> Result<(), StoreError> {
    let known = known();
    match found {
        _ if found > known => Err(StoreError::Newer { path: database.name().into(), found, known }),
        _ if found < known => Err(StoreError::Outdated { database: database.name(), found, known }),
        _ => Ok(()),
    }
}

/// Refuses a server that is too old, or that says that something is kept before it is.
async fn refuse_server(client: &Client, database: &Database) -> Result<(), StoreError> {
    let told = |error: tokio_postgres::Error| Error::from(error).at(database);
    let ask = "SELECT current_setting('server_version_num')::integer / 10000, current_setting('server_version'),
                      current_setting('synchronous_commit'), current_setting('fsync'),
                      current_setting('server_encoding')";
    let row = client.query_one(ask, &[]).await.map_err(told)?;
    let major: i32 = row.try_get(0).map_err(told)?;
    let text = |at: usize| row.try_get::<_, String>(at).map_err(told);
    let name = database.name();
    if major < OLDEST {
        return Err(StoreError::ServerTooOld { database: name, found: text(1)?, least: OLDEST });
    }
    for (setting, at) in [("synchronous_commit", 2), ("fsync", 3)] {
        if text(at)? == "off" {
            return Err(StoreError::LosesCommits { database: name, setting });
        }
    }
    match text(4)?.as_str() {
        "UTF8" => Ok(()),
        encoding => {
            let reason = format!("its encoding is {encoding}; make one with ENCODING 'UTF8'");
            Err(StoreError::LoginRefused { database: name, reason })
        }
    }
}
