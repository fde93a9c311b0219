//! Accounts: who may send mail here, as whom, and by which passwords.
//!
//! Where accounts are kept, and who asks for a password, is not known here.

mod correspondents;
mod error;
mod id;
mod login;
mod ownership;
mod password;
mod send_as;
mod usage;

pub use error::AccountError;
pub use id::AccountId;
pub use login::{Label, LastUse, Login, StoredPassword};
pub use ownership::may_send_as;
pub use password::{Password, PasswordHash};
pub use send_as::SendAs;
pub use usage::{Claim, Counted, KeptUsage, Limits, Over, Usage};

use crate::{address::Mailbox, time::UnixTime};
use std::fmt;

/// Most addresses and domains that one account sends as.
pub const MAX_SEND_AS: usize = 1_000;
/// Most passwords of one account: each is compared with when somebody logs in.
pub const MAX_PASSWORDS: usize = 50;

/// Who may send mail through us. The name is what a client logs in as, and is no right to send as that address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name in traces: tells nobody else who sent.
    pub id: AccountId,
    /// What a client logs in as, in any case.
    pub name: Mailbox,
    /// As whom it sends, as far as those are hosted: see [`may_send_as`].
    pub may: Vec<SendAs>,
    /// Whether it sends at all.
    pub state: State,
    /// When it was added.
    pub added: UnixTime,
}

impl Account {
    /// A new account, which sends.
    ///
    /// # Errors
    /// When it would send as nobody, or as more than [`MAX_SEND_AS`], or its name is of an address literal.
    pub fn new(
        id: AccountId,
        name: Mailbox,
        may: Vec<SendAs>,
        added: UnixTime,
    ) -> Result<Self, AccountError> {
        if name.domain().literal().is_some() {
            return Err(AccountError::Literal(name));
        }
        Self { id, name, may, state: State::Enabled, added }.checked()
    }

    /// The account with `more` that it sends as, and without `less`.
    ///
    /// # Errors
    /// When it does not send as one of `less`, or as [`Account::new`].
    pub fn amended(mut self, more: &[SendAs], less: &[SendAs]) -> Result<Self, AccountError> {
        for gone in less {
            let before = self.may.len();
            self.may.retain(|one| one.key() != gone.key());
            if self.may.len() == before {
                return Err(AccountError::NotGranted { account: self.name, send_as: gone.clone() });
            }
        }
        self.may.extend(more.iter().cloned());
        self.checked()
    }

    /// Whom the account sends as stands there once.
    fn checked(mut self) -> Result<Self, AccountError> {
        let mut known = std::collections::HashSet::new();
        self.may.retain(|one| known.insert(one.key()));
        match self.may.len() {
            0 => Err(AccountError::SendsAsNobody(self.name)),
            1..=MAX_SEND_AS => Ok(self),
            _ => Err(AccountError::TooManySendAs),
        }
    }

    /// True when `address` is among those that the account sends as, as they are written down. Whether it is still
    /// the account's is what [`may_send_as`] says.
    pub fn may_send_as(&self, address: &Mailbox) -> bool {
        self.may.iter().any(|one| one.matches(address))
    }
}

/// Whether an account sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// It does.
    Enabled,
    /// An administrator has switched it off.
    Disabled,
    /// It was stopped because of what it sent, until an administrator enables it.
    Frozen {
        /// Why, for the administrator and for whoever sends.
        reason: String,
        /// Since when.
        since: UnixTime,
    },
}

/// Why what an account has sent already, and waits in the spool, does not leave for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hold {
    /// The account is switched off.
    Disabled,
    /// The account is frozen: what waits may be spam.
    Frozen,
    /// The account is removed.
    Removed,
}

/// `disabled`, `frozen` or `removed`.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disabled => "disabled",
            Self::Frozen => "frozen",
            Self::Removed => "removed",
        })
    }
}

impl State {
    /// True for an account that sends.
    pub fn is_enabled(&self) -> bool {
        *self == Self::Enabled
    }

    /// What becomes of an account in this state that is to be in `next`: what an administrator has switched off is not
    /// frozen, and what was frozen first stays so for that reason.
    pub fn followed_by(self, next: Self) -> Self {
        match (&self, &next) {
            (Self::Disabled | Self::Frozen { .. }, Self::Frozen { .. }) => self,
            _ => next,
        }
    }
}

/// `enabled`, `disabled` or `frozen`.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Frozen { .. } => "frozen",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(texts: &[&str]) -> Vec<SendAs> {
        texts.iter().map(|text| SendAs::parse(text).unwrap()).collect()
    }

    fn new(name: &str, texts: &[&str]) -> Result<Account, AccountError> {
        let name = Mailbox::parse(name).unwrap();
        Account::new(AccountId::new([1; 5]), name, may(texts), UnixTime::new(1))
    }

    #[test]
    fn whom_it_sends_as_is_bounded_and_stands_there_once() {
        let account = new("me@x.test", &["a@x.test", "A@X.test", "*@y.test"]).unwrap();
        assert_eq!(account.may, may(&["a@x.test", "*@y.test"]));
        let address = |text| Mailbox::parse(text).unwrap();
        assert!(account.may_send_as(&address("A@X.TEST")));
        assert!(account.may_send_as(&address("anyone@Y.test")));
        for not in ["me@x.test", "a+b@x.test", "b@x.test", "a@a.y.test", "a@z.test"] {
            assert!(!account.may_send_as(&address(not)), "{not}");
        }
        assert!(new("me@x.test", &[]).unwrap_err().to_string().contains("--as"));
        assert!(new("me@[192.0.2.1]", &["a@x.test"]).is_err());
        let many: Vec<String> = (0..=MAX_SEND_AS).map(|n| format!("{n}@x.test")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(new("me@x.test", &many).unwrap_err().to_string().contains("1000"));
    }

    #[test]
    fn amended() {
        let account = new("me@x.test", &["a@x.test", "*@y.test"]).unwrap();
        let account = account.amended(&may(&["b@x.test"]), &may(&["A@x.test"])).unwrap();
        assert_eq!(account.may, may(&["*@y.test", "b@x.test"]));
        let error = account.clone().amended(&[], &may(&["a@x.test"])).unwrap_err().to_string();
        assert!(error.contains("a@x.test") && error.contains("account show me@x.test"), "{error}");
        assert!(account.amended(&[], &may(&["*@y.test", "b@x.test"])).is_err(), "nobody is left");
    }

    #[test]
    fn what_is_off_is_not_frozen_and_the_first_reason_stays() {
        let frozen =
            |reason: &str| State::Frozen { reason: reason.into(), since: UnixTime::new(1) };
        assert_eq!(State::Enabled.followed_by(frozen("a")), frozen("a"));
        assert_eq!(frozen("a").followed_by(frozen("b")), frozen("a"));
        assert_eq!(State::Disabled.followed_by(frozen("a")), State::Disabled);
        assert_eq!(frozen("a").followed_by(State::Enabled), State::Enabled);
        assert_eq!(frozen("a").followed_by(State::Disabled), State::Disabled);
    }
}
