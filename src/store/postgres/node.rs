//! A machine that serves from a database that it shares with others.

use crate::{clock, message::MessageId};
use std::{path::PathBuf, time::Duration};

/// How long a node that is not heard of keeps what it has in the spool, where nothing else is set.
pub const LEASE: Duration = Duration::from_secs(60);

/// How many messages of the spool a node has in hand, where nothing else is set.
pub const HOLD: usize = 20_000;

/// Who serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name among those that share the database.
    pub name: String,
    /// Which state directory it serves from: who comes from there takes the place of who was there before, and who comes by
    /// the same name from elsewhere is refused while that one serves.
    pub instance: String,
    /// How long it keeps what it has in the spool while nobody hears of it.
    pub lease: Duration,
    /// How many messages of the spool it has in hand at once.
    pub hold: usize,
    /// The directory in which it keeps a copy of domains and aliases, by which it goes on while the database is away.
    pub copy: Option<PathBuf>,
}

impl Node {
    /// A node of that name, which nobody was before.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            instance: new_instance(),
            lease: LEASE,
            hold: HOLD,
            copy: None,
        }
    }
}

/// What no state directory has yet.
pub(in crate::store) fn new_instance() -> String {
    let id: MessageId = clock::message_id();
    id.to_string()
}
