use super::{Outcome, Record};
use crate::{account::AccountId, address::Domain, time::Millis};

/// Which records are wanted; an empty filter wants all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only the message of this id.
    pub id: Option<String>,
    /// An address, `@domain`, or `<>`: what the reverse-path was on arrival or departure.
    pub from: Option<String>,
    /// An address or `@domain`: one of the recipients, or a mailbox it was handed on to.
    pub to: Option<String>,
    /// Only records from this time on.
    pub since: Option<Millis>,
    /// Only records before this time.
    pub until: Option<Millis>,
    /// Only what this account sent, or tried to.
    pub account: Option<AccountId>,
    /// Only what came to this.
    pub outcome: Option<Outcome>,
    /// Only what was for recipients of this domain, or what accounts sent as its addresses.
    pub domain: Option<Domain>,
    /// Only so many records, the latest.
    pub limit: Option<usize>,
}

impl Filter {
    /// As it is wanted by, of a record of which a part may have been left out.
    pub fn wants_shown(&self, record: &Record) -> bool {
        self.wants(record)
    }

    /// Id, time and limit are looked up, and not looked at here.
    pub(crate) fn wants(&self, record: &Record) -> bool {
        let from = record.sender();
        let mut senders = record.srs_from.iter().chain([&from]);
        let handed_on = record.attempts.iter().flat_map(|attempt| &attempt.to);
        let mut recipients = record.to.iter().chain(handed_on);
        self.outcome.is_none_or(|outcome| outcome == record.outcome)
            && self.domain.as_ref().is_none_or(|domain| record.is_of(domain))
            && self.from.as_ref().is_none_or(|wanted| senders.any(|from| matches(wanted, from)))
            && self.account.is_none_or(|account| record.account() == Some(account))
            && self.to.as_ref().is_none_or(|wanted| recipients.any(|to| matches(wanted, to)))
    }
}

/// `@domain` matches every address of the domain; case never matters.
fn matches(wanted: &str, address: &str) -> bool {
    let (wanted, address) = (wanted.to_lowercase(), address.to_lowercase());
    wanted == address || wanted.starts_with('@') && address.ends_with(&wanted)
}
