//! Sessions of people at the page, and the links that they begin with.

use super::{Error, Store, tokens};
use crate::{
    account::Label,
    clock,
    session::{Role, SESSION_LIFE, Secret, Session, SessionId},
    store::{Begin, EndedSession, SessionChangeError},
    time::UnixTime,
};
use jiff::Timestamp;
use serde::Serialize;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// A session, or the link that one begins with; without what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Its name in listings.
    pub id: String,
    /// Who it is for.
    pub label: Option<String>,
    /// `admin` or `owner`.
    pub role: String,
    /// The domains of an owner; `null` for all.
    pub domains: Option<Vec<String>>,
    /// `link` until it is followed, then `session`.
    pub state: &'static str,
    /// When the link was made.
    pub made: String,
    /// When it was followed.
    pub began: Option<String>,
    /// From when on it is worth nothing.
    pub ends: String,
    /// When the session was used last. To the minute.
    pub last_used: Option<String>,
    /// By which client; `null` on a unix socket.
    pub client: Option<String>,
}

impl From<&Session> for Record {
    fn from(session: &Session) -> Self {
        let time = |at: UnixTime| Timestamp::from(at).to_string();
        let domains = session.role.domains();
        let last = session.last_use;
        Self {
            id: session.id.to_string(),
            label: session.label.as_ref().map(ToString::to_string),
            role: session.role.to_string(),
            domains: domains.map(|own| own.iter().map(ToString::to_string).collect()),
            state: if session.began.is_some() { "session" } else { "link" },
            made: time(session.made),
            began: session.began.map(time),
            ends: time(session.ends),
            last_used: last.map(|last| time(last.time)),
            client: last.and_then(|last| last.client).map(|client| client.to_string()),
        }
    }
}

/// Makes a link, and gives what it holds, which is kept nowhere.
///
/// # Errors
/// When there may be no such role, a domain of it is not hosted, or the store fails.
pub async fn make_link(
    store: &Store,
    role: Role,
    label: Option<Label>,
) -> Result<(Record, Zeroizing<String>), Error> {
    let id = SessionId::new(*clock::secret().map_err(Error::no_random)?);
    let secret = Secret::from_random(*clock::secret().map_err(Error::no_random)?);
    let link = Session::link(id, role, label, clock::now()).map_err(SessionChangeError::from)?;
    store.add_link(&link, &secret.link_hash()).await?;
    Ok((Record::from(&link), secret.reveal()))
}

/// The link that `shown` proves, as long as it can be followed.
///
/// # Errors
/// When the store fails.
pub async fn link(store: &Store, shown: &str) -> Result<Option<Session>, Error> {
    let Some(secret) = Secret::parse(shown) else { return Ok(None) };
    let link = store.link(&secret.link_hash()).await?;
    Ok(link.filter(|link| !link.has_ended(clock::now())))
}

/// Follows a link, once, and ends the session that the browser had before. Gives the session and what proves it from now on,
/// which is drawn anew, so that nobody knows it who saw the link; `None` where `shown` is no link that can be followed.
///
/// # Errors
/// When the store fails.
pub async fn begin(
    store: &Store,
    shown: &str,
    client: Option<IpAddr>,
    instead_of: Option<SessionId>,
) -> Result<Option<(Session, Zeroizing<String>)>, Error> {
    let Some(link) = Secret::parse(shown) else { return Ok(None) };
    let secret = Secret::from_random(*clock::secret().map_err(Error::no_random)?);
    let at = clock::now();
    let ends = at + SESSION_LIFE;
    let begin = Begin { hash: secret.session_hash(), at, ends, client, instead_of };
    let session = store.begin_session(&link.link_hash(), begin).await?;
    Ok(session.map(|session| (session, secret.reveal())))
}

/// The session that `shown` proves, as long as it lasts.
///
/// # Errors
/// When the store fails.
pub async fn known(store: &Store, shown: &str) -> Result<Option<Session>, Error> {
    let Some(secret) = Secret::parse(shown) else { return Ok(None) };
    let session = store.session(&secret.session_hash()).await?;
    Ok(session.filter(|session| !session.has_ended(clock::now())))
}

/// All sessions and links that are worth something, the oldest first.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<Vec<Session>, Error> {
    let now = clock::now();
    let mut sessions = store.sessions().await?;
    sessions.retain(|session| !session.has_ended(now));
    Ok(sessions)
}

/// The same as records.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store) -> Result<Vec<Record>, Error> {
    Ok(all(store).await?.iter().map(Record::from).collect())
}

/// What was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The session or link; `None` where it was over already.
    pub session: Option<Record>,
    /// The tokens that it made: revoked with it, or going on.
    pub tokens: Vec<tokens::Record>,
}

/// Ends a session or a link, and gives what it was: whoever shows it is a stranger from now on. The tokens that it made end
/// with it where `takes_tokens` says so.
///
/// # Errors
/// When `id` is none, there is no such session, or the store fails.
pub async fn revoke(store: &Store, id: &str, takes_tokens: bool) -> Result<Revoked, Error> {
    let id = SessionId::parse(id).ok_or_else(|| {
        Error::refused(format_args!("{id:?} is no id of a session; see onward web list"))
    })?;
    let EndedSession { session, tokens } = store.end_session(id, takes_tokens).await?;
    let now = clock::now();
    Ok(Revoked {
        session: session.as_ref().map(Record::from),
        tokens: tokens.iter().map(|token| tokens::Record::of(token, now)).collect(),
    })
}
