//! What came of the mail to aliases, and finding aliases among many.

use super::{
    Sqlite,
    alias_texts::try_write_texts,
    rows::{alias_days, alias_use, search},
};
use crate::{
    alias::{Counters, Daily, Filter, Key, Used},
    clock,
    store::{AliasUse, Cursor, FindError, FoundAliases, Progress, StoreError},
};
use async_trait::async_trait;
use rusqlite::Connection;
use std::path::Path;

/// Counters written at once, so that others get their turns.
const AT_ONCE: usize = 1_000;

#[async_trait]
impl AliasUse for Sqlite {
    async fn keep_counters(&self, used: Vec<Used>) -> Result<(), StoreError> {
        let mut rest = used.into_iter().peekable();
        while rest.peek().is_some() {
            let some: Vec<Used> = rest.by_ref().take(AT_ONCE).collect();
            let keep = move |connection: &Connection| {
                alias_days::delete_old(connection, clock::now().day())?;
                some.iter().try_fold(false, |ends, used| {
                    alias_use::add(connection, used).map(|is_last| ends || is_last)
                })
            };
            // What look-ups were answered before an alias took its last message no longer holds.
            if self.writer.run(keep).await? {
                self.live.forget();
            }
        }
        Ok(())
    }

    async fn counters(&self, alias: &Key) -> Result<Option<Counters>, StoreError> {
        let alias = alias.clone();
        self.readers.run(move |connection| alias_use::get(connection, &alias)).await
    }

    async fn daily_uses(&self, aliases: Vec<Key>, today: u64) -> Result<Vec<Daily>, StoreError> {
        let all = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            let days = aliases.iter().map(|alias| alias_use::days(&transaction, alias, today));
            days.collect::<rusqlite::Result<Vec<_>>>()
        };
        self.readers.run(all).await
    }

    async fn make_found(&self) -> Result<(), StoreError> {
        if self.readers.run(alias_use::due).await? == 0 {
            return Ok(());
        }
        let work = |connection: &mut Connection, path: &Path| {
            let written = try_write_texts(connection, &Progress::default());
            written.map_err(|error| StoreError::sqlite(path, &error))
        };
        self.beside(work).await
    }

    async fn find_aliases(
        &self,
        filter: &Filter,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<FoundAliases, FindError> {
        let (filter, after) = (filter.clone().normal(), after.cloned());
        let find = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            search::find(&transaction, &filter, after.as_ref(), limit)
        };
        self.readers.run(find).await?.ok_or(FindError::Cursor)
    }
}
