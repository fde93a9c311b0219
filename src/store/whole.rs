//! The spool as a whole, for whoever plans what is done next.

use super::{
    Unreadable,
    spool::{Leg, Open, Spooled},
};

/// The spool as a whole.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// What is still to be done.
    pub(super) open: Vec<Open>,
    /// Messages with nothing left to do.
    pub(super) finished: Vec<i64>,
    pub(super) unreadable: Vec<Unreadable>,
}

impl Whole {
    /// Adds messages, whether they can be read or not.
    pub(super) fn add_all(&mut self, messages: Vec<Result<Spooled, Unreadable>>) {
        for message in messages {
            match message {
                Ok(message) => self.add(message),
                Err(unreadable) => self.unreadable.push(unreadable),
            }
        }
    }

    /// Adds a message that can be read.
    pub(super) fn add(&mut self, message: Spooled) {
        let (seq, arrived) = (message.seq, message.head.arrived);
        let (cause, kind) = (message.head.cause(), message.head.kind());
        let is_held = message.held.is_some();
        let before = self.open.len();
        let open = message.legs.into_iter().filter(|leg| leg.state.is_open());
        self.open.extend(open.map(|Leg { mailbox, next_attempt, .. }| Open {
            message: seq,
            mailbox,
            next_attempt,
            arrived,
            cause: cause.clone(),
            kind,
            is_held,
        }));
        if self.open.len() == before {
            self.finished.push(seq);
        }
    }
}
