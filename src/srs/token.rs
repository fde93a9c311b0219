use base32::Alphabet;
use std::fmt;

/// Stands for a sender whose rewritten address would be too long; the store knows whose it is.
///
/// 16 characters of RFC 4648 base32 in lower case: 80 bits of a keyed hash of the sender, so the
/// same sender has the same token under the same signing secret, and nobody else can compute it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(Box<str>);

/// Octets of the hash that make a token: 80 bits, 16 characters.
const OCTETS: usize = 10;
const CHARACTERS: usize = OCTETS * 8 / 5;

impl Token {
    /// Reads a token in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let base32 = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'2'..=b'7');
        (text.len() == CHARACTERS && text.bytes().all(base32))
            .then(|| Self(text.to_ascii_lowercase().into()))
    }

    pub(super) fn from_hash(hash: &[u8; 32]) -> Self {
        let (head, _) = hash.split_at(OCTETS);
        Self(base32::encode(Alphabet::Rfc4648Lower { padding: false }, head).into())
    }

    /// The key in the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_one_token() {
        let token = Token::from_hash(&[0xab; 32]);
        assert_eq!(token.as_str().len(), 16);
        assert_eq!(Token::parse(token.as_str()).as_ref(), Some(&token));
        assert_eq!(Token::parse(&token.as_str().to_uppercase()), Some(token));
    }

    #[test]
    fn refused() {
        for bad in
            ["", "abcdefghijklmno", "abcdefghijklmnopq", "abcdefghijklmno1", "abcdefghijklmn\u{e9}"]
        {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }
}
