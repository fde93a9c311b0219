//! Tokens: whose they are, and changes of them.

use super::{
    Postgres,
    access::{reading, trying, writing},
    rows::{domains, sessions, tokens},
};
use crate::{
    store::{MayChange, StoreError, TokenChangeError, Tokens},
    time::UnixTime,
    token::{LastUse, MAX_TOKENS, Maker, SecretHash, Token, TokenId},
};
use async_trait::async_trait;

#[async_trait]
impl Tokens for Postgres {
    async fn token(&self, hash: &SecretHash) -> Result<Option<Token>, StoreError> {
        reading!(self.access, tx => tokens::by_hash(tx, hash).await)
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        reading!(self.access, tx => tokens::all(tx).await)
    }

    async fn add_token(&self, token: &Token, hash: &SecretHash) -> Result<(), TokenChangeError> {
        let _turn = self.access.directory_turn().await?;
        trying!(self.access, tx => {
            domains::lock(tx).await?;
            if let Some(domain) = &token.domain
                && !domains::contains(tx, domain).await?
            {
                return Err(TokenChangeError::NotHosted(domain.clone()).into());
            }
            if let Some(session) = token.maker.as_ref().and_then(Maker::session)
                && sessions::lock(tx, session).await?.is_none()
            {
                return Err(TokenChangeError::NoSession(session).into());
            }
            if tokens::count_all(tx).await? >= MAX_TOKENS {
                return Err(TokenChangeError::TooMany.into());
            }
            tokens::insert(tx, token, hash).await?;
            Ok(())
        })
    }

    async fn revoke_token(&self, id: TokenId) -> Result<Token, TokenChangeError> {
        trying!(self.access, tx => {
            let token = tokens::by_id(tx, id).await?;
            let Some(token) = token else { return Err(TokenChangeError::NoSuchToken(id).into()) };
            // Another node may be faster.
            match tokens::delete(tx, id).await? {
                true => Ok(token),
                false => Err(TokenChangeError::NoSuchToken(id).into()),
            }
        })
    }

    async fn note_token_uses(&self, mut uses: Vec<(TokenId, LastUse)>) -> Result<(), StoreError> {
        // In one order, so that two nodes do not wait for each other.
        uses.sort_by_key(|(id, _)| id.to_string());
        writing!(self.access, tx => {
            for (id, last) in &uses {
                tokens::set_last_use(tx, *id, last).await?;
            }
            Ok(())
        })
    }

    async fn count_token_change(
        &self,
        id: TokenId,
        now: UnixTime,
    ) -> Result<MayChange, StoreError> {
        // Who is over the limit costs no write.
        let seen = reading!(self.access, tx => tokens::by_id(tx, id).await)?;
        match may_change(seen.as_ref(), now) {
            MayChange::Yes => {}
            no => return Ok(no),
        }
        writing!(self.access, tx => {
            let may = may_change(tokens::lock(tx, id).await?.as_ref(), now);
            if may == MayChange::Yes {
                tokens::count_change(tx, id, now.day()).await?;
            }
            Ok(may)
        })
    }

    async fn uncount_token_change(&self, id: TokenId, at: UnixTime) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(tokens::uncount_change(tx, id, at.day()).await?))
    }
}

fn may_change(token: Option<&Token>, now: UnixTime) -> MayChange {
    let is_over = |token: &Token| {
        token.daily_limit.is_some_and(|limit| token.changes.today(now) >= limit.get().into())
    };
    match token {
        None => MayChange::Gone,
        Some(token) if is_over(token) => MayChange::OverLimit,
        Some(_) => MayChange::Yes,
    }
}
