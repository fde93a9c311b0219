//! Rows of `standing_changes`.

use crate::{
    address::Domain,
    store::postgres::{
        ask::{self, Result, get},
        error::unreadable,
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

/// Where something changed of what stands for all aliases, or for those of a domain.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A block, by its keys; `domain` is empty for all.
    Block {
        /// For whose aliases.
        domain: String,
        /// The senders.
        sender: String,
    },
    /// What is set for a domain.
    Settings {
        /// The domain.
        domain: Domain,
    },
}

/// What changed after a version, as far as that is still known, a place as often as it did.
pub(crate) async fn since(tx: &Transaction<'_>, version: i64) -> Result<Vec<Place>> {
    let sql = "SELECT domain, sender FROM standing_changes WHERE version > $1";
    ask::all(tx, sql, &[&version], from_row).await
}

fn from_row(row: &Row) -> Result<Place> {
    let domain: &str = get(row, 0)?;
    Ok(match get(row, 1)? {
        Some(sender) => Place::Block { domain: domain.to_owned(), sender },
        None => Place::Settings { domain: Domain::parse(domain).map_err(unreadable)? },
    })
}
