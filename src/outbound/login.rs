//! Logins at smart hosts: who we are there, and when it is not asked again whether that is so.
//!
//! A smart host locks the account of who tries wrong passwords. So a login that is not known to work is tried on one
//! connection at a time, and one that was refused again only later and later, or as soon as it is another one.

use super::{
    connection::Connection,
    dialogue::Lost,
    open_error::{LoginError, OpenError},
    security::Security,
};
use crate::{
    next_hop::{Login, NextHop},
    reply::Class,
    sasl::{CANCEL_LINE, ClientExchange, Credentials, Secret},
    smtp::reply_reader::ServerReply,
    tls::Trust,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::OwnedMutexGuard,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};
use zeroize::Zeroizing;

/// Reads the password that a file holds, or says why there is none.
pub type ReadPassword = fn(&Path) -> Result<Zeroizing<String>, String>;

/// How long until a refused login is tried again: at first, where the host says that it is for now, and at most. Each
/// time it is twice as long.
const FIRST_WAIT: Duration = Duration::from_mins(5);
const FIRST_WAIT_FOR_NOW: Duration = Duration::from_mins(1);
const LAST_WAIT: Duration = Duration::from_hours(1);

/// What is known of the logins at smart hosts.
#[derive(Debug)]
pub(super) struct Logins {
    read: ReadPassword,
    hosts: Mutex<HashMap<NextHop, Arc<Known>>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Of who finds out whether it works.
    turn: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The login that works.
    works: Option<[u8; 32]>,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    /// Which login it was.
    print: [u8; 32],
    times: u32,
    until: Instant,
}

/// The right to try a login.
#[derive(Debug)]
pub(super) struct Attempted {
    known: Arc<Known>,
    credentials: Credentials,
    print: [u8; 32],
    /// Others wait for what comes of it.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Logins {
    pub(super) fn new(read: ReadPassword) -> Self {
        Self { read, hosts: Mutex::default() }
    }

    /// Waits for the right to log in at `hop`; `None` where no login is wanted.
    ///
    /// # Errors
    /// When it is not to be tried now.
    pub(super) async fn begin(
        &self,
        hop: &NextHop,
        until: Instant,
    ) -> Result<Option<Attempted>, OpenError> {
        let Some(login) = hop.login() else { return Ok(None) };
        let known = Arc::clone(self.hosts.lock().entry(hop.clone()).or_default());
        let mut credentials = self.credentials(login.clone()).await?;
        let mut turn = None;
        let works = known.state.lock().works;
        if works != Some(print(&credentials)) {
            let waits = Arc::clone(&known.turn).lock_owned();
            turn = Some(timeout_at(until, waits).await.map_err(|_| Lost::TimedOut)?);
            // That took its time, and somebody may have mended it.
            credentials = self.credentials(login.clone()).await?;
        }
        let print = print(&credentials);
        {
            let state = known.state.lock();
            let now = Instant::now();
            let refused = state.refused.as_ref().filter(|it| it.print == print && it.until > now);
            if let Some(refused) = refused {
                return Err(LoginError::NotYet(refused.until.duration_since(now)).into());
            }
            // Who had the turn before has found out.
            turn.take_if(|_| state.works == Some(print));
        }
        Ok(Some(Attempted { known, credentials, print, _turn: turn }))
    }

    async fn credentials(&self, login: Login) -> Result<Credentials, LoginError> {
        let (read, Login { username, password_file }) = (self.read, login);
        let password = spawn_blocking(move || read(&password_file)).await;
        let password = password.unwrap_or_else(|_| Err("the password cannot be read".to_owned()));
        let password = password.map_err(LoginError::NoPassword)?;
        Ok(Credentials { name: Secret::new(&username), password: Secret::new(&password) })
    }
}

impl Attempted {
    /// Notes what came of it.
    fn ended(&self, login: &Result<(), OpenError>) {
        let mut state = self.known.state.lock();
        match login {
            Ok(()) => *state = State { works: Some(self.print), refused: None },
            Err(OpenError::Login(error)) => {
                let before = state.refused.as_ref().filter(|before| before.print == self.print);
                let times = before.map_or(0, |before| before.times.saturating_add(1));
                let until = Instant::now() + wait(error, times);
                let refused = Some(Refused { print: self.print, times, until });
                *state = State { works: None, refused };
            }
            // Nobody said anything of it.
            Err(_) => {}
        }
    }
}

impl Connection {
    /// Logs in, where that is wanted.
    ///
    /// # Errors
    /// When the host does not let us in.
    pub(super) async fn logged_in(
        mut self,
        attempted: Option<Attempted>,
        until: Instant,
    ) -> Result<Self, OpenError> {
        let Some(attempted) = attempted else { return Ok(self) };
        let login = self.log_in(&attempted.credentials, until).await;
        attempted.ended(&login);
        match login {
            Ok(()) => Ok(self),
            Err(error) => {
                if !matches!(error, OpenError::Lost(_)) {
                    self.quit().await;
                }
                Err(error)
            }
        }
    }

    async fn log_in(&mut self, own: &Credentials, until: Instant) -> Result<(), OpenError> {
        if !self.is_private() {
            return Err(LoginError::NotPrivate.into());
        }
        let mut exchange =
            ClientExchange::new(self.extensions.auth, own).ok_or(LoginError::NotOffered)?;
        let mut wants_more = true;
        while wants_more && let Some(line) = exchange.next_line() {
            let reply = self.dialogue.command(line.expose(), until).await?;
            wants_more = heard(reply, own)?;
        }
        if wants_more {
            // It is to say what it thinks of that.
            let reply = self.dialogue.command(CANCEL_LINE, until).await?;
            heard(reply, own)?;
        }
        Ok(())
    }

    /// Whether nobody but the host hears what is said.
    fn is_private(&self) -> bool {
        let is_verified = self.security == Security::Required(Trust::Authorities);
        let is_here =
            self.remote.name.is_none() && self.remote.ip().is_some_and(|ip| ip.is_loopback());
        is_here || is_verified && !self.tls.is_empty()
    }
}

/// Whether the host wants to hear more.
fn heard(mut reply: ServerReply, own: &Credentials) -> Result<bool, OpenError> {
    match reply.class() {
        Class::Positive => return Ok(false),
        Class::Intermediate => return Ok(true),
        Class::Transient | Class::Permanent => {}
    }
    let hidden: Vec<String> = reply.lines().map(|line| own.hide_in(line)).collect();
    reply.text = hidden.join("\n").into();
    // The host is about to go, whoever we are.
    if reply.code == 421 {
        return Err(OpenError::Refused(reply));
    }
    Err(LoginError::Refused(reply).into())
}

/// How long until the next try, where there were so many before.
fn wait(error: &LoginError, times: u32) -> Duration {
    let first = match error {
        LoginError::Refused(reply) if reply.class() == Class::Transient => FIRST_WAIT_FOR_NOW,
        _ => FIRST_WAIT,
    };
    first.saturating_mul(1 << times.min(16)).min(LAST_WAIT)
}

fn print(Credentials { name, password }: &Credentials) -> [u8; 32] {
    let mut print = Sha256::new();
    for secret in [name, password] {
        print.update(secret.expose());
        print.update([0]);
    }
    print.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_and_later_and_sooner_where_it_is_for_now() {
        let minutes = |code| {
            let refused = LoginError::Refused(ServerReply { code, text: Default::default() });
            [0, 1, 2, 3, 4, 5, u32::MAX].map(|times| wait(&refused, times).as_secs() / 60)
        };
        assert_eq!(minutes(535), [5, 10, 20, 40, 60, 60, 60]);
        assert_eq!(minutes(454), [1, 2, 4, 8, 16, 32, 60]);
    }
}
