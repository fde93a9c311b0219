//! Netstrings (`5:hello,`), the frames of socketmap.

/// Digits of a length, leading zeros included: PostSRSd takes them, so do we.
const MAX_DIGITS: usize = 10;

/// Why octets are no netstring. There is no way to find the next one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetstringError {
    /// No length, or no comma behind the octets.
    Malformed,
    /// Longer than allowed.
    TooLong,
}

/// The netstring at the start of `input` and how many octets it takes; `None` while it is not whole.
///
/// # Errors
/// When `input` begins with no netstring, or with one of more than `max` octets.
pub fn parse(input: &[u8], max: usize) -> Result<Option<(&[u8], usize)>, NetstringError> {
    let digits = input.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > MAX_DIGITS {
        return Err(NetstringError::TooLong);
    }
    let (number, rest) = input.split_at_checked(digits).unwrap_or_default();
    let length = number
        .iter()
        .fold(0_u64, |length, digit| length * 10 + u64::from(digit.wrapping_sub(b'0')));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // Whatever follows, and however much of it is here.
    if length > max {
        return Err(NetstringError::TooLong);
    }
    let rest = match rest.split_first() {
        None => return Ok(None),
        Some((b':', rest)) if digits > 0 => rest,
        Some(_) => return Err(NetstringError::Malformed),
    };
    match (rest.get(..length), rest.get(length)) {
        (Some(octets), Some(b',')) => Ok(Some((octets, digits + 1 + length + 1))),
        (Some(_), Some(_)) => Err(NetstringError::Malformed),
        _ => Ok(None),
    }
}

/// Appends `octets` as a netstring.
pub fn write(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(octets.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(octets);
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_one() {
        assert_eq!(parse(b"5:hello,rest", 5), Ok(Some((&b"hello"[..], 8))));
        assert_eq!(parse(b"0:,", 5), Ok(Some((&b""[..], 3))));
        assert_eq!(parse(b"005:hello,", 5), Ok(Some((&b"hello"[..], 10))));
        for part in ["", "5", "5:", "5:hell", "5:hello"] {
            assert_eq!(parse(part.as_bytes(), 5), Ok(None), "{part:?}");
        }
        for bad in [":", "x", "-1:,", "5x", "5:helloX", " 5:hello,"] {
            assert_eq!(parse(bad.as_bytes(), 5), Err(NetstringError::Malformed), "{bad:?}");
        }
        for long in ["6", "6x", "6:", "99999999999", "99999999999:", "00000000005:hello,"] {
            assert_eq!(parse(long.as_bytes(), 5), Err(NetstringError::TooLong), "{long:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(octets in prop::collection::vec(any::<u8>(), 0..40), cut in 0_usize..60) {
            let mut out = Vec::new();
            write(&octets, &mut out);
            let whole = out.len();
            prop_assert_eq!(parse(&out, 40), Ok(Some((octets.as_slice(), whole))));
            if cut < whole {
                prop_assert_eq!(parse(&out[..cut], 40), Ok(None));
            }
        }

        #[test]
        fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(Some((inside, taken))) = parse(&octets, 30) {
                prop_assert!(taken <= octets.len() && inside.len() <= 30);
            }
        }
    }
}
