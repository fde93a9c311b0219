//! Senders that are refused for all aliases, or for those of a domain.

use super::{Error, Store};
use crate::{
    address::Domain,
    alias::{Block, SenderPattern},
    clock,
    store::{ChangeError, Progress},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Senders that are refused, as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Block)]
pub struct BlockRecord {
    /// The senders: an address, `@domain` or `*.domain`.
    #[schema(example = "@shop.example")]
    pub pattern: String,
    /// For whose aliases; left out for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub domain: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<String>,
    /// Since when, as RFC 3339 has it.
    #[schema(format = DateTime)]
    pub added: String,
}

impl From<&Block> for BlockRecord {
    fn from(block: &Block) -> Self {
        Self {
            pattern: block.pattern.to_string(),
            // As it is kept, however it was typed.
            domain: block.domain.as_ref().map(Domain::to_key),
            note: block.note.clone(),
            added: block.added.to_string(),
        }
    }
}

/// Blocks senders for the aliases of `domain`, or for all: all of them or none. Gives the blocks, each with false when it
/// was there before: the note is now this one.
///
/// # Errors
/// When the note is none, the domain is not hosted, there would be too many blocks, everybody is to be blocked for all
/// aliases, or the store fails.
pub async fn add(
    store: &Store,
    domain: Option<&Domain>,
    patterns: Vec<SenderPattern>,
    note: Option<&str>,
    progress: Progress,
) -> Result<Vec<(Block, bool)>, Error> {
    let now = clock::now();
    let blocks = patterns.into_iter().map(|one| Block::new(domain.cloned(), one, note, now));
    let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
    let are_new = store.add_blocks(blocks.clone(), progress).await?;
    Ok(blocks.into_iter().zip(are_new).collect())
}

/// Takes blocks away, all of them or none, and gives what they were.
///
/// # Errors
/// When there is none of one of the patterns, or the store fails.
pub async fn remove(
    store: &Store,
    domain: Option<&Domain>,
    patterns: Vec<SenderPattern>,
    progress: Progress,
) -> Result<Vec<Block>, Error> {
    Ok(store.remove_blocks(domain, patterns, progress).await?)
}

/// The blocks of `domain`, or all: those for all aliases first, then those of domains, in alphabetical order.
///
/// # Errors
/// When the domain is not hosted, or the store fails.
pub async fn list(store: &Store, domain: Option<&Domain>) -> Result<Vec<Block>, Error> {
    if let Some(domain) = domain
        && !store.domains().await?.contains(domain)
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    let mut blocks = store.blocks().await?;
    blocks.retain(|block| domain.is_none() || block.domain.as_ref() == domain);
    Ok(blocks)
}
