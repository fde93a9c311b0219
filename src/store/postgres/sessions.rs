//! Sessions: whose they are, and changes of them.

use super::{
    Postgres,
    access::{reading, trying, writing},
    rows::{domains, sessions, tokens},
};
use crate::{
    session::{MAX_SESSIONS, Session, SessionId},
    store::{Begin, EndedSession, SessionChangeError, Sessions, StoreError},
    token::{LastUse, SecretHash},
};
use async_trait::async_trait;

#[async_trait]
impl Sessions for Postgres {
    async fn link(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError> {
        reading!(self.access, tx => sessions::by_link(tx, hash).await)
    }

    async fn session(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError> {
        reading!(self.access, tx => sessions::by_hash(tx, hash).await)
    }

    async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        reading!(self.access, tx => sessions::all(tx).await)
    }

    async fn add_link(&self, link: &Session, hash: &SecretHash) -> Result<(), SessionChangeError> {
        let _turn = self.access.directory_turn().await?;
        trying!(self.access, tx => {
            domains::lock(tx).await?;
            for domain in link.role.domains().unwrap_or_default() {
                if !domains::contains(tx, domain).await? {
                    return Err(SessionChangeError::NotHosted(domain.clone()).into());
                }
            }
            sessions::delete_ended(tx, link.made).await?;
            if sessions::count_all(tx).await? >= MAX_SESSIONS {
                return Err(SessionChangeError::TooMany.into());
            }
            sessions::insert_link(tx, link, hash).await?;
            Ok(())
        })
    }

    async fn begin_session(
        &self,
        link: &SecretHash,
        begin: Begin,
    ) -> Result<Option<Session>, StoreError> {
        writing!(self.access, tx => {
            let found = sessions::lock_link(tx, link).await?;
            let Some(found) = found.filter(|link| !link.has_ended(begin.at)) else {
                return Ok(None);
            };
            sessions::begin(tx, found.id, &begin).await?;
            Ok(sessions::by_id(tx, found.id).await?)
        })
    }

    async fn end_session(
        &self,
        id: SessionId,
        takes_tokens: bool,
    ) -> Result<EndedSession, SessionChangeError> {
        trying!(self.access, tx => {
            let session = sessions::lock(tx, id).await?;
            let tokens = tokens::of_session(tx, id).await?;
            if session.is_none() && (tokens.is_empty() || !takes_tokens) {
                return Err(SessionChangeError::NoSuchSession(id).into());
            }
            sessions::delete(tx, id).await?;
            for token in tokens.iter().filter(|_| takes_tokens) {
                tokens::delete(tx, token.id).await?;
            }
            Ok(EndedSession { session, tokens })
        })
    }

    async fn note_session_uses(
        &self,
        mut uses: Vec<(SessionId, LastUse)>,
    ) -> Result<(), StoreError> {
        // In one order, so that two nodes do not wait for each other.
        uses.sort_by_key(|(id, _)| id.to_string());
        writing!(self.access, tx => {
            for (id, last) in &uses {
                sessions::set_last_use(tx, *id, last).await?;
            }
            Ok(())
        })
    }
}
