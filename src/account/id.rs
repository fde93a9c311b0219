use crate::slots::Cause;
use std::fmt;

/// Before an id, where it names who caused a message.
const CAUSE: &str = "account ";

/// Names an account in what leaves: by chance, so that only we can tell whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId([u8; 5]);

impl AccountId {
    /// Of octets that were drawn by chance.
    pub fn new(random: [u8; 5]) -> Self {
        Self(random)
    }

    /// Reads what is printed below, in any case; nothing else is an id.
    pub fn parse(text: &str) -> Option<Self> {
        let octets = base32::decode(base32::Alphabet::Crockford, text)?;
        let id = Self(octets.try_into().ok()?);
        id.to_string().eq_ignore_ascii_case(text).then_some(id)
    }

    /// Who causes what the account sends.
    pub fn cause(self) -> Cause {
        Cause::named(&format!("{CAUSE}{self}"))
    }

    /// The account that is this cause.
    pub fn of_cause(cause: &Cause) -> Option<Self> {
        Self::of_cause_named(cause.as_str())
    }

    /// The account that is the cause of this name.
    pub fn of_cause_named(name: &str) -> Option<Self> {
        name.strip_prefix(CAUSE).and_then(Self::parse)
    }
}

/// Eight characters that need no quoting anywhere.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base32::encode(base32::Alphabet::Crockford, &self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_it_is_printed() {
        let id = AccountId::new([0, 255, 7, 128, 1]);
        assert_eq!(id.to_string().len(), 8);
        assert_eq!(AccountId::parse(&id.to_string()), Some(id));
        assert_eq!(AccountId::parse(&id.to_string().to_lowercase()), Some(id));
        for bad in ["", "0", "0000000", "000000000", "0000000O", "me@x.test", "0000-000", "éééé"]
        {
            assert_eq!(AccountId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_account_causes_what_it_sends() {
        let id = AccountId::new([1, 2, 3, 4, 5]);
        assert_eq!(AccountId::of_cause(&id.cause()), Some(id));
        assert_eq!(AccountId::of_cause(&Cause::named("192.0.2.0/24")), None);
        assert_eq!(AccountId::of_cause(&Cause::named("account")), None);
    }
}
