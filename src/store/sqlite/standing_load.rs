//! What stands for all aliases, or for those of a domain, read into memory.

use super::rows::{
    blocks, domain_settings, domains,
    standing_changes::{self, Place},
};
use crate::store::Standing;
use rusqlite::Connection;
use std::{collections::BTreeSet, sync::Arc};

/// What stands in the database; `known` where it is that. Of what changed since, only that is read.
pub(super) fn load(
    connection: &Connection,
    known: Option<&Arc<Standing>>,
) -> rusqlite::Result<Arc<Standing>> {
    let version = domains::standing(connection)?;
    match known {
        Some(known) if known.version == version => Ok(Arc::clone(known)),
        Some(known) if let Some(changes) = changes(connection, known.version, version)? => {
            changed(connection, known, version, &changes).map(Arc::new)
        }
        _ => Ok(Arc::new(Standing {
            version,
            blocks: blocks::all(connection)?.into_iter().collect(),
            settings: Arc::new(domain_settings::all(connection)?.into_iter().collect()),
        })),
    }
}

/// What changed between two versions; `None` where not all of it is known any more.
fn changes(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<Option<Vec<Place>>> {
    let changes = standing_changes::since(connection, from)?;
    Ok((i64::try_from(changes.len()) == Ok(to.saturating_sub(from))).then_some(changes))
}

/// `before`, with what stands now in the places of `changes`.
fn changed(
    connection: &Connection,
    before: &Standing,
    version: i64,
    changes: &[Place],
) -> rusqlite::Result<Standing> {
    let mut now = Standing { version, ..before.clone() };
    for place in changes.iter().collect::<BTreeSet<_>>() {
        match place {
            Place::Block { domain, sender } => match blocks::get(connection, domain, sender)? {
                Some(block) => now.blocks.put(block),
                None => now.blocks.remove(domain, sender),
            },
            Place::Settings { domain } => {
                let settings = domain_settings::get(connection, domain)?;
                let all = Arc::make_mut(&mut now.settings);
                match settings.is_empty() {
                    true => drop(all.remove(domain)),
                    false => drop(all.insert(domain.clone(), settings)),
                }
            }
        }
    }
    Ok(now)
}
