use super::{Action, Alias, AliasAddress, AnswerAddress, Destination, Ended, Key, tag::tagged};
use crate::{
    address::{Domain, Mailbox},
    time::UnixTime,
};
use std::future::{Future, ready};

/// Where aliases are looked up. What is asked of it may wait for a disk or another machine; whoever asks
/// brings the runtime.
pub trait Lookup {
    /// Why a look-up failed.
    type Error: Send;

    /// True when mail for `domain` is ours to answer.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn is_hosted(&self, domain: &Domain) -> Result<bool, Self::Error>;

    /// The exact or catch-all alias under `key`.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn alias(&self, key: &Key)
    -> impl Future<Output = Result<Option<Counted>, Self::Error>> + Send;

    /// The regex aliases, in the order in which they are tried.
    fn patterns(&self) -> &[Alias];

    /// True when mailboxes see the `+tag` of a recipient, unless its alias says otherwise.
    fn keep_tag(&self) -> bool;

    /// What time it is, for aliases that end.
    fn now(&self) -> UnixTime;

    /// Whether a regex alias has taken `most` messages.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn is_used_up(
        &self,
        key: &Key,
        most: u64,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The alias that mail for `address`, which has none, would make.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn auto_create(
        &self,
        _address: &Mailbox,
    ) -> impl Future<Output = Result<Option<Alias>, Self::Error>> + Send {
        ready(Ok(None))
    }

    /// Who gets the mail of role addresses that have no alias.
    fn postmaster(&self) -> Option<&Mailbox>;

    /// Told of each destination of a regex alias that is no mailbox for this `address`.
    fn unusable(&self, address: &Mailbox, text: &str, why: &str);
}

/// An alias, and what counting its messages came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// As its owner wants it.
    pub alias: Alias,
    /// It has taken as many messages as it takes ([`Rules::max_messages`](super::Rules::max_messages)).
    pub is_used_up: bool,
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
    },
    /// Forward to these, and make an alias of the address with the first message that is taken.
    Makes {
        /// Each may be an alias again.
        mailboxes: Vec<Mailbox>,
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
    /// The alias that answers takes no mail any more.
    Ended(Ended),
    /// The domain is hosted, the address is not there.
    NoAlias,
    /// A role address that must not be refused, and nobody who gets its mail.
    NoPostmaster,
    /// The domain is not hosted.
    NotHosted,
}

/// Which alias answers `address`, and what it answers: exact, then without its `+tag`, then regex, then what the
/// domain makes an alias of, then catch-all. There is
/// none where role addresses have no alias of their own, nor for an address that nothing answers.
///
/// An alias that is found without the tag hands it on to its mailboxes, where it is to be kept; if they are aliases,
/// these say in their turn. In the other cases the tag is part of what was found.
///
/// The address of an answer is one only for an alias that is answered so; for another, all behind the `+` is a tag.
///
/// An alias that is switched off, or has ended, stops the search. `postmaster` and `abuse` of a hosted domain (RFC 5321
/// §4.5.1, RFC 2142) go to the configured postmaster unless they have an exact alias of their own that takes mail.
///
/// # Errors
/// When a look-up fails.
pub async fn find<L: Lookup>(
    address: &Mailbox,
    lookup: &L,
) -> Result<(Found, Option<Alias>), L::Error> {
    if !lookup.is_hosted(address.domain())? {
        return Ok((Found::NotHosted, None));
    }
    let key = Key::exact(address);
    let is_role = is_role(&key.local);
    if let Some(counted) = lookup.alias(&key).await? {
        let found = answer(&counted.alias, counted.is_used_up, address, lookup);
        if !is_role || !matches!(found, Found::Ended(_)) {
            return Ok((found, Some(counted.alias)));
        }
    }
    if is_role
        && let Some(postmaster) = lookup.postmaster()
        && Key::exact(postmaster) != key
    {
        let mailboxes = vec![postmaster.clone()];
        return Ok((Found::Forward { mailboxes, unusable: Vec::new() }, None));
    }
    if let Some(untagged) = key.without_tag()
        && let Some(Counted { alias, is_used_up }) = lookup.alias(&untagged).await?
    {
        let found = answer(&alias, is_used_up, address, lookup);
        if let (Found::Forward { mailboxes, .. }, AliasAddress::Exact(exact)) =
            (&found, alias.address())
            && alias.rules().reply_by_address
            && AnswerAddress::read(address).is_some()
        {
            let found = Found::Answer { alias: exact.clone(), mailboxes: mailboxes.clone() };
            return Ok((found, Some(alias)));
        }
        let keeps = alias.keep_tag().unwrap_or_else(|| lookup.keep_tag());
        return Ok((if keeps { found.tagged(address) } else { found }, Some(alias)));
    }
    if let Some(alias) = find_pattern(address, lookup) {
        let is_used_up = match alias.rules().max_messages {
            Some(most) => lookup.is_used_up(&alias.address().key(), most).await?,
            None => false,
        };
        return Ok((answer(alias, is_used_up, address, lookup), Some(alias.clone())));
    }
    if !is_role && let Some(alias) = lookup.auto_create(address).await? {
        let mailboxes = alias.destinations().iter().filter_map(Destination::mailbox);
        let found = Found::Makes { mailboxes: mailboxes.cloned().collect() };
        return Ok((if lookup.keep_tag() { found.tagged(address) } else { found }, Some(alias)));
    }
    Ok(match lookup.alias(&Key::catch_all(address.domain())).await? {
        Some(Counted { alias, is_used_up }) => {
            (answer(&alias, is_used_up, address, lookup), Some(alias))
        }
        None if is_role => (Found::NoPostmaster, None),
        None => (Found::NoAlias, None),
    })
}

impl Found {
    fn tagged(mut self, recipient: &Mailbox) -> Self {
        if let Self::Forward { mailboxes, .. } | Self::Makes { mailboxes } = &mut self {
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

fn find_pattern<'a, L: Lookup>(address: &Mailbox, lookup: &'a L) -> Option<&'a Alias> {
    let text = address.to_key();
    let matches = |alias: &&Alias| match alias.address() {
        AliasAddress::Regex(pattern) => pattern.captures(&text, address.domain()).is_some(),
        AliasAddress::Exact(_) | AliasAddress::CatchAll(_) => false,
    };
    lookup.patterns().iter().find(matches)
}

/// Why `alias` takes no mail any more, if it does not.
fn ended(alias: &Alias, is_used_up: bool, now: UnixTime) -> Option<Ended> {
    if !alias.enabled() {
        return Some(Ended::Disabled);
    }
    let rules = alias.rules();
    if let Some(expires) = rules.expires.filter(|expires| *expires <= now) {
        return Some(Ended::Expired(expires));
    }
    rules.max_messages.filter(|_| is_used_up).map(Ended::UsedUp)
}

fn answer<L: Lookup>(alias: &Alias, is_used_up: bool, address: &Mailbox, lookup: &L) -> Found {
    if let Some(ended) = ended(alias, is_used_up, lookup.now()) {
        return Found::Ended(ended);
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
    Found::Forward { mailboxes, unusable }
}
