//! What came of the mail to aliases, and finding aliases among many.

use super::{
    Postgres,
    access::{reading, writing},
    alias_texts::try_write_texts,
    ask,
    rows::{alias_days, alias_text, alias_use, search},
};
use crate::{
    alias::{Counters, Daily, Filter, Key, Used},
    clock,
    store::{AliasUse, Cursor, FindError, FoundAliases, Progress, StoreError},
};
use async_trait::async_trait;
use deadpool::managed::Object;

/// Counters written at once, so that others get their turns.
const AT_ONCE: usize = 1_000;

#[async_trait]
impl AliasUse for Postgres {
    async fn keep_counters(&self, mut used: Vec<Used>) -> Result<(), StoreError> {
        // In one order, so that two nodes do not wait for each other.
        used.sort_by(|one, other| one.alias.cmp(&other.alias));
        for some in used.chunks(AT_ONCE) {
            let ends: Result<bool, StoreError> = writing!(self.access, tx => {
                alias_days::delete_old(tx, clock::now().day()).await?;
                let mut ends = false;
                for used in some {
                    ends |= alias_use::add(tx, used).await?;
                }
                Ok(ends)
            });
            // What look-ups were answered before an alias took its last message no longer holds.
            if ends? {
                self.live.forget();
            }
        }
        Ok(())
    }

    async fn counters(&self, alias: &Key) -> Result<Option<Counters>, StoreError> {
        reading!(self.access, tx => alias_use::of(tx, alias).await)
    }

    async fn daily_uses(&self, aliases: Vec<Key>, today: u64) -> Result<Vec<Daily>, StoreError> {
        reading!(self.access, tx => {
            let mut days = Vec::with_capacity(aliases.len());
            for alias in &aliases {
                days.push(alias_use::days(tx, alias, today).await?);
            }
            Ok(days)
        })
    }

    async fn make_found(&self) -> Result<(), StoreError> {
        if reading!(self.access, tx => alias_text::due(tx).await)? == 0 {
            return Ok(());
        }
        let (_turn, client) = self.access.long().await?;
        // It ends with this.
        let mut client = Object::take(client);
        let written = ask::at_length(try_write_texts(&mut client, &Progress::default())).await;
        written.map_err(|error| self.access.told(error))
    }

    async fn find_aliases(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<FoundAliases, FindError> {
        let filter = filter.clone().normal();
        let found = reading!(self.access, tx => search::find(tx, &filter, after, limit).await);
        found?.ok_or(FindError::Cursor)
    }
}
