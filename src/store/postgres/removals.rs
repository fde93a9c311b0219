//! Aliases that are taken out, and come back as they were.

use super::{
    Postgres,
    ask::Result,
    directory::{changing, existing, put},
    rows::{alias_days, alias_use, aliases},
};
use crate::{
    alias::AliasAddress,
    clock,
    store::{ChangeError, IsMeant, Removals, Removed},
};
use async_trait::async_trait;

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

    async fn bring_back(&self, removed: Removed) -> Result<(), ChangeError> {
        changing!(self, tx, version => {
            let Removed { alias, counters, days, number, position } = &removed;
            put(tx, &self.live, version, alias, false).await?;
            let key = alias.address().key();
            aliases::set_position(tx, &key, *position).await?;
            alias_use::put_back(tx, &key, *number, counters).await?;
            alias_days::add(tx, *number, days).await?;
            Ok(())
        })
    }
}
