//! Sessions: whose they are, and changes of them.

use super::{
    Sqlite,
    error::Failure,
    rows::{domains, sessions, tokens},
};
use crate::{
    session::{MAX_SESSIONS, Session, SessionId},
    store::{Begin, EndedSession, SessionChangeError, Sessions, StoreError},
    token::{LastUse, SecretHash},
};
use async_trait::async_trait;
use rusqlite::Connection;

#[async_trait]
impl Sessions for Sqlite {
    async fn link(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError> {
        let hash = *hash;
        self.readers.run(move |connection| sessions::by_link(connection, &hash)).await
    }

    async fn session(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError> {
        let hash = *hash;
        self.readers.run(move |connection| sessions::by_hash(connection, &hash)).await
    }

    async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let all = |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            sessions::all(&transaction)
        };
        self.readers.run(all).await
    }

    async fn add_link(&self, link: &Session, hash: &SecretHash) -> Result<(), SessionChangeError> {
        let (link, hash) = (link.clone(), *hash);
        let add = move |connection: &Connection| {
            for domain in link.role.domains().unwrap_or_default() {
                if !domains::contains(connection, domain)? {
                    return Err(SessionChangeError::NotHosted(domain.clone()).into());
                }
            }
            sessions::delete_ended(connection, link.made)?;
            if sessions::count(connection)? >= MAX_SESSIONS {
                return Err(SessionChangeError::TooMany.into());
            }
            Ok(sessions::insert_link(connection, &link, &hash)?)
        };
        self.writer.change_sessions(add).await
    }

    async fn begin_session(
        &self,
        link: &SecretHash,
        begin: Begin,
    ) -> Result<Option<Session>, StoreError> {
        let link = *link;
        let begin = move |connection: &Connection| {
            let found = sessions::by_link(connection, &link)?;
            let Some(found) = found.filter(|link| !link.has_ended(begin.at)) else {
                return Ok(None);
            };
            sessions::begin(connection, found.id, &begin)?;
            sessions::by_id(connection, found.id)
        };
        self.writer.run(begin).await
    }

    async fn end_session(
        &self,
        id: SessionId,
        takes_tokens: bool,
    ) -> Result<EndedSession, SessionChangeError> {
        let end = move |connection: &Connection| {
            let session = sessions::by_id(connection, id)?;
            let tokens = tokens::of_session(connection, id)?;
            if session.is_none() && (tokens.is_empty() || !takes_tokens) {
                return Err(Failure::from(SessionChangeError::NoSuchSession(id)));
            }
            sessions::delete(connection, id)?;
            for token in tokens.iter().filter(|_| takes_tokens) {
                tokens::delete(connection, token.id)?;
            }
            Ok(EndedSession { session, tokens })
        };
        self.writer.change_sessions(end).await
    }

    async fn note_session_uses(&self, uses: Vec<(SessionId, LastUse)>) -> Result<(), StoreError> {
        let note = move |connection: &Connection| {
            uses.iter().try_for_each(|(id, last)| sessions::set_last_use(connection, *id, last))
        };
        self.writer.run(note).await
    }
}
