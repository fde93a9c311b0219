use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

/// Characters without what people put between them; the last one has 3 bits.
const CHARACTERS: usize = 26;
/// Characters of a group.
const GROUP: usize = 5;
/// Longer than anything that is typed for one.
const MAX_TYPED: usize = 100;

/// A password that we made: 128 bits by chance. Nobody chooses one, so a fast hash keeps it, and no list of words
/// guesses it. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<[u8; 16]>);

impl Password {
    /// Of octets that were drawn by chance for this.
    pub fn from_random(mut random: [u8; 16]) -> Self {
        let password = Self(Zeroizing::new(random));
        random.zeroize();
        password
    }

    /// Reads what somebody typed: in any case, with blanks and dashes anywhere, and `O`, `I` and `L` for the digits that
    /// they look like. `None` for what is no password of ours.
    pub fn parse(typed: impl AsRef<[u8]>) -> Option<Self> {
        let typed = typed.as_ref();
        if typed.len() > MAX_TYPED {
            return None;
        }
        let mut text = Zeroizing::new(String::with_capacity(MAX_TYPED));
        for octet in typed {
            match octet.to_ascii_uppercase() {
                b'-' | b' ' | b'\t' => {}
                b'O' => text.push('0'),
                b'I' | b'L' => text.push('1'),
                octet @ (b'0'..=b'9' | b'A'..=b'Z') => text.push(char::from(octet)),
                _ => return None,
            }
        }
        if text.len() != CHARACTERS {
            return None;
        }
        let octets = base32::decode(base32::Alphabet::Crockford, &text).map(Zeroizing::new)?;
        Some(Self(Zeroizing::new(octets.as_slice().try_into().ok()?)))
    }

    /// What its owner is shown, once: groups of five signs of base32 with dashes between them, the last one of six.
    pub fn reveal(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(base32::encode(base32::Alphabet::Crockford, &*self.0));
        let mut shown = Zeroizing::new(String::with_capacity(MAX_TYPED));
        for (at, character) in text.chars().enumerate() {
            // The last group takes the character that is left.
            if at > 0 && at % GROUP == 0 && at + 1 < CHARACTERS {
                shown.push('-');
            }
            shown.push(character);
        }
        shown
    }

    /// What is kept of it.
    pub fn hash(&self) -> PasswordHash {
        // The context keeps it from being the hash that something else makes of the same octets.
        let hash = Sha256::new().chain_update("onward account password\0").chain_update(*self.0);
        PasswordHash(hash.finalize().into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is kept of a password: enough to know it again, and nothing from which to make it.
#[derive(Clone, Copy)]
pub struct PasswordHash([u8; 32]);

impl PasswordHash {
    /// Of the octets that were kept.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// What is to be kept.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Takes as long for any two.
impl ConstantTimeEq for PasswordHash {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for PasswordHash {}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known() {
        let password = Password::from_random(*b"0123456789abcdef");
        assert_eq!(password.reveal().as_str(), "60RK4-CSM6M-V3EE1-SC5H6-6S35CR");
        assert_eq!(format!("{password:?} {:?}", password.hash()), "Password(…) PasswordHash(…)");
    }

    #[test]
    fn what_nobody_was_shown_is_none() {
        let shown = Password::from_random([7; 16]).reveal().to_string();
        let short: String = shown.chars().skip(1).collect();
        let long = shown.clone() + &"-".repeat(100);
        for bad in ["", "hunter2", &short, &(shown.clone() + "0"), &long, "\u{e9}", "U", "\0"] {
            assert!(Password::parse(bad).is_none(), "{bad:?}");
        }
        assert!(Password::parse([0xff; 26]).is_none());
    }

    proptest! {
        #[test]
        fn however_it_is_typed(random: [u8; 16], other: [u8; 16], at in 0..31_usize, lower: bool) {
            let password = Password::from_random(random);
            let mut typed = password.reveal().to_string();
            typed.insert(at.min(typed.len()), ' ');
            let typed = typed.replace('-', " ").replace('0', "o").replace('1', "l");
            let typed = if lower { typed.to_lowercase() } else { typed };
            let read = Password::parse(&typed).unwrap();
            prop_assert_eq!(read.hash(), password.hash());
            prop_assert_eq!(read.reveal(), password.reveal());
            let other = Password::from_random(other);
            prop_assert_eq!(other.hash() == password.hash(), *other.0 == random);
        }

        #[test]
        fn whatever_is_typed(typed: Vec<u8>) {
            if let Some(password) = Password::parse(&typed) {
                prop_assert_eq!(password.reveal().len(), 30);
            }
        }
    }
}
