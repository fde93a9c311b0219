//! Numbers of aliases: those under which their use is counted.

use super::{
    Postgres,
    access::reading,
    rows::{
        alias_use,
        aliases::{self, Table},
    },
};
use crate::{
    alias::{AliasAddress, Key},
    store::{AliasNumbers, StoreError},
};
use async_trait::async_trait;

#[async_trait]
impl AliasNumbers for Postgres {
    async fn alias_numbers(&self, keys: Vec<Key>) -> Result<Vec<Option<u32>>, StoreError> {
        reading!(self.access, tx => {
            let mut numbers = Vec::with_capacity(keys.len());
            for key in &keys {
                let number = alias_use::number_of(tx, key).await?;
                // A number beyond is one that no client could name.
                numbers.push(number.and_then(|number| u32::try_from(number).ok()));
            }
            Ok(numbers)
        })
    }

    async fn numbered_alias(&self, number: u32) -> Result<Option<AliasAddress>, StoreError> {
        reading!(self.access, tx => {
            match alias_use::key_of(tx, number.into()).await? {
                Some(key) => {
                    let alias = aliases::get_one(tx, Table::Stored, &key).await?;
                    Ok(alias.map(|alias| alias.address().clone()))
                }
                None => Ok(None),
            }
        })
    }
}
