//! Long senders that mail under way depends on.
//!
//! The row behind a short address is durable before the address leaves, since its bounce may come however the
//! delivery ends, a crash included. Where nothing left in the end, the row is taken back: it was put in for a
//! message that its client keeps, and strangers could fill the table with such. But for rows that were there
//! before, or that other messages of the same sender depend on; who these are is known here.

use crate::srs::Token;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{Mutex as Gate, OwnedMutexGuard};

/// The tokens that messages under way depend on. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds(Arc<Mutex<HashMap<Token, Held>>>);

#[derive(Debug, Default)]
struct Held {
    holders: usize,
    /// An address with the token has left, or may have.
    has_left: bool,
    /// True while the row is there for these holders alone. Whoever puts the row in or takes it back keeps the
    /// lock meanwhile: nobody finds a row that is about to go.
    is_new: Arc<Gate<bool>>,
}

/// One message's part in a token. Dropped, it leaves the row: nothing is known of what became of the message.
#[derive(Debug)]
pub(super) struct Hold {
    holds: Holds,
    token: Token,
    is_new: Arc<Gate<bool>>,
    leaves: bool,
}

impl Holds {
    pub(super) fn take(&self, token: &Token) -> Hold {
        let mut holds = self.0.lock();
        let held = holds.entry(token.clone()).or_default();
        held.holders += 1;
        let is_new = Arc::clone(&held.is_new);
        Hold { holds: self.clone(), token: token.clone(), is_new, leaves: true }
    }
}

impl Hold {
    /// Whether the row is there for those who hold it alone. To be kept while it is put in or taken back, and until
    /// the hold of whoever takes it back has ended: of two who do, one has to be the last.
    pub(super) async fn is_new(&self) -> OwnedMutexGuard<bool> {
        Arc::clone(&self.is_new).lock_owned().await
    }

    /// True when nothing else depends on the row. Who comes meanwhile waits for [`Hold::is_new`].
    pub(super) fn is_last(&self) -> bool {
        let holds = self.holds.0.lock();
        holds.get(&self.token).is_some_and(|held| held.holders == 1 && !held.has_left)
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Ends it: no address with the token left for this message.
    pub(super) fn end_unused(mut self) {
        self.leaves = false;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = self.holds.0.lock();
        let Some(held) = holds.get_mut(&self.token) else { return };
        held.has_left |= self.leaves;
        held.holders -= 1;
        if held.holders == 0 {
            holds.remove(&self.token);
        }
    }
}
