//! Senders that are refused for all aliases, or for those of a domain.

use super::{Error, Store};
use crate::{
    address::Domain,
    alias::{Block, SenderPattern},
    clock,
    store::ChangeError,
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

/// Blocks senders for the aliases of `domain`, or for all. Gives the block, and false when they were blocked before: the
/// note is now this one.
///
/// # Errors
/// When the note is none, the domain is not hosted, there are too many blocks, everybody is to be blocked for all
/// aliases, or the store fails.
pub async fn add(
    store: &Store,
    domain: Option<Domain>,
    pattern: SenderPattern,
    note: Option<&str>,
) -> Result<(Block, bool), Error> {
    let block = Block::new(domain, pattern, note, clock::now())?;
    let is_new = store.add_block(&block).await?;
    Ok((block, is_new))
}

/// Takes a block away, and gives what it was.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn remove(
    store: &Store,
    domain: Option<&Domain>,
    pattern: &SenderPattern,
) -> Result<Block, Error> {
    Ok(store.remove_block(domain, pattern).await?)
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
