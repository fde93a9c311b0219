//! Tokens: what a program shows instead of a password where it asks the API, and what it may do there.
//!
//! Where tokens are kept, and what they are used for, is not known here.

mod error;
mod maker;
pub(crate) mod secret;

pub use error::TokenError;
pub use maker::Maker;
pub use secret::{Secret, SecretHash, TokenId};

use crate::{
    account::Label,
    address::{Domain, Mailbox},
    time::UnixTime,
};
use std::{fmt, net::IpAddr, num::NonZeroU32, str::FromStr};

/// Most tokens that are kept.
pub const MAX_TOKENS: u64 = 10_000;
/// Most destinations of one token.
pub const MAX_DESTINATIONS: usize = 20;
/// Aliases that a token of the scope `create` makes a day, where nothing else is said.
pub const DEFAULT_CREATED: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// Changes that a token of the scope `manage` makes a day, where nothing else is said.
pub const DEFAULT_MANAGED: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// A use is written down once in so many seconds at most.
const NOTED_EVERY: u64 = 60;

/// A token, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name in listings; tells nothing of the secret.
    pub id: TokenId,
    /// What its owner calls it.
    pub label: Label,
    /// What it may do.
    pub scope: Scope,
    /// The domain that it is for; `None` for all, which `admin` alone is for.
    pub domain: Option<Domain>,
    /// Where the aliases lead that it makes: those of `create` nowhere else, those of others if nothing is said.
    pub destinations: Vec<Mailbox>,
    /// How addresses look that are made up for it.
    pub format: NameFormat,
    /// Most changes a day, from midnight to midnight in UTC; `None`: any number.
    pub daily_limit: Option<NonZeroU32>,
    /// When it was made.
    pub added: UnixTime,
    /// Who made it; `None` where nobody noted that: an earlier version made it.
    pub maker: Option<Maker>,
    /// From when on it is worth nothing.
    pub expires: Option<UnixTime>,
    /// When and from where it was used last. To the minute.
    pub last_use: Option<LastUse>,
    /// The changes that were made by it lately.
    pub changes: Changes,
}

/// The last use of a token or a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub time: UnixTime,
    /// By which client; `None` on a unix socket.
    pub client: Option<IpAddr>,
}

impl LastUse {
    /// True when a use at `now` is to be written down, `last` being the one that was.
    pub fn is_to_be_noted(last: Option<Self>, now: UnixTime) -> bool {
        // A clock that was set back is not waited for.
        last.is_none_or(|last| last.time > now || now.since(last.time).as_secs() >= NOTED_EVERY)
    }
}

/// Changes on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// The day: see [`UnixTime::day`].
    pub day: u64,
    /// How many.
    pub count: u64,
}

impl Changes {
    /// How many there were on the day of `now`.
    pub fn today(self, now: UnixTime) -> u64 {
        if self.day == now.day() { self.count } else { 0 }
    }
}

impl Token {
    /// The token, if there may be such a one.
    ///
    /// # Errors
    /// When its scope needs a domain or destinations that it has not, or may have none.
    pub fn checked(self) -> Result<Self, TokenError> {
        let Self { scope, domain, destinations, .. } = &self;
        if let Some(literal) = domain.as_ref().filter(|domain| domain.literal().is_some()) {
            return Err(TokenError::Literal(literal.clone()));
        }
        match scope {
            Scope::Create if domain.is_none() => Err(TokenError::NeedsDomain(*scope)),
            Scope::Create if destinations.is_empty() => Err(TokenError::NeedsDestination),
            Scope::Manage if domain.is_none() => Err(TokenError::NeedsDomain(*scope)),
            Scope::Admin if domain.is_some() => Err(TokenError::AdminOfAll),
            _ if destinations.len() > MAX_DESTINATIONS => Err(TokenError::TooManyDestinations),
            _ => Ok(self),
        }
    }

    /// True from the time on when it is worth nothing.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// True when it is for `domain`.
    pub fn is_for(&self, domain: &Domain) -> bool {
        self.domain.as_ref().is_none_or(|own| own == domain)
    }
}

/// What a token may do, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Make new aliases at its domain, which lead to its destinations.
    Create,
    /// All about the aliases of its domain.
    Manage,
    /// Everything.
    Admin,
}

impl Scope {
    /// Most changes a day where nothing is said.
    pub fn default_limit(self) -> Option<NonZeroU32> {
        match self {
            Self::Create => Some(DEFAULT_CREATED),
            Self::Manage => Some(DEFAULT_MANAGED),
            Self::Admin => None,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Manage => "manage",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut all = [Self::Create, Self::Manage, Self::Admin].into_iter();
        all.find(|scope| scope.as_str() == text).ok_or_else(|| TokenError::Scope(text.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an address looks that is made up for whoever asks for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameFormat {
    /// `k7f2qd@`.
    #[default]
    RandomCharacters,
    /// `amber-river42@`.
    RandomWords,
    /// `shop.k7f2qd@`: the site's name and a random tail.
    Site,
    /// `0192e0c4-…@`.
    Uuid,
}

impl NameFormat {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::RandomCharacters, Self::RandomWords, Self::Site, Self::Uuid];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RandomCharacters => "random_characters",
            Self::RandomWords => "random_words",
            Self::Site => "site",
            Self::Uuid => "uuid",
        }
    }
}

impl FromStr for NameFormat {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.as_str() == text)
            .ok_or_else(|| TokenError::Format(text.to_owned()))
    }
}

impl fmt::Display for NameFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(scope: Scope, domain: Option<&str>, to: &[&str]) -> Result<Token, TokenError> {
        Token {
            id: TokenId::new([7; 5]),
            label: Label::parse("phone").unwrap(),
            scope,
            domain: domain.map(|domain| Domain::parse(domain).unwrap()),
            destinations: to.iter().map(|text| Mailbox::parse(text).unwrap()).collect(),
            format: NameFormat::default(),
            daily_limit: scope.default_limit(),
            added: UnixTime::new(1),
            maker: Some(Maker::CommandLine),
            expires: Some(UnixTime::new(100)),
            last_use: None,
            changes: Changes::default(),
        }
        .checked()
    }

    #[test]
    fn what_each_scope_needs() {
        use Scope::{Admin, Create, Manage};
        for (scope, domain, to, says) in [
            (Create, Some("x.test"), &["me@y.test"][..], ""),
            (Create, None, &["me@y.test"], "--domain"),
            (Create, Some("x.test"), &[], "--to"),
            (Create, Some("[192.0.2.1]"), &["me@y.test"], "address literal"),
            (Manage, Some("x.test"), &[], ""),
            (Manage, None, &[], "--domain"),
            (Admin, None, &["me@y.test"], ""),
            (Admin, Some("x.test"), &[], "--scope manage"),
            (Admin, None, &["me@y.test"; MAX_DESTINATIONS + 1], "at most 20"),
        ] {
            let error = token(scope, domain, to).err().map(|error| error.to_string());
            let error = error.unwrap_or_default();
            assert_eq!(error.is_empty(), says.is_empty(), "{error}");
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn time_and_domain() {
        let token = token(Scope::Manage, Some("x.test"), &[]).unwrap();
        assert!(!token.is_expired(UnixTime::new(99)) && token.is_expired(UnixTime::new(100)));
        let domain = |text| Domain::parse(text).unwrap();
        assert!(token.is_for(&domain("X.test")) && !token.is_for(&domain("a.x.test")));
        let last = LastUse { time: UnixTime::new(10), client: None };
        let is_noted = |last, now| LastUse::is_to_be_noted(last, UnixTime::new(now));
        assert!(is_noted(None, 0));
        assert!(!is_noted(Some(last), 69) && is_noted(Some(last), 70));
        assert!(is_noted(Some(last), 9), "the clock was set back");
        let changes = Changes { day: 3, count: 7 };
        assert_eq!(changes.today(UnixTime::of_day(3)), 7);
        assert_eq!(changes.today(UnixTime::of_day(4)), 0);
    }

    #[test]
    fn words() {
        for scope in [Scope::Create, Scope::Manage, Scope::Admin] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for format in NameFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("root".parse::<Scope>().unwrap_err().to_string().contains("create, manage"));
        assert!("x".parse::<NameFormat>().unwrap_err().to_string().contains("random_words"));
    }
}
