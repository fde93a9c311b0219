//! Accounts: who they are, and changes of them.

use super::{
    Live, Sqlite,
    error::Failure,
    rows::{account_usage, accounts, aliases::Table, domains, queue},
    snapshot::{self, at_once},
};
use crate::{
    account::{
        self, Account, AccountError, AccountId, KeptUsage, Label, LastUse, Login, MAX_PASSWORDS,
        PasswordHash, SendAs, State, StoredPassword,
    },
    address::Mailbox,
    clock,
    store::{AccountChangeError, AccountPage, Accounts, StoreError},
    time::UnixTime,
};
use async_trait::async_trait;
use rusqlite::Connection;
use std::net::IpAddr;

type Changed<T> = Result<T, Failure<AccountChangeError>>;

#[async_trait]
impl Accounts for Sqlite {
    async fn login(&self, name: &Mailbox) -> Result<Option<Login>, StoreError> {
        let name = name.clone();
        self.readers.run(move |connection| accounts::by_name(connection, &name)).await
    }

    async fn logged_in(
        &self,
        id: AccountId,
        password: &PasswordHash,
    ) -> Result<Option<Account>, StoreError> {
        let login = self.readers.run(move |connection| accounts::by_id(connection, id)).await?;
        let login = login.filter(|login| login.passwords.iter().any(|one| one.hash == *password));
        Ok(login.map(|login| login.account))
    }

    async fn account_of(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let login = self.readers.run(move |connection| accounts::by_id(connection, id)).await?;
        Ok(login.map(|login| login.account))
    }

    async fn may_send_as(&self, account: &Account, address: &Mailbox) -> Result<bool, StoreError> {
        let (account, address) = (account.clone(), address.clone());
        let snapshot = self.live.snapshot();
        let ask = move |connection: &Connection| {
            let live = Live { now: clock::now(), ..Live::of(connection, Table::Stored, &snapshot) };
            at_once(account::may_send_as(&account, &address, &live))
        };
        self.readers.run(ask).await
    }

    async fn accounts_with(&self, send_as: &SendAs) -> Result<Vec<String>, StoreError> {
        let send_as = send_as.clone();
        self.readers.run(move |connection| accounts::with(connection, &send_as)).await
    }

    async fn accounts(&self, after: Option<&str>) -> Result<AccountPage, StoreError> {
        let after = after.unwrap_or_default().to_owned();
        let page = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            accounts::page(&transaction, &after)
        };
        self.readers.run(page).await
    }

    async fn note_use(
        &self,
        id: AccountId,
        password: &StoredPassword,
        client: IpAddr,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        if !password.is_to_be_noted(now) {
            return Ok(());
        }
        let (label, last) = (password.label.clone(), LastUse { time: now, client });
        let note =
            move |connection: &Connection| accounts::set_last_use(connection, id, &label, last);
        self.writer.run(note).await
    }

    async fn account_usage(&self, id: AccountId) -> Result<KeptUsage, StoreError> {
        let read = move |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            account_usage::get(&transaction, id)
        };
        self.readers.run(read).await
    }

    async fn keep_account_usage(
        &self,
        used: Vec<(AccountId, KeptUsage)>,
    ) -> Result<(), StoreError> {
        let write = move |connection: &Connection| {
            used.iter().try_for_each(|(id, used)| account_usage::set(connection, *id, used))
        };
        self.writer.run(write).await
    }

    async fn add_account(&self, account: &Account) -> Result<(), AccountChangeError> {
        let account = account.clone();
        let add = move |connection: &Connection| {
            if let Some(existing) = accounts::by_name(connection, &account.name)? {
                return Err(AccountChangeError::Exists(existing.account.name).into());
            }
            refuse_foreign(connection, &account, &account.may)?;
            Ok(accounts::insert(connection, &account)?)
        };
        self.writer.change_accounts(add).await
    }

    async fn amend_account(
        &self,
        name: &Mailbox,
        more: &[SendAs],
        less: &[SendAs],
    ) -> Result<Account, AccountChangeError> {
        let (name, more, less) = (name.clone(), more.to_owned(), less.to_owned());
        let amend = move |connection: &Connection| {
            let account = existing(connection, &name)?.account;
            let account = account.amended(&more, &less).map_err(AccountChangeError::from)?;
            refuse_foreign(connection, &account, &more)?;
            accounts::set_send_as(connection, &account)?;
            Ok(account)
        };
        self.writer.change_accounts(amend).await
    }

    async fn remove_account(&self, name: &Mailbox) -> Result<Account, AccountChangeError> {
        let name = name.clone();
        let remove = move |connection: &Connection| {
            let account = existing(connection, &name)?.account;
            accounts::delete(connection, account.id)?;
            queue::count_change(connection)?;
            Ok(account)
        };
        self.writer.change_accounts(remove).await
    }

    async fn set_account_state(
        &self,
        name: &Mailbox,
        state: State,
    ) -> Result<Account, AccountChangeError> {
        let name = name.clone();
        let set = move |connection: &Connection| {
            let mut account = existing(connection, &name)?.account;
            account.state = account.state.followed_by(state);
            accounts::set_state(connection, &account)?;
            // What waits of the account leaves now, or does so no more.
            queue::count_change(connection)?;
            Ok(account)
        };
        self.writer.change_accounts(set).await
    }

    async fn add_password(
        &self,
        name: &Mailbox,
        password: &StoredPassword,
    ) -> Result<(), AccountChangeError> {
        let (name, password) = (name.clone(), password.clone());
        let add = move |connection: &Connection| {
            let login = existing(connection, &name)?;
            let account = login.account.name;
            if login.passwords.iter().any(|one| one.label == password.label) {
                let label = password.label;
                return Err(AccountChangeError::LabelTaken { account, label }.into());
            }
            if login.passwords.len() >= MAX_PASSWORDS {
                let error = AccountError::TooManyPasswords(account);
                return Err(AccountChangeError::from(error).into());
            }
            Ok(accounts::insert_password(connection, login.account.id, &password)?)
        };
        self.writer.change_accounts(add).await
    }

    async fn revoke_password(
        &self,
        name: &Mailbox,
        label: &Label,
    ) -> Result<StoredPassword, AccountChangeError> {
        let (name, label) = (name.clone(), label.clone());
        let revoke = move |connection: &Connection| {
            let login = existing(connection, &name)?;
            let Some(password) = login.passwords.into_iter().find(|one| one.label == label) else {
                let account = login.account.name;
                return Err(AccountChangeError::NoSuchPassword { account, label }.into());
            };
            accounts::delete_password(connection, login.account.id, &password.label)?;
            Ok(password)
        };
        self.writer.change_accounts(revoke).await
    }
}

fn existing(connection: &Connection, name: &Mailbox) -> Changed<Login> {
    accounts::by_name(connection, name)?
        .ok_or_else(|| AccountChangeError::NoSuchAccount(name.clone()).into())
}

/// Refuses what `account` could not send as now.
fn refuse_foreign(connection: &Connection, account: &Account, more: &[SendAs]) -> Changed<()> {
    let snapshot = snapshot::within(connection, Table::Stored)?;
    let live = Live { now: clock::now(), ..Live::of(connection, Table::Stored, &snapshot) };
    for one in more {
        if !domains::contains(connection, one.domain())? {
            return Err(AccountChangeError::NotHosted(one.clone()).into());
        }
        if let SendAs::Address(address) = one
            && !at_once(account::may_send_as(account, address, &live))?
        {
            return Err(AccountChangeError::NoAlias(one.clone()).into());
        }
    }
    Ok(())
}
