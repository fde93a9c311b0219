use super::AccountError;
use crate::address::{Domain, Mailbox};
use std::{fmt, str::FromStr};

/// As whom an account may send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SendAs {
    /// `hello@example.org`: this one, in any case.
    Address(Mailbox),
    /// `*@example.org`: every address of the domain itself, of none below it.
    Domain(Domain),
}

impl SendAs {
    /// Reads `hello@example.org` or `*@example.org`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        if text.len() > 1 && text.starts_with('/') && text.ends_with('/') {
            return Err(AccountError::Regex(text.to_owned()));
        }
        let wrong = |why| AccountError::SendAs(text.to_owned(), why);
        let this = match text.strip_prefix("*@") {
            Some(domain) => Domain::parse(domain).map(Self::Domain).map_err(wrong)?,
            None => Mailbox::parse(text).map(Self::Address).map_err(wrong)?,
        };
        match &this {
            // An address that has one in truth is so rare that a glob is meant.
            Self::Address(mailbox) if mailbox.local().as_str().contains('*') => {
                Err(AccountError::Glob(text.to_owned()))
            }
            _ => Ok(this),
        }
    }

    /// True when `address` is what is written here, without regard to what is hosted.
    pub fn matches(&self, address: &Mailbox) -> bool {
        match self {
            Self::Address(one) => {
                one.domain() == address.domain() && one.local().to_key() == address.local().to_key()
            }
            Self::Domain(domain) => domain == address.domain(),
        }
    }

    /// The domain that it is of.
    pub fn domain(&self) -> &Domain {
        match self {
            Self::Address(mailbox) => mailbox.domain(),
            Self::Domain(domain) => domain,
        }
    }

    /// The same for all that mean the same.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Address(mailbox) => format!("={}", mailbox.to_key()),
            Self::Domain(domain) => format!("*{}", domain.to_key()),
        }
    }
}

impl FromStr for SendAs {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        Self::parse(text)
    }
}

/// As [`SendAs::parse`] reads it.
impl fmt::Display for SendAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(mailbox) => write!(f, "{mailbox}"),
            Self::Domain(domain) => write!(f, "*@{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches() {
        for (text, address, matches) in [
            ("hello@x.test", "HELLO@X.test", true),
            ("hello@x.test", "hello+tag@x.test", false),
            ("hello@x.test", "hell@x.test", false),
            ("\"a b\"@x.test", "\"A b\"@x.test", true),
            ("*@x.test", "anyone@X.TEST", true),
            ("*@x.test", "anyone@a.x.test", false),
            ("*@x.test", "anyone@ax.test", false),
            ("*@bücher.test", "x@xn--bcher-kva.test", true),
            // A Cyrillic letter that looks like the Latin one.
            ("hello@x.test", "h\u{435}llo@x.test", false),
            ("hello@xa.test", "hello@x\u{430}.test", false),
        ] {
            let address = Mailbox::parse(address).unwrap();
            assert_eq!(SendAs::parse(text).unwrap().matches(&address), matches, "{text} {address}");
        }
    }

    #[test]
    fn what_is_none_says_what_is_one() {
        for bad in
            ["", "*", "*@", "hello", "sal*@x.test", "@x.test", "/^a$/", "a b@x.test", "a@b\n"]
        {
            let error = SendAs::parse(bad).unwrap_err().to_string();
            assert!(error.contains("nobody to send as") && error.contains("*@"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_prints(text in ".{0,40}", local in "[a-zA-Z+*. ]{1,8}") {
            for text in [text, format!("{local}@x.test"), format!("\"{local}\"@X.test")] {
                if let Ok(read) = SendAs::parse(&text) {
                    prop_assert_eq!(SendAs::parse(&read.to_string()), Ok(read));
                }
            }
        }

        #[test]
        fn an_address_matches_itself_alone(one in "[a-d]{1,2}@[x-z]\\.test", other in "[a-dA-D]{1,2}@[x-z]\\.test") {
            let address = Mailbox::parse(&other).unwrap();
            let same = one.eq_ignore_ascii_case(&other);
            prop_assert_eq!(SendAs::parse(&one).unwrap().matches(&address), same);
        }
    }
}
