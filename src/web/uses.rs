use crate::{
    admin::Store,
    clock,
    http::Client,
    token::{LastUse, Token, TokenId},
};
use parking_lot::Mutex;
use std::collections::HashMap;

/// When tokens were used last, until that is written down: no request waits for it, and many share one write.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<TokenId, LastUse>>);

impl Uses {
    /// Notes a use, where that of the last minute is not written down yet.
    pub(super) fn note(&self, token: &Token, client: Client) {
        let now = clock::now();
        if token.is_to_be_noted(now) {
            self.0.lock().insert(token.id, LastUse { time: now, client: client.0 });
        }
    }

    /// Writes them down.
    pub(super) async fn keep(&self, store: &Store) {
        let uses: Vec<_> = self.0.lock().drain().collect();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = store.note_token_uses(uses).await {
            tracing::warn!(%error, "cannot note when tokens were used");
        }
    }
}
