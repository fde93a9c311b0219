use std::{fmt, net::Ipv4Addr, str::FromStr};

/// One answer of a list, or all of those from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRange {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

/// Why a text is no [`CodeRange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Neither an address nor two of them.
    #[error("is neither an address nor two with a \"-\" between them")]
    Syntax,
    /// The second address is below the first.
    #[error("ends before it begins")]
    Order,
    /// Lists answer within 127.0.0.0/8 (RFC 5782 §2.1).
    #[error("is not within 127.0.0.0/8")]
    Outside,
    /// By these a list says that it does not answer.
    #[error("has answers of 127.255.255.0/24, which are errors and never listings")]
    Errors,
}

/// The answers of a list that count as listings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Codes {
    /// All that can be listings.
    #[default]
    All,
    /// These alone.
    Only(Vec<CodeRange>),
}

impl Codes {
    /// True when the answer is named.
    pub fn names(&self, code: Ipv4Addr) -> bool {
        match self {
            Self::All => false,
            Self::Only(ranges) => ranges.iter().any(|range| range.contains(code)),
        }
    }
}

impl CodeRange {
    fn contains(self, code: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&code)
    }
}

/// True where a list says that it does not answer.
pub(super) fn is_error(code: Ipv4Addr) -> bool {
    code.octets().starts_with(&[127, 255, 255])
}

impl FromStr for CodeRange {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let code = |text: &str| text.trim().parse::<Ipv4Addr>().map_err(|_| CodeError::Syntax);
        let range = Self { first: code(first)?, last: code(last)? };
        if range.last < range.first {
            return Err(CodeError::Order);
        }
        if !range.first.is_loopback() || !range.last.is_loopback() {
            return Err(CodeError::Outside);
        }
        match range.last >= Ipv4Addr::new(127, 255, 255, 0) {
            true => Err(CodeError::Errors),
            false => Ok(range),
        }
    }
}

impl fmt::Display for CodeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_answers() {
        let range: CodeRange = "127.0.0.2-127.0.0.11".parse().unwrap();
        assert_eq!(range.to_string(), "127.0.0.2-127.0.0.11");
        for (code, is_in) in [(1, false), (2, true), (11, true), (12, false)] {
            assert_eq!(range.contains(Ipv4Addr::new(127, 0, 0, code)), is_in, "{code}");
        }
        let one: CodeRange = "127.0.0.4".parse().unwrap();
        assert_eq!(one.to_string(), "127.0.0.4");
        let only = Codes::Only(vec![one, "127.0.1.0 - 127.0.1.9".parse().unwrap()]);
        assert!(only.names(Ipv4Addr::new(127, 0, 1, 5)));
        assert!(!only.names(Ipv4Addr::new(127, 0, 0, 5)));
    }

    #[test]
    fn what_can_be_no_listing_is_refused() {
        for (text, why) in [
            ("", CodeError::Syntax),
            ("2-11", CodeError::Syntax),
            ("127.0.0.2-", CodeError::Syntax),
            ("127.0.0.2-127.0.0.4-127.0.0.5", CodeError::Syntax),
            ("127.0.0.0/8", CodeError::Syntax),
            ("127.0.0.4-127.0.0.2", CodeError::Order),
            ("126.0.0.1-127.0.0.2", CodeError::Outside),
            ("192.0.2.1", CodeError::Outside),
            ("127.0.0.2-128.0.0.0", CodeError::Outside),
            ("127.255.255.254", CodeError::Errors),
            ("127.0.0.0-127.255.255.255", CodeError::Errors),
        ] {
            assert_eq!(text.parse::<CodeRange>(), Err(why), "{text}");
        }
    }
}
