//! Aliases that are taken out, and come back as they were; and several such changes as one.

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
    store::{
        CameOfOne, ChangeError, IsMeant, OneChange, Removals, Removed, failure, in_force::InForce,
    },
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;

#[async_trait]
impl Removals for Postgres {
    async fn change_each(&self, changes: Vec<OneChange>) -> Result<Vec<CameOfOne>, ChangeError> {
        changing!(self, tx, _version => {
            let mut came = Vec::with_capacity(changes.len());
            for one in changes {
                tx.batch_execute("SAVEPOINT one").await?;
                match change(tx, &self.live, one).await {
                    Ok(removed) => came.push(Ok(removed)),
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

async fn change(
    tx: &Transaction<'_>,
    live: &InForce,
    change: OneChange,
) -> Result<Option<Removed>, Failure> {
    match change {
        OneChange::TakeOut(address, is_meant) => take_out(tx, &address, is_meant).await,
        OneChange::BringBack(removed) => bring_back(tx, live, &removed).await.map(|()| None),
        OneChange::Alter(address, alteration) => {
            alter(tx, live, None, &address, alteration).await.map(|_| None)
        }
    }
}

async fn take_out(
    tx: &Transaction<'_>,
    address: &AliasAddress,
    is_meant: IsMeant,
) -> Result<Option<Removed>, Failure> {
    let alias = existing(tx, address).await?;
    if !is_meant(&alias) {
        return Ok(None);
    }
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
