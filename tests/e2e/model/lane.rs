//! The destination of one case.

use super::case::{Back, Case, Fault, Kind, Shape};
use crate::support::port::free_address;
use crate::support::receiver::{Action, At, Gate, Message, Receiver, Step};
use std::net::{SocketAddr, TcpStream};

/// A destination, bad in its own way until [`Lane::come_back`].
pub(super) struct Lane {
    address: SocketAddr,
    is_lmtp: bool,
    place: Place,
    /// Where silent sessions wait.
    silence: Gate,
}

enum Place {
    Nobody,
    /// Its listener takes no further connection, and refuses none.
    Full {
        _listener: socket2::Socket,
        _waiting: TcpStream,
    },
    Up(Receiver),
}

impl Lane {
    pub(super) fn new(case: &Case) -> Self {
        let (is_lmtp, silence) = (case.is_lmtp(), Gate::new());
        let (address, place) = match case.fault {
            Some(Fault { step: Step::Connect, kind: Kind::Silence }) => full(),
            Some(Fault { step: Step::Connect, .. }) => (free_address(), Place::Nobody),
            _ => {
                let (case, silence) = (case.clone(), silence.clone());
                let builder = if is_lmtp { Receiver::lmtp() } else { Receiver::smtp() };
                let receiver = builder.rule(move |at| behaviour(&case, at, &silence)).start();
                (receiver.address(), Place::Up(receiver))
            }
        };
        Self { address, is_lmtp, place, silence }
    }

    /// What its `[[route]]` says.
    pub(super) fn route(&self) -> String {
        let lmtp = if self.is_lmtp { "lmtp:" } else { "" };
        format!("{lmtp}{}", self.address)
    }

    /// Hangs up on whoever waits in vain, once so many sessions do.
    pub(super) fn cut_silence(&mut self, sessions: usize) {
        match &self.place {
            Place::Full { .. } => self.place = Place::Nobody,
            Place::Up(_) if self.silence.arrivals() >= sessions => self.silence.open(),
            Place::Up(_) | Place::Nobody => {}
        }
    }

    /// Hangs up on whoever waits in vain, and from now on instead of being silent.
    pub(super) fn lose_silence(&self) {
        self.silence.open();
    }

    /// See [`Case::is_busy_again`].
    pub(super) fn be_busy(&self) {
        if let Place::Up(receiver) = &self.place {
            receiver.accept_all().on(Step::Mail, Action::reply("450 4.2.0 busy"));
        }
    }

    /// From now on it does this with everything.
    pub(super) fn come_back(&mut self, back: Back) {
        if !matches!(self.place, Place::Up(_)) {
            self.place = Place::Nobody;
            self.place = Place::Up(Receiver::smtp().at(self.address).start());
        }
        let Place::Up(receiver) = &self.place else { return };
        receiver.accept_all();
        self.silence.open();
        if back == Back::Refuses {
            receiver.on(Step::Rcpt, Action::reply("550 5.1.1 nobody of that name any more"));
        }
    }

    /// Everything that came to its end of data.
    pub(super) fn messages(&self) -> Vec<Message> {
        match &self.place {
            Place::Up(receiver) => receiver.attempts(),
            Place::Nobody | Place::Full { .. } => Vec::new(),
        }
    }
}

/// A listener whose queue is full: the kernel drops every SYN.
fn full() -> (SocketAddr, Place) {
    let address = free_address();
    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.set_reuse_address(true).unwrap();
    listener.bind(&address.into()).unwrap();
    listener.listen(0).unwrap();
    let waiting = TcpStream::connect(address).unwrap();
    (address, Place::Full { _listener: listener, _waiting: waiting })
}

/// What a bad destination does at a step; `None` where it is good.
fn behaviour(case: &Case, at: &At<'_>, silence: &Gate) -> Option<Action> {
    let fault = case.fault.filter(|fault| fault.step == at.step)?;
    let is_affected = |address: &str| {
        let mut mailboxes = case.recipients().into_iter().flat_map(|to| to.mailboxes);
        mailboxes.any(|mailbox| mailbox.address == address && mailbox.is_affected)
    };
    let kind = match case.shape {
        Shape::OneOfTwo { other, .. } if !is_affected(at.recipient) => other?,
        _ => fault.kind,
    };
    Some(match kind {
        Kind::Later => Action::reply("450 4.2.0 greylisted"),
        Kind::Closing => Action::last_reply("421 4.3.2 shutting down"),
        Kind::No => Action::reply("554 5.7.9 not wanted"),
        Kind::Login => Action::reply("530 5.7.0 who are you?"),
        Kind::Silence => Action::hold(silence).then(Action::Close),
        Kind::Reset => Action::Reset,
    })
}
