//! Sessions: how people are known who use the page, and what they may see there. (Those of SMTP are in
//! [`crate::smtp`].)
//!
//! Where sessions are kept, and how a browser shows that it has one, is not known here.

mod secret;

pub use secret::Secret;

use crate::{
    account::Label,
    address::Domain,
    time::{DAY, UnixTime},
    token::{LastUse, TokenId},
};
use std::{fmt, time::Duration};

/// Most sessions, and links that nobody followed yet, that are kept.
pub const MAX_SESSIONS: u64 = 1_000;
/// Most domains of one owner.
pub const MAX_DOMAINS: usize = 100;
/// How long a link works.
pub const LINK_LIFE: Duration = Duration::from_mins(10);
/// How long a session lasts, however much it is used.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);

/// What a session is called in listings: ten digits in base 16, drawn by chance; the same as of the link that it
/// began with.
pub type SessionId = TokenId;

const _: () = assert!(SESSION_LIFE.as_secs() < DAY.as_secs());

/// A session, or the link that one begins with; without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name in listings; tells nothing of the secrets.
    pub id: SessionId,
    /// What may be seen and done.
    pub role: Role,
    /// Who it is for, in the words of whoever made the link.
    pub label: Option<Label>,
    /// When the link was made.
    pub made: UnixTime,
    /// When the link was followed; `None` as long as it was not.
    pub began: Option<UnixTime>,
    /// From when on the link is worth nothing, or once it was followed, the session.
    pub ends: UnixTime,
    /// When and from where the session was used last. To the minute.
    pub last_use: Option<LastUse>,
}

impl Session {
    /// A link that is made at `made`.
    ///
    /// # Errors
    /// When it would be for an owner of nothing, or of too much.
    pub fn link(
        id: SessionId,
        role: Role,
        label: Option<Label>,
        made: UnixTime,
    ) -> Result<Self, RoleError> {
        let role = role.checked()?;
        let ends = made + LINK_LIFE;
        Ok(Self { id, role, label, made, began: None, ends, last_use: None })
    }

    /// True from the time on when it is worth nothing.
    pub fn has_ended(&self, now: UnixTime) -> bool {
        self.ends <= now
    }
}

/// What somebody may see and do at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// What is of these domains.
    Owner(Vec<Domain>),
}

/// Why there is no such role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// An owner of nothing.
    #[error("an owner owns a domain at least")]
    NoDomain,
    /// More than may be.
    #[error("a session is for at most {MAX_DOMAINS} domains; without --domain it is for all")]
    TooManyDomains,
    /// Aliases are of domains with names.
    #[error("{0} is an address literal, and no domain with aliases")]
    Literal(Domain),
}

impl Role {
    /// True when what is of `domain` may be seen.
    pub fn may_see(&self, domain: &Domain) -> bool {
        self.domains().is_none_or(|own| own.contains(domain))
    }

    /// The domains of which something may be seen; `None` for all.
    pub fn domains(&self) -> Option<&[Domain]> {
        match self {
            Self::Admin => None,
            Self::Owner(domains) => Some(domains),
        }
    }

    /// True when everything that `other` may be seen by, may be seen by this too.
    pub fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Admin => matches!(self, Self::Admin),
            Self::Owner(domains) => domains.iter().all(|domain| self.may_see(domain)),
        }
    }

    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Owner(_) => "owner",
        }
    }

    fn checked(self) -> Result<Self, RoleError> {
        let Self::Owner(domains) = self else { return Ok(self) };
        let mut own: Vec<Domain> = Vec::new();
        for domain in domains {
            if domain.literal().is_some() {
                return Err(RoleError::Literal(domain));
            }
            if !own.contains(&domain) {
                own.push(domain);
            }
        }
        match own.len() {
            0 => Err(RoleError::NoDomain),
            count if count > MAX_DOMAINS => Err(RoleError::TooManyDomains),
            _ => Ok(Self::Owner(own)),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(names: &[&str]) -> Role {
        Role::Owner(names.iter().map(|name| Domain::parse(name).unwrap()).collect())
    }

    fn link(role: Role) -> Result<Session, RoleError> {
        Session::link(SessionId::new([7; 5]), role, None, UnixTime::new(1_000))
    }

    #[test]
    fn a_link_works_for_ten_minutes() {
        let link = link(Role::Admin).unwrap();
        assert!(!link.has_ended(UnixTime::new(1_599)));
        assert!(link.has_ended(UnixTime::new(1_600)));
    }

    #[test]
    fn who_sees_what() {
        let domain = |name| Domain::parse(name).unwrap();
        let both = owner(&["x.test", "y.test"]);
        assert!(both.may_see(&domain("X.test")) && !both.may_see(&domain("a.x.test")));
        assert!(Role::Admin.may_see(&domain("x.test")));
        for (one, other, covers) in [
            (Role::Admin, Role::Admin, true),
            (Role::Admin, both.clone(), true),
            (both.clone(), Role::Admin, false),
            (both.clone(), owner(&["y.test"]), true),
            (owner(&["y.test"]), both, false),
        ] {
            assert_eq!(one.covers(&other), covers, "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_no_role() {
        assert_eq!(link(owner(&[])), Err(RoleError::NoDomain));
        let literal = link(owner(&["[192.0.2.1]"])).unwrap_err();
        assert!(matches!(literal, RoleError::Literal(_)));
        let names: Vec<_> = (0..=MAX_DOMAINS).map(|n| format!("d{n}.test")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(link(owner(&names)), Err(RoleError::TooManyDomains));
        assert_eq!(link(owner(&["x.test", "X.test"])).unwrap().role, owner(&["x.test"]));
    }
}
