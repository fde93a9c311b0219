//! Tokens of programs that ask the API.

use super::StoreError;
use crate::{
    address::Domain,
    time::UnixTime,
    token::{LastUse, MAX_TOKENS, SecretHash, Token, TokenError, TokenId},
};
use async_trait::async_trait;

/// Tokens: what programs show that ask the API.
///
/// Whoever keeps them promises:
/// - Every change is all or nothing. It is durable when it is answered.
/// - What is asked is answered as tokens are now, whoever changed them: nothing is remembered, so a token that is revoked
///   is gone with the next question.
/// - A question that fails is an error and never a no.
/// - No token makes more changes a day than it may, however many ask at once.
/// - With a domain go the tokens that are for it.
/// - A session that is over makes no token.
#[async_trait]
pub trait Tokens {
    /// The token that is proved by what has this hash, whether it has expired or not.
    ///
    /// # Errors
    /// When the store fails.
    async fn token(&self, hash: &SecretHash) -> Result<Option<Token>, StoreError>;

    /// All tokens, the oldest first; [`MAX_TOKENS`] at most.
    ///
    /// # Errors
    /// When the store fails.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Keeps a token, which is known by `hash` from now on.
    ///
    /// # Errors
    /// When its domain is not hosted, the session that makes it is over, there are as many as may be, or the store fails.
    async fn add_token(&self, token: &Token, hash: &SecretHash) -> Result<(), TokenChangeError>;

    /// Ends a token, and gives what it was.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    async fn revoke_token(&self, id: TokenId) -> Result<Token, TokenChangeError>;

    /// Writes down when tokens were used last; of those that are still there.
    ///
    /// # Errors
    /// When the store fails: nothing is written down.
    async fn note_token_uses(&self, uses: Vec<(TokenId, LastUse)>) -> Result<(), StoreError>;

    /// Counts one more change by a token on the day of `now`, if it may make one.
    ///
    /// # Errors
    /// When the store fails: nothing is counted.
    async fn count_token_change(&self, id: TokenId, now: UnixTime)
    -> Result<MayChange, StoreError>;

    /// Takes back a change that was counted on the day of `at` and did not come about.
    ///
    /// # Errors
    /// When the store fails: the change stays counted.
    async fn uncount_token_change(&self, id: TokenId, at: UnixTime) -> Result<(), StoreError>;
}

/// Whether a token may make one more change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayChange {
    /// It may, and it is counted.
    Yes,
    /// It has made as many as it may today.
    OverLimit,
    /// It is not there any more.
    Gone,
}

/// Why tokens were not changed. Nothing was; the message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenChangeError {
    /// There may be no such token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It would be for a domain of somebody else.
    #[error("{0} is not hosted here; first: onward domain add {0}")]
    NotHosted(Domain),
    /// As many as may be.
    #[error(
        "there are {MAX_TOKENS} tokens already, which is the most; onward token revoke ID ends one"
    )]
    TooMany,
    /// Whoever makes it was logged out meanwhile.
    #[error("the session {0} is over")]
    NoSession(TokenId),
    /// Nothing to revoke.
    #[error("there is no token {0}; see onward token list")]
    NoSuchToken(TokenId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
