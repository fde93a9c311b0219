use super::StoreError;
use crate::time::Millis;
use async_trait::async_trait;
use serde::Serialize;

/// A machine that shares the store, as it was heard of last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// The version of its program.
    pub version: String,
    /// When it began to serve.
    pub since: Millis,
    /// When it said last that it serves.
    pub heard: Millis,
    /// False where it ended, or was silent for so long that others have what it had in the spool.
    pub serves: bool,
    /// Changes of domains and aliases that it did not know by then.
    pub behind: u64,
    /// Messages in the spool that it answers for.
    pub spool: u64,
}

/// Who shares a store.
#[async_trait]
pub trait Nodes {
    /// Those that share it, by name, also those that ended within a day; none where it is of one machine.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn nodes(&self) -> Result<Vec<NodeStatus>, StoreError>;
}
