//! Rows of `accounts`, `account_send_as` and `account_passwords`.

use crate::{
    account::{
        Account, AccountId, Label, LastUse, Login, PasswordHash, SendAs, State, StoredPassword,
    },
    address::{Domain, Mailbox},
    store::{AccountPage, sqlite::error::unreadable},
    time::UnixTime,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// Accounts read at once.
const PAGE: usize = 500;

/// The columns of an account that [`from_row`] reads.
const COLUMNS: &str = "id, address, state, reason, since, added";

/// What is no id.
const NOBODY: &str = "";

pub(crate) fn by_name(connection: &Connection, name: &Mailbox) -> Result<Option<Login>> {
    let account = one(connection, "name", &name.to_key())?;
    // An account that is not there takes the same questions.
    let id = account.as_ref().map_or(NOBODY.to_owned(), |account| account.id.to_string());
    let (may, passwords) = (send_as(connection, &id)?, passwords(connection, &id)?);
    Ok(account.map(|account| Login { account: Account { may, ..account }, passwords }))
}

pub(crate) fn by_id(connection: &Connection, id: AccountId) -> Result<Option<Login>> {
    let id = id.to_string();
    let Some(account) = one(connection, "id", &id)? else { return Ok(None) };
    let (may, passwords) = (send_as(connection, &id)?, passwords(connection, &id)?);
    Ok(Some(Login { account: Account { may, ..account }, passwords }))
}

/// The accounts whose names are behind `after`.
pub(crate) fn page(connection: &Connection, after: &str) -> Result<AccountPage> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE name > ?1 ORDER BY name LIMIT {PAGE}");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Account> = statement.query_map([after], from_row)?.collect::<Result<_>>()?;
    let next = (found.len() == PAGE).then(|| found.last().map(|last| last.name.to_key())).flatten();
    let whole = |account: Account| {
        let id = account.id.to_string();
        let (may, passwords) = (send_as(connection, &id)?, passwords(connection, &id)?);
        Ok(Login { account: Account { may, ..account }, passwords })
    };
    Ok(AccountPage { accounts: found.into_iter().map(whole).collect::<Result<_>>()?, next })
}

/// The names of the accounts that have just this among what they send as.
pub(crate) fn with(connection: &Connection, send_as: &SendAs) -> Result<Vec<String>> {
    let (domain, local) = key(send_as);
    names(connection, "domain = ?1 AND local = ?2", params![domain, local])
}

/// The names of the accounts that send as addresses of `domain`.
pub(crate) fn of_domain(connection: &Connection, domain: &Domain) -> Result<Vec<String>> {
    names(connection, "domain = ?1", params![domain.to_key()])
}

/// Takes from all accounts what they send as in `domain`.
pub(crate) fn take_domain(connection: &Connection, domain: &Domain) -> Result<()> {
    let sql = "DELETE FROM account_send_as WHERE domain = ?1";
    connection.execute(sql, [domain.to_key()]).map(drop)
}

/// Inserts an account whose id and name are free.
pub(crate) fn insert(connection: &Connection, account: &Account) -> Result<()> {
    let (id, name) = (account.id.to_string(), account.name.to_key());
    let sql = "INSERT INTO accounts (id, name, address, state, reason, since, added)
               VALUES (?1, ?2, ?3, 'enabled', '', 0, ?4)";
    connection.execute(sql, params![id, name, account.name.to_string(), account.added])?;
    set_state(connection, account)?;
    set_send_as(connection, account)
}

/// Writes the account's state down.
pub(crate) fn set_state(connection: &Connection, account: &Account) -> Result<()> {
    let (reason, since) = match &account.state {
        State::Enabled | State::Disabled => ("", UnixTime::new(0)),
        State::Frozen { reason, since } => (reason.as_str(), *since),
    };
    let sql = "UPDATE accounts SET state = ?2, reason = ?3, since = ?4 WHERE id = ?1";
    let state = account.state.to_string();
    connection.execute(sql, params![account.id.to_string(), state, reason, since]).map(drop)
}

/// Writes down as whom the account sends.
pub(crate) fn set_send_as(connection: &Connection, account: &Account) -> Result<()> {
    let id = account.id.to_string();
    connection.execute("DELETE FROM account_send_as WHERE account = ?1", [&id])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO account_send_as VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (position, one) in (0_i64..).zip(&account.may) {
        let (domain, local) = key(one);
        insert.execute(params![id, domain, local, one.to_string(), position])?;
    }
    Ok(())
}

/// Removes an account, and by the trigger what hangs on it.
pub(crate) fn delete(connection: &Connection, id: AccountId) -> Result<()> {
    connection.execute("DELETE FROM accounts WHERE id = ?1", [id.to_string()]).map(drop)
}

/// Inserts a password whose label is free.
pub(crate) fn insert_password(
    connection: &Connection,
    id: AccountId,
    password: &StoredPassword,
) -> Result<()> {
    let sql = "INSERT INTO account_passwords (account, label, hash, added, used, client)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let StoredPassword { label, hash, added, last_use } = password;
    let (used, client) = last_use.map(|last| (last.time, last.client.to_string())).unzip();
    let (id, hash) = (id.to_string(), hash.as_bytes());
    connection.execute(sql, params![id, label.as_str(), hash, added, used, client]).map(drop)
}

pub(crate) fn delete_password(connection: &Connection, id: AccountId, label: &Label) -> Result<()> {
    let sql = "DELETE FROM account_passwords WHERE account = ?1 AND label = ?2";
    connection.execute(sql, params![id.to_string(), label.as_str()]).map(drop)
}

/// Writes down the last use of a password.
pub(crate) fn set_last_use(
    connection: &Connection,
    id: AccountId,
    label: &Label,
    last: LastUse,
) -> Result<()> {
    let sql =
        "UPDATE account_passwords SET used = ?3, client = ?4 WHERE account = ?1 AND label = ?2";
    let client = last.client.to_string();
    connection.execute(sql, params![id.to_string(), label.as_str(), last.time, client]).map(drop)
}

/// Lower-case domain and unquoted local part, which all of a domain has not.
fn key(send_as: &SendAs) -> (String, String) {
    match send_as {
        SendAs::Address(mailbox) => (mailbox.domain().to_key(), mailbox.local().to_key()),
        SendAs::Domain(domain) => (domain.to_key(), String::new()),
    }
}

fn names(
    connection: &Connection,
    which: &str,
    params: &[&dyn rusqlite::ToSql],
) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT address FROM accounts
         WHERE id IN (SELECT account FROM account_send_as WHERE {which}) ORDER BY name"
    );
    connection.prepare_cached(&sql)?.query_map(params, |row| row.get(0))?.collect()
}

fn one(connection: &Connection, column: &str, value: &str) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE {column} = ?1");
    connection.prepare_cached(&sql)?.query_row([value], from_row).optional()
}

/// Reads [`COLUMNS`]: an account without what it sends as.
fn from_row(row: &Row<'_>) -> Result<Account> {
    let text = |at: usize| -> Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
    let id = text(0)?;
    let id = AccountId::parse(id).ok_or_else(|| unreadable(format!("{id:?} is no account id")))?;
    let state = match text(2)? {
        "enabled" => State::Enabled,
        "disabled" => State::Disabled,
        "frozen" => State::Frozen { reason: text(3)?.to_owned(), since: row.get(4)? },
        other => return Err(unreadable(format!("account {id} has the unknown state {other:?}"))),
    };
    let name = Mailbox::parse(text(1)?).map_err(unreadable)?;
    Ok(Account { id, name, may: Vec::new(), state, added: row.get(5)? })
}

fn send_as(connection: &Connection, id: &str) -> Result<Vec<SendAs>> {
    let sql = "SELECT address FROM account_send_as WHERE account = ?1 ORDER BY position";
    let one = |row: &Row<'_>| SendAs::parse(row.get_ref(0)?.as_str()?).map_err(unreadable);
    connection.prepare_cached(sql)?.query_map([id], one)?.collect()
}

fn passwords(connection: &Connection, id: &str) -> Result<Vec<StoredPassword>> {
    let sql = "SELECT label, hash, added, used, client FROM account_passwords
               WHERE account = ?1 ORDER BY added, label";
    let one = |row: &Row<'_>| {
        let client: Option<String> = row.get(4)?;
        let last_use = match (row.get(3)?, client) {
            (Some(time), Some(client)) => {
                Some(LastUse { time, client: client.parse().map_err(unreadable)? })
            }
            _ => None,
        };
        Ok(StoredPassword {
            label: Label::parse(row.get_ref(0)?.as_str()?).map_err(unreadable)?,
            hash: PasswordHash::new(row.get(1)?),
            added: row.get(2)?,
            last_use,
        })
    };
    connection.prepare_cached(sql)?.query_map([id], one)?.collect()
}
