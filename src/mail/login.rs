//! Who logs in, where only accounts may send. An account that does not exist answers as one whose password is wrong:
//! the same reply, in the same time, with the same waits.

use super::{logins::Logins, parts::Parts, submission::LoggedIn};
use crate::{
    account::{Login, Password, State, StoredPassword},
    address::Mailbox,
    clock,
    inbound::Peer,
    metrics::LoginResult,
    rate::ClientBlock,
    reply::Reply,
    sasl::Credentials,
};
use std::time::Duration;

/// Whose these credentials are, and by which of the passwords.
///
/// # Errors
/// The reply that refuses them, or puts the client off.
pub(super) async fn log_in(
    parts: &Parts,
    client: &Peer,
    credentials: &Credentials,
) -> Result<LoggedIn, Reply> {
    let Logins(guesses) = &*parts.logins;
    // Clients that are exempt bring the logins of others; those count against the account alone.
    let counted = parts.rates.block_of(client.ip).and(client.ip);
    let now = clock::steady_millis();
    let typed = credentials.name.expose();
    let name = Mailbox::parse(typed).ok();
    let key = name.as_ref().map_or_else(|| typed.to_lowercase(), Mailbox::to_key);
    let login = match &name {
        Some(name) => parts.store.login(name).await.map_err(|error| {
            tracing::error!(%error, "cannot look up an account");
            Reply::login_unavailable()
        })?,
        None => None,
    };
    let is_known = login.as_ref().is_some_and(|login| is_known(login, client));
    let wait = match counted {
        None if is_known => None,
        None => guesses.lock().wait_of_others(None, &key, now),
        Some(ip) => {
            let mut guesses = guesses.lock();
            if is_known {
                guesses.know(ip, &key);
            }
            let own = guesses.wait_of_client(ip, &key, now);
            own.max(guesses.wait_of_others(counted, &key, now))
        }
    };
    wait.map_or(Ok(()), |wait| Err(put_off(parts, client, wait)))?;

    let password = credentials.password.expose();
    let stored = Login::verify(login.as_ref(), Password::parse(password).as_ref());
    match (login, stored) {
        (Some(login), Some(stored)) if login.account.state != State::Disabled => {
            parts.metrics.login(LoginResult::Ok);
            note(parts, client, &login, &stored, &key).await;
            Ok(LoggedIn { account: login.account.id, password: stored.hash })
        }
        (login, right) => {
            parts.metrics.login(match right {
                Some(_) => LoginResult::Disabled,
                None => LoginResult::Wrong,
            });
            if right.is_none() {
                guesses.lock().failed(counted, &key, password, now);
            }
            if parts.log.allows(client) {
                // What is no account's name may be a password in the wrong field.
                let account = login.as_ref().map(|login| login.account.name.to_string());
                let account = account.as_deref().unwrap_or("unknown");
                let why =
                    if right.is_some() { "the account is disabled" } else { "wrong password" };
                tracing::warn!(client = %client, account, why, "login refused");
            }
            Err(Reply::login_refused())
        }
    }
}

/// Whether the client, or a neighbour that counts as the same one, used a password of the account last.
fn is_known(login: &Login, client: &Peer) -> bool {
    let block = client.ip.map(ClientBlock::of);
    let mut used = login.passwords.iter().filter_map(|password| password.last_use);
    block.is_some_and(|block| used.any(|use_| ClientBlock::of(use_.client) == block))
}

async fn note(parts: &Parts, client: &Peer, login: &Login, stored: &StoredPassword, key: &str) {
    let account = &login.account;
    tracing::debug!(client = %client, account = %account.name, label = %stored.label, "logged in");
    let Some(ip) = client.ip else { return };
    parts.logins.0.lock().succeeded(ip, key);
    if let Err(error) = parts.store.note_use(account.id, stored, ip, clock::now()).await {
        tracing::warn!(%error, "cannot note the use of a password");
    }
}

fn put_off(parts: &Parts, client: &Peer, wait: Duration) -> Reply {
    parts.metrics.login(LoginResult::PutOff);
    let reply = Reply::login_put_off(wait);
    if parts.log.allows(client) {
        tracing::warn!(client = %client, %reply, "login put off");
    }
    reply
}
