//! Tokens: what programs show that ask the API, and what they may do.

use super::{Error, Store};
use crate::{
    account::Label,
    address::{Domain, Mailbox},
    alias::{once_each, template_lookalike},
    clock,
    store::{MayChange, TokenChangeError},
    time::{DAY, UnixTime},
    token::{Maker, NameFormat, Scope, Secret, Token, TokenId},
};
use jiff::Timestamp;
use serde::Serialize;
use std::{num::NonZeroU32, time::Duration};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// A token, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its name in listings.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// `create`, `manage` or `admin`.
    pub scope: String,
    /// The domain that it is for; `null` for all.
    pub domain: Option<String>,
    /// Where the aliases lead that it makes.
    pub destinations: Vec<String>,
    /// How addresses look that are made up for it.
    pub format: String,
    /// Most changes a day; `null` for any number.
    pub daily_limit: Option<u32>,
    /// Those of today, where there is a limit.
    pub changes_today: u64,
    /// When it was made.
    pub added: String,
    /// By whom: `command line`, `session ID (LABEL)` of the page, or `user NAME` whom a proxy named; `null` where nobody noted
    /// that.
    pub made_by: Option<String>,
    /// The session of the page that made it.
    pub session: Option<String>,
    /// From when on it is worth nothing.
    pub expires: Option<String>,
    /// When it was used last; `null` before the first time. To the minute.
    pub last_used: Option<String>,
    /// By which client; `null` on a unix socket.
    pub client: Option<String>,
}

impl Record {
    /// What is told of a token at `now`.
    pub fn of(token: &Token, now: UnixTime) -> Self {
        let time = |at: UnixTime| Timestamp::from(at).to_string();
        Self {
            id: token.id.to_string(),
            label: token.label.to_string(),
            scope: token.scope.to_string(),
            domain: token.domain.as_ref().map(ToString::to_string),
            destinations: token.destinations.iter().map(ToString::to_string).collect(),
            format: token.format.to_string(),
            daily_limit: token.daily_limit.map(NonZeroU32::get),
            changes_today: token.changes.today(now),
            added: time(token.added),
            made_by: token.maker.as_ref().map(ToString::to_string),
            session: token.maker.as_ref().and_then(Maker::session).map(|id| id.to_string()),
            expires: token.expires.map(time),
            last_used: token.last_use.map(|last| time(last.time)),
            client: token.last_use.and_then(|last| last.client).map(|client| client.to_string()),
        }
    }
}

/// A token that is to be made.
#[derive(Debug, Clone)]
pub struct New {
    /// What its owner calls it.
    pub label: Label,
    /// What it may do.
    pub scope: Scope,
    /// The domain that it is for.
    pub domain: Option<Domain>,
    /// Where the aliases lead that it makes.
    pub destinations: Vec<Mailbox>,
    /// How addresses look that are made up for it.
    pub format: NameFormat,
    /// Most changes a day; `None` as its scope has it.
    pub daily_limit: Option<NonZeroU32>,
    /// From when on it is worth nothing.
    pub expires: Option<UnixTime>,
    /// Who makes it.
    pub maker: Maker,
}

/// Makes a token, and gives what its owner is shown, which is kept nowhere.
///
/// # Errors
/// When its scope needs what it has not, a destination looks like something else than it is, its domain is not hosted, its end is past, or the store fails.
pub async fn add(store: &Store, new: New) -> Result<(Record, Zeroizing<String>), Error> {
    let now = clock::now();
    if new.expires.is_some_and(|end| end <= now) {
        return Err(Error::refused(
            "the token would have expired already; --expires takes a time to come",
        ));
    }
    let id = TokenId::new(*clock::secret().map_err(Error::no_random)?);
    let secret = Secret::from_random(*clock::secret().map_err(Error::no_random)?);
    template_lookalike(&new.destinations).map_or(Ok(()), Err)?;
    let destinations = once_each(new.destinations, Mailbox::to_key);
    let token = Token {
        id,
        label: new.label,
        scope: new.scope,
        domain: new.domain,
        destinations,
        format: new.format,
        daily_limit: new.daily_limit.or(new.scope.default_limit()),
        added: now,
        maker: Some(new.maker),
        expires: new.expires,
        last_use: None,
        changes: Default::default(),
    };
    let token = token.checked().map_err(TokenChangeError::from)?;
    store.add_token(&token, &secret.hash()).await?;
    Ok((Record::of(&token, now), secret.reveal()))
}

/// All tokens, the oldest first.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store) -> Result<Vec<Record>, Error> {
    let now = clock::now();
    Ok(store.tokens().await?.iter().map(|token| Record::of(token, now)).collect())
}

/// Ends a token, and gives what it was: whoever shows it is refused from now on.
///
/// # Errors
/// When `id` is none, there is no such token, or the store fails.
pub async fn revoke(store: &Store, id: &str) -> Result<Record, Error> {
    let id = TokenId::parse(id).ok_or_else(|| {
        Error::refused(format_args!("{id:?} is no id of a token; see onward token list"))
    })?;
    Ok(Record::of(&store.revoke_token(id).await?, clock::now()))
}

/// The token that `shown` proves, as long as it is worth something.
///
/// # Errors
/// When the store fails.
pub async fn known(store: &Store, shown: &str) -> Result<Option<Token>, Error> {
    let Some(secret) = Secret::parse(shown) else { return Ok(None) };
    let token = store.token(&secret.hash()).await?;
    Ok(token.filter(|token| !token.is_expired(clock::now())))
}

/// One change of those that a token may make in a day. Given back when it is dropped, unless it was [kept](Claim::keep).
#[derive(Debug)]
pub struct Claim(Option<(Store, TokenId, UnixTime)>);

/// Why a token may not make one more change.
#[derive(Debug, thiserror::Error)]
pub enum NoClaim {
    /// It has made as many as it may today.
    #[error(
        "this token has made the {limit} changes that it may make a day; there are new ones at midnight UTC"
    )]
    OverLimit {
        /// How many.
        limit: u32,
        /// How long until it may make one again.
        wait: Duration,
    },
    /// It was revoked since it was asked about.
    #[error("this token was revoked")]
    Gone,
    /// The store fails.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Claims one change for a token.
///
/// # Errors
/// When it may make none, or the store fails.
pub async fn claim(store: &Store, token: &Token) -> Result<Claim, NoClaim> {
    let Some(limit) = token.daily_limit else { return Ok(Claim(None)) };
    let now = clock::now();
    match store.count_token_change(token.id, now).await.map_err(Error::from)? {
        MayChange::Yes => Ok(Claim(Some((store.clone(), token.id, now)))),
        MayChange::Gone => Err(NoClaim::Gone),
        MayChange::OverLimit => {
            let midnight = UnixTime::of_day(now.day()) + DAY;
            Err(NoClaim::OverLimit { limit: limit.get(), wait: midnight.since(now) })
        }
    }
}

impl Claim {
    /// The change came about.
    pub fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some((store, id, at)) = self.0.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = store.uncount_token_change(id, at).await {
                tracing::warn!(%error, token = %id, "a change that did not come about stays counted");
            }
        });
    }
}
