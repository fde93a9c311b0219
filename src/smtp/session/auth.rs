//! AUTH (RFC 4954), where only accounts may send.
//!
//! Each line of an exchange is the last of its group: what stands behind one came before our reply, so it is not
//! known to be the client's, and ends the session.

use super::{Phase, Session, Step};
use crate::{
    reply::Reply,
    sasl::{Exchange, Fault, MAX_LINE, Progress, Secret},
    smtp::line::LineFault,
};

/// Most failed logins of a session.
const MAX_FAILED: u32 = 3;

/// How far a client is that has to log in.
#[derive(Debug, Default)]
pub(super) struct Login {
    is_done: bool,
    failed: u32,
}

impl Login {
    /// TLS has begun: what was said before counts no more, but failures do.
    pub(super) fn anew(self) -> Self {
        Self { is_done: false, ..self }
    }
}

impl Session {
    /// Lets only accounts send, after AUTH within TLS: to be called before [`Session::greet`].
    pub fn require_login(&mut self) {
        self.login = Some(Login::default());
        self.input.set_longest(MAX_LINE);
    }

    /// True once the client has logged in.
    pub fn is_logged_in(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.is_done)
    }

    /// True where only accounts may send.
    pub fn requires_login(&self) -> bool {
        self.login.is_some()
    }

    /// True where AUTH has a meaning: a password goes through TLS only.
    pub(super) fn offers_auth(&self) -> bool {
        self.requires_login() && self.tls.is_some()
    }

    /// True where DSNs may be asked for (RFC 3461): strangers are told of failures alone.
    pub(super) fn offers_dsn(&self) -> bool {
        self.requires_login()
    }

    /// Why MAIL cannot be, if it needs a login that there is not.
    pub(super) fn login_missing(&self) -> Option<Reply> {
        let login = self.login.as_ref()?;
        match (&self.tls, login.is_done) {
            (None, _) => Some(Reply::needs_tls()),
            (Some(_), false) => Some(Reply::needs_login()),
            (Some(_), true) => None,
        }
    }

    pub(super) fn auth(&mut self, argument: &Secret) -> Option<Step> {
        let Some(login) = &self.login else {
            self.respond(Reply::unknown_command());
            return None;
        };
        if login.failed >= MAX_FAILED {
            self.shut_down(Reply::too_many_logins());
            return None;
        }
        let refusal = if self.tls.is_none() {
            Reply::needs_tls()
        } else if login.is_done {
            Reply::out_of_order("You have logged in already")
        } else if !self.is_esmtp() {
            Reply::out_of_order("Send EHLO first")
        } else if self.transaction.is_some() {
            Reply::out_of_order("A transaction is open; RSET ends it")
        } else {
            return self.go_on(Exchange::begin(argument.expose()));
        };
        self.respond(refusal);
        None
    }

    /// Goes on with the client's answer to a challenge.
    pub(super) fn next_response(&mut self, exchange: Exchange) -> Option<Step> {
        let progress = match self.input.next_line() {
            None => {
                self.phase = Phase::Challenge(exchange);
                return Some(Step::NeedInput);
            }
            Some(Ok(line)) => exchange.respond(line),
            Some(Err(LineFault::TooLong)) => {
                self.respond(Reply::auth_line_too_long());
                return None;
            }
            Some(Err(_)) => Err(Fault::Malformed),
        };
        self.go_on(progress)
    }

    fn go_on(&mut self, progress: Result<Progress, Fault>) -> Option<Step> {
        self.input.wipe();
        if !self.input.rest().is_empty() {
            self.shut_down(Reply::text_behind_auth());
            return None;
        }
        match progress {
            Ok(Progress::Challenge(exchange, text)) => {
                self.phase = Phase::Challenge(exchange);
                self.write(&Reply::challenge(text));
            }
            Ok(Progress::Done(credentials)) => {
                self.phase = Phase::Authenticate;
                return Some(Step::Authenticate(credentials));
            }
            Err(Fault::UnknownMechanism) => self.respond(Reply::unknown_mechanism()),
            Err(Fault::Cancelled) => self.respond(Reply::auth_cancelled()),
            Err(Fault::Malformed) => self.respond(Reply::auth_malformed()),
            Err(Fault::ForeignIdentity) => self.authenticated(Reply::login_refused()),
        }
        None
    }

    /// Takes the answer to credentials.
    pub(super) fn authenticated(&mut self, reply: Reply) {
        if let Some(login) = &mut self.login {
            login.is_done = reply.is_positive();
            login.failed += u32::from(reply == Reply::login_refused());
        }
        self.respond(reply);
    }
}
