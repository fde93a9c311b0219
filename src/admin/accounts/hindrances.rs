//! What keeps mail of accounts from leaving, or has it leave in another's name.

use super::parse_name;
use crate::{
    account::{Login, SendAs},
    address::{Domain, Mailbox},
    admin::{Error, Store, dkim_keys, keystore::Keys, mail_programs::NO_LISTENER},
    alias::{AliasAddress, AliasSource, Key},
};
use std::{collections::HashSet, fmt};

/// What keeps mail of an account from leaving, though the account may send it. The message says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// A domain that it sends as has no key to sign with.
    NoKey(Domain),
    /// No listener takes what accounts send.
    NoListener,
    /// An account has an address among what it sends as that no alias answers any more.
    Idle {
        /// Its name.
        account: String,
        /// The address.
        address: Mailbox,
    },
    /// An account has an address among what it sends as whose alias is another now.
    Sends {
        /// Its name.
        account: String,
        /// The address.
        address: Mailbox,
    },
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey(domain) => write!(
                f,
                "{domain} has no DKIM key, and nothing is sent as its addresses without one; \
                 to make one: onward dkim key add {domain}"
            ),
            Self::NoListener => f.write_str(NO_LISTENER),
            Self::Idle { account, address } => write!(
                f,
                "the account {account} no longer sends as {address}, until an alias answers it again; \
                 to take it from the account for good: onward account set {account} --no-as {address}"
            ),
            Self::Sends { account, address } => write!(
                f,
                "the account {account} sends as {address}; if that is somebody else's from now on: \
                 onward account set {account} --no-as {address}"
            ),
        }
    }
}

/// The domains of what `may` names that have no key which signs now.
///
/// # Errors
/// When the keys cannot be read.
pub async fn without_key(
    store: &Store,
    keys: &Keys,
    may: &[SendAs],
) -> Result<Vec<Hindrance>, Error> {
    if may.is_empty() {
        return Ok(Vec::new());
    }
    let keys = dkim_keys::listed(&keys.now_in(store).await?)?;
    let signs = |domain: &Domain| {
        let active = keys.iter().flatten().filter(|key| key.state == "active");
        active.map(|key| &key.domain).any(|name| name.eq_ignore_ascii_case(domain.as_str()))
    };
    let mut domains: Vec<&Domain> = may.iter().map(SendAs::domain).collect();
    domains.sort();
    domains.dedup();
    let unsigned = domains.into_iter().filter(|domain| !signs(domain));
    Ok(unsigned.cloned().map(Hindrance::NoKey).collect())
}

/// As [`without_key`], of the domains of those of `aliases` that are answered by address.
///
/// # Errors
/// When the keys cannot be read.
pub async fn answered_without_key(
    store: &Store,
    keys: &Keys,
    aliases: &dyn AliasSource,
) -> Result<Vec<Hindrance>, Error> {
    let all = aliases.aliases().map(|(_, alias)| alias);
    let answered = all.filter(|alias| alias.rules().reply_by_address);
    let domains: HashSet<Domain> =
        answered.filter_map(|alias| alias.address().domain().cloned()).collect();
    without_key(store, keys, &domains.into_iter().map(SendAs::Domain).collect::<Vec<_>>()).await
}

/// The accounts that send as the address of one of `aliases`, which are many, and new or as new.
///
/// # Errors
/// When the store fails.
pub async fn senders_as_new(
    store: &Store,
    aliases: &dyn AliasSource,
) -> Result<Vec<Hindrance>, Error> {
    let (mut senders, mut after) = (Vec::new(), None::<String>);
    while aliases.count() > 0 {
        let page = store.accounts(after.as_deref()).await?;
        for Login { account, .. } in &page.accounts {
            for one in &account.may {
                let SendAs::Address(address) = one else { continue };
                senders.push((account.name.to_string(), address.clone()));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if senders.is_empty() {
        return Ok(Vec::new());
    }
    let sent: HashSet<Key> = senders.iter().map(|(_, address)| Key::exact(address)).collect();
    let keys = aliases.aliases().map(|(_, alias)| alias.address().key());
    let new: HashSet<Key> = keys.filter(|key| sent.contains(key)).collect();
    senders.retain(|(_, address)| new.contains(&Key::exact(address)));
    let hindrance = |(account, address)| Hindrance::Sends { account, address };
    Ok(senders.into_iter().map(hindrance).collect())
}

/// The accounts that have the address of an alias among what they send as, which was added, removed or switched off:
/// whether they send as it still.
///
/// # Errors
/// When the store fails.
pub async fn senders_as(store: &Store, alias: &AliasAddress) -> Result<Vec<Hindrance>, Error> {
    let AliasAddress::Exact(address) = alias else { return Ok(Vec::new()) };
    let mut senders = Vec::new();
    for account in store.accounts_with(&SendAs::Address(address.clone())).await? {
        let Some(login) = store.login(&parse_name(&account)?).await? else { continue };
        let (may, address) = (store.may_send_as(&login.account, address).await?, address.clone());
        senders.push(match may {
            true => Hindrance::Sends { account, address },
            false => Hindrance::Idle { account, address },
        });
    }
    Ok(senders)
}
