use super::{Account, AccountError, Password, PasswordHash};
use crate::time::UnixTime;
use std::{fmt, net::IpAddr, time::Duration};
use subtle::ConstantTimeEq;

/// Longest label, in characters.
const MAX_LABEL: usize = 64;

/// How often a use of a password is written down at most.
const NOTED_EVERY: Duration = Duration::from_mins(1);

/// An account with its passwords: what a login is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Whose it is.
    pub account: Account,
    /// In the order in which they were added.
    pub passwords: Vec<StoredPassword>,
}

impl Login {
    /// Which of the passwords `typed` is; what is no password of ours, or for no account, takes as long as one that is
    /// not this account's.
    pub fn verify(login: Option<&Self>, typed: Option<&Password>) -> Option<StoredPassword> {
        let nothing = Password::from_random([0; 16]);
        let hash = typed.unwrap_or(&nothing).hash();
        let stored = login.map_or(&[][..], |login| &login.passwords);
        let mut found = None;
        for password in stored {
            // None is left out: which one it is takes as long as that it is none.
            if bool::from(password.hash.ct_eq(&hash)) {
                found = Some(password);
            }
        }
        typed.and(found).cloned()
    }
}

/// What is kept of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// What its owner calls it.
    pub label: Label,
    /// To know it again.
    pub hash: PasswordHash,
    /// When it was made.
    pub added: UnixTime,
    /// When and from where it was used last.
    pub last_use: Option<LastUse>,
}

impl StoredPassword {
    /// True when a use at `now` is to be written down: of many in a minute one is.
    pub fn is_to_be_noted(&self, now: UnixTime) -> bool {
        // A clock that was set back is not waited for.
        self.last_use.is_none_or(|last| last.time > now || now.since(last.time) >= NOTED_EVERY)
    }
}

/// The last use of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub time: UnixTime,
    /// By which client.
    pub client: IpAddr,
}

/// What a password is called, which tells it from the others of its account. Nothing that ends a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label(Box<str>);

impl Label {
    /// Reads a label, without blanks around it.
    ///
    /// # Errors
    /// When it is empty, long, or more than one line.
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let text = text.trim();
        // What ends a line, is not seen, or turns the order of what is listed behind.
        let is_odd = |c: char| {
            let is_unseen =
                matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            c.is_control() || is_unseen || matches!(c, '\u{2028}'..='\u{202e}')
        };
        let is_one = (1..=MAX_LABEL).contains(&text.chars().count()) && !text.contains(is_odd);
        if is_one { Ok(Self(text.into())) } else { Err(AccountError::Label) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{AccountId, SendAs},
        address::Mailbox,
    };

    fn stored(label: &str, random: u8) -> StoredPassword {
        StoredPassword {
            label: Label::parse(label).unwrap(),
            hash: Password::from_random([random; 16]).hash(),
            added: UnixTime::new(1),
            last_use: None,
        }
    }

    #[test]
    fn which_password_it_is() {
        let may = vec![SendAs::parse("a@x.test").unwrap()];
        let name = Mailbox::parse("me@x.test").unwrap();
        let account = Account::new(AccountId::new([1; 5]), name, may, UnixTime::new(1)).unwrap();
        let mut login = Login { account, passwords: vec![stored("phone", 1), stored("desk", 2)] };
        let verify =
            |login, random| Login::verify(login, Some(&Password::from_random([random; 16])));
        let label = |found: Option<StoredPassword>| found.map(|stored| stored.label.to_string());
        assert_eq!(label(verify(Some(&login), 1)).as_deref(), Some("phone"));
        assert_eq!(label(verify(Some(&login), 2)).as_deref(), Some("desk"));
        assert_eq!(verify(Some(&login), 3), None);
        assert_eq!(verify(None, 1), None);
        login.passwords.push(stored("all zero", 0));
        assert_eq!(Login::verify(Some(&login), None), None, "no password is never one");
    }

    #[test]
    fn of_many_uses_in_a_minute_one_is_noted() {
        let client = "192.0.2.1".parse().unwrap();
        let at = |seconds| LastUse { time: UnixTime::new(seconds), client };
        let mut password = stored("phone", 1);
        assert!(password.is_to_be_noted(UnixTime::new(0)));
        password.last_use = Some(at(100));
        for (now, noted) in [(100, false), (159, false), (160, true), (99, true)] {
            assert_eq!(password.is_to_be_noted(UnixTime::new(now)), noted, "{now}");
        }
    }

    #[test]
    fn labels() {
        assert_eq!(Label::parse(" my phone\t").unwrap().as_str(), "my phone");
        assert!(Label::parse(&"ü".repeat(64)).is_ok());
        for bad in ["", "  ", "a\nb", "a\u{1b}[1m", "a\u{2028}b", &"a".repeat(65)] {
            assert_eq!(Label::parse(bad), Err(AccountError::Label), "{bad:?}");
        }
    }
}
