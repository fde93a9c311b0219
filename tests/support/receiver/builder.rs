//! Sets a receiver up.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::script::{self, Action, At, Rule, Script, Step};
use super::stream::Listener;
use super::{Profile, Receiver, State, accept};
use crate::support::wait_until;

/// A receiver before it listens.
pub struct Builder {
    profile: Profile,
    script: Script,
    place: Place,
}

enum Place {
    FreePort,
    Address(SocketAddr),
    Unix(PathBuf),
}

impl Builder {
    pub(super) fn new(lmtp: bool) -> Self {
        let keywords =
            ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 104857600", "ENHANCEDSTATUSCODES"];
        let profile = Profile { lmtp, lenient: false, counting: false, keywords: owned(&keywords) };
        Self { profile, script: Script::default(), place: Place::FreePort }
    }

    /// LMTP instead of SMTP.
    pub fn speaking_lmtp(mut self) -> Self {
        self.profile.lmtp = true;
        self
    }

    /// The EHLO keywords, in place of the usual ones.
    pub fn keywords(mut self, keywords: &[&str]) -> Self {
        self.profile.keywords = owned(keywords);
        self
    }

    /// Takes any form of a lone dot as the end of data, as the most broken servers would.
    pub fn lenient(mut self) -> Self {
        self.profile.lenient = true;
        self
    }

    /// Keeps an id and a hash of each message instead of its bytes, and no commands: for load.
    pub fn counting(mut self) -> Self {
        self.profile.counting = true;
        self
    }

    /// Listens here, as a destination that comes back does.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.place = Place::Address(address);
        self
    }

    pub fn unix(mut self, path: impl AsRef<Path>) -> Self {
        self.place = Place::Unix(path.as_ref().to_owned());
        self
    }

    pub fn on(self, step: Step, action: Action) -> Self {
        self.push(script::at_step(step, action))
    }

    /// At a step of the n-th connection, from 1.
    pub fn on_connection(self, number: usize, step: Step, action: Action) -> Self {
        self.push(script::on_connection(number, step, action))
    }

    /// At a step of the n-th transaction, from 1.
    pub fn on_message(self, number: usize, step: Step, action: Action) -> Self {
        self.push(script::on_message(number, step, action))
    }

    /// The answer to RCPT of this address.
    pub fn on_recipient(self, address: &str, action: Action) -> Self {
        self.push(script::on_recipient(address, Step::Rcpt, action))
    }

    /// Whatever the closure says, anywhere; `None` leaves it to the rules before.
    pub fn rule(self, rule: impl Fn(&At<'_>) -> Option<Action> + Send + Sync + 'static) -> Self {
        self.push(Arc::new(rule))
    }

    pub fn start(self) -> Receiver {
        let listener = match self.place {
            Place::FreePort => Listener::Tcp(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()),
            // A child forked by another test may hold a closed listener until its exec.
            Place::Address(address) => {
                Listener::Tcp(wait_until(format!("{address} to be free"), || {
                    TcpListener::bind(address).ok()
                }))
            }
            Place::Unix(path) => Listener::Unix(UnixListener::bind(&path).unwrap(), path),
        };
        let state = Arc::new(State::new(self.profile, self.script));
        let (name, address) = (listener.name(), listener.address());
        let accepting_state = Arc::clone(&state);
        let accepting = Some(thread::spawn(move || accept(&listener, &accepting_state)));
        Receiver { name, address, state, accepting }
    }

    fn push(mut self, rule: Rule) -> Self {
        self.script.push(rule);
        self
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
