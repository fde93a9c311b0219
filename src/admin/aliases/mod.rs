//! Which addresses lead where.

mod apply;
mod import;
mod record;
mod show;

pub use apply::apply;
pub use import::{Change, Foreign, ImportPlan, Wanted, plan_import};
pub use record::{DEFAULT_DEFER, DEFAULT_REJECT, Record, RecordError};
pub use show::{RefusedDestination, ShownAlias, show};

use super::{Directory, Error};
use crate::{
    address::Domain,
    alias::{Alias, AliasAddress},
    store::ChangeError,
};
use std::io;

/// Adds an alias; a regex behind the others.
///
/// # Errors
/// When its domain is not hosted, the address has an alias, a loop would come of it, or the store fails.
pub fn add(directory: &mut Directory, alias: &Alias) -> Result<(), Error> {
    Ok(directory.add(alias)?)
}

/// The alias of an address.
///
/// # Errors
/// When the store fails.
pub fn get(directory: &Directory, address: &AliasAddress) -> Result<Option<Alias>, Error> {
    Ok(directory.get(address)?)
}

/// Removes an alias and gives what it was.
///
/// # Errors
/// When there is none, or the store fails.
pub fn remove(directory: &mut Directory, address: &AliasAddress) -> Result<Alias, Error> {
    Ok(directory.remove(address)?)
}

/// Switches an alias on or off.
///
/// # Errors
/// When there is none, a loop would come of it, or the store fails.
pub fn set_enabled(
    directory: &mut Directory,
    address: &AliasAddress,
    enabled: bool,
) -> Result<Alias, Error> {
    Ok(directory.set_enabled(address, enabled)?)
}

/// Gives the aliases of a domain, or all and then the regexes in their order, to `each`.
///
/// # Errors
/// When the domain is not hosted, the store fails, or `each` does.
pub fn list(
    directory: &Directory,
    domain: Option<&Domain>,
    mut each: impl FnMut(&Alias) -> io::Result<()>,
) -> Result<(), Error> {
    if let Some(domain) = domain
        && !directory.domains()?.contains(domain)
    {
        return Err(ChangeError::NoSuchDomain(domain.clone()).into());
    }
    directory.for_each(domain, |alias| each(&alias).map_err(Error::Output))
}
