//! The text form of SRS local parts, taken apart and put together.

use super::{ReverseError, Separator, timestamp::Timestamp};
use crate::address::{AddressError, Domain, LocalPart, MAX_LOCAL_PART};

/// Whether a local part is `SRS0` or `SRS1`, in any case, followed by a separator.
///
/// Such a recipient is for SRS alone, whatever alias would match it. `SRS0` without a separator is
/// an ordinary local part.
pub fn is_srs_shaped(local: &LocalPart) -> bool {
    is_srs_prefixed(local.as_str())
}

/// Whether a text, which may be no local part, begins as [`is_srs_shaped`] asks.
pub fn is_srs_prefixed(local: &str) -> bool {
    split_prefix(local).is_some()
}

/// What is wrong with a malformed SRS address, in the words of PostSRSd, which scripts may look for.
pub fn missing_part(local: &LocalPart) -> &'static str {
    let Some((prefix, rest)) = split_prefix(local.as_str()) else { return "Not an SRS address." };
    let mut parts = rest.get(1..).unwrap_or_default().splitn(4, '=');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let is_host = |part: &str| Domain::parse(part).is_ok();
    match (prefix, part(), part(), part(), part()) {
        (Prefix::Srs0, None, ..) => "No hash in SRS0 address.",
        (Prefix::Srs0, _, None, ..) => "No timestamp in SRS0 address.",
        (Prefix::Srs0, _, _, None, _) => "No host in SRS0 address.",
        (Prefix::Srs0, _, _, _, None) => "No user in SRS0 address.",
        (Prefix::Srs0, _, Some(stamp), ..) if Timestamp::parse(stamp).is_none() => {
            "Bad base32 character in timestamp."
        }
        (Prefix::Srs0, _, _, Some(host), _) if !is_host(host) => "No host in SRS0 address.",
        (Prefix::Srs0, ..) => "No user in SRS0 address.",
        (Prefix::Srs1, None, ..) => "No hash in SRS1 address.",
        (Prefix::Srs1, _, Some(host), ..) if is_host(host) => "No user in SRS1 address.",
        (Prefix::Srs1, ..) => "No host in SRS1 address.",
    }
}

/// Which of the two forms an SRS address has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Srs0,
    Srs1,
}

impl Prefix {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Srs0 => "SRS0",
            Self::Srs1 => "SRS1",
        }
    }
}

/// Splits off the prefix; the rest begins with the separator.
pub(super) fn split_prefix(content: &str) -> Option<(Prefix, &str)> {
    let (prefix, rest) = content.split_at_checked(4)?;
    rest.starts_with(SEPARATORS).then_some(())?;
    [Prefix::Srs0, Prefix::Srs1]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(prefix))
        .map(|known| (known, rest))
}

const SEPARATORS: [char; 3] = ['=', '+', '-'];

/// What the tag vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// The sender `local@host`.
    Srs0 { stamp: Timestamp, host: &'a str, local: &'a str },
    /// `SRS0` + `rest` at the forwarder `host`; `rest` begins with that forwarder's own separator.
    Srs1 { host: &'a str, rest: &'a str },
}

/// An SRS local part in its pieces. Only the syntax is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form<'a> {
    pub(super) tag: &'a str,
    pub(super) body: Body<'a>,
}

impl<'a> Form<'a> {
    pub(super) fn parse(local: &'a LocalPart) -> Result<Self, ReverseError> {
        let (prefix, rest) = split_prefix(local.as_str()).ok_or(ReverseError::NotSrs)?;
        match prefix {
            Prefix::Srs0 => Self::srs0(rest),
            Prefix::Srs1 => Self::srs1(rest),
        }
        .ok_or(ReverseError::Malformed)
    }

    fn srs0(rest: &'a str) -> Option<Self> {
        // The sender's local part is last, so that it may hold `=` itself.
        let mut parts = rest.get(1..)?.splitn(4, '=');
        let (tag, stamp, host, local) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if tag.is_empty() || host.is_empty() || local.is_empty() {
            return None;
        }
        Some(Self { tag, body: Body::Srs0 { stamp: Timestamp::parse(stamp)?, host, local } })
    }

    fn srs1(rest: &'a str) -> Option<Self> {
        let mut parts = rest.get(1..)?.splitn(3, '=');
        let (tag, host, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if tag.is_empty() || host.is_empty() || !rest.starts_with(SEPARATORS) {
            return None;
        }
        Some(Self { tag, body: Body::Srs1 { host, rest } })
    }

    pub(super) fn to_local_part(self, separator: Separator) -> Result<LocalPart, AddressError> {
        let mut content = String::with_capacity(MAX_LOCAL_PART);
        match self.body {
            Body::Srs0 { stamp, host, local } => {
                content.push_str(Prefix::Srs0.as_str());
                content.push(separator.as_char());
                content.push_str(self.tag);
                content.push('=');
                content.extend(stamp.octets().map(char::from));
                content.push('=');
                content.push_str(host);
                content.push('=');
                content.push_str(local);
            }
            Body::Srs1 { host, rest } => {
                content.push_str(Prefix::Srs1.as_str());
                content.push(separator.as_char());
                content.push_str(self.tag);
                content.push('=');
                content.push_str(host);
                content.push('=');
                content.push_str(rest);
            }
        }
        let local = LocalPart::new(&content)?;
        match local.wire_len() {
            ..=MAX_LOCAL_PART => Ok(local),
            _ => Err(AddressError::LocalPartTooLong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_needs_a_separator() {
        for srs in ["SRS0=", "srs1+x", "sRs0-a=b", "SRS0=a=AA=h=u"] {
            assert!(is_srs_shaped(&LocalPart::new(srs).unwrap()), "{srs}");
        }
        for plain in ["SRS0", "SRS1", "SRS", "SRS2=a", "SRS0a=", "xSRS0=a", "sr\u{15b}0=", "SRS0_a"]
        {
            assert!(!is_srs_shaped(&LocalPart::new(plain).unwrap()), "{plain}");
        }
    }

    #[test]
    fn parsing_and_writing_are_inverses() {
        for text in [
            "SRS0=tag=JM=sender.test=alice",
            "SRS0+tag=JM=[IPv6:2001:db8::1]=a=b=c=",
            "SRS0-t-g=AA=h== ",
            "SRS1=tag=fwd.example==abcd=AB=orig.example=user",
            "SRS1+tag=fwd.example=+x",
            "SRS1-tag=fwd.example=-",
        ] {
            let local = LocalPart::new(text).unwrap();
            let form = Form::parse(&local).unwrap();
            let separator = Separator::parse(text.get(4..5).unwrap()).unwrap();
            assert_eq!(form.to_local_part(separator).unwrap().as_str(), text);
        }
    }

    #[test]
    fn malformed() {
        for text in [
            "SRS0=",
            "SRS0=tag",
            "SRS0=tag=JM",
            "SRS0=tag=JM=host",
            "SRS0=tag=JM=host=",
            "SRS0=tag=JM==user",
            "SRS0==JM=host=user",
            "SRS0=tag=J=host=user",
            "SRS0=tag=JMM=host=user",
            "SRS0=tag=J1=host=user",
            "SRS0=tag=\u{e9}=host=user",
            "SRS1=",
            "SRS1=tag=",
            "SRS1=tag=host",
            "SRS1=tag=host=",
            "SRS1=tag=host=abcd=AB=o=u",
            "SRS1===x",
            "SRS1=tag===x",
        ] {
            let local = LocalPart::new(text).unwrap();
            assert_eq!(Form::parse(&local), Err(ReverseError::Malformed), "{text}");
        }
        assert_eq!(Form::parse(&LocalPart::new("bob").unwrap()), Err(ReverseError::NotSrs));
    }
}
