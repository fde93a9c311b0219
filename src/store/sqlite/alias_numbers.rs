//! Numbers of aliases: those under which their use is counted.

use super::{Sqlite, rows::aliases};
use crate::{
    alias::{AliasAddress, Key},
    store::{AliasNumbers, StoreError},
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result};

#[async_trait]
impl AliasNumbers for Sqlite {
    async fn alias_numbers(
        &self,
        keys: Vec<Key>,
    ) -> std::result::Result<Vec<Option<u32>>, StoreError> {
        let all = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            keys.iter().map(|key| number(&transaction, key)).collect::<Result<Vec<_>>>()
        };
        self.readers.run(all).await
    }

    async fn numbered_alias(
        &self,
        number: u32,
    ) -> std::result::Result<Option<AliasAddress>, StoreError> {
        let find = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            let sql = "SELECT domain, local FROM alias_use WHERE number = ?1";
            let key = transaction
                .prepare_cached(sql)?
                .query_row([number], |row| Ok(Key { domain: row.get(0)?, local: row.get(1)? }))
                .optional()?;
            let Some(key) = key else { return Ok(None) };
            let alias = aliases::get(&transaction, aliases::Table::Stored, &key)?;
            Ok(alias.map(|alias| alias.address().clone()))
        };
        self.readers.run(find).await
    }
}

fn number(connection: &Connection, Key { domain, local }: &Key) -> Result<Option<u32>> {
    let sql = "SELECT number FROM alias_use WHERE domain = ?1 AND local = ?2";
    let number = connection.prepare_cached(sql)?.query_row([domain, local], |row| row.get(0));
    // A number beyond is one that no client could name.
    Ok(number.optional()?.and_then(|number: i64| u32::try_from(number).ok()))
}
