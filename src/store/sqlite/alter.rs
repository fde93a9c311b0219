//! Changes of aliases that depend on what they are.

use super::{
    Sqlite,
    directory::{existing, put},
    error::Failure,
    rows::aliases,
};
use crate::{
    alias::{Alias, AliasAddress},
    store::{
        Alterations, ChangeError,
        alter::{Alteration, Altered},
    },
};
use async_trait::async_trait;
use rusqlite::Connection;

#[async_trait]
impl Alterations for Sqlite {
    async fn alter_alias(
        &self,
        address: &AliasAddress,
        alteration: Alteration,
    ) -> Result<Alias, ChangeError> {
        let address = address.clone();
        self.change(move |connection| alter(connection, &address, alteration)).await
    }
}

fn alter(
    connection: &Connection,
    address: &AliasAddress,
    alteration: Alteration,
) -> Result<Alias, Failure> {
    let alias = existing(connection, address)?;
    match alteration(&alias) {
        Altered::Kept => Ok(alias),
        Altered::Removed => {
            aliases::delete(connection, &address.key())?;
            Ok(alias)
        }
        Altered::Replaced(other) if other.address().key() == address.key() => {
            put(connection, &other, true)?;
            Ok(*other)
        }
        Altered::Replaced(other) => {
            Err(ChangeError::NoSuchAlias(other.address().to_string()).into())
        }
    }
}
