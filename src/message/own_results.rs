use super::{Field, Header};
use std::ops::Range;

/// Name of the field that tells what inbound checks found (RFC 8601).
pub const RESULTS_FIELD: &str = "Authentication-Results";

/// Takes the Authentication-Results that claim to be ours, which only we may write (RFC 8601 §5), out of `message`:
/// what stands before them moves up. Gives how many octets at the start are no part of it any more; mostly none.
///
/// `authserv_id` is what ours begin with.
pub fn take_out_own_results(message: &mut [u8], authserv_id: &str) -> usize {
    let fields = Header::each(message).filter(|field| field.is_named(RESULTS_FIELD));
    let own = fields.filter(|field| claims(field.value, authserv_id));
    let places = places(message, own.collect());
    take_out(message, &places)
}

/// Where `fields` of `message` stand.
pub(super) fn places(message: &[u8], fields: Vec<Field<'_>>) -> Vec<Range<usize>> {
    let offset = |part: &[u8]| (part.as_ptr() as usize).checked_sub(message.as_ptr() as usize);
    let place = |field: &Field<'_>| {
        Some(offset(field.name)?..offset(field.value)?.checked_add(field.value.len())?)
    };
    fields.iter().filter_map(place).collect()
}

/// Takes the fields at `places` out of `message`, first to last, as whoever calls this says.
pub(super) fn take_out(message: &mut [u8], places: &[Range<usize>]) -> usize {
    let Some(mut start) = places.last().map(|last| last.end) else { return 0 };
    // From the last one up: behind it nothing moves, and that is the body.
    let kept_before = places.iter().map(|place| place.end).rev().skip(1).chain([0]);
    for (gone, from) in places.iter().rev().zip(kept_before) {
        start -= gone.start - from;
        message.copy_within(from..gone.start, start);
    }
    start
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
            let mut octets = message.as_bytes().to_vec();
            let start = take_out_own_results(&mut octets, "mx.example.org");
            (start > 0).then(|| String::from_utf8(octets.split_off(start)).unwrap())
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
            if own.ends_with('\n') {
                let message = format!("{own}X: 1\r\n{own}{own}{theirs}Y: 2\r\n{own}\r\n{own}");
                let kept = format!("X: 1\r\n{theirs}Y: 2\r\n\r\n{own}");
                assert_eq!(stripped(&message), Some(kept), "{own:?}");
            }
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
