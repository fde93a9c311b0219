//! Rows of `accounts`, `account_send_as` and `account_passwords`.

use crate::{
    account::{
        Account, AccountId, Label, LastUse, Login, PasswordHash, SendAs, State, StoredPassword,
    },
    address::{Domain, Mailbox},
    store::{
        AccountPage,
        number::column,
        postgres::{
            ask::{self, Result, get, time, time_or_none},
            error::unreadable,
        },
    },
    time::UnixTime,
};
use deadpool_postgres::Transaction;
use std::{collections::HashMap, slice};
use tokio_postgres::Row;

/// Accounts read at once.
const PAGE: usize = 500;

/// The columns of an account that [`from_row`] reads.
const COLUMNS: &str = "id, address, state, reason, since, added";

/// What is no id.
const NOBODY: &str = "";

pub(crate) async fn by_name(tx: &Transaction<'_>, name: &Mailbox) -> Result<Option<Login>> {
    let account = one(tx, "name", &name.to_key()).await?;
    // An account that is not there takes the same questions.
    let id = account.as_ref().map_or(NOBODY.to_owned(), |account| account.id.to_string());
    let (mut may, mut passwords) = parts(tx, slice::from_ref(&id)).await?;
    Ok(account.map(|account| whole(account, &mut may, &mut passwords)))
}

pub(crate) async fn by_id(tx: &Transaction<'_>, id: AccountId) -> Result<Option<Login>> {
    let id = id.to_string();
    let Some(account) = one(tx, "id", &id).await? else { return Ok(None) };
    let (mut may, mut passwords) = parts(tx, &[id]).await?;
    Ok(Some(whole(account, &mut may, &mut passwords)))
}

/// The accounts whose names are behind `after`.
pub(crate) async fn page(tx: &Transaction<'_>, after: &str) -> Result<AccountPage> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE name > $1 ORDER BY name LIMIT {PAGE}");
    let found = ask::all(tx, &sql, &[&after], from_row).await?;
    let next = (found.len() == PAGE).then(|| found.last().map(|last| last.name.to_key())).flatten();
    let ids: Vec<String> = found.iter().map(|account| account.id.to_string()).collect();
    let (mut may, mut passwords) = parts(tx, &ids).await?;
    let accounts = found.into_iter().map(|account| whole(account, &mut may, &mut passwords));
    Ok(AccountPage { accounts: accounts.collect(), next })
}

/// The names of the accounts that have just this among what they send as.
pub(crate) async fn with(tx: &Transaction<'_>, send_as: &SendAs) -> Result<Vec<String>> {
    let (domain, local) = key(send_as);
    names(tx, "domain = $1 AND local = $2", &[&domain, &local]).await
}

/// The names of the accounts that send as addresses of `domain`.
pub(crate) async fn of_domain(tx: &Transaction<'_>, domain: &Domain) -> Result<Vec<String>> {
    names(tx, "domain = $1", &[&domain.to_key()]).await
}

/// Takes from all accounts what they send as in `domain`.
pub(crate) async fn take_domain(tx: &Transaction<'_>, domain: &Domain) -> Result<()> {
    let sql = "DELETE FROM account_send_as WHERE domain = $1";
    ask::run(tx, sql, &[&domain.to_key()]).await.map(drop)
}

/// Inserts an account whose id and name are free.
pub(crate) async fn insert(tx: &Transaction<'_>, account: &Account) -> Result<()> {
    let (id, name, address) =
        (account.id.to_string(), account.name.to_key(), account.name.to_string());
    let (state, reason, since) = state_columns(&account.state);
    let added = column(account.added.as_secs());
    let sql = "INSERT INTO accounts (id, name, address, state, reason, since, added)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ask::run(tx, sql, &[&id, &name, &address, &state, &reason, &since, &added]).await?;
    set_send_as(tx, account).await
}

/// Writes the account's state down.
pub(crate) async fn set_state(tx: &Transaction<'_>, account: &Account) -> Result<()> {
    let (state, reason, since) = state_columns(&account.state);
    let sql = "UPDATE accounts SET state = $2, reason = $3, since = $4 WHERE id = $1";
    ask::run(tx, sql, &[&account.id.to_string(), &state, &reason, &since]).await.map(drop)
}

fn state_columns(state: &State) -> (String, &str, i64) {
    let (reason, since) = match state {
        State::Enabled | State::Disabled => ("", UnixTime::new(0)),
        State::Frozen { reason, since } => (reason.as_str(), *since),
    };
    (state.to_string(), reason, column(since.as_secs()))
}

/// Writes down as whom the account sends.
pub(crate) async fn set_send_as(tx: &Transaction<'_>, account: &Account) -> Result<()> {
    let id = account.id.to_string();
    ask::run(tx, "DELETE FROM account_send_as WHERE account = $1", &[&id]).await?;
    let sql = "INSERT INTO account_send_as VALUES ($1, $2, $3, $4, $5)";
    for (position, one) in (0_i64..).zip(&account.may) {
        let (domain, local) = key(one);
        ask::run(tx, sql, &[&id, &domain, &local, &one.to_string(), &position]).await?;
    }
    Ok(())
}

/// Removes an account, and what hangs on it.
pub(crate) async fn delete(tx: &Transaction<'_>, id: AccountId) -> Result<()> {
    ask::run(tx, "DELETE FROM accounts WHERE id = $1", &[&id.to_string()]).await.map(drop)
}

/// Inserts a password whose label is free.
pub(crate) async fn insert_password(
    tx: &Transaction<'_>,
    id: AccountId,
    password: &StoredPassword,
) -> Result<()> {
    let sql = "INSERT INTO account_passwords (account, label, hash, added, used, client)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let StoredPassword { label, hash, added, last_use } = password;
    let (used, client) =
        last_use.map(|last| (column(last.time.as_secs()), last.client.to_string())).unzip();
    let (id, label, hash) = (id.to_string(), label.as_str(), &hash.as_bytes()[..]);
    ask::run(tx, sql, &[&id, &label, &hash, &column(added.as_secs()), &used, &client])
        .await
        .map(drop)
}

pub(crate) async fn delete_password(
    tx: &Transaction<'_>,
    id: AccountId,
    label: &Label,
) -> Result<()> {
    let sql = "DELETE FROM account_passwords WHERE account = $1 AND label = $2";
    ask::run(tx, sql, &[&id.to_string(), &label.as_str()]).await.map(drop)
}

/// Writes down the last use of a password.
pub(crate) async fn set_last_use(
    tx: &Transaction<'_>,
    id: AccountId,
    label: &Label,
    last: LastUse,
) -> Result<()> {
    let sql =
        "UPDATE account_passwords SET used = $3, client = $4 WHERE account = $1 AND label = $2";
    let (time, client) = (column(last.time.as_secs()), last.client.to_string());
    ask::run(tx, sql, &[&id.to_string(), &label.as_str(), &time, &client]).await.map(drop)
}

/// Lower-case domain and unquoted local part, which all of a domain has not.
fn key(send_as: &SendAs) -> (String, String) {
    match send_as {
        SendAs::Address(mailbox) => (mailbox.domain().to_key(), mailbox.local().to_key()),
        SendAs::Domain(domain) => (domain.to_key(), String::new()),
    }
}

async fn names(tx: &Transaction<'_>, which: &str, values: &ask::Values<'_>) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT address FROM accounts
         WHERE id IN (SELECT account FROM account_send_as WHERE {which}) ORDER BY name"
    );
    ask::all(tx, &sql, values, |row| get(row, 0)).await
}

async fn one(tx: &Transaction<'_>, column: &str, value: &str) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE {column} = $1");
    ask::first(tx, &sql, &[&value], from_row).await
}

/// Reads [`COLUMNS`]: an account without what it sends as.
fn from_row(row: &Row) -> Result<Account> {
    let id: &str = get(row, 0)?;
    let id = AccountId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no account id")))?;
    let state = match get::<&str>(row, 2)? {
        "enabled" => State::Enabled,
        "disabled" => State::Disabled,
        "frozen" => State::Frozen { reason: get(row, 3)?, since: time(row, 4)? },
        other => return Err(unreadable(format!("account {id} has the unknown state {other:?}"))),
    };
    let name = Mailbox::parse(get(row, 1)?).map_err(unreadable)?;
    Ok(Account { id, name, may: Vec::new(), state, added: time(row, 5)? })
}

type May = HashMap<String, Vec<SendAs>>;
type Passwords = HashMap<String, Vec<StoredPassword>>;

/// As whom these accounts send, and their passwords.
async fn parts(tx: &Transaction<'_>, ids: &[String]) -> Result<(May, Passwords)> {
    let sql = "SELECT account, address FROM account_send_as WHERE account = ANY ($1)
               ORDER BY account, position";
    let one =
        |row: &Row| Ok((get::<String>(row, 0)?, SendAs::parse(get(row, 1)?).map_err(unreadable)?));
    let mut may = May::new();
    for (account, send_as) in ask::all(tx, sql, &[&ids], one).await? {
        may.entry(account).or_default().push(send_as);
    }
    let sql = "SELECT account, label, hash, added, used, client FROM account_passwords
               WHERE account = ANY ($1) ORDER BY account, added, label";
    let mut passwords = Passwords::new();
    for (account, password) in ask::all(tx, sql, &[&ids], password).await? {
        passwords.entry(account).or_default().push(password);
    }
    Ok((may, passwords))
}

fn whole(account: Account, may: &mut May, passwords: &mut Passwords) -> Login {
    let id = account.id.to_string();
    let may = may.remove(&id).unwrap_or_default();
    let passwords = passwords.remove(&id).unwrap_or_default();
    Login { account: Account { may, ..account }, passwords }
}

fn password(row: &Row) -> Result<(String, StoredPassword)> {
    let last_use = match (time_or_none(row, 4)?, get::<Option<&str>>(row, 5)?) {
        (Some(time), Some(client)) => {
            Some(LastUse { time, client: client.parse().map_err(unreadable)? })
        }
        _ => None,
    };
    let hash = get::<&[u8]>(row, 2)?.try_into().map_err(unreadable)?;
    let password = StoredPassword {
        label: Label::parse(get(row, 1)?).map_err(unreadable)?,
        hash: PasswordHash::new(hash),
        added: time(row, 3)?,
        last_use,
    };
    Ok((get(row, 0)?, password))
}
