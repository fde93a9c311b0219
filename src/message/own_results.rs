use super::{Field, Header};

/// Name of the field that tells what inbound checks found (RFC 8601).
pub const RESULTS_FIELD: &str = "Authentication-Results";

/// `message` without the Authentication-Results that claim to be ours, which only we may write (RFC 8601
/// §5). `None` when there is none, as mostly.
///
/// `authserv_id` is what ours begin with.
pub fn without_own_results(
    header: &Header<'_>,
    message: &[u8],
    authserv_id: &str,
) -> Option<Vec<u8>> {
    let is_own = |field: &&Field<'_>| claims(field.value, authserv_id);
    let mut own = header.named(RESULTS_FIELD).filter(is_own).peekable();
    own.peek()?;
    let mut kept = Vec::with_capacity(message.len());
    let mut from = 0;
    let offset = |part: &[u8]| (part.as_ptr() as usize).checked_sub(message.as_ptr() as usize);
    for field in own {
        kept.extend_from_slice(message.get(from..offset(field.name)?)?);
        from = offset(field.value)?.checked_add(field.value.len())?;
    }
    kept.extend_from_slice(message.get(from..)?);
    Some(kept)
}

/// True when the value begins with this authserv-id: comments and folding may stand before it, and it
/// may be quoted (RFC 8601 §2.2).
fn claims(value: &[u8], authserv_id: &str) -> bool {
    let mut rest = value;
    let mut depth = 0_usize;
    loop {
        rest = match (depth, rest.split_first()) {
            (_, Some((b'(', tail))) => {
                depth += 1;
                tail
            }
            (1.., Some((b')', tail))) => {
                depth -= 1;
                tail
            }
            (1.., Some((b'\\', tail))) => tail.split_first().map_or(tail, |(_, tail)| tail),
            (0, Some((byte, tail))) if byte.is_ascii_whitespace() => tail,
            (1.., Some((_, tail))) => tail,
            _ => break,
        };
    }
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let id = rest.get(..authserv_id.len()).unwrap_or_default();
    let after = rest.get(authserv_id.len()..).and_then(<[u8]>::first);
    let ends = after.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || b"-._".contains(byte)));
    id.eq_ignore_ascii_case(authserv_id.as_bytes()) && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_claims_to_be_ours_goes() {
        let stripped = |message: &str| {
            let header = Header::scan(message.as_bytes());
            let kept = without_own_results(&header, message.as_bytes(), "mx.example.org")?;
            Some(String::from_utf8(kept).unwrap())
        };
        let theirs = "Authentication-Results: mx.other.test; spf=pass\r\n";
        for own in [
            "Authentication-Results: mx.example.org; spf=pass\r\n\tdkim=pass\r\n",
            "authentication-results :\r\n (a (b) \\) c) MX.Example.Org 1; none\r\n",
            "Authentication-Results:\"mx.example.org\"; none\r\n",
            "Authentication-Results: mx.example.org",
        ] {
            let end = if own.ends_with('\n') { "A: 1\r\n\r\nmx.example.org\r\n" } else { "" };
            let message = format!("X: 1\r\n{theirs}{own}{end}");
            assert_eq!(stripped(&message), Some(format!("X: 1\r\n{theirs}{end}")), "{own:?}");
            let message = format!("{own}{end}{}", if end.is_empty() { "\r\n" } else { own });
            assert!(stripped(&message).is_some(), "{own:?}");
        }
        for other in [
            "Authentication-Results: mx.example.org.evil.test; none\r\n",
            "Authentication-Results: amx.example.org; none\r\n",
            "Authentication-Results: (mx.example.org) mx.other.test; none\r\n",
            "Authentication-Results: ((mx.example.org\r\n",
            "Authentication-Results:\r\n",
            "X-Authentication-Results: mx.example.org; none\r\n",
        ] {
            assert_eq!(stripped(&format!("{other}\r\nbody\r\n")), None, "{other:?}");
        }
    }
}
