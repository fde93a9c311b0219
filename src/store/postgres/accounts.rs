//! Accounts: who they are, and changes of them.

use super::{
    Postgres,
    access::{reading, trying, writing},
    ask::Result,
    error::Failure,
    rows::{account_usage, accounts, aliases::Table, claims, domains, queue},
    snapshot::{self, Live},
};
use crate::{
    account::{
        self, Account, AccountError, AccountId, KeptUsage, Label, LastUse, Login, MAX_PASSWORDS,
        PasswordHash, SendAs, State, StoredPassword,
    },
    address::Mailbox,
    clock,
    store::{AccountChangeError, AccountPage, Accounts, StoreError, in_force::InForce},
    time::UnixTime,
};
use async_trait::async_trait;
use deadpool_postgres::Transaction;
use std::net::IpAddr;

type Changed<T> = Result<T, Failure<AccountChangeError>>;

/// Changes accounts, while domains and aliases stay as they are.
macro_rules! changing_accounts {
    ($store:expr, $tx:ident, $version:ident => $work:expr) => {{
        let _turn = $store.access.directory_turn().await?;
        trying!($store.access, $tx => {
            let $version = domains::lock($tx).await?;
            let changed: Changed<_> = async { $work }.await;
            changed
        })
    }};
}

#[async_trait]
impl Accounts for Postgres {
    async fn login(&self, name: &Mailbox) -> Result<Option<Login>, StoreError> {
        reading!(self.access, tx => accounts::by_name(tx, name).await)
    }

    async fn logged_in(
        &self,
        id: AccountId,
        password: &PasswordHash,
    ) -> Result<Option<Account>, StoreError> {
        let login = reading!(self.access, tx => accounts::by_id(tx, id).await)?;
        let login = login.filter(|login| login.passwords.iter().any(|one| one.hash == *password));
        Ok(login.map(|login| login.account))
    }

    async fn account_of(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let login = reading!(self.access, tx => accounts::by_id(tx, id).await)?;
        Ok(login.map(|login| login.account))
    }

    async fn may_send_as(&self, account: &Account, address: &Mailbox) -> Result<bool, StoreError> {
        let snapshot = self.live.snapshot();
        reading!(self.access, tx => {
            let live = Live { now: clock::now(), ..Live::of(tx, Table::Stored, &snapshot) };
            account::may_send_as(account, address, &live).await
        })
    }

    async fn accounts_with(&self, send_as: &SendAs) -> Result<Vec<String>, StoreError> {
        reading!(self.access, tx => accounts::with(tx, send_as).await)
    }

    async fn accounts(&self, after: Option<&str>) -> Result<AccountPage, StoreError> {
        reading!(self.access, tx => accounts::page(tx, after.unwrap_or_default()).await)
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
        let last = LastUse { time: now, client };
        writing!(self.access, tx => {
            Ok(accounts::set_last_use(tx, id, &password.label, last).await?)
        })
    }

    async fn account_usage(&self, id: AccountId) -> Result<KeptUsage, StoreError> {
        reading!(self.access, tx => account_usage::of(tx, id).await)
    }

    async fn keep_account_usage(
        &self,
        mut used: Vec<(AccountId, KeptUsage)>,
    ) -> Result<(), StoreError> {
        // In one order, so that two nodes do not wait for each other.
        used.sort_by_key(|(id, _)| id.to_string());
        writing!(self.access, tx => {
            for (id, used) in &used {
                account_usage::set(tx, *id, used).await?;
            }
            Ok(())
        })
    }

    async fn add_account(&self, account: &Account) -> Result<(), AccountChangeError> {
        changing_accounts!(self, tx, version => {
            if let Some(existing) = accounts::by_name(tx, &account.name).await? {
                return Err(AccountChangeError::Exists(existing.account.name).into());
            }
            refuse_foreign(tx, &self.live, version, account, &account.may).await?;
            accounts::insert(tx, account).await?;
            Ok(())
        })
    }

    async fn amend_account(
        &self,
        name: &Mailbox,
        more: &[SendAs],
        less: &[SendAs],
    ) -> Result<Account, AccountChangeError> {
        changing_accounts!(self, tx, version => {
            let account = existing(tx, name).await?.account;
            let account = account.amended(more, less).map_err(AccountChangeError::from)?;
            refuse_foreign(tx, &self.live, version, &account, more).await?;
            accounts::set_send_as(tx, &account).await?;
            Ok(account)
        })
    }

    async fn remove_account(&self, name: &Mailbox) -> Result<Account, AccountChangeError> {
        changing_accounts!(self, tx, _version => {
            let account = existing(tx, name).await?.account;
            accounts::delete(tx, account.id).await?;
            claims::make_due_of(tx, account.id.cause().as_str()).await?;
            queue::count_change(tx).await?;
            Ok(account)
        })
    }

    async fn set_account_state(
        &self,
        name: &Mailbox,
        state: State,
    ) -> Result<Account, AccountChangeError> {
        changing_accounts!(self, tx, _version => {
            let mut account = existing(tx, name).await?.account;
            account.state = account.state.followed_by(state);
            accounts::set_state(tx, &account).await?;
            // What waits of the account leaves now, or does so no more.
            claims::make_due_of(tx, account.id.cause().as_str()).await?;
            queue::count_change(tx).await?;
            Ok(account)
        })
    }

    async fn add_password(
        &self,
        name: &Mailbox,
        password: &StoredPassword,
    ) -> Result<(), AccountChangeError> {
        changing_accounts!(self, tx, _version => {
            let login = existing(tx, name).await?;
            let account = login.account.name;
            if login.passwords.iter().any(|one| one.label == password.label) {
                let label = password.label.clone();
                return Err(AccountChangeError::LabelTaken { account, label }.into());
            }
            if login.passwords.len() >= MAX_PASSWORDS {
                let error = AccountError::TooManyPasswords(account);
                return Err(AccountChangeError::from(error).into());
            }
            accounts::insert_password(tx, login.account.id, password).await?;
            Ok(())
        })
    }

    async fn revoke_password(
        &self,
        name: &Mailbox,
        label: &Label,
    ) -> Result<StoredPassword, AccountChangeError> {
        changing_accounts!(self, tx, _version => {
            let login = existing(tx, name).await?;
            let Some(password) = login.passwords.into_iter().find(|one| one.label == *label) else {
                let (account, label) = (login.account.name, label.clone());
                return Err(AccountChangeError::NoSuchPassword { account, label }.into());
            };
            accounts::delete_password(tx, login.account.id, &password.label).await?;
            Ok(password)
        })
    }
}

async fn existing(tx: &Transaction<'_>, name: &Mailbox) -> Changed<Login> {
    accounts::by_name(tx, name)
        .await?
        .ok_or_else(|| AccountChangeError::NoSuchAccount(name.clone()).into())
}

/// Refuses what `account` could not send as now.
async fn refuse_foreign(
    tx: &Transaction<'_>,
    live: &InForce,
    version: i64,
    account: &Account,
    more: &[SendAs],
) -> Changed<()> {
    let snapshot = snapshot::before_change(tx, live, Some(version)).await?;
    let live = Live { now: clock::now(), ..Live::of(tx, Table::Stored, &snapshot) };
    for one in more {
        if !snapshot.domains.contains(one.domain()) {
            return Err(AccountChangeError::NotHosted(one.clone()).into());
        }
        if let SendAs::Address(address) = one
            && !account::may_send_as(account, address, &live).await?
        {
            return Err(AccountChangeError::NoAlias(one.clone()).into());
        }
    }
    Ok(())
}
