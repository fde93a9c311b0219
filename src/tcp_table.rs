//! tcp_table(5), as PostSRSd 1.x speaks it: `get KEY` and a line end, answered by `200 VALUE`, `500 TEXT`
//! for "not found", or `400 TEXT` for "not now"; keys and values percent-encoded.

use crate::lookup::Answer;
use std::fmt::Write;

/// Longest request with its line end, in octets: that of PostSRSd.
pub const MAX_LINE: usize = 1023;

/// What comes of the octets at the start of a connection, or behind the last request.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More octets are needed.
    Partial,
    /// The key, decoded, and how many octets the request took.
    Get(Vec<u8>, usize),
    /// No request: there is an end of the connection behind the answer.
    Broken,
}

/// Reads the next request.
pub fn parse(input: &[u8]) -> Parsed {
    let Some(end) = memchr::memchr(b'\n', input.get(..MAX_LINE).unwrap_or(input)) else {
        return if input.len() < MAX_LINE { Parsed::Partial } else { Parsed::Broken };
    };
    if end + 1 >= MAX_LINE {
        return Parsed::Broken;
    }
    let line = input.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line.strip_prefix(b"get ").filter(|key| !key.is_empty()).and_then(decode) {
        Some(key) => Parsed::Get(key, end + 1),
        None => Parsed::Broken,
    }
}

/// Appends the answer to a look-up.
pub fn answer(answer: &Answer, out: &mut Vec<u8>) {
    match answer {
        Answer::Found(value) | Answer::Own(value) => {
            out.extend_from_slice(b"200 ");
            encode(value.as_bytes(), out);
            out.push(b'\n');
        }
        Answer::AlreadyRewritten => line("500 ", "Already rewritten", out),
        // The spelling is PostSRSd's.
        Answer::Exempt => line("500 ", "Domain excluded py policy", out),
        Answer::NoDomain => line("500 ", "No at sign in sender address", out),
        Answer::NoAddress => line("500 ", "Not a mail address", out),
        Answer::NotSrs => line("500 ", "Not an SRS address.", out),
        Answer::Malformed(what) => line("500 ", what, out),
        Answer::BadTag => line("500 ", "Hash invalid in SRS address.", out),
        Answer::NoReturns => line("500 ", "No returns are taken.", out),
        Answer::Expired => line("500 ", "Time stamp out of date.", out),
        Answer::Nothing => line("500 ", "No such address", out),
        Answer::Failed(why) => line("400 ", why, out),
    }
}

/// Appends the answer to what is no look-up.
pub fn refuse(out: &mut Vec<u8>) {
    line("500 ", "Invalid request", out);
}

fn line(code: &str, text: &str, out: &mut Vec<u8>) {
    for part in [code, text, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// `None` for a percent sign without two hexadecimal digits.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        let octet = match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => *byte,
        };
        decoded.push(octet);
    }
    Some(decoded)
}

fn encode(octets: &[u8], out: &mut Vec<u8>) {
    for octet in octets {
        match octet {
            b'!'..=b'~' if *octet != b'%' => out.push(*octet),
            octet => {
                let mut text = String::with_capacity(3);
                let _ = write!(text, "%{octet:02x}");
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests() {
        let get = |key: &str, taken| Parsed::Get(key.as_bytes().to_vec(), taken);
        assert_eq!(parse(b"get a@b.c\nget x\n"), get("a@b.c", 10));
        assert_eq!(parse(b"get a@b.c\r\n"), get("a@b.c", 11));
        assert_eq!(parse(b"get %22a%20B%22@b.c\n"), get("\"a B\"@b.c", 20));
        assert_eq!(parse(b"get a@b.c"), Parsed::Partial);
        for bad in
            ["\n", "get\n", "get \n", "put a b\n", "GET a\n", "get a%\n", "get a%2\n", "get a%zz\n"]
        {
            assert_eq!(parse(bad.as_bytes()), Parsed::Broken, "{bad:?}");
        }
        let line = |octets: usize| format!("get {}\n", "a".repeat(octets - 5));
        assert!(matches!(parse(line(1022).as_bytes()), Parsed::Get(..)));
        assert_eq!(parse(line(1023).as_bytes()), Parsed::Broken);
        assert_eq!(parse(&[b'a'; 1022]), Parsed::Partial);
        assert_eq!(parse(&[b'a'; 1023]), Parsed::Broken);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(octets in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut text = Vec::new();
            encode(&octets, &mut text);
            prop_assert!(text.iter().all(|b| matches!(b, b'!'..=b'~')));
            prop_assert_eq!(decode(&text), Some(octets));
        }

        #[test]
        fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Parsed::Get(_, taken) = parse(&octets) {
                prop_assert!(taken <= octets.len());
            }
        }
    }
}
