//! A change of an alias that depends on what it is.

use super::{
    directory::{existing, put},
    error::Failure,
    rows::aliases,
};
use crate::{
    alias::{Alias, AliasAddress},
    store::{Alteration, Altered, ChangeError, in_force::InForce},
};
use deadpool_postgres::Transaction;

/// `version`: of the directory as the change found it, if it changed nothing else.
pub(super) async fn alter(
    tx: &Transaction<'_>,
    live: &InForce,
    version: Option<i64>,
    address: &AliasAddress,
    alteration: Alteration,
) -> Result<Alias, Failure> {
    let alias = existing(tx, address).await?;
    match alteration(&alias) {
        Altered::Kept => Ok(alias),
        Altered::Removed => {
            aliases::delete(tx, &address.key()).await?;
            Ok(alias)
        }
        Altered::Replaced(other) if other.address().key() == address.key() => {
            put(tx, live, version, &other, true).await?;
            Ok(*other)
        }
        Altered::Replaced(other) => {
            Err(ChangeError::NoSuchAlias(other.address().to_string()).into())
        }
    }
}
