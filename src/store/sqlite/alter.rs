//! A change of an alias that depends on what it is.

use super::{
    directory::{existing, put},
    error::Failure,
    rows::aliases,
};
use crate::{
    alias::{Alias, AliasAddress},
    store::{Alteration, Altered, ChangeError},
};
use rusqlite::Connection;

pub(super) fn alter(
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
