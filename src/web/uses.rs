use crate::{
    admin::Store,
    clock,
    http::Client,
    session::{Session, SessionId},
    token::{LastUse, Token, TokenId},
};
use parking_lot::Mutex;
use std::{collections::HashMap, hash::Hash};

/// When tokens and sessions were used last, until that is written down: no request waits for it, and many share one write.
#[derive(Debug, Default)]
pub(super) struct Uses {
    tokens: Noted<TokenId>,
    sessions: Noted<SessionId>,
}

type Noted<Id> = Mutex<HashMap<Id, LastUse>>;

impl Uses {
    /// Notes a use of a token, where that of the last minute is not written down yet.
    pub(super) fn note(&self, token: &Token, client: Client) {
        note(&self.tokens, token.id, token.last_use, client);
    }

    /// The same of a session.
    pub(super) fn note_session(&self, session: &Session, client: Client) {
        note(&self.sessions, session.id, session.last_use, client);
    }

    /// Writes them down.
    pub(super) async fn keep(&self, store: &Store) {
        let tokens = taken(&self.tokens);
        if !tokens.is_empty()
            && let Err(error) = store.note_token_uses(tokens).await
        {
            tracing::warn!(%error, "cannot note when tokens were used");
        }
        let sessions = taken(&self.sessions);
        if !sessions.is_empty()
            && let Err(error) = store.note_session_uses(sessions).await
        {
            tracing::warn!(%error, "cannot note when sessions were used");
        }
    }
}

fn note<Id: Eq + Hash>(noted: &Noted<Id>, id: Id, last: Option<LastUse>, client: Client) {
    let now = clock::now();
    if LastUse::is_to_be_noted(last, now) {
        noted.lock().insert(id, LastUse { time: now, client: client.0 });
    }
}

fn taken<Id: Eq + Hash>(noted: &Noted<Id>) -> Vec<(Id, LastUse)> {
    noted.lock().drain().collect()
}
