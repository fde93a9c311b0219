use super::{Account, SendAs};
use crate::{
    address::Mailbox,
    alias::{Found, Key, Lookup, find},
    srs::is_srs_shaped,
};

/// True when `address` is the account's to send as, as domains and aliases are now.
///
/// The domain is hosted. Of a whole domain every address is the account's; of a single one an alias has to answer its
/// mail: one that was removed or is switched off has no mail any more, and could take no bounce. Its address with a
/// `+tag` is the account's too, as long as that has no alias of its own, which may be a neighbour's. An address of the
/// form of an SRS address is nobody's, and one of a role (postmaster, abuse) needs an alias of its own: that the
/// configured postmaster gets its mail gives it to no account.
///
/// # Errors
/// When a look-up fails.
pub async fn may_send_as<L: Lookup>(
    account: &Account,
    address: &Mailbox,
    lookup: &L,
) -> Result<bool, L::Error> {
    if !lookup.is_hosted(address.domain())? || is_srs_shaped(address.local()) {
        return Ok(false);
    }
    let is_domains = |one: &SendAs| matches!(one, SendAs::Domain(_)) && one.matches(address);
    if account.may.iter().any(is_domains) {
        return Ok(true);
    }
    if !account.may_send_as(address) && !is_tagged(account, address, lookup).await? {
        return Ok(false);
    }
    Ok(match find(address, lookup).await?.0 {
        Found::Forward { .. } | Found::Reject(_) | Found::Defer(_) | Found::Discard => true,
        Found::Answer { .. } | Found::Unsafe | Found::Ended(_) | Found::Makes { .. } => false,
        Found::NoAlias | Found::NoPostmaster | Found::NotHosted => false,
    })
}

/// True when mail to `address` goes by the alias of an address of the account, as that with a tag.
async fn is_tagged<L: Lookup>(
    account: &Account,
    address: &Mailbox,
    lookup: &L,
) -> Result<bool, L::Error> {
    let tagged = Key::exact(address);
    let Some(key) = tagged.without_tag() else { return Ok(false) };
    let is_it = |one: &SendAs| matches!(one, SendAs::Address(one) if Key::exact(one) == key);
    if !account.may.iter().any(is_it) {
        return Ok(false);
    }
    Ok(lookup.alias(&tagged).await?.is_none() && lookup.alias(&key).await?.is_some())
}
