use crate::token::TokenId;
use parking_lot::Mutex;
use std::{collections::HashSet, sync::Arc};

/// What a token does once at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Once(Arc<Mutex<HashSet<TokenId>>>);

/// Held while it does.
#[derive(Debug)]
pub(super) struct Doing(Once, TokenId);

impl Once {
    /// `None` while the token does it already.
    pub(super) fn claim(&self, id: TokenId) -> Option<Doing> {
        self.0.lock().insert(id).then(|| Doing(self.clone(), id))
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.0.0.lock().remove(&self.1);
    }
}
