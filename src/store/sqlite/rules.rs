//! What no change of aliases may bring.

use super::{Live, error::Failure, snapshot::at_once};
use crate::{
    address::Mailbox,
    alias::{Alias, AliasAddress, Destination, ExpansionLimits, find_cycle},
    srs::is_srs_shaped,
    store::ChangeError,
};

/// The addresses whose mail goes through `alias`, as far as they are known.
pub(super) fn starts(alias: &Alias) -> Vec<Mailbox> {
    match alias.address() {
        AliasAddress::Exact(mailbox) => vec![mailbox.clone()],
        AliasAddress::CatchAll(_) | AliasAddress::Regex(_) => {
            alias.destinations().iter().filter_map(Destination::mailbox).cloned().collect()
        }
    }
}

pub(super) fn refuse_srs_shaped(alias: &Alias) -> Result<(), ChangeError> {
    match alias.address() {
        AliasAddress::Exact(mailbox) if is_srs_shaped(mailbox.local()) => {
            Err(ChangeError::SrsShaped(mailbox.clone()))
        }
        _ => Ok(()),
    }
}

/// Those that an older version took stay, see [`Alias::fault`]; none comes or is switched on.
pub(super) fn refuse_unsafe(alias: &Alias) -> Result<(), ChangeError> {
    alias.fault().cloned().map_or(Ok(()), |fault| Err(fault.into()))
}

pub(super) fn refuse_cycle(live: &Live<'_>, alias: &Alias) -> Result<(), Failure> {
    if alias.enabled() { refuse_cycle_from(live, &starts(alias)) } else { Ok(()) }
}

/// Refuses what leads from these addresses back to one on the way.
pub(super) fn refuse_cycle_from(live: &Live<'_>, starts: &[Mailbox]) -> Result<(), Failure> {
    match at_once(find_cycle(starts, live, ExpansionLimits::default()))? {
        None => Ok(()),
        Some(chain) if chain.first().map(Mailbox::to_key) == chain.last().map(Mailbox::to_key) => {
            Err(ChangeError::Cycle(chain).into())
        }
        Some(chain) => Err(ChangeError::TooDeep(chain).into()),
    }
}
