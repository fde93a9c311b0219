//! Rows of `standing_changes`.

use crate::{address::Domain, store::sqlite::error::unreadable};
use rusqlite::{Connection, Result, Row};

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
pub(crate) fn since(connection: &Connection, version: i64) -> Result<Vec<Place>> {
    let sql = "SELECT domain, sender FROM standing_changes WHERE version > ?1";
    connection.prepare_cached(sql)?.query_map([version], from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> Result<Place> {
    let domain = row.get_ref(0)?.as_str()?;
    Ok(match row.get(1)? {
        Some(sender) => Place::Block { domain: domain.to_owned(), sender },
        None => Place::Settings { domain: Domain::parse(domain).map_err(unreadable)? },
    })
}
