use crate::token::{SecretHash, secret};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// What proves a link or a session: 160 bits by chance, of which a hash is kept, as of tokens. A session has another one than
/// the link that it began with. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 20]>);

impl Secret {
    /// Of octets that were drawn by chance for this.
    pub fn from_random(mut random: [u8; 20]) -> Self {
        let secret = Self(Zeroizing::new(random));
        random.zeroize();
        secret
    }

    /// Reads what is shown; `None` for what is none of ours.
    pub fn parse(shown: &str) -> Option<Self> {
        secret::read(shown).map(Self)
    }

    /// What stands in the link or the cookie: 32 signs of base32 in lower case.
    pub fn reveal(&self) -> Zeroizing<String> {
        secret::written(&self.0)
    }

    /// What is kept of that of a link.
    pub fn link_hash(&self) -> SecretHash {
        self.hash("onward link\0")
    }

    /// What is kept of that of a session.
    pub fn session_hash(&self) -> SecretHash {
        self.hash("onward session\0")
    }

    /// The context keeps what proves one thing from proving another.
    fn hash(&self, context: &str) -> SecretHash {
        let hash = Sha256::new().chain_update(context).chain_update(*self.0);
        SecretHash::new(hash.finalize().into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token;

    #[test]
    fn a_link_is_no_session_and_neither_is_a_token() {
        let secret = Secret::from_random([7; 20]);
        let token = token::Secret::from_random([7; 20]);
        assert_ne!(secret.link_hash(), secret.session_hash());
        assert_ne!(secret.link_hash(), token.hash());
        assert_ne!(secret.session_hash(), token.hash());
        let shown = secret.reveal();
        assert_eq!(shown.len(), 32);
        assert_eq!(Secret::parse(&shown).unwrap().link_hash(), secret.link_hash());
        assert!(Secret::parse(&token.reveal()).is_none());
        assert!(Secret::parse(&shown.to_uppercase()).is_none());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
