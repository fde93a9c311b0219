use crate::{reply::Reply, store::StoreError};

/// What the spool may use; beyond, nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolBounds {
    /// Octets of all messages, what they share once.
    pub octets: u64,
    /// Messages in the spool.
    pub messages: u64,
    /// Octets that stay free on the disk; `None`: [`DEFAULT_FREE`] or a twentieth of the disk,
    /// whichever is less.
    pub free: Option<u64>,
}

/// What stays free on a large disk.
pub const DEFAULT_FREE: u64 = 256 << 20;

impl SpoolBounds {
    /// Nothing is limited.
    pub const NONE: Self = Self { octets: u64::MAX, messages: u64::MAX, free: Some(0) };
}

impl Default for SpoolBounds {
    fn default() -> Self {
        Self::NONE
    }
}

/// Why a message was not kept. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// A bound of `[spool]` is reached.
    #[error("the spool is full: {0}")]
    Full(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SpoolError {
    /// What the client is told, who keeps the message.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Full(_) => Reply::spool_full(),
            Self::Store(_) => Reply::store_failed(),
        }
    }
}
