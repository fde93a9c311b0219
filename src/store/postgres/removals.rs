//! Aliases that are taken out, and come back as they were.

use super::{
    Postgres,
    alter::alter,
    ask::Result,
    changing::changing,
    directory::{existing, put},
    error::Failure,
    rows::{alias_days, alias_use, aliases},
};
use crate::{
    alias::AliasAddress,
    clock,
    store::{ChangeError, IsMeant, Removals, Removed, Reversion, failure, in_force::InForce},
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;

#[async_trait]
impl Removals for Postgres {
    async fn take_out(
        &self,
        address: &AliasAddress,
        is_meant: IsMeant,
    ) -> Result<Option<Removed>, ChangeError> {
        changing!(self, tx, _version => {
            let alias = existing(tx, address).await?;
            if is_meant(&alias) {
                let key = address.key();
                let removed = Removed {
                    counters: alias_use::of(tx, &key).await?.unwrap_or_default(),
                    days: alias_use::days(tx, &key, clock::now().day()).await?,
                    number: alias_use::number_of(tx, &key).await?.unwrap_or_default(),
                    position: aliases::position(tx, &key).await?,
                    alias,
                };
                aliases::delete(tx, &key).await?;
                Ok(Some(removed))
            } else {
                Ok(None)
            }
        })
    }

    async fn revert(
        &self,
        reversions: Vec<Reversion>,
    ) -> Result<Vec<Result<(), ChangeError>>, ChangeError> {
        changing!(self, tx, _version => {
            let mut came = Vec::with_capacity(reversions.len());
            for reversion in reversions {
                tx.batch_execute("SAVEPOINT one").await?;
                match revert(tx, &self.live, reversion).await {
                    Ok(()) => came.push(Ok(())),
                    Err(failure::Failure::Refused(refused)) => {
                        // What this one did before it failed is taken back by itself.
                        tx.batch_execute("ROLLBACK TO SAVEPOINT one").await?;
                        came.push(Err(refused));
                    }
                    Err(failure) => return Err(failure),
                }
                tx.batch_execute("RELEASE SAVEPOINT one").await?;
            }
            Ok(came)
        })
    }
}

async fn revert(tx: &Transaction<'_>, live: &InForce, reversion: Reversion) -> Result<(), Failure> {
    match reversion {
        Reversion::BringBack(removed) => bring_back(tx, live, &removed).await,
        Reversion::Alter(address, alteration) => {
            alter(tx, live, None, &address, alteration).await.map(drop)
        }
    }
}

async fn bring_back(
    tx: &Transaction<'_>,
    live: &InForce,
    removed: &Removed,
) -> Result<(), Failure> {
    let Removed { alias, counters, days, number, position } = removed;
    put(tx, live, None, alias, false).await?;
    let key = alias.address().key();
    aliases::set_position(tx, &key, *position).await?;
    alias_use::put_back(tx, &key, *number, counters).await?;
    Ok(alias_days::add(tx, *number, days).await?)
}
