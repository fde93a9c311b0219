//! Logins of accounts, and what becomes of what they send.

use super::{
    Counts, Metrics,
    labels::{LoginLabels, OutcomeLabels},
};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// What came of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoginResult {
    /// Somebody is logged in.
    Ok,
    /// No account has this name and password.
    Wrong,
    /// The account is switched off.
    Disabled,
    /// Nothing was looked at: there were too many failures.
    PutOff,
}

impl LoginResult {
    const ALL: [Self; 4] = [Self::Ok, Self::Wrong, Self::Disabled, Self::PutOff];

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Disabled => "disabled",
            Self::PutOff => "put_off",
        }
    }
}

/// Why a message of an account did not come to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotSubmitted {
    /// The account is over a limit.
    OverLimit,
    /// The account is frozen or switched off.
    Stopped,
}

impl NotSubmitted {
    fn as_str(self) -> &'static str {
        match self {
            Self::OverLimit => "over_limit",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Accounts {
    logins: Counts<LoginLabels>,
    submitted: Counts<OutcomeLabels>,
    frozen: Counter,
}

impl Accounts {
    pub(super) fn new() -> Self {
        let accounts = Self::default();
        for result in LoginResult::ALL {
            let _ = accounts.logins.get_or_create(&LoginLabels { result: result.as_str() });
        }
        let not = [NotSubmitted::OverLimit, NotSubmitted::Stopped].map(NotSubmitted::as_str);
        for outcome in ["spooled", "refused", "deferred"].into_iter().chain(not) {
            let _ = accounts.submitted.get_or_create(&OutcomeLabels { outcome });
        }
        accounts
    }

    pub(super) fn register(&self, r: &mut Registry) {
        r.register("logins", "Logins of accounts by what came of them", self.logins.clone());
        let submitted = "Messages of accounts by what became of them";
        r.register("submitted", submitted, self.submitted.clone());
        let frozen = "Times that an account was frozen because of what it sent";
        r.register("accounts_frozen", frozen, self.frozen.clone());
    }
}

impl Metrics {
    /// A login.
    pub fn login(&self, result: LoginResult) {
        self.accounts.logins.get_or_create(&LoginLabels { result: result.as_str() }).inc();
    }

    /// A message of an account that was answered; `outcome` as in the journal.
    pub fn submitted(&self, outcome: &'static str) {
        self.accounts.submitted.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A message of an account that came to nothing at MAIL or RCPT.
    pub fn not_submitted(&self, why: NotSubmitted) {
        self.submitted(why.as_str());
    }

    /// An account was frozen.
    pub fn account_frozen(&self) {
        self.accounts.frozen.inc();
    }
}
