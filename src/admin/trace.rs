//! What happened to messages, by the journal. A message is in it within a second of its final reply.

pub use crate::store::journal::{AttemptLine, Filter, HELD, Outcome, Page, Position, Record};

use super::{Error, Place, Store};
use crate::{account::AccountId, store::journal::JournalError};
use serde::Serialize;
use std::{collections::HashMap, io};

/// A record, and who sent the message.
#[derive(Debug, Serialize)]
pub struct Traced<'a> {
    /// What the journal has.
    #[serde(flatten)]
    pub record: &'a Record,
    /// The account: its name, or its id where it is removed; `None` for what strangers sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The names of accounts.
#[derive(Debug, Default)]
pub struct Names(HashMap<AccountId, String>);

impl Names {
    /// Those of all accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(store: &Store) -> Result<Self, Error> {
        let (mut names, mut after) = (HashMap::new(), None::<String>);
        loop {
            let page = store.accounts(after.as_deref()).await?;
            let accounts = page.accounts.into_iter().map(|login| login.account);
            names.extend(accounts.map(|account| (account.id, account.name.to_string())));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Self(names)),
            }
        }
    }

    /// The record with the name of the account that its message is from.
    pub fn traced<'a>(&self, record: &'a Record) -> Traced<'a> {
        let name = |id| self.0.get(&id).cloned().unwrap_or_else(|| id.to_string());
        Traced { record, account: record.account().map(name) }
    }
}

/// Gives the records that `filter` wants to `each`, the oldest first.
///
/// # Errors
/// When the journal cannot be read, or `each` fails.
pub async fn trace(
    place: &Place,
    filter: &Filter,
    mut each: impl FnMut(&Record) -> io::Result<()>,
) -> Result<(), Error> {
    let journal = place.read_journal().await?;
    let mut after = None;
    loop {
        let page = journal.page(filter, after).await?;
        page.records.iter().try_for_each(&mut each).map_err(Error::Output)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// A page of the latest records that `filter` wants, the newest first: those before `before`. It may be short, or empty,
/// and not the last. Nothing where there is no journal yet.
///
/// # Errors
/// When the journal cannot be read.
pub async fn latest(
    place: &Place,
    filter: &Filter,
    before: Option<Position>,
    limit: usize,
) -> Result<Page, Error> {
    match place.read_journal().await {
        Err(JournalError::Absent { .. }) => Ok(Page::default()),
        opened => Ok(opened?.latest(filter, before, limit).await?),
    }
}
