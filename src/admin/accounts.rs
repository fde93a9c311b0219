//! Accounts: who may send mail here, as whom, and by which passwords.

mod hindrances;

pub use hindrances::{Hindrance, answered_without_key, senders_as, senders_as_new, without_key};

use super::{Error, Store};
use crate::{
    account::{
        Account, AccountId, Counted, Label, Limits, Login, Password, SendAs, State, StoredPassword,
    },
    address::Mailbox,
    clock,
    store::AccountChangeError,
    time::UnixTime,
};
use jiff::Timestamp;
use serde::Serialize;
use std::io;
use zeroize::Zeroizing;

/// An account, with nothing of its passwords but what they are called and how they were used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// What a client logs in as.
    pub account: String,
    /// What traces and the Received field of what it sends have for it.
    pub id: String,
    /// `enabled`, `disabled` or `frozen`.
    pub state: String,
    /// Why it was frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it is frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The addresses that it sends as, and `*@domain` for all of a domain.
    pub send_as: Vec<String>,
    /// When it was added.
    pub added: String,
    /// Its passwords.
    pub passwords: Vec<PasswordLine>,
}

/// What is told of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordLine {
    /// What its owner calls it.
    pub label: String,
    /// When it was made.
    pub added: String,
    /// When it was used last; `null` before the first time. To the minute.
    pub last_used: Option<String>,
    /// By which client.
    pub client: Option<String>,
}

/// An account as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownAccount {
    /// What is kept.
    #[serde(flatten)]
    pub record: Record,
    /// Addresses that no alias answers now, so that it cannot send as them until one does.
    pub idle: Vec<String>,
    /// What counts against its limits.
    pub used: Used,
}

/// What an account has sent lately, as its limits count: that becomes less with time. To the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Messages.
    pub messages: u64,
    /// Recipients.
    pub recipients: u64,
    /// Recipients to whom it had not written before.
    pub new_recipients: u64,
}

impl From<&Login> for Record {
    fn from(Login { account, passwords }: &Login) -> Self {
        let (reason, since) = match &account.state {
            State::Frozen { reason, since } => (Some(reason.clone()), Some(time(*since))),
            State::Enabled | State::Disabled => (None, None),
        };
        Self {
            account: account.name.to_string(),
            id: account.id.to_string(),
            state: account.state.to_string(),
            reason,
            since,
            send_as: account.may.iter().map(ToString::to_string).collect(),
            added: time(account.added),
            passwords: passwords.iter().map(PasswordLine::from).collect(),
        }
    }
}

impl From<&StoredPassword> for PasswordLine {
    fn from(password: &StoredPassword) -> Self {
        Self {
            label: password.label.to_string(),
            added: time(password.added),
            last_used: password.last_use.map(|last| time(last.time)),
            client: password.last_use.map(|last| last.client.to_string()),
        }
    }
}

/// As RFC 3339 has it.
fn time(at: UnixTime) -> String {
    Timestamp::from(at).to_string()
}

/// Adds an account, which has no password yet; one for which nothing is named sends as its own name.
///
/// # Errors
/// When there is one of the name, it would send as an address that no alias of a hosted domain answers, or the store
/// fails.
pub async fn add(store: &Store, name: Mailbox, may: Vec<SendAs>) -> Result<Account, Error> {
    let id = AccountId::new(*clock::secret().map_err(Error::no_random)?);
    let may = if may.is_empty() { vec![SendAs::Address(name.clone())] } else { may };
    let account = Account::new(id, name, may, clock::now())?;
    store.add_account(&account).await?;
    Ok(account)
}

/// Changes as whom an account sends, and gives it as it is now.
///
/// # Errors
/// When there is none, it does not send as one of `less`, one of `more` is no alias of a hosted domain, or the store
/// fails.
pub async fn amend(
    store: &Store,
    name: &Mailbox,
    more: &[SendAs],
    less: &[SendAs],
) -> Result<Account, Error> {
    Ok(store.amend_account(name, more, less).await?)
}

/// Removes an account with its passwords, and gives what it was.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn remove(store: &Store, name: &Mailbox) -> Result<Account, Error> {
    Ok(store.remove_account(name).await?)
}

/// Lets an account send, one that was frozen too, or switches it off.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn set_enabled(store: &Store, name: &Mailbox, enabled: bool) -> Result<Account, Error> {
    let state = if enabled { State::Enabled } else { State::Disabled };
    Ok(store.set_account_state(name, state).await?)
}

/// Gives the accounts in order of their names to `each`.
///
/// # Errors
/// When the store fails, or `each` does.
pub async fn list(
    store: &Store,
    mut each: impl FnMut(&Record) -> io::Result<()>,
) -> Result<(), Error> {
    let mut after: Option<String> = None;
    loop {
        let page = store.accounts(after.as_deref()).await?;
        let mut records = page.accounts.iter().map(Record::from);
        records.try_for_each(|record| each(&record)).map_err(Error::Output)?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// The account of a name, or of an id as traces have it.
///
/// # Errors
/// When there is none, or the store fails.
pub async fn show(store: &Store, limits: &Limits, name_or_id: &str) -> Result<ShownAccount, Error> {
    let name = match AccountId::parse(name_or_id) {
        Some(id) => of_id(store, id).await?.ok_or_else(|| {
            Error::refused(format_args!("no account has the id {id} now; see onward account list"))
        })?,
        None => parse_name(name_or_id)?,
    };
    let login = store.login(&name).await?.ok_or(AccountChangeError::NoSuchAccount(name))?;
    let (kept, now) = (store.account_usage(login.account.id).await?, clock::millis());
    let used = |what| kept.used(what, limits, now);
    let used = Used {
        messages: used(Counted::Messages),
        recipients: used(Counted::Recipients),
        new_recipients: used(Counted::NewRecipients),
    };
    let idle = idle(store, &login.account).await?;
    Ok(ShownAccount { record: Record::from(&login), idle, used })
}

/// The name of the account that traces have under `id`.
///
/// # Errors
/// When the store fails.
pub async fn of_id(store: &Store, id: AccountId) -> Result<Option<Mailbox>, Error> {
    Ok(store.account_of(id).await?.map(|account| account.name))
}

/// The id of an account by its name. An id stays as it is, as what a removed account sent has it still.
///
/// # Errors
/// When there is no account of the name, or the store fails.
pub async fn id_of(store: &Store, name_or_id: &str) -> Result<AccountId, Error> {
    if let Some(id) = AccountId::parse(name_or_id) {
        return Ok(id);
    }
    let name = parse_name(name_or_id)?;
    let login = store.login(&name).await?.ok_or(AccountChangeError::NoSuchAccount(name))?;
    Ok(login.account.id)
}

/// What names an account.
///
/// # Errors
/// When it is no address.
pub fn parse_name(text: &str) -> Result<Mailbox, Error> {
    Mailbox::parse(text).map_err(|why| {
        Error::Refused(format!("{text:?}: {why}; the name of an account is an address"))
    })
}

/// The addresses of an account that it cannot send as now.
async fn idle(store: &Store, account: &Account) -> Result<Vec<String>, Error> {
    let mut idle = Vec::new();
    for one in &account.may {
        if let SendAs::Address(address) = one
            && !store.may_send_as(account, address).await?
        {
            idle.push(address.to_string());
        }
    }
    Ok(idle)
}

/// Makes a password for an account and gives what its owner is shown, which is kept nowhere.
///
/// # Errors
/// When there is no such account, it has one of that label or too many, or the store fails.
pub async fn add_password(
    store: &Store,
    name: &Mailbox,
    label: Label,
) -> Result<Zeroizing<String>, Error> {
    let password = Password::from_random(*clock::secret().map_err(Error::no_random)?);
    let (hash, added) = (password.hash(), clock::now());
    store.add_password(name, &StoredPassword { label, hash, added, last_use: None }).await?;
    Ok(password.reveal())
}

/// Takes a password from an account: who is logged in by it sends nothing more.
///
/// # Errors
/// When there is none of that label, or the store fails.
pub async fn revoke_password(store: &Store, name: &Mailbox, label: &Label) -> Result<(), Error> {
    store.revoke_password(name, label).await?;
    Ok(())
}
