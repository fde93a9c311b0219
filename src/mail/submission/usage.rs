//! How much accounts send (`[submission]`), and how many recipients refuse it. Kept in memory only: a restart forgives.

use crate::{
    account::AccountId,
    address::ForwardPath,
    clock,
    config::{Submission, print_rate},
    rate::{Buckets, Burst, Full, Refusals},
    reply::Reply,
    time::Millis,
};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Most accounts of which something is kept.
const ACCOUNTS: usize = 65_536;
/// Most recipients that are remembered of one account, and of all.
const KNOWN: usize = 20_000;
const ALL_KNOWN: usize = 2_000_000;

/// What all accounts have used.
#[derive(Debug)]
pub(crate) struct Usage(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    messages: Buckets<AccountId>,
    recipients: Buckets<AccountId>,
    new_recipients: Buckets<AccountId>,
    /// To whom accounts have written.
    known: HashMap<AccountId, HashSet<String>>,
    all_known: usize,
    refusals: HashMap<AccountId, Refusals>,
}

/// What a transaction has used; given back when it is dropped, unless the message was taken.
#[derive(Debug)]
pub(crate) struct Claim {
    usage: Arc<Usage>,
    account: AccountId,
    recipients: u32,
    new: Vec<String>,
    is_spent: bool,
}

impl Usage {
    pub(crate) fn new(limits: &Submission) -> Self {
        Self(Mutex::new(Tables {
            messages: Buckets::new(limits.messages_per_account, ACCOUNTS),
            recipients: Buckets::new(limits.recipients_per_account, ACCOUNTS),
            new_recipients: Buckets::new(limits.new_recipients_per_account, ACCOUNTS),
            known: HashMap::new(),
            all_known: 0,
            refusals: HashMap::new(),
        }))
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, limits: &Submission) {
        let tables = &mut *self.0.lock();
        tables.messages.set_rate(limits.messages_per_account);
        tables.recipients.set_rate(limits.recipients_per_account);
        tables.new_recipients.set_rate(limits.new_recipients_per_account);
    }

    /// A message of `account` to nobody yet.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn claim(self: &Arc<Self>, account: AccountId) -> Result<Claim, Reply> {
        let tables = &mut *self.0.lock();
        take(&mut tables.messages, account, "messages")?;
        Ok(Claim {
            usage: Arc::clone(self),
            account,
            recipients: 0,
            new: Vec::new(),
            is_spent: false,
        })
    }

    /// Notes what the server of a recipient of `account` said; gives the burst of refusals that it is part of.
    pub(crate) fn heard(&self, account: AccountId, is_refusal: bool) -> Option<Burst> {
        let tables = &mut *self.0.lock();
        if tables.refusals.len() >= ACCOUNTS && !tables.refusals.contains_key(&account) {
            tables.refusals.clear();
        }
        let refusals = tables.refusals.entry(account).or_default();
        let burst = refusals.note(is_refusal, clock::steady_millis());
        if burst.is_some() {
            // Whoever is let go on begins anew.
            tables.refusals.remove(&account);
        }
        burst
    }
}

impl Claim {
    /// Counts one more recipient.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn add(&mut self, path: &ForwardPath) -> Result<(), Reply> {
        let key = path.key();
        let tables = &mut *self.usage.0.lock();
        let is_known = tables.known.get(&self.account).is_some_and(|known| known.contains(&key));
        take(&mut tables.recipients, self.account, "recipients")?;
        if !is_known && !self.new.contains(&key) {
            if let Err(reply) = take(&mut tables.new_recipients, self.account, "new recipients") {
                tables.recipients.give_back(&self.account);
                return Err(reply);
            }
            self.new.push(key);
        }
        self.recipients = self.recipients.saturating_add(1);
        Ok(())
    }

    /// The message was taken: what it used is used up, and its recipients are known.
    pub(crate) fn spend(mut self) {
        let (new, usage) = (std::mem::take(&mut self.new), Arc::clone(&self.usage));
        self.is_spent = true;
        let tables = &mut *usage.0.lock();
        if tables.all_known.saturating_add(new.len()) > ALL_KNOWN {
            tables.known.clear();
            tables.all_known = 0;
        }
        let known = tables.known.entry(self.account).or_default();
        if known.len().saturating_add(new.len()) > KNOWN {
            tables.all_known = tables.all_known.saturating_sub(known.len());
            known.clear();
        }
        let before = known.len();
        known.extend(new);
        tables.all_known = tables.all_known.saturating_add(known.len() - before);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_spent {
            return;
        }
        let tables = &mut *self.usage.0.lock();
        tables.messages.give_back(&self.account);
        for _ in 0..self.recipients {
            tables.recipients.give_back(&self.account);
        }
        for _ in &self.new {
            tables.new_recipients.give_back(&self.account);
        }
    }
}

fn take(
    buckets: &mut Buckets<AccountId>,
    account: AccountId,
    what: &'static str,
) -> Result<(), Reply> {
    let now: Millis = clock::steady_millis();
    buckets.check(&account, now).map_err(|Full { whose, rate, wait }| {
        let rate = print_rate(rate);
        tracing::warn!(account = %whose, rate, "an account is over its limit of {what}");
        Reply::account_over_rate(what, &rate, wait)
    })?;
    buckets.take(&account, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_rate;

    fn usage(messages: &str, recipients: &str, new: &str) -> Arc<Usage> {
        let rate = |text| parse_rate(text).unwrap();
        Arc::new(Usage::new(&Submission {
            delay_notice: std::time::Duration::from_hours(4),
            strip: Vec::new(),
            messages_per_account: rate(messages),
            recipients_per_account: rate(recipients),
            new_recipients_per_account: rate(new),
        }))
    }

    fn path(number: u32) -> ForwardPath {
        ForwardPath::from_bare(&format!("{number}@sink.test")).unwrap()
    }

    const ME: [u8; 5] = [1; 5];

    #[test]
    fn what_is_not_taken_is_given_back() {
        let (usage, me) = (usage("2/1h", "3/1d", "2/1d"), AccountId::new(ME));
        for _ in 0..9 {
            let mut claim = usage.claim(me).unwrap();
            assert!(claim.add(&path(1)).is_ok() && claim.add(&path(2)).is_ok());
            assert_eq!(claim.add(&path(3)).unwrap_err().code(), 450, "new");
            assert!(claim.add(&path(1)).is_ok(), "new once");
            assert_eq!(claim.add(&path(1)).unwrap_err().code(), 450, "recipients");
        }
        let mut claim = usage.claim(me).unwrap();
        assert!(claim.add(&path(1)).is_ok() && claim.add(&path(2)).is_ok());
        claim.spend();
        let mut claim = usage.claim(me).unwrap();
        assert_eq!(claim.add(&path(3)).unwrap_err().code(), 450);
        assert!(claim.add(&path(2)).is_ok(), "known");
        claim.spend();
        let reply = usage.claim(me).unwrap_err();
        assert!(
            reply.to_string().starts_with("450 4.7.1 Too many messages of this account (2/1h), "),
            "{reply}"
        );
        assert!(usage.claim(AccountId::new([2; 5])).is_ok(), "others go on");
    }

    #[test]
    fn a_burst_is_told_once() {
        let (usage, me) = (usage("9/1h", "9/1d", "9/1d"), AccountId::new(ME));
        let bursts = (0..39).filter_map(|_| usage.heard(me, true)).count();
        assert_eq!(bursts, 1);
    }
}
