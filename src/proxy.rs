//! The header of the PROXY protocol, versions 1 and 2, which a proxy sends ahead of the client's
//! bytes (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>). Only to be read from peers
//! that are trusted to send it: it says who the client is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest header of version 1, its CRLF included (§2.1).
const MAX_V1: usize = 107;
/// Longest part behind the fixed one of version 2 that is taken: addresses and TLVs.
const MAX_V2: usize = 4096;

const V1_PREFIX: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const V2_FIXED: usize = 16;

/// What the proxy says about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// Nothing: a connection of the proxy's own (a health check), or one whose addresses it does not
    /// know. The addresses of the socket stand.
    Local,
    /// The proxy speaks for a client.
    Proxied {
        /// The address of the client.
        source: SocketAddr,
        /// Where the client connected to.
        destination: SocketAddr,
    },
}

/// A header and its length; what stands behind are the client's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// What it says.
    pub header: Header,
    /// Octets it took.
    pub consumed: usize,
}

/// Why the connection is to be closed: without the header nobody knows who the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The bytes begin like neither version.
    #[error("no PROXY header")]
    Missing,
    /// A version 1 header that does not parse or does not end.
    #[error("malformed PROXY header, version 1")]
    Version1,
    /// A version 2 header that contradicts itself.
    #[error("malformed PROXY header, version 2")]
    Version2,
    /// A version 2 header for something else than a stream, or with a command unknown to us.
    #[error("unsupported PROXY header, version 2")]
    Unsupported,
    /// A version 2 header of more than 4 KiB.
    #[error("PROXY header too long")]
    TooLong,
}

/// Parses what a connection begins with; `None` while more is needed, which it never is beyond the
/// bounds of either version.
///
/// # Errors
/// As soon as the bytes can no longer become a header.
pub fn parse(bytes: &[u8]) -> Result<Option<Parsed>, ProxyError> {
    if begins_like(bytes, V2_SIGNATURE) {
        return version2(bytes);
    }
    if begins_like(bytes, V1_PREFIX) {
        return version1(bytes);
    }
    Err(ProxyError::Missing)
}

/// True when one is the beginning of the other.
fn begins_like(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(a, b)| a == b)
}

fn version1(bytes: &[u8]) -> Result<Option<Parsed>, ProxyError> {
    let window = bytes.get(..MAX_V1).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if window.len() < MAX_V1 { Ok(None) } else { Err(ProxyError::Version1) };
    };
    let header = window
        .get(..end)
        .and_then(|line| line.strip_suffix(b"\r"))
        .and_then(|line| std::str::from_utf8(line).ok())
        .and_then(version1_line)
        .ok_or(ProxyError::Version1)?;
    Ok(Some(Parsed { header, consumed: end + 1 }))
}

fn version1_line(line: &str) -> Option<Header> {
    let mut words = line.split(' ').skip(1);
    let parse: fn(&str) -> Option<IpAddr> = match words.next()? {
        "UNKNOWN" => return Some(Header::Local),
        "TCP4" => |word| word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        "TCP6" => |word| word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => return None,
    };
    let (source, destination) = (parse(words.next()?)?, parse(words.next()?)?);
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then_some(Header::Proxied {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    })
}

/// Decimal without sign and leading zeros.
fn port(word: &str) -> Option<u16> {
    let canonical = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| canonical)
}

fn version2(bytes: &[u8]) -> Result<Option<Parsed>, ProxyError> {
    let Some((fixed, rest)) = bytes.split_at_checked(V2_FIXED) else { return Ok(None) };
    let &[.., version_command, family_transport, high, low] = fixed else { return Ok(None) };
    if version_command >> 4 != 2 {
        return Err(ProxyError::Version2);
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_V2 {
        return Err(ProxyError::TooLong);
    }
    let Some(variable) = rest.get(..length) else { return Ok(None) };
    let header = match (version_command & 0xf, family_transport) {
        // LOCAL: whatever else it says is to be ignored (§2.2).
        (0, _) => Header::Local,
        // Unspecified; UNIX stream, which names no host.
        (1, 0x00 | 0x31) => Header::Local,
        (1, 0x11) => addresses::<4>(variable).ok_or(ProxyError::Version2)?,
        (1, 0x21) => addresses::<16>(variable).ok_or(ProxyError::Version2)?,
        _ => return Err(ProxyError::Unsupported),
    };
    Ok(Some(Parsed { header, consumed: V2_FIXED + length }))
}

/// Source and destination address of `N` octets each, then their ports; TLVs behind are skipped.
fn addresses<const N: usize>(bytes: &[u8]) -> Option<Header>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = bytes.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (source_port, rest) = rest.split_first_chunk::<2>()?;
    let destination_port = rest.first_chunk::<2>()?;
    let socket = |address: &[u8; N], port: &[u8; 2]| {
        SocketAddr::new(IpAddr::from(*address), u16::from_be_bytes(*port))
    };
    Some(Header::Proxied {
        source: socket(source, source_port),
        destination: socket(destination, destination_port),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn proxied(source: &str, destination: &str) -> Header {
        Header::Proxied {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        }
    }

    fn v2(version_command: u8, family_transport: u8, variable: &[u8]) -> Vec<u8> {
        let length = u16::try_from(variable.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[version_command, family_transport], &length, variable].concat()
    }

    /// The header stands alone, before a client's bytes, and incomplete.
    fn check(wire: &[u8], header: Header) {
        let shown = wire.escape_ascii();
        let parsed = Ok(Some(Parsed { header, consumed: wire.len() }));
        assert_eq!(parse(wire), parsed, "{shown}");
        assert_eq!(parse(&[wire, b"EHLO c\r\n"].concat()), parsed, "{shown}");
        for end in 0..wire.len() {
            assert_eq!(parse(&wire[..end]), Ok(None), "{shown} cut at {end}");
        }
    }

    #[test]
    fn version_1() {
        for (line, header) in [
            (
                "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n",
                proxied("192.0.2.1:40000", "198.51.100.2:25"),
            ),
            (
                "PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n",
                proxied("[2001:db8::1]:0", "[2001:db8::2]:65535"),
            ),
            ("PROXY UNKNOWN\r\n", Header::Local),
            ("PROXY UNKNOWN ffff:f... whatever\r\n", Header::Local),
        ] {
            check(line.as_bytes(), header);
        }
        let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(MAX_V1 - 16));
        assert_eq!(longest.len(), MAX_V1);
        check(longest.as_bytes(), Header::Local);
    }

    #[test]
    fn version_1_malformed() {
        for line in [
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25 1\r\n",
            "PROXY TCP4 192.0.2.1  198.51.100.2 40000 25\r\n",
            "PROXY TCP4 192.0.2.01 198.51.100.2 40000 25\r\n",
            "PROXY TCP4 2001:db8::1 2001:db8::2 40000 25\r\n",
            "PROXY TCP6 192.0.2.1 198.51.100.2 40000 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 +40000 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000 025\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 40000 \r\n",
            "PROXY tcp4 192.0.2.1 198.51.100.2 40000 25\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.2 40000 25\r\n",
            "PROXY UNKNOWN\n\r\n",
            "PROXY \r\n",
        ] {
            assert_eq!(parse(line.as_bytes()), Err(ProxyError::Version1), "{line:?}");
        }
        let endless = b"PROXY UNKNOWN".iter().chain(&[b' '; MAX_V1]).copied().collect::<Vec<_>>();
        assert_eq!(parse(&endless), Err(ProxyError::Version1));
        for other in [&b"EHLO c\r\n"[..], b"PROXY\r\n", b"\r\n\r\n\0\r\nQUIT\r", b"P\0"] {
            assert_eq!(parse(other), Err(ProxyError::Missing), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn version_2() {
        let v4 = [192, 0, 2, 1, 198, 51, 100, 2, 0x9c, 0x40, 0, 25];
        let client = proxied("192.0.2.1:40000", "198.51.100.2:25");
        check(&v2(0x21, 0x11, &v4), client);
        check(&v2(0x21, 0x11, &[&v4[..], b"\x04\0\x03abc"].concat()), client);
        check(&v2(0x21, 0x11, &[&v4[..], &[0; MAX_V2 - 12]].concat()), client);
        let mut v6 = [0; 36];
        v6[15] = 1;
        v6[31] = 2;
        v6[35] = 25;
        check(&v2(0x21, 0x21, &v6), proxied("[::1]:0", "[::2]:25"));
        check(&v2(0x20, 0x00, b""), Header::Local);
        check(&v2(0x20, 0x11, b"short"), Header::Local);
        check(&v2(0x21, 0x00, b"ignored"), Header::Local);
        check(&v2(0x21, 0x31, &[b'/'; 216]), Header::Local);
    }

    #[test]
    fn version_2_malformed() {
        for (wire, error) in [
            (v2(0x11, 0x11, &[0; 12]), ProxyError::Version2),
            (v2(0x21, 0x11, &[0; 11]), ProxyError::Version2),
            (v2(0x21, 0x21, &[0; 35]), ProxyError::Version2),
            (v2(0x22, 0x11, &[0; 12]), ProxyError::Unsupported),
            (v2(0x21, 0x12, &[0; 12]), ProxyError::Unsupported),
            (v2(0x21, 0x41, &[0; 12]), ProxyError::Unsupported),
            (v2(0x21, 0x11, &[0; MAX_V2 + 1]), ProxyError::TooLong),
        ] {
            assert_eq!(parse(&wire), Err(error), "{}", wire.escape_ascii());
        }
    }

    proptest! {
        /// More bytes never change an answer, so cuts do not matter.
        #[test]
        fn an_answer_stands(
            signature in prop::sample::select(vec![&b""[..], V1_PREFIX, V2_SIGNATURE]),
            tail in prop::collection::vec(prop_oneof![
                any::<u8>(),
                prop::sample::select(&b"TCP46UNKNOWN 1.:\r\n\0\x11\x20\x21"[..]),
            ], 0..200),
        ) {
            let wire = [signature, &tail].concat();
            let whole = parse(&wire);
            for end in 0..wire.len() {
                let part = parse(&wire[..end]);
                prop_assert!(part == Ok(None) || part == whole);
            }
            if let Ok(Some(parsed)) = whole {
                prop_assert!(parsed.consumed <= wire.len());
            }
        }
    }
}
