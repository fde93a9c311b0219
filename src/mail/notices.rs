//! Which DSNs leave: the ledger of this process, beside what the store remembers of those before.

use crate::{
    clock,
    dsn::{Claim, Ledger, Print, Silence, Subject},
    metrics::Metrics,
    rate::Rate,
    store::Store,
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// For how long it is remembered which message somebody was told of: longer than senders try, and than most
/// signatures verify.
const MEMORY: Duration = Duration::from_hours(7 * 24);

/// What was told and is being told. A restart remembers the messages, and forgives how often an address was told.
#[derive(Debug)]
pub(crate) struct Notices(Mutex<Ledger>);

/// The right to tell the sender of a message about some of its recipients. Dropped before [`Owed::paid`], it
/// leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Owed<'a> {
    notices: &'a Notices,
    claim: Option<Claim>,
}

impl Notices {
    pub(crate) fn new(max_notices: Rate) -> Self {
        Self(Mutex::new(Ledger::new(max_notices)))
    }

    pub(crate) fn set_rate(&self, max_notices: Rate) {
        self.ledger().set_rate(max_notices);
    }

    /// Why the sender of a message could not be told if it failed now.
    pub(crate) fn silence(&self, store: &Store, subject: &Subject) -> Option<Silence> {
        let now = clock::steady_millis();
        self.ledger().silence(subject, now, was_told(store))
    }

    /// The right to tell of those of `recipients` that were not told of.
    ///
    /// # Errors
    /// When there is none of these, or the address was told too often.
    pub(crate) fn owe(
        &self,
        store: &Store,
        subject: &Subject,
        recipients: &[Print],
    ) -> Result<Owed<'_>, Silence> {
        let now = clock::steady_millis();
        let claim = self.ledger().claim(subject, recipients, now, was_told(store))?;
        Ok(Owed { notices: self, claim: Some(claim) })
    }

    /// As [`Notices::owe`] for what an account sent.
    ///
    /// # Errors
    /// When it was told of all of `recipients`.
    pub(crate) fn owe_account(
        &self,
        store: &Store,
        subject: &Subject,
        recipients: &[Print],
    ) -> Result<Owed<'_>, Silence> {
        let claim = self.ledger().claim_for_account(subject, recipients, was_told(store))?;
        Ok(Owed { notices: self, claim: Some(claim) })
    }

    /// What it guards is whole between any two statements.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owed<'_> {
    /// True when the DSN tells of this recipient.
    pub(crate) fn is_about(&self, recipient: &Print) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.prints.contains(recipient))
    }

    /// The DSN is kept.
    pub(crate) async fn paid(mut self, store: &Store, metrics: &Metrics) {
        let Some(claim) = self.claim.take() else { return };
        metrics.notice(None);
        let expires = clock::now() + MEMORY;
        // Not remembered over a restart means one more DSN about a replay, which beats none.
        if let Err(error) = store.remember_told(claim.prints.clone(), expires).await {
            tracing::error!(%error, "cannot remember who was told");
        }
        self.notices.ledger().settle(&claim);
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.notices.ledger().give_back(&claim);
        }
    }
}

fn was_told(store: &Store) -> impl Fn(&Print) -> bool {
    let now = clock::now();
    move |print| store.was_told(print, now)
}
