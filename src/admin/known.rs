//! What is known of all providers, as the daemon keeps it for other processes and the next daemon.

use crate::provider::governor::{Kept, Told};
use serde::{Deserialize, Serialize};

/// What is known of all providers, as the daemon keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// As it is told.
    pub told: Vec<Told>,
    /// What outlives a restart.
    pub kept: Kept,
}
