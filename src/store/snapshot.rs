//! What is kept of the directory in memory.

use super::Standing;
use crate::{
    address::{Domain, Mailbox},
    alias::Alias,
};
use std::{collections::HashSet, sync::Arc};

/// The hosted domains and the compiled regexes, as of one version of the directory.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) version: i64,
    pub(super) domains: Arc<HashSet<Domain>>,
    pub(super) patterns: Arc<Vec<Alias>>,
    pub(super) standing: Arc<Standing>,
}

impl Snapshot {
    /// The alias that mail for `address`, which has none, would make.
    pub(super) fn made_for(&self, address: &Mailbox) -> Option<Alias> {
        let settings = self.standing.settings.get(address.domain())?;
        settings.auto_create.as_ref()?.alias_for(address)
    }
}
