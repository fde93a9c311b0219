//! How much accounts send (`[submission]`), and how many recipients refuse it. Counted in memory, and written down a
//! second later, many at once: whoever has a password gets no new limits by a restart.

use crate::{
    account::{self, AccountId, KeptUsage, Limits, Over},
    address::ForwardPath,
    clock,
    config::{Submission, print_rate},
    rate::Burst,
    reply::Reply,
    store::{Store, StoreError},
    time::Millis,
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::sleep};

/// Within how long it is written down.
const KEPT_WITHIN: Duration = Duration::from_secs(1);
/// What was not used for so long is read again when it is; where there are more accounts, what was not for less.
const KNOWN_FOR: Duration = Duration::from_hours(1);
const ACCOUNTS: usize = 10_000;
const KNOWN_AT_LEAST: Duration = Duration::from_mins(1);

/// What accounts have used, as far as they did lately.
#[derive(Debug)]
pub(crate) struct Usage {
    table: Mutex<Table>,
    changed: Notify,
}

#[derive(Debug)]
struct Table {
    limits: Limits,
    accounts: HashMap<AccountId, Known>,
}

#[derive(Debug)]
struct Known {
    usage: account::Usage,
    /// Transactions that are open.
    claims: usize,
    used: Millis,
    /// When it was last found out what others have used.
    heard: Millis,
    /// How often it began or ended to be written down: what was read before that says nothing any more.
    round: u64,
    is_being_written: bool,
}

/// What a transaction has used; given back when it is dropped, unless the message was taken.
#[derive(Debug)]
pub(crate) struct Claim {
    usage: Arc<Usage>,
    account: AccountId,
    claim: account::Claim,
    is_spent: bool,
}

impl Usage {
    pub(crate) fn new(limits: &Submission) -> Self {
        let table = Table { limits: limits.limits(), accounts: HashMap::new() };
        Self { table: Mutex::new(table), changed: Notify::new() }
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, limits: &Submission) {
        let (after, now) = (limits.limits(), clock::steady_millis());
        let Table { limits, accounts } = &mut *self.table.lock();
        for known in accounts.values_mut() {
            known.usage.change_limits(limits, &after, now);
        }
        *limits = after;
    }

    /// Takes in what the store has of `account`, unless that is known. Where it is shared, others may have written since.
    pub(crate) async fn know(&self, store: &Store, account: AccountId) -> Result<(), StoreError> {
        let now = clock::steady_millis();
        let known = self.table.lock().accounts.get(&account).map(|known| {
            let is_fresh = known.is_being_written || now.since(known.heard) < KEPT_WITHIN;
            (!store.is_shared() || is_fresh, known.round)
        });
        let round = match known {
            Some((true, _)) => return Ok(()),
            Some((false, round)) => Some(round),
            None => None,
        };
        let kept = store.account_usage(account).await?;
        self.hear(account, round, kept);
        Ok(())
    }

    /// Takes in what is kept of `account`, as it was read in a round of it, or when nothing was known.
    fn hear(&self, account: AccountId, round: Option<u64>, kept: KeptUsage) {
        let now = clock::steady_millis();
        let Table { limits, accounts } = &mut *self.table.lock();
        match accounts.get_mut(&account) {
            // Another one may have been faster, and counted since.
            Some(known) if Some(known.round) == round && !known.is_being_written => {
                known.usage.hear_of_others(&kept, limits, now);
                known.heard = now;
            }
            Some(_) => {}
            None => {
                drop(accounts.insert(account, Known::of(account::Usage::of(kept, limits), now)))
            }
        }
    }

    /// A message of `account` to nobody yet.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn claim(self: &Arc<Self>, account: AccountId) -> Result<Claim, Reply> {
        let claimed = self.with(account, |known, limits, now| {
            let claimed = known.usage.claim(limits, now);
            known.claims += usize::from(claimed.is_ok());
            claimed
        });
        let claim = claimed.map_err(|over| refusal(account, over))?;
        Ok(Claim { usage: Arc::clone(self), account, claim, is_spent: false })
    }

    /// Notes what the server of a recipient of `account` said; gives the burst of refusals that it is part of.
    pub(crate) fn heard(&self, account: AccountId, is_refusal: bool) -> Option<Burst> {
        self.with(account, |known, _, now| known.usage.heard(is_refusal, now))
    }

    /// Writes down for ever what accounts use.
    pub(crate) async fn follow(&self, store: &Store) {
        loop {
            self.changed.notified().await;
            sleep(KEPT_WITHIN).await;
            self.keep(store).await;
        }
    }

    /// Writes it down now, and forgets who sends nothing.
    pub(crate) async fn keep(&self, store: &Store) {
        if store.is_shared() {
            self.hear_of_others(store).await;
        }
        let changes: Vec<_> = {
            let Table { limits, accounts } = &mut *self.table.lock();
            let now = clock::steady_millis();
            let known_for = if accounts.len() > ACCOUNTS { KNOWN_AT_LEAST } else { KNOWN_FOR };
            accounts.retain(|_, known| {
                known.claims > 0 || known.usage.is_changed() || now.since(known.used) < known_for
            });
            let changes = accounts.iter_mut().filter_map(|(id, known)| {
                let changes = known.usage.changes(limits, now)?;
                (known.round, known.is_being_written) = (known.round + 1, true);
                Some((*id, changes))
            });
            changes.collect()
        };
        if changes.is_empty() {
            return;
        }
        let written = store.keep_account_usage(changes.clone()).await;
        if let Err(error) = &written {
            tracing::error!(%error, "cannot write down how much accounts send");
        }
        for (account, changes) in changes {
            self.with(account, |known, _, _| {
                (known.round, known.is_being_written) = (known.round + 1, false);
                if written.is_err() {
                    known.usage.not_written(&changes);
                }
            });
        }
    }

    /// Takes in what others have written down of accounts that are about to be: an account's limits are for all nodes together.
    async fn hear_of_others(&self, store: &Store) {
        let changed: Vec<(AccountId, u64)> = {
            let table = self.table.lock();
            let changed = table.accounts.iter().filter(|(_, known)| known.usage.is_changed());
            changed.map(|(id, known)| (*id, known.round)).collect()
        };
        for (account, round) in changed {
            // Where it cannot be read it cannot be written either, which is told.
            let Ok(kept) = store.account_usage(account).await else { return };
            self.hear(account, Some(round), kept);
        }
    }

    fn with<T>(
        &self,
        account: AccountId,
        work: impl FnOnce(&mut Known, &Limits, Millis) -> T,
    ) -> T {
        let now = clock::steady_millis();
        let Table { limits, accounts } = &mut *self.table.lock();
        let new = || Known::of(account::Usage::default(), now);
        let known = accounts.entry(account).or_insert_with(new);
        known.used = now;
        let done = work(known, limits, now);
        if known.usage.is_changed() {
            self.changed.notify_one();
        }
        done
    }
}

impl Known {
    fn of(usage: account::Usage, now: Millis) -> Self {
        Self { usage, claims: 0, used: now, heard: now, round: 0, is_being_written: false }
    }
}

impl Claim {
    /// Counts one more recipient.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn add(&mut self, path: &ForwardPath) -> Result<(), Reply> {
        let Self { usage, account, claim, .. } = self;
        let added =
            usage.with(*account, |known, limits, now| known.usage.add(claim, path, limits, now));
        added.map_err(|over| refusal(*account, over))
    }

    /// The message was taken: what it used is used up, and its recipients are known.
    pub(crate) fn spend(mut self) {
        self.is_spent = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let claim = std::mem::take(&mut self.claim);
        self.usage.with(self.account, |known, limits, now| {
            known.claims = known.claims.saturating_sub(1);
            match self.is_spent {
                true => known.usage.spend(claim, now),
                false => known.usage.give_back(claim, limits),
            }
        });
    }
}

fn refusal(account: AccountId, Over { what, rate, wait }: Over) -> Reply {
    let rate = print_rate(rate);
    tracing::warn!(%account, rate, "an account is over its limit of {what}");
    Reply::account_over_rate(what, &rate, wait)
}
