//! Sessions of people at the page, and the links that they begin with.

use super::StoreError;
use crate::{
    address::Domain,
    session::{MAX_SESSIONS, RoleError, Session, SessionId},
    time::UnixTime,
    token::{LastUse, SecretHash, Token},
};
use async_trait::async_trait;
use std::net::IpAddr;

/// Sessions of people at the page.
///
/// Whoever keeps them promises:
/// - Every change is all or nothing. It is durable when it is answered.
/// - What is asked is answered as sessions are now, whoever changed them: nothing is remembered, so a session that is
///   ended is gone with the next question.
/// - A question that fails is an error and never a no.
/// - A link makes one session, however many follow it at once.
/// - With a domain goes what its owners may see of it, and the sessions of those who own no other.
#[async_trait]
pub trait Sessions {
    /// The link that is proved by what has this hash and that nobody followed yet, whether it has ended or not.
    ///
    /// # Errors
    /// When the store fails.
    async fn link(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError>;

    /// The session that is proved by what has this hash, whether it has ended or not.
    ///
    /// # Errors
    /// When the store fails.
    async fn session(&self, hash: &SecretHash) -> Result<Option<Session>, StoreError>;

    /// All sessions and links, the oldest first, whether they have ended or not; [`MAX_SESSIONS`] at most.
    ///
    /// # Errors
    /// When the store fails.
    async fn sessions(&self) -> Result<Vec<Session>, StoreError>;

    /// Keeps a link, which is known by `hash` from now on. What has ended by then is deleted.
    ///
    /// # Errors
    /// When a domain of it is not hosted, there are as many as may be, or the store fails.
    async fn add_link(&self, link: &Session, hash: &SecretHash) -> Result<(), SessionChangeError>;

    /// Makes a session of a link that has not ended; the link is worth nothing from now on, nor is the session that the
    /// browser had before. `None` where there is no such link.
    ///
    /// # Errors
    /// When the store fails.
    async fn begin_session(
        &self,
        link: &SecretHash,
        begin: Begin,
    ) -> Result<Option<Session>, StoreError>;

    /// Ends a session or a link, and gives what it was, and the tokens that it made: they end with it where
    /// `takes_tokens` says so, even where it is over already, and go on otherwise.
    ///
    /// # Errors
    /// When there is nothing to end, or the store fails.
    async fn end_session(
        &self,
        id: SessionId,
        takes_tokens: bool,
    ) -> Result<EndedSession, SessionChangeError>;

    /// Writes down when sessions were used last; of those that are still there.
    ///
    /// # Errors
    /// When the store fails: nothing is written down.
    async fn note_session_uses(&self, uses: Vec<(SessionId, LastUse)>) -> Result<(), StoreError>;
}

/// A session that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// What it was; `None` where it was over already.
    pub session: Option<Session>,
    /// The tokens that it made.
    pub tokens: Vec<Token>,
}

/// How a session begins.
#[derive(Debug, Clone, Copy)]
pub struct Begin {
    /// By which it is known from now on.
    pub hash: SecretHash,
    /// When the link was followed.
    pub at: UnixTime,
    /// When the session ends.
    pub ends: UnixTime,
    /// By which client; `None` on a unix socket.
    pub client: Option<IpAddr>,
    /// The session that the browser had before, which ends.
    pub instead_of: Option<SessionId>,
}

/// Why sessions were not changed. Nothing was; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionChangeError {
    /// There may be no such session.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// It would be for a domain of somebody else.
    #[error("{0} is not hosted here; first: onward domain add {0}")]
    NotHosted(Domain),
    /// As many as may be.
    #[error(
        "there are {MAX_SESSIONS} sessions and links already, which is the most; onward web revoke ID ends one"
    )]
    TooMany,
    /// Nothing to end.
    #[error("there is no session {0}; see onward web list")]
    NoSuchSession(SessionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
