use super::{Action, Alias, AliasAddress, AnswerAddress, Destination, Key, Rules, tag::tagged};
use crate::address::{Domain, Mailbox};
use std::future::Future;

/// Where aliases are looked up. What is asked of it may wait for a disk or another machine; whoever asks
/// brings the runtime.
pub trait Lookup {
    /// Why a look-up failed.
    type Error;

    /// True when mail for `domain` is ours to answer.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn is_hosted(&self, domain: &Domain) -> Result<bool, Self::Error>;

    /// The exact or catch-all alias under `key`.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn alias(&self, key: &Key) -> impl Future<Output = Result<Option<Alias>, Self::Error>> + Send;

    /// The regex aliases, in the order in which they are tried.
    fn patterns(&self) -> &[Alias];

    /// True when mailboxes see the `+tag` of a recipient, unless its alias says otherwise.
    fn keep_tag(&self) -> bool;

    /// Who gets the mail of role addresses that have no alias.
    fn postmaster(&self) -> Option<&Mailbox>;

    /// Told of each destination of a regex alias that is no mailbox for this `address`.
    fn unusable(&self, address: &Mailbox, text: &str, why: &str);
}

/// What one look-up answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Forward to these; `unusable` are the destinations that are no mailbox for this address.
    Forward {
        /// Each may be an alias again.
        mailboxes: Vec<Mailbox>,
        /// What the templates gave instead of a mailbox.
        unusable: Vec<String>,
        /// What the owner of the alias says of its mail.
        rules: Rules,
    },
    /// The [`AnswerAddress`] of an alias that is answered so.
    Answer {
        /// The alias, as it was added.
        alias: Mailbox,
        /// Where it leads: those may answer. Each may be an alias again.
        mailboxes: Vec<Mailbox>,
    },
    /// 550 5.7.1 with this text.
    Reject(String),
    /// 450 4.2.1 with this text.
    Defer(String),
    /// Accept and forget.
    Discard,
    /// The alias that answers is one that is never followed: see [`Alias::fault`].
    Unsafe,
    /// The alias that answers is switched off.
    Disabled,
    /// The domain is hosted, the address is not there.
    NoAlias,
    /// A role address that must not be refused, and nobody who gets its mail.
    NoPostmaster,
    /// The domain is not hosted.
    NotHosted,
}

/// Which alias answers `address`: exact, then without its `+tag`, then regex, then catch-all.
///
/// An alias that is found without the tag hands it on to its mailboxes, where it is to be kept; if they are aliases,
/// these say in their turn. In the other cases the tag is part of what was found.
///
/// The address of an answer is one only for an alias that is answered so; for another, all behind the `+` is a tag.
///
/// A disabled alias stops the search. `postmaster` and `abuse` of a hosted domain (RFC 5321 §4.5.1,
/// RFC 2142) go to the configured postmaster unless they have an enabled exact alias of their own.
///
/// # Errors
/// When a look-up fails.
pub async fn find<L: Lookup>(address: &Mailbox, lookup: &L) -> Result<Found, L::Error> {
    if !lookup.is_hosted(address.domain())? {
        return Ok(Found::NotHosted);
    }
    let key = Key::exact(address);
    let is_role = is_role(&key.local);
    match lookup.alias(&key).await? {
        Some(alias) if alias.enabled() || !is_role => return Ok(answer(&alias, address, lookup)),
        _ => {}
    }
    if is_role
        && let Some(postmaster) = lookup.postmaster()
        && Key::exact(postmaster) != key
    {
        return Ok(forward(vec![postmaster.clone()]));
    }
    if let Some(untagged) = key.without_tag()
        && let Some(alias) = lookup.alias(&untagged).await?
    {
        let found = answer(&alias, address, lookup);
        if let (Found::Forward { mailboxes, rules, .. }, AliasAddress::Exact(exact)) =
            (&found, alias.address())
            && rules.reply_by_address
            && AnswerAddress::read(address).is_some()
        {
            return Ok(Found::Answer { alias: exact.clone(), mailboxes: mailboxes.clone() });
        }
        let keeps = alias.keep_tag().unwrap_or_else(|| lookup.keep_tag());
        return Ok(if keeps { found.tagged(address) } else { found });
    }
    if let Some(found) = find_pattern(address, lookup) {
        return Ok(found);
    }
    Ok(match lookup.alias(&Key::catch_all(address.domain())).await? {
        Some(alias) => answer(&alias, address, lookup),
        None if is_role => Found::NoPostmaster,
        None => Found::NoAlias,
    })
}

impl Found {
    fn tagged(mut self, recipient: &Mailbox) -> Self {
        if let Self::Forward { mailboxes, .. } = &mut self {
            for mailbox in mailboxes {
                *mailbox = tagged(mailbox, recipient);
            }
        }
        self
    }
}

fn is_role(local: &str) -> bool {
    matches!(local, "postmaster" | "abuse")
}

fn forward(mailboxes: Vec<Mailbox>) -> Found {
    Found::Forward { mailboxes, unusable: Vec::new(), rules: Rules::default() }
}

fn find_pattern<L: Lookup>(address: &Mailbox, lookup: &L) -> Option<Found> {
    let text = address.to_key();
    let matches = |alias: &&Alias| match alias.address() {
        AliasAddress::Regex(pattern) => pattern.captures(&text, address.domain()).is_some(),
        AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => false,
    };
    lookup.patterns().iter().find(matches).map(|alias| answer(alias, address, lookup))
}

fn answer<L: Lookup>(alias: &Alias, address: &Mailbox, lookup: &L) -> Found {
    if !alias.enabled() {
        return Found::Disabled;
    }
    if alias.fault().is_some() {
        return Found::Unsafe;
    }
    let destinations = match alias.action() {
        Action::Reject(text) => return Found::Reject(text.clone()),
        Action::Defer(text) => return Found::Defer(text.clone()),
        Action::Discard => return Found::Discard,
        Action::Forward(destinations) => destinations,
    };
    let text = address.to_key();
    let captures = match alias.address() {
        AliasAddress::Regex(pattern) => pattern.captures(&text, address.domain()),
        AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => None,
    };
    let (mut mailboxes, mut unusable) = (Vec::new(), Vec::new());
    for destination in destinations {
        match (destination, &captures) {
            (Destination::Mailbox(mailbox), _) => mailboxes.push(mailbox.clone()),
            (Destination::Template(template), Some(captures)) => match template.apply(captures) {
                Ok(mailbox) => mailboxes.push(mailbox),
                Err((text, why)) => {
                    lookup.unusable(address, &text, why);
                    unusable.push(text);
                }
            },
            (Destination::Template(_) | Destination::Unsafe { .. }, _) => {
                unusable.push(destination.to_string());
            }
        }
    }
    Found::Forward { mailboxes, unusable, rules: alias.rules().clone() }
}
