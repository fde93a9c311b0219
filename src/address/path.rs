use super::{AddressError, Domain, MAX_PATH, Mailbox};
use std::fmt;

const POSTMASTER: &str = "postmaster";

/// Where bounces go: the argument of MAIL FROM (RFC 5321 §4.1.1.2). Prints with angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: the message is itself a bounce or must not cause one.
    Null,
    /// An ordinary sender.
    Mailbox(Mailbox),
}

/// Whom the message is for: the argument of RCPT TO (RFC 5321 §4.1.1.3). Prints with angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<postmaster>` without a domain, in any case.
    Postmaster,
    /// An ordinary recipient.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Parses a leading `<…>`; gives the path and what follows it, the parameters.
    ///
    /// # Errors
    /// As [`Mailbox::parse`], and when brackets or source route are malformed.
    pub fn parse(text: &str) -> Result<(Self, &str), AddressError> {
        let (inner, rest) = bracketed(text)?;
        if inner.is_empty() {
            return Ok((Self::Null, rest));
        }
        Ok((Self::Mailbox(Mailbox::parse(without_source_route(inner)?)?), rest))
    }

    /// The mailbox, unless null.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl ForwardPath {
    /// Parses a leading `<…>`; gives the path and what follows it, the parameters.
    ///
    /// # Errors
    /// As [`Mailbox::parse`], and when brackets or source route are malformed or the path is empty.
    pub fn parse(text: &str) -> Result<(Self, &str), AddressError> {
        let (inner, rest) = bracketed(text)?;
        if inner.eq_ignore_ascii_case(POSTMASTER) {
            return Ok((Self::Postmaster, rest));
        }
        Ok((Self::Mailbox(Mailbox::parse(without_source_route(inner)?)?), rest))
    }

    /// As people write it, without angle brackets: `postmaster`, or the address.
    pub fn bare(&self) -> String {
        match self {
            Self::Postmaster => POSTMASTER.to_owned(),
            Self::Mailbox(mailbox) => mailbox.to_string(),
        }
    }

    /// The address without regard to case: what loop tokens and memories of refusals go by.
    pub fn key(&self) -> String {
        match self {
            Self::Postmaster => POSTMASTER.to_lowercase(),
            Self::Mailbox(mailbox) => mailbox.to_key(),
        }
    }

    /// Reads [`ForwardPath::bare`] back.
    ///
    /// # Errors
    /// As [`Mailbox::parse`].
    pub fn from_bare(text: &str) -> Result<Self, AddressError> {
        // No address is without an @.
        if text == POSTMASTER {
            Ok(Self::Postmaster)
        } else {
            Mailbox::parse(text).map(Self::Mailbox)
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

/// Splits `<inner>rest`, minding that a quoted local part may hold `>`.
fn bracketed(text: &str) -> Result<(&str, &str), AddressError> {
    let body = text.strip_prefix('<').ok_or(AddressError::Brackets)?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (inner, rest) = body.split_at_checked(at).ok_or(AddressError::Brackets)?;
                if inner.len() + 2 > MAX_PATH {
                    return Err(AddressError::PathTooLong);
                }
                return Ok((inner, rest.strip_prefix('>').unwrap_or(rest)));
            }
            _ => {}
        }
    }
    Err(AddressError::Brackets)
}

/// `@a.example,@b.example:user@c.example` → `user@c.example`: source routes are accepted and
/// ignored (RFC 5321 §4.1.1.3, appendix C).
fn without_source_route(inner: &str) -> Result<&str, AddressError> {
    if !inner.starts_with('@') {
        return Ok(inner);
    }
    let mut rest = inner;
    loop {
        rest = rest.strip_prefix('@').ok_or(AddressError::SourceRoute)?;
        // The `:` of an IPv6 literal stands inside its brackets.
        let domain_end = if rest.starts_with('[') {
            rest.find(']').map(|at| at + 1)
        } else {
            rest.find([',', ':'])
        };
        let (domain, tail) =
            domain_end.and_then(|at| rest.split_at_checked(at)).ok_or(AddressError::SourceRoute)?;
        Domain::parse(domain).map_err(|_| AddressError::SourceRoute)?;
        if let Some(mailbox) = tail.strip_prefix(':') {
            return Ok(mailbox);
        }
        rest = tail.strip_prefix(',').ok_or(AddressError::SourceRoute)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reverse_paths() {
        assert_eq!(ReversePath::parse("<> SIZE=1"), Ok((ReversePath::Null, " SIZE=1")));
        let (path, rest) = ReversePath::parse(r#"<"a> SIZE=1"@c.d> BODY=7BIT"#).unwrap();
        assert_eq!(path.to_string(), r#"<"a> SIZE=1"@c.d>"#);
        assert_eq!(rest, " BODY=7BIT");
        for bad in ["", "<", "a@b.c", "<postmaster>", "<a@b.c", "< >", "<a@b.c >", "<a@b.c\r\n>"] {
            assert!(ReversePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn forward_paths() {
        assert_eq!(ForwardPath::parse("<PostMaster>"), Ok((ForwardPath::Postmaster, "")));
        assert!(ForwardPath::parse("<>").is_err());
        for (text, kept) in [
            ("<@a.example:u@c.example>", "<u@c.example>"),
            ("<@a.example,@[IPv6:2001:db8::1]:u@c.example>", "<u@c.example>"),
        ] {
            assert_eq!(ForwardPath::parse(text).unwrap().0.to_string(), kept);
        }
        for bad in ["<@a:>", "<@:u@c>", "<@a.example>", "<@a.example,:u@c>", "<@[1:u@c>", "<@>"] {
            assert!(ForwardPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_longest_path_is_256_octets() {
        let domain = format!("{}.{}.{}.org", "a".repeat(63), "b".repeat(63), "c".repeat(57));
        let path = |local: usize| format!("<{}@{domain}>", "l".repeat(local));
        assert_eq!(path(64).len(), 256);
        assert!(ForwardPath::parse(&path(64)).is_ok());
        let domain_one_longer = path(64).replace("c.org", "cc.org");
        assert_eq!(ForwardPath::parse(&domain_one_longer), Err(AddressError::PathTooLong));
    }

    proptest! {
        #[test]
        fn whatever_parses_prints_to_itself_and_carries_no_line_end(text in "<\\PC{0,80}>.{0,9}") {
            if let Ok((path, _)) = ForwardPath::parse(&text) {
                let printed = path.to_string();
                prop_assert!(!printed.contains(['\r', '\n', '\0']));
                prop_assert_eq!(ForwardPath::parse(&printed).unwrap(), (path, ""));
            }
            let _ = ReversePath::parse(&text);
        }

        #[test]
        fn any_bytes_never_panic(text in ".{0,300}") {
            let _ = ReversePath::parse(&text);
            let _ = Mailbox::parse(&text);
        }
    }
}
