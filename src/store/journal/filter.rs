use super::{Outcome, Record};
use crate::{account::AccountId, alias::OwnedDomain, time::Millis};

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
    /// Only what the owner of these domains may see: what was for their recipients, and what accounts sent as their
    /// addresses, since he owns them.
    pub domains: Option<Vec<OwnedDomain>>,
    /// How many records are looked at for one page of the latest; `None` as is quick.
    pub reach: Option<usize>,
    /// Only so many records, the latest.
    pub limit: Option<usize>,
}

impl Filter {
    /// What of `record` is shown to whoever searches, if that is wanted: of what is left out nobody learns by a search.
    pub(crate) fn shown(&self, record: Record) -> Option<Record> {
        let record = match &self.domains {
            Some(own) => record.part_of(own)?,
            None => record,
        };
        self.wants(&record).then_some(record)
    }

    /// Id, time and limit are looked up, and not looked at here.
    fn wants(&self, record: &Record) -> bool {
        let from = record.sender();
        let mut senders = record.srs_from.iter().chain([&from]);
        let handed_on = record.attempts.iter().flat_map(|attempt| &attempt.to);
        let mut recipients = record.to.iter().chain(handed_on);
        self.outcome.is_none_or(|outcome| outcome == record.outcome)
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
