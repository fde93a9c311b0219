//! Accounts and their passwords.

use super::StoreError;
use crate::{
    account::{
        Account, AccountError, AccountId, KeptUsage, Label, Login, PasswordHash, SendAs, State,
        StoredPassword,
    },
    address::Mailbox,
    time::UnixTime,
};
use async_trait::async_trait;
use std::net::IpAddr;

/// Accounts: who sends by us, as whom, and by which passwords.
///
/// Whoever keeps them promises:
/// - Every change is checked, and all or nothing. It is durable when it is answered.
/// - What is asked is answered as accounts and their passwords are now, whoever changed them: nothing is remembered, so
///   what is taken from an account is gone with the next question. Changes of domains and aliases are seen within a second.
/// - A question that fails is an error and never a no: the client is to ask again later.
/// - What an account has in the spool does not leave while it is not enabled, and once it is removed.
/// - With a domain goes what accounts send as in it, so that it comes back to nobody when somebody else hosts it.
#[async_trait]
pub trait Accounts {
    /// The account of that name and its passwords. It takes as long when there is none.
    ///
    /// # Errors
    /// When the store fails.
    async fn login(&self, name: &Mailbox) -> Result<Option<Login>, StoreError>;

    /// The account of `id`, as long as `password` is one of its: `None` once the account is removed, under whose name
    /// there may be another, or the password revoked. What a session asks before each message.
    ///
    /// # Errors
    /// When the store fails.
    async fn logged_in(
        &self,
        id: AccountId,
        password: &PasswordHash,
    ) -> Result<Option<Account>, StoreError>;

    /// The account that traces have under `id`.
    ///
    /// # Errors
    /// When the store fails.
    async fn account_of(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// True when `address` is the account's to send as: see [`crate::account::may_send_as`].
    ///
    /// # Errors
    /// When the store fails.
    async fn may_send_as(&self, account: &Account, address: &Mailbox) -> Result<bool, StoreError>;

    /// The names of the accounts that have `send_as` among what they send as, just so.
    ///
    /// # Errors
    /// When the store fails.
    async fn accounts_with(&self, send_as: &SendAs) -> Result<Vec<String>, StoreError>;

    /// A page of the accounts in order of their names: those behind `after`, which is the `next` of the page before.
    ///
    /// # Errors
    /// When the store fails.
    async fn accounts(&self, after: Option<&str>) -> Result<AccountPage, StoreError>;

    /// Writes down that `password` of the account was used, once a minute at most.
    ///
    /// # Errors
    /// When the store fails. The login counts all the same.
    async fn note_use(
        &self,
        id: AccountId,
        password: &StoredPassword,
        client: IpAddr,
        now: UnixTime,
    ) -> Result<(), StoreError>;

    /// How much an account has sent lately, and to whom it has ever written; nothing where nothing is known.
    ///
    /// # Errors
    /// When the store fails.
    async fn account_usage(&self, id: AccountId) -> Result<KeptUsage, StoreError>;

    /// Writes down how much accounts have sent, as [`Accounts::account_usage`] gives it; of those that are still there.
    ///
    /// # Errors
    /// When the store fails: nothing is written down.
    async fn keep_account_usage(&self, used: Vec<(AccountId, KeptUsage)>)
    -> Result<(), StoreError>;

    /// Adds an account, without passwords.
    ///
    /// # Errors
    /// When there is one of the name, it would send as an address that no alias of a hosted domain answers, or the store
    /// fails.
    async fn add_account(&self, account: &Account) -> Result<(), AccountChangeError>;

    /// Changes as whom an account sends, and gives it as it is now.
    ///
    /// # Errors
    /// When there is none, it does not send as one of `less`, one of `more` is no alias of a hosted domain, or the store
    /// fails.
    async fn amend_account(
        &self,
        name: &Mailbox,
        more: &[SendAs],
        less: &[SendAs],
    ) -> Result<Account, AccountChangeError>;

    /// Removes an account with its passwords, and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn remove_account(&self, name: &Mailbox) -> Result<Account, AccountChangeError>;

    /// Puts an account into a state, as [`State::followed_by`] has it, and gives it as it is now.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn set_account_state(
        &self,
        name: &Mailbox,
        state: State,
    ) -> Result<Account, AccountChangeError>;

    /// Adds a password.
    ///
    /// # Errors
    /// When there is no such account, it has one of that label or too many, or the store fails.
    async fn add_password(
        &self,
        name: &Mailbox,
        password: &StoredPassword,
    ) -> Result<(), AccountChangeError>;

    /// Removes a password.
    ///
    /// # Errors
    /// When there is none of that label, or the store fails.
    async fn revoke_password(
        &self,
        name: &Mailbox,
        label: &Label,
    ) -> Result<StoredPassword, AccountChangeError>;
}

/// Some of the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountPage {
    /// The accounts and their passwords in order of their names.
    pub accounts: Vec<Login>,
    /// Behind what the next page begins; `None` when this is the last one.
    pub next: Option<String>,
}

/// Why accounts were not changed. Nothing was; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountChangeError {
    /// An account that cannot be.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The name has an account already.
    #[error(
        "the account {0} exists; see onward account show {0}, and onward account set {0} --as ADDRESS for more that it sends as"
    )]
    Exists(Mailbox),
    /// The name has no account.
    #[error("there is no account {0}; see onward account list")]
    NoSuchAccount(Mailbox),
    /// The account was to send as somebody of a domain that is not hosted.
    #[error("nobody sends as {0} here: its domain is not hosted; first: onward domain add {domain}", domain = .0.domain())]
    NotHosted(SendAs),
    /// The account was to send as an address that nothing answers, so that no answer and no bounce would come back.
    #[error(
        "nobody sends as {0} here: no alias that is switched on answers it, so neither would answers come back; first: onward alias add {0} DESTINATION"
    )]
    NoAlias(SendAs),
    /// The account has a password of that label already.
    #[error("{account} has a password {label:?} already; choose another --label, or first: onward account password revoke {account} --label {label:?}", label = .label.as_str())]
    LabelTaken {
        /// The account.
        account: Mailbox,
        /// The label.
        label: Label,
    },
    /// The account has no password of that label.
    #[error("{account} has no password {label:?}; see onward account password list {account}", label = .label.as_str())]
    NoSuchPassword {
        /// The account.
        account: Mailbox,
        /// The label.
        label: Label,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
