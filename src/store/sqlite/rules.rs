//! [What no change of aliases may bring](crate::store::rules), asked of a connection.

use super::{Live, error::Failure, snapshot::at_once};
use crate::{address::Mailbox, alias::Alias, store::rules};

pub(super) use rules::{refuse_srs_shaped, refuse_unsafe, starts};

pub(super) fn refuse_cycle(live: &Live<'_>, alias: &Alias) -> Result<(), Failure> {
    at_once(rules::refuse_cycle(live, alias))
}

/// Refuses what leads from these addresses back to one on the way.
pub(super) fn refuse_cycle_from(live: &Live<'_>, starts: &[Mailbox]) -> Result<(), Failure> {
    at_once(rules::refuse_cycle_from(live, starts))
}
