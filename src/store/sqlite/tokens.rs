//! Tokens: whose they are, and changes of them.

use super::{
    Sqlite,
    error::Failure,
    rows::{domains, sessions, tokens},
};
use crate::{
    store::{MayChange, StoreError, TokenChangeError, Tokens},
    time::UnixTime,
    token::{LastUse, MAX_TOKENS, Maker, SecretHash, Token, TokenId},
};
use async_trait::async_trait;
use rusqlite::Connection;

#[async_trait]
impl Tokens for Sqlite {
    async fn token(&self, hash: &SecretHash) -> Result<Option<Token>, StoreError> {
        let hash = *hash;
        self.readers.run(move |connection| tokens::by_hash(connection, &hash)).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let all = |connection: &Connection| {
            let transaction = connection.unchecked_transaction()?;
            tokens::all(&transaction)
        };
        self.readers.run(all).await
    }

    async fn add_token(&self, token: &Token, hash: &SecretHash) -> Result<(), TokenChangeError> {
        let (token, hash) = (token.clone(), *hash);
        let add = move |connection: &Connection| {
            if let Some(domain) = &token.domain
                && !domains::contains(connection, domain)?
            {
                return Err(TokenChangeError::NotHosted(domain.clone()).into());
            }
            if let Some(session) = token.maker.as_ref().and_then(Maker::session)
                && sessions::by_id(connection, session)?.is_none()
            {
                return Err(TokenChangeError::NoSession(session).into());
            }
            if tokens::count(connection)? >= MAX_TOKENS {
                return Err(TokenChangeError::TooMany.into());
            }
            Ok(tokens::insert(connection, &token, &hash)?)
        };
        self.writer.change_tokens(add).await
    }

    async fn revoke_token(&self, id: TokenId) -> Result<Token, TokenChangeError> {
        let revoke = move |connection: &Connection| {
            let Some(token) = tokens::by_id(connection, id)? else {
                return Err(Failure::from(TokenChangeError::NoSuchToken(id)));
            };
            tokens::delete(connection, id)?;
            Ok(token)
        };
        self.writer.change_tokens(revoke).await
    }

    async fn note_token_uses(&self, uses: Vec<(TokenId, LastUse)>) -> Result<(), StoreError> {
        let note = move |connection: &Connection| {
            uses.iter().try_for_each(|(id, last)| tokens::set_last_use(connection, *id, last))
        };
        self.writer.run(note).await
    }

    async fn count_token_change(
        &self,
        id: TokenId,
        now: UnixTime,
    ) -> Result<MayChange, StoreError> {
        let room = move |connection: &Connection| {
            Ok(match tokens::by_id(connection, id)? {
                None => MayChange::Gone,
                Some(token) if is_over(&token, now) => MayChange::OverLimit,
                Some(_) => MayChange::Yes,
            })
        };
        // Who is over the limit costs no write.
        match self.readers.run(room).await? {
            MayChange::Yes => {}
            no => return Ok(no),
        }
        let count = move |connection: &Connection| {
            let may = room(connection)?;
            if may == MayChange::Yes {
                tokens::count_change(connection, id, now.day())?;
            }
            Ok(may)
        };
        self.writer.run(count).await
    }

    async fn uncount_token_change(&self, id: TokenId, at: UnixTime) -> Result<(), StoreError> {
        let uncount =
            move |connection: &Connection| tokens::uncount_change(connection, id, at.day());
        self.writer.run(uncount).await
    }
}

fn is_over(token: &Token, now: UnixTime) -> bool {
    token.daily_limit.is_some_and(|limit| token.changes.today(now) >= limit.get().into())
}
