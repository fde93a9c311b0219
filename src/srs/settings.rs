use super::{TagKind, timestamp};
use crate::address::{Domain, DomainPattern};
use std::{fmt, ops::RangeInclusive, str::FromStr};

/// What stands behind `SRS0` and `SRS1` in the addresses we make. Any of them is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separator {
    /// `=`
    #[default]
    Equals,
    /// `+`
    Plus,
    /// `-`
    Minus,
}

impl Separator {
    /// Reads `=`, `+` or `-`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "=" => Some(Self::Equals),
            "+" => Some(Self::Plus),
            "-" => Some(Self::Minus),
            _ => None,
        }
    }

    /// As written.
    pub fn as_char(self) -> char {
        match self {
            Self::Equals => '=',
            Self::Plus => '+',
            Self::Minus => '-',
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl FromStr for Separator {
    type Err = SettingsError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s).ok_or(SettingsError::Separator)
    }
}

/// How senders are rewritten: the `[srs]` section without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Right-hand side of the addresses made, unless [`Settings::per_domain`].
    pub domain: Domain,
    /// Use the domain of the alias instead.
    pub per_domain: bool,
    /// The kind of tag written.
    pub tag: TagKind,
    /// Characters of the tag written, and the least that is accepted of that kind.
    pub tag_length: usize,
    /// Further kinds accepted on return, each from its default length on.
    pub also_accept: Vec<TagKind>,
    /// Behind `SRS0` and `SRS1`.
    pub separator: Separator,
    /// Days for which an SRS0 address is accepted after the day on which it was made.
    pub max_age_days: u16,
    /// Senders of these domains are never rewritten.
    pub exempt_domains: Vec<DomainPattern>,
}

impl Settings {
    /// Values of `max_age_days`. With more, an address stamped tomorrow would be accepted; with 0, one
    /// made before midnight would be void a minute later.
    pub const MAX_AGE_DAYS: RangeInclusive<u16> = 1..=timestamp::CYCLE - 2;

    /// The defaults, at `domain`.
    pub fn new(domain: Domain) -> Self {
        let tag = TagKind::default();
        Self {
            domain,
            per_domain: false,
            tag,
            tag_length: tag.default_length(),
            also_accept: Vec::new(),
            separator: Separator::default(),
            max_age_days: 21,
            exempt_domains: Vec::new(),
        }
    }

    /// Whether a [`super::Rewriter`] can work with these values.
    ///
    /// # Errors
    /// Names the first value that is out of its range, and the range.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !self.tag.lengths().contains(&self.tag_length) {
            return Err(SettingsError::TagLength(self.tag));
        }
        if !Self::MAX_AGE_DAYS.contains(&self.max_age_days) {
            return Err(SettingsError::MaxAge);
        }
        Ok(())
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// `tag_length`.
    #[error("tag_length for {0} is from {min} to {max}", min = .0.lengths().start(), max = .0.lengths().end())]
    TagLength(TagKind),
    /// `max_age`.
    #[error("max_age is from 1d to 1022d, in whole days")]
    MaxAge,
    /// `tag` or `also_accept`.
    #[error("a tag kind is sha256-base32, sha1-base64 or sha1-base64url")]
    TagKind,
    /// `separator`.
    #[error("separator is =, + or -")]
    Separator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges() {
        let settings = Settings::new(Domain::parse("us.example").unwrap());
        assert_eq!(settings.check(), Ok(()));
        for (tag, length, good) in [
            (TagKind::Sha256Base32, 8, true),
            (TagKind::Sha256Base32, 32, true),
            (TagKind::Sha256Base32, 33, false),
            (TagKind::Sha1Base64, 4, true),
            (TagKind::Sha1Base64, 27, true),
            (TagKind::Sha1Base64Url, 28, false),
            (TagKind::Sha1Base64Url, 3, false),
            (TagKind::Sha256Base32, 0, false),
        ] {
            let settings = Settings { tag, tag_length: length, ..settings.clone() };
            assert_eq!(settings.check().is_ok(), good, "{tag} {length}");
        }
        for (max_age_days, good) in [(0, false), (1, true), (1022, true), (1023, false)] {
            assert_eq!(Settings { max_age_days, ..settings.clone() }.check().is_ok(), good);
        }
        assert_eq!(
            SettingsError::TagLength(TagKind::Sha1Base64).to_string(),
            "tag_length for sha1-base64 is from 4 to 27"
        );
    }
}
