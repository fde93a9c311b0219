//! What no change of aliases may bring.

use super::{ChangeError, failure::Failure};
use crate::{
    address::Mailbox,
    alias::{Alias, AliasAddress, Destination, ExpansionLimits, Lookup, find_cycle},
    srs::is_srs_shaped,
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

/// Refuses an alias whose mail would come back to it.
pub(super) async fn refuse_cycle<L: Lookup>(
    lookup: &L,
    alias: &Alias,
) -> Result<(), Failure<ChangeError, L::Error>> {
    if alias.enabled() { refuse_cycle_from(lookup, &starts(alias)).await } else { Ok(()) }
}

/// Refuses what leads from these addresses back to one on the way.
pub(super) async fn refuse_cycle_from<L: Lookup>(
    lookup: &L,
    starts: &[Mailbox],
) -> Result<(), Failure<ChangeError, L::Error>> {
    let found = find_cycle(starts, lookup, ExpansionLimits::default()).await;
    match found.map_err(Failure::Database)? {
        None => Ok(()),
        Some(chain) if chain.first().map(Mailbox::to_key) == chain.last().map(Mailbox::to_key) => {
            Err(ChangeError::Cycle(chain).into())
        }
        Some(chain) => Err(ChangeError::TooDeep(chain).into()),
    }
}
