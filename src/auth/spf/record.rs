//! The record: `v=spf1` and its terms, strictly by the grammar of RFC 7208 §12.

use super::{Spf, macros::MacroString};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A record that parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<MacroString>,
}

/// What the TXT records of a domain say (§4.5).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// None of them is SPF.
    Nothing,
    Record(Record),
    /// Several are, or the one breaks the grammar.
    Broken,
}

impl Published {
    pub(super) fn of(texts: &[Vec<u8>]) -> Self {
        let mut records = texts.iter().filter(|text| is_spf(text));
        match (records.next(), records.next()) {
            (None, _) => Self::Nothing,
            (Some(record), None) => Record::parse(record).map_or(Self::Broken, Self::Record),
            (Some(_), Some(_)) => Self::Broken,
        }
    }
}

/// A mechanism, and the result when it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) result: Spf,
    pub(super) mechanism: Mechanism,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefix),
    Mx(Option<MacroString>, Prefix),
    Ptr(Option<MacroString>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(MacroString),
}

/// How many leading bits of an address count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) v4: u8,
    pub(super) v6: u8,
}

const VERSION: &[u8] = b"v=spf1";

/// True for a TXT record that is meant to be SPF (§4.5).
pub(super) fn is_spf(text: &[u8]) -> bool {
    text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
        version.eq_ignore_ascii_case(VERSION) && matches!(rest.first(), None | Some(b' '))
    })
}

impl Record {
    /// Parses a record that [`is_spf`]; `None` for a syntax error anywhere in it (§4.6).
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return None;
        }
        let (_, terms) = text.split_at_checked(VERSION.len())?;
        let mut record = Self { directives: Vec::new(), redirect: None };
        let mut has_explanation = false;
        for term in terms.split(' ').filter(|term| !term.is_empty()) {
            match modifier(term) {
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    if record.redirect.replace(MacroString::domain_spec(value)?).is_some() {
                        return None;
                    }
                }
                Some((name, value)) if name.eq_ignore_ascii_case("exp") => {
                    // Its text is a stranger's and shown to nobody, so it is only checked.
                    MacroString::domain_spec(value)?;
                    if std::mem::replace(&mut has_explanation, true) {
                        return None;
                    }
                }
                Some((_, value)) => drop(MacroString::parse(value)?),
                None => record.directives.push(Directive::parse(term)?),
            }
        }
        Some(record)
    }
}

/// Splits `name=value`; `None` for a directive.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_inner);
    is_name.then_some((name, value))
}

impl Mechanism {
    /// True when it asks a domain that is the client's to choose.
    pub(super) fn is_chosen_by_client(&self) -> bool {
        match self {
            Self::Include(spec) | Self::Exists(spec) => spec.is_chosen_by_client(),
            Self::A(spec, _) | Self::Mx(spec, _) | Self::Ptr(spec) => {
                spec.as_ref().is_some_and(MacroString::is_chosen_by_client)
            }
            Self::All | Self::Ip4(..) | Self::Ip6(..) => false,
        }
    }
}

impl Directive {
    fn parse(term: &str) -> Option<Self> {
        let (result, term) = match term.split_at_checked(1)? {
            ("+", rest) => (Spf::Pass, rest),
            ("-", rest) => (Spf::Fail, rest),
            ("~", rest) => (Spf::SoftFail, rest),
            ("?", rest) => (Spf::Neutral, rest),
            _ => (Spf::Pass, term),
        };
        let end = term.find([':', '/']).unwrap_or(term.len());
        let (name, argument) = term.split_at_checked(end)?;
        let spec = || MacroString::domain_spec(argument.strip_prefix(':')?);
        let mechanism = match name.to_ascii_lowercase().as_str() {
            "all" if argument.is_empty() => Mechanism::All,
            "include" => Mechanism::Include(spec()?),
            "exists" => Mechanism::Exists(spec()?),
            "ptr" if argument.is_empty() => Mechanism::Ptr(None),
            "ptr" => Mechanism::Ptr(Some(spec()?)),
            "a" => {
                let (domain, prefix) = domain_and_prefix(argument)?;
                Mechanism::A(domain, prefix)
            }
            "mx" => {
                let (domain, prefix) = domain_and_prefix(argument)?;
                Mechanism::Mx(domain, prefix)
            }
            "ip4" => {
                let (address, length) = network(argument, 32)?;
                Mechanism::Ip4(address.parse().ok()?, length)
            }
            "ip6" => {
                let (address, length) = network(argument, 128)?;
                Mechanism::Ip6(address.parse().ok()?, length)
            }
            _ => return None,
        };
        Some(Self { result, mechanism })
    }
}

/// `[ ":" domain-spec ] [ "/" v4 ] [ "//" v6 ]`
fn domain_and_prefix(argument: &str) -> Option<(Option<MacroString>, Prefix)> {
    let mut prefix = Prefix { v4: 32, v6: 128 };
    let mut rest = argument;
    if let Some((before, digits)) = rest.rsplit_once("//")
        && is_number(digits)
    {
        (rest, prefix.v6) = (before, length(digits, 128)?);
    }
    if let Some((before, digits)) = rest.rsplit_once('/')
        && is_number(digits)
    {
        (rest, prefix.v4) = (before, length(digits, 32)?);
    }
    let domain = match rest {
        "" => None,
        rest => Some(MacroString::domain_spec(rest.strip_prefix(':')?)?),
    };
    Some((domain, prefix))
}

/// `":" address [ "/" length ]`
fn network(argument: &str, longest: u8) -> Option<(&str, u8)> {
    let argument = argument.strip_prefix(':')?;
    match argument.split_once('/') {
        Some((address, digits)) => Some((address, length(digits, longest)?)),
        None => Some((argument, longest)),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// No leading zero, no sign, not beyond the address.
fn length(digits: &str, longest: u8) -> Option<u8> {
    if !is_number(digits) || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    digits.parse().ok().filter(|length| *length <= longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_spf() {
        for (text, expected) in [
            ("v=spf1", true),
            ("V=SPF1 -all", true),
            ("v=spf10", false),
            ("v=spf1\t-all", false),
            ("v=spf", false),
            (" v=spf1", false),
        ] {
            assert_eq!(is_spf(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_parses() {
        for terms in [
            "",
            " -all",
            "  a  -all ",
            " a:x.example/24//64 mx/0//0 mx//1 ?ptr ~ptr:%{d} exists:%{i}._s.%{d2}",
            " ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1/0 include:_spf.example.com",
            " redirect=a.example exp=b.example unknown=%{s} a-b_c.d=",
        ] {
            assert!(Record::parse(format!("v=spf1{terms}").as_bytes()).is_some(), "{terms}");
        }
    }

    #[test]
    fn what_does_not() {
        for terms in [
            "all/8",
            "all:x.y",
            "include",
            "include:",
            "include:a.b/24",
            "a:",
            "a/33",
            "a/032",
            "a//129",
            "a/",
            "a//",
            "a:x.y/+1",
            "ip4",
            "ip4:",
            "ip4:192.0.2.0/33",
            "ip4:192.0.2.0/032",
            "ip4:192.0.2",
            "ip4:192.0.2.0//32",
            "ip4:192.0.2.0:80",
            "ip4:2001:db8::",
            "ip6:192.0.2.1",
            "ip6:::1/129",
            "ip6:::1%1",
            "ptr/0",
            "ptr:",
            "exists",
            "exists:a.b/1",
            "foo",
            "+",
            "redirect=",
            "redirect=a.b redirect=a.b",
            "exp=a.b exp=a.b",
            "x=%",
            "1=x",
            "a\tb",
            "a\u{e9}",
            "a:b.c\u{0}",
            "--all",
            "redirect:a.b",
        ] {
            assert_eq!(Record::parse(format!("v=spf1 {terms}").as_bytes()), None, "{terms}");
        }
        assert_eq!(Record::parse(b"v=spf1 a:\xff.example"), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, terms in "( |[a-z0-9:/=%{}.+~?-]{0,9})*") {
            let _ = Record::parse(&bytes);
            let _ = Record::parse(format!("v=spf1 {terms}").as_bytes());
        }
    }
}
