//! Rows of `account_usage` and `account_recipients`.

use crate::{
    account::{AccountId, KeptUsage},
    rate::Heard,
    store::sqlite::{column, error::unreadable, number},
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// What is kept of an account; nothing where nothing is.
pub(crate) fn get(connection: &Connection, id: AccountId) -> Result<KeptUsage> {
    let id = id.to_string();
    let sql = "SELECT at, messages, recipients, new_recipients, heard FROM account_usage
               WHERE account = ?1";
    let found = connection.prepare_cached(sql)?.query_row([&id], usage).optional()?;
    let sql = "SELECT print, day FROM account_recipients WHERE account = ?1";
    let known = connection
        .prepare_cached(sql)?
        .query_map([&id], |row| Ok((number(row.get(0)?), number(row.get(1)?))))?
        .collect::<Result<_>>()?;
    Ok(KeptUsage { known, ..found.unwrap_or_default() })
}

/// Writes it down, if the account is there.
pub(crate) fn set(connection: &Connection, id: AccountId, used: &KeptUsage) -> Result<()> {
    let id = id.to_string();
    let heard: Vec<_> = used.heard.iter().map(|one| (one.piece, one.refused, one.of)).collect();
    let heard = serde_json::to_string(&heard).map_err(unreadable)?;
    let sql = "INSERT OR REPLACE INTO account_usage
                   (account, at, messages, recipients, new_recipients, heard)
               SELECT id, ?2, ?3, ?4, ?5, ?6 FROM accounts WHERE id = ?1";
    let [messages, recipients, new] =
        [used.messages, used.recipients, used.new_recipients].map(column);
    let values = params![id, used.at, messages, recipients, new, heard];
    if connection.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached("INSERT OR REPLACE INTO account_recipients VALUES (?1, ?2, ?3)")?;
    for (print, day) in &used.known {
        insert.execute(params![id, column(*print), column(*day)])?;
    }
    let mut delete = connection
        .prepare_cached("DELETE FROM account_recipients WHERE account = ?1 AND print = ?2")?;
    for print in &used.forgotten {
        delete.execute(params![id, column(*print)])?;
    }
    Ok(())
}

/// All but the recipients.
fn usage(row: &Row<'_>) -> Result<KeptUsage> {
    let heard: Vec<(u64, u32, u32)> =
        serde_json::from_str(row.get_ref(4)?.as_str()?).map_err(unreadable)?;
    Ok(KeptUsage {
        at: row.get(0)?,
        messages: number(row.get(1)?),
        recipients: number(row.get(2)?),
        new_recipients: number(row.get(3)?),
        heard: heard.into_iter().map(|(piece, refused, of)| Heard { piece, refused, of }).collect(),
        ..KeptUsage::default()
    })
}
