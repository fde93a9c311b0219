//! Who gets which letter: whoever reads the mail of several aliases of a domain gets one.

use super::counted::{One, is_templated};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, AliasAddress, Destination},
    clock,
    digest::{Every, Letter, Period, Tally},
    mail::{parts::Parts, spool::Own},
    store::spool::NewMessage,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What those who read the same mailboxes are told of a domain.
#[derive(Debug)]
pub(crate) struct OwnersLetter {
    /// Names the owners: always the same for the same mailboxes.
    pub(crate) name: String,
    /// The address that it is addressed to: an alias, or the postmaster's where that is a pattern.
    pub(crate) to: Mailbox,
    /// Who gets it.
    pub(crate) mailboxes: Vec<Mailbox>,
    /// What came to each of their aliases.
    pub(crate) aliases: BTreeMap<String, Tally>,
}

impl OwnersLetter {
    /// The letter, as it is spooled.
    pub(super) fn message(
        &self,
        parts: &Parts,
        domain: &Domain,
        every: Every,
        period: Period,
    ) -> NewMessage {
        let (id, now) = (clock::message_id(), clock::steady_millis());
        let from = Mailbox::parse(&format!("postmaster@{domain}"));
        let letter = Letter {
            id,
            hostname: &parts.config.hostname,
            domain,
            every,
            period,
            from: from.as_ref().unwrap_or(&self.to),
            to: &self.to,
            aliases: &self.aliases,
        };
        let message = letter.to_message(now.unix_time());
        let mailboxes = self.mailboxes.clone();
        let own = Own { id, now, message, recipient: &self.to, mailboxes, caused_by: None };
        own.signed_by(parts, domain)
    }

    /// What it says.
    pub(crate) fn text(
        &self,
        parts: &Parts,
        domain: &Domain,
        every: Every,
        period: Period,
    ) -> String {
        let letter = Letter {
            id: clock::message_id(),
            hostname: &parts.config.hostname,
            domain,
            every,
            period,
            from: &self.to,
            to: &self.to,
            aliases: &self.aliases,
        };
        letter.text()
    }
}

/// The letters about what was counted of a domain, in the order of their names. Where nobody reads the mail of an alias, as
/// it throws all away, nobody is told.
pub(super) async fn letters(parts: &Parts, counted: BTreeMap<String, One>) -> Vec<OwnersLetter> {
    let mut letters: BTreeMap<String, OwnersLetter> = BTreeMap::new();
    for (alias_name, One { alias, recipient, tally }) in counted {
        // Where mail leads depends on the recipient, a stranger chooses whom a letter goes to: only to whom mail went.
        if tally.is_empty() || is_templated(&alias) && tally.forwarded.count() == 0 {
            continue;
        }
        let mailboxes = owners(parts, &alias, &recipient).await;
        if mailboxes.is_empty() {
            continue;
        }
        let name = name(&mailboxes);
        let letter = letters.entry(name.clone()).or_insert_with(|| OwnersLetter {
            name,
            to: addressee(&alias, recipient),
            mailboxes,
            aliases: BTreeMap::new(),
        });
        letter.aliases.insert(alias_name, tally);
    }
    letters.into_values().collect()
}

/// To whom a letter is addressed: no word of it is a stranger's.
fn addressee(alias: &Alias, recipient: Mailbox) -> Mailbox {
    match alias.address() {
        AliasAddress::Exact(mailbox) => mailbox.clone(),
        AliasAddress::CatchAll(_) | AliasAddress::Regex(_) => {
            let postmaster = Mailbox::parse(&format!("postmaster@{}", recipient.domain()));
            postmaster.unwrap_or(recipient)
        }
    }
}

/// The mailboxes that the mail of an alias goes to, or would if it were switched on: sorted, each once.
async fn owners(parts: &Parts, alias: &Alias, recipient: &Mailbox) -> Vec<Mailbox> {
    let mut mailboxes = Vec::new();
    if is_templated(alias) {
        let led = parts.aliases.resolve(recipient).await;
        mailboxes.extend(led.map(|led| led.mailboxes).unwrap_or_default());
    } else {
        for destination in alias.destinations() {
            let Destination::Mailbox(mailbox) = destination else { continue };
            let led = parts.aliases.final_mailboxes(mailbox.clone()).await;
            mailboxes.extend(led.map(|led| led.mailboxes).unwrap_or_default());
        }
    }
    mailboxes.sort_by_key(Mailbox::to_key);
    mailboxes.dedup_by_key(|mailbox| mailbox.to_key());
    mailboxes
}

fn name(mailboxes: &[Mailbox]) -> String {
    let mut hash = Sha256::new();
    for mailbox in mailboxes {
        hash.update(mailbox.to_key());
        hash.update([0]);
    }
    HEXLOWER.encode(&hash.finalize())
}
