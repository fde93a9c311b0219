//! Rows of `account_usage` and `account_recipients`.

use crate::{
    account::{AccountId, KeptUsage},
    rate::Heard,
    store::{
        number::column,
        postgres::{
            ask::{self, Result, count, get, millis},
            error::unreadable,
        },
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// What is kept of an account; nothing where nothing is.
pub(crate) async fn of(tx: &Transaction<'_>, id: AccountId) -> Result<KeptUsage> {
    let id = id.to_string();
    let sql = "SELECT at, messages, recipients, new_recipients, heard FROM account_usage
               WHERE account = $1";
    let found = ask::first(tx, sql, &[&id], usage).await?;
    let sql = "SELECT print, day FROM account_recipients WHERE account = $1 ORDER BY print";
    let known = ask::all(tx, sql, &[&id], |row| Ok((count(row, 0)?, count(row, 1)?))).await?;
    Ok(KeptUsage { known, ..found.unwrap_or_default() })
}

/// Writes it down, if the account is there.
pub(crate) async fn set(tx: &Transaction<'_>, id: AccountId, used: &KeptUsage) -> Result<()> {
    let id = id.to_string();
    let heard: Vec<_> = used.heard.iter().map(|one| (one.piece, one.refused, one.of)).collect();
    let heard = serde_json::to_string(&heard).map_err(unreadable)?;
    let sql = "INSERT INTO account_usage (account, at, messages, recipients, new_recipients, heard)
               SELECT id, $2, $3, $4, $5, $6 FROM accounts WHERE id = $1
               ON CONFLICT (account) DO UPDATE SET at = excluded.at, messages = excluded.messages,
               recipients = excluded.recipients, new_recipients = excluded.new_recipients, heard = excluded.heard";
    let [at, messages, recipients, new] =
        [used.at.as_millis(), used.messages, used.recipients, used.new_recipients].map(column);
    let values: &ask::Values<'_> = &[&id, &at, &messages, &recipients, &new, &heard];
    if ask::run(tx, sql, values).await? == 0 {
        return Ok(());
    }
    let (prints, days): (Vec<i64>, Vec<i64>) =
        used.known.iter().map(|(print, day)| (column(*print), column(*day))).unzip();
    // Of a print that is there twice the last day counts.
    let sql = "INSERT INTO account_recipients
               SELECT $1, print, max(day) FROM unnest($2::bigint[], $3::bigint[]) t (print, day) GROUP BY print
               ON CONFLICT (account, print) DO UPDATE SET day = excluded.day";
    ask::run(tx, sql, &[&id, &prints, &days]).await?;
    let forgotten: Vec<i64> = used.forgotten.iter().map(|print| column(*print)).collect();
    let sql = "DELETE FROM account_recipients WHERE account = $1 AND print = ANY ($2)";
    ask::run(tx, sql, &[&id, &forgotten]).await.map(drop)
}

/// All but the recipients.
fn usage(row: &Row) -> Result<KeptUsage> {
    let heard: Vec<(u64, u32, u32)> = serde_json::from_str(get(row, 4)?).map_err(unreadable)?;
    Ok(KeptUsage {
        at: millis(row, 0)?,
        messages: count(row, 1)?,
        recipients: count(row, 2)?,
        new_recipients: count(row, 3)?,
        heard: heard.into_iter().map(|(piece, refused, of)| Heard { piece, refused, of }).collect(),
        ..KeptUsage::default()
    })
}
