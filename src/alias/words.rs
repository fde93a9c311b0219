//! Words that an owner has for what becomes of his mail.

use super::AliasError;
use serde::Deserialize;
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// What becomes of mail that a filter takes for spam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(as = Spam, rename_all = "lowercase")]
pub enum SpamAction {
    /// It is forwarded, with fields that say so.
    Mark,
    /// It is refused.
    Refuse,
}

impl SpamAction {
    /// The word for it, wherever aliases are written down.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for SpamAction {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        match text {
            "mark" => Ok(Self::Mark),
            "refuse" => Ok(Self::Refuse),
            _ => Err(AliasError::Spam(text.to_owned())),
        }
    }
}

impl fmt::Display for SpamAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often the owner hears what came for his aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// Never.
    Off,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}

impl Digest {
    /// The word for it, wherever aliases are written down.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

impl FromStr for Digest {
    type Err = AliasError;

    fn from_str(text: &str) -> Result<Self, AliasError> {
        match text {
            "off" => Ok(Self::Off),
            "daily" => Ok(Self::Daily),
            "weekly" => Ok(Self::Weekly),
            _ => Err(AliasError::Digest(text.to_owned())),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_word() {
        for action in [SpamAction::Mark, SpamAction::Refuse] {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        for digest in [Digest::Off, Digest::Daily, Digest::Weekly] {
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
        let error = "drop".parse::<SpamAction>().unwrap_err().to_string();
        assert!(error.contains("mark or refuse"), "{error}");
        let error = "hourly".parse::<Digest>().unwrap_err().to_string();
        assert!(error.contains("off, daily or weekly"), "{error}");
    }
}
