//! Rows of `shared_texts`, `sealed`, `node_secrets` and `turns`: what nodes tell each other.

use crate::store::{
    Sealed, SecretPrint,
    number::column,
    postgres::ask::{self, Result, count, get},
};
use deadpool_postgres::Transaction;
use std::{num::NonZeroU32, time::Duration};

/// The name of the text that prints of secrets are made over.
pub(crate) const SALT: &str = "salt";

/// How many nodes serve; one, where none does.
pub(crate) async fn serving(tx: &Transaction<'_>) -> Result<NonZeroU32> {
    let sql = "SELECT count(*) FROM nodes WHERE lease_until > clock_timestamp()";
    let serving = ask::one(tx, sql, &[], |row| count(row, 0)).await?;
    Ok(u32::try_from(serving).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN))
}

pub(crate) async fn text(tx: &Transaction<'_>, name: &str) -> Result<Option<String>> {
    let sql = "SELECT text FROM shared_texts WHERE name = $1";
    ask::first(tx, sql, &[&name], |row| get(row, 0)).await
}

pub(crate) async fn keep_text(tx: &Transaction<'_>, name: &str, text: Option<&str>) -> Result<()> {
    let Some(text) = text else {
        let sql = "DELETE FROM shared_texts WHERE name = $1";
        return ask::run(tx, sql, &[&name]).await.map(drop);
    };
    let sql = "INSERT INTO shared_texts VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET text = excluded.text";
    ask::run(tx, sql, &[&name, &text]).await.map(drop)
}

/// What is sealed for all nodes; `None` where that is nothing, or the version `known`.
pub(crate) async fn sealed(tx: &Transaction<'_>, known: Option<&str>) -> Result<Option<Sealed>> {
    let sql = "SELECT version::text, octets FROM sealed WHERE version::text IS DISTINCT FROM $1";
    ask::first(tx, sql, &[&known], |row| {
        Ok(Sealed { version: get(row, 0)?, octets: get::<Vec<u8>>(row, 1)?.into() })
    })
    .await
}

/// False where there is something else than the version `known`, or than nothing.
pub(crate) async fn replace_sealed(
    tx: &Transaction<'_>,
    known: Option<&str>,
    octets: &[u8],
) -> Result<bool> {
    let changed = match known {
        Some(known) => {
            let sql = "UPDATE sealed SET version = gen_random_uuid(), octets = $2 WHERE version::text = $1";
            ask::run(tx, sql, &[&known, &octets]).await?
        }
        None => {
            let sql = "INSERT INTO sealed (octets) VALUES ($1) ON CONFLICT (one) DO NOTHING";
            ask::run(tx, sql, &[&octets]).await?
        }
    };
    Ok(changed == 1)
}

/// The secrets of a node are these from now on.
pub(crate) async fn tell_secrets(
    tx: &Transaction<'_>,
    node: &str,
    secrets: &[SecretPrint],
) -> Result<()> {
    ask::run(tx, "DELETE FROM node_secrets WHERE node = $1", &[&node]).await?;
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    let prints: Vec<&str> = secrets.iter().map(|secret| secret.print.as_str()).collect();
    let sql = "INSERT INTO node_secrets SELECT $1, u.* FROM unnest($2::text[], $3::text[]) u ON CONFLICT DO NOTHING";
    ask::run(tx, sql, &[&node, &names, &prints]).await.map(drop)
}

/// The secrets of the nodes that serve.
pub(crate) async fn secrets(tx: &Transaction<'_>) -> Result<Vec<(String, SecretPrint)>> {
    let sql = "SELECT node, name, print FROM node_secrets s WHERE EXISTS
                   (SELECT 1 FROM nodes n WHERE n.name = s.node AND n.lease_until > clock_timestamp())
               ORDER BY node, name, print";
    ask::all(tx, sql, &[], |row| {
        Ok((get(row, 0)?, SecretPrint { name: get(row, 1)?, print: get(row, 2)? }))
    })
    .await
}

/// True where a process has the turn for so long from now on.
pub(crate) async fn take_turn(
    tx: &Transaction<'_>,
    what: &str,
    process: i64,
    length: Duration,
) -> Result<bool> {
    let length = column(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
    let sql = "INSERT INTO turns VALUES ($1, $2, clock_timestamp() + $3::bigint * interval '1 ms')
               ON CONFLICT (what) DO UPDATE SET process = excluded.process, until = excluded.until
               WHERE turns.process = excluded.process OR turns.until < clock_timestamp()";
    Ok(ask::run(tx, sql, &[&what, &process, &length]).await? == 1)
}
