use super::{AddressError, Domain, LocalPart, MAX_PATH, Mailbox};
use std::fmt;

const POSTMASTER: &str = "postmaster";

/// Where bounces go: the argument of MAIL FROM (RFC 5321 §4.1.1.2). Prints with angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Parses a leading `<…>`, or a mailbox without the brackets; gives the path and what follows it, the
    /// parameters.
    ///
    /// # Errors
    /// As [`Mailbox::parse`], and when brackets or source route are malformed.
    pub fn parse(text: &str) -> Result<(Self, &str), AddressError> {
        let Written { inner, rest, is_bracketed } = Written::first_of(text)?;
        if inner.is_empty() && is_bracketed {
            return Ok((Self::Null, rest));
        }
        Ok((Self::Mailbox(mailbox(inner)?), rest))
    }

    /// As [`ReversePath::parse`], where a local part alone, in brackets, is one of `hostname`: `<root>` is what
    /// server boards send.
    ///
    /// # Errors
    /// As [`ReversePath::parse`].
    pub fn parse_at<'t>(text: &'t str, hostname: &str) -> Result<(Self, &'t str), AddressError> {
        match Written::first_of(text)? {
            Written { inner, rest, is_bracketed: true }
                if !inner.is_empty() && !inner.contains('@') =>
            {
                let mailbox = Mailbox::new(LocalPart::parse(inner)?, Domain::parse(hostname)?)?;
                Ok((Self::Mailbox(mailbox), rest))
            }
            _ => Self::parse(text),
        }
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
    /// Parses a leading `<…>`, or what it holds without the brackets; gives the path and what follows it, the
    /// parameters.
    ///
    /// # Errors
    /// As [`Mailbox::parse`], and when brackets or source route are malformed or the path is empty.
    pub fn parse(text: &str) -> Result<(Self, &str), AddressError> {
        let Written { inner, rest, .. } = Written::first_of(text)?;
        if inner.eq_ignore_ascii_case(POSTMASTER) {
            return Ok((Self::Postmaster, rest));
        }
        Ok((Self::Mailbox(mailbox(inner)?), rest))
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
            Self::Mailbox(mailbox) => mailbox.write(f, ["<", ">"]),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<postmaster>"),
            Self::Mailbox(mailbox) => mailbox.write(f, ["<", ">"]),
        }
    }
}

/// A path as somebody wrote it, and what stands behind.
struct Written<'a> {
    /// Without its brackets, and without blanks just inside them.
    inner: &'a str,
    rest: &'a str,
    is_bracketed: bool,
}

impl<'a> Written<'a> {
    /// The path that `text` begins with, minding that a quoted local part may hold what ends one: `>`, or a
    /// blank where there are no brackets.
    fn first_of(text: &'a str) -> Result<Self, AddressError> {
        let (body, is_bracketed) = match text.strip_prefix('<') {
            Some(body) => (body, true),
            None => (text, false),
        };
        let is_end = |c: char| if is_bracketed { c == '>' } else { c == ' ' || c == '\t' };
        let (mut quoted, mut escaped) = (false, false);
        let end = body.find(|c| {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => return !quoted && is_end(c),
            }
            false
        });
        let end = match end {
            None if is_bracketed || quoted => return Err(AddressError::Brackets),
            end => end.unwrap_or(body.len()),
        };
        let (inner, rest) = body.split_at_checked(end).ok_or(AddressError::Brackets)?;
        if inner.len() + 2 > MAX_PATH {
            return Err(AddressError::PathTooLong);
        }
        let rest = if is_bracketed { rest.strip_prefix('>').unwrap_or(rest) } else { rest };
        Ok(Self { inner: inner.trim_matches([' ', '\t']), rest, is_bracketed })
    }
}

/// The mailbox of a path. A dot behind its domain, as names in DNS have it, is dropped.
fn mailbox(inner: &str) -> Result<Mailbox, AddressError> {
    let written = without_source_route(inner)?;
    Mailbox::parse(written.strip_suffix('.').unwrap_or(written))
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
        for bad in ["", "<", "<postmaster>", "<a@b.c", "a@b.c>", "bob", "<a@b.c\r\n>"] {
            assert!(ReversePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_of_devices_are_read_and_written_by_the_letter() {
        for (text, path, rest) in [
            ("<ilo.@host.test>", r#"<"ilo."@host.test>"#, ""),
            ("<a..b@carrier.test> SIZE=1", r#"<"a..b"@carrier.test>"#, " SIZE=1"),
            ("a@b.test", "<a@b.test>", ""),
            ("a@b.test\tSIZE=1", "<a@b.test>", "\tSIZE=1"),
            (r#""a b"@b.test SIZE=1"#, r#"<"a b"@b.test>"#, " SIZE=1"),
            ("<a@b.test.>", "<a@b.test>", ""),
            ("<@x.test:a@b.test.>", "<a@b.test>", ""),
            ("< a@b.test\t>", "<a@b.test>", ""),
            ("< >", "<>", ""),
        ] {
            let (got, left) = ReversePath::parse(text).unwrap();
            assert_eq!((got.to_string().as_str(), left), (path, rest), "{text}");
        }
        for bad in ["<a@b.test..>", "<a@.>", "<a@b@c.test>", "<<a@b.c>>", r#""a b@c.test"#, "\"\""]
        {
            assert!(ReversePath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_local_part_alone_is_one_of_the_host_in_a_reverse_path_only() {
        for (text, path) in [
            ("<root>", "<root@mx.test>"),
            ("<MAILER-DAEMON> X", "<MAILER-DAEMON@mx.test>"),
            ("<bob.>", r#"<"bob."@mx.test>"#),
            ("<>", "<>"),
            ("<a@b.test>", "<a@b.test>"),
        ] {
            assert_eq!(ReversePath::parse_at(text, "mx.test").unwrap().0.to_string(), path);
        }
        // Behind `FROM:`, blank or not, what has no brackets may be a parameter.
        for bad in ["root", "SIZE=10", "", "<root@>", "<a b>", "<@x.test:a>"] {
            assert!(ReversePath::parse_at(bad, "mx.test").is_err(), "{bad}");
        }
        assert!(ForwardPath::parse("<root>").is_err());
        assert_eq!(ForwardPath::parse("Postmaster"), Ok((ForwardPath::Postmaster, "")));
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
