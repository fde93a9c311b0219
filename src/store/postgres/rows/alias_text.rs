//! Rows of `alias_text`: by which texts aliases are found.

use crate::{
    alias::AliasAddress,
    store::{
        number::column,
        pieces::pieces_of,
        postgres::ask::{self, Result, count, get},
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// Changes whose texts are written down with them; those of more are due.
const AT_ONCE: u64 = 500;
/// Texts that are due, of which any other commit writes as many.
const ON_THE_WAY: usize = 50;

/// Writes down the texts of what this transaction changed, unless that is much, and some of those that are due.
pub(crate) async fn follow_changes(tx: &Transaction<'_>) -> Result<()> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM alias_text_due WHERE tx = pg_current_xact_id() LIMIT $1) own";
    let own = ask::one(tx, sql, &[&column(AT_ONCE + 1)], |row| count(row, 0)).await?;
    if own <= AT_ONCE {
        let sql = "SELECT number FROM alias_text_due WHERE tx = pg_current_xact_id()";
        let own = ask::all(tx, sql, &[], |row| get::<i64>(row, 0)).await?;
        write(tx, &own).await?;
        write_due(tx, ON_THE_WAY).await?;
    }
    Ok(())
}

/// How many texts are due.
pub(crate) async fn due(tx: &Transaction<'_>) -> Result<u64> {
    ask::one(tx, "SELECT count(*) FROM alias_text_due", &[], |row| count(row, 0)).await
}

/// Writes up to `most` texts that are due, and gives how many those were.
pub(crate) async fn write_due(tx: &Transaction<'_>, most: usize) -> Result<usize> {
    let sql = "SELECT number FROM alias_text_due ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED";
    let due = ask::all(tx, sql, &[&column(most as u64)], |row| get::<i64>(row, 0)).await?;
    write(tx, &due).await?;
    Ok(due.len())
}

async fn write(tx: &Transaction<'_>, numbers: &[i64]) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let sql = "SELECT u.number, a.domain, a.address, a.destinations, a.note, a.enabled FROM alias_use u
               JOIN aliases a ON a.domain = u.domain AND a.local = u.local WHERE u.number = ANY ($1)";
    let read = |row: &Row| Ok((get::<i64>(row, 0)?, pieces_from(row)?));
    let (found, pieces): (Vec<i64>, Vec<String>) =
        ask::all(tx, sql, &[&numbers], read).await?.into_iter().unzip();
    let sql = "INSERT INTO alias_text
               SELECT number, string_to_array(pieces, ' ') FROM unnest($1::bigint[], $2::text[]) t (number, pieces)
               ON CONFLICT (number) DO UPDATE SET pieces = excluded.pieces";
    ask::run(tx, sql, &[&found, &pieces]).await?;
    let sql = "DELETE FROM alias_text_due WHERE number = ANY ($1)";
    ask::run(tx, sql, &[&numbers]).await.map(drop)
}

/// The pieces of the alias of a row.
fn pieces_from(row: &Row) -> Result<String> {
    let (domain, address): (&str, &str) = (get(row, 1)?, get(row, 2)?);
    let (destinations, note): (&str, Option<&str>) = (get(row, 3)?, get(row, 4)?);
    let mut all = format!("{address}\n{destinations}\n{}\n", note.unwrap_or_default());
    // Of a regex, the domain is not to be read in its address.
    if domain.is_empty()
        && let Ok(address) = AliasAddress::parse(address)
        && let Some(domain) = address.domain()
    {
        all.push_str(&format!("@{}\n", domain.to_key()));
    }
    Ok(pieces_of(&all, get(row, 5)?).trim_end_matches(' ').to_owned())
}
