use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// What every token begins with, so that it is known for one wherever it turns up.
const PREFIX: &str = "onw_";
/// Characters behind it: five bits each.
const CHARACTERS: usize = 32;

/// What proves a token: 160 bits by chance. Nobody chooses one, so a fast hash keeps it. Wiped from memory when
/// dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 20]>);

impl Secret {
    /// Of octets that were drawn by chance for this.
    pub fn from_random(mut random: [u8; 20]) -> Self {
        let secret = Self(Zeroizing::new(random));
        random.zeroize();
        secret
    }

    /// Reads what a program shows; `None` for what is no token of ours.
    pub fn parse(shown: &str) -> Option<Self> {
        read(shown.strip_prefix(PREFIX)?).map(Self)
    }

    /// What its owner is shown, once: `onw_` and 32 signs of base32 in lower case.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", written(&self.0).as_str()))
    }

    /// What is kept of it. Whoever looks for it among those that are kept does not say how near a guess was: the hash
    /// of a guess that is nearly right is another one.
    pub fn hash(&self) -> SecretHash {
        // The context keeps it from being the hash that something else makes of the same octets.
        let hash = Sha256::new().chain_update("onward token\0").chain_update(*self.0);
        SecretHash(hash.finalize().into())
    }
}

/// 160 bits as people are shown them: 32 signs of base32 in lower case.
pub(crate) fn written(octets: &[u8; 20]) -> Zeroizing<String> {
    let text = Zeroizing::new(BASE32_NOPAD.encode(octets));
    Zeroizing::new(text.to_ascii_lowercase())
}

/// Reads what [`written`] writes, and nothing else.
pub(crate) fn read(text: &str) -> Option<Zeroizing<[u8; 20]>> {
    if text.len() != CHARACTERS || text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let upper = Zeroizing::new(text.to_ascii_uppercase());
    let octets = BASE32_NOPAD.decode(upper.as_bytes()).map(Zeroizing::new).ok()?;
    Some(Zeroizing::new(octets.as_slice().try_into().ok()?))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret: enough to know it again, and nothing from which to make it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Of the octets that were kept.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// What is to be kept.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// What a token is called in listings: ten digits in base 16, drawn by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; 5]);

impl TokenId {
    /// Of octets that were drawn by chance.
    pub fn new(octets: [u8; 5]) -> Self {
        Self(octets)
    }

    /// Reads what listings have; `None` for what is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let octets = HEXLOWER.decode(text.as_bytes()).ok()?;
        octets.as_slice().try_into().ok().map(Self)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known() {
        let secret = Secret::from_random(*b"0123456789abcdefghij");
        assert_eq!(secret.reveal().as_str(), "onw_gaytemzugu3doobzmfrggzdfmztwq2lk");
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "Secret(…) SecretHash(…)");
        let id = TokenId::new([0, 1, 2, 3, 255]);
        assert_eq!(id.to_string(), "00010203ff");
        assert_eq!(TokenId::parse("00010203ff"), Some(id));
        assert_eq!(TokenId::parse("00010203f"), None);
        assert_eq!(TokenId::parse("00010203FF"), None);
    }

    #[test]
    fn what_nobody_was_shown_is_none() {
        let shown = Secret::from_random([7; 20]).reveal().to_string();
        let bad = [
            String::new(),
            shown.to_uppercase(),
            shown.replace("onw_", ""),
            format!("{shown}a"),
            format!(" {shown}"),
            shown.chars().take(35).collect(),
            shown.replace("onw_", "onw_ü"),
        ];
        for bad in bad {
            assert!(Secret::parse(&bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_read_as_it_is_shown(random: [u8; 20], other: [u8; 20]) {
            let secret = Secret::from_random(random);
            let read = Secret::parse(&secret.reveal()).unwrap();
            prop_assert_eq!(read.hash(), secret.hash());
            prop_assert_eq!(Secret::from_random(other).hash() == secret.hash(), other == random);
        }

        #[test]
        fn whatever_is_shown(text: String) {
            prop_assert!(Secret::parse(&text).is_none());
        }
    }
}
