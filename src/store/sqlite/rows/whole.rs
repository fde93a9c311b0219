//! The spool as a whole, for whoever plans what is done next.

use crate::store::{
    Unreadable,
    spool::{Leg, Open, Spooled},
};
use rusqlite::{Connection, Result};

/// The spool as a whole.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    /// What is still to be done.
    pub(crate) open: Vec<Open>,
    /// Messages with nothing left to do.
    pub(crate) finished: Vec<i64>,
    pub(crate) unreadable: Vec<Unreadable>,
}

impl Whole {
    /// Reads it, in a transaction that is open.
    pub(crate) fn read(connection: &Connection) -> Result<Self> {
        let mut whole = Self::default();
        super::spool::all(connection, |message| match message {
            Ok(message) => whole.add(message),
            Err(unreadable) => whole.unreadable.push(unreadable),
        })?;
        Ok(whole)
    }

    fn add(&mut self, message: Spooled) {
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
