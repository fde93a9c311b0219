//! Lines that somebody might read as a field that names a sender.

use super::{FIELDS, MAX_CLAIMS};

/// The field that a line might be, and what stands behind its colon, up to the next of such lines.
pub(super) type Claim = (&'static str, Vec<u8>);

/// Whatever in the header section of `message` might be read as a field of [`FIELDS`]: lines that begin so behind
/// blanks or signs that some readers skip, whatever ends the line before. One more than [`MAX_CLAIMS`] at most.
pub(super) fn claims(message: &[u8]) -> Vec<Claim> {
    let section = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    let section = message.get(..section).unwrap_or_default();
    let mut claims: Vec<Claim> = Vec::new();
    let mut is_open = false;
    for line in section.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty())
    {
        if let Some((name, value)) = claim(line) {
            if claims.len() > MAX_CLAIMS {
                break;
            }
            claims.push((name, value.to_vec()));
            is_open = true;
        } else if is_open && matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = claims.last_mut() {
                value.extend_from_slice(b"\r\n");
                value.extend_from_slice(line);
            }
        } else {
            is_open = false;
        }
    }
    claims
}

fn claim(line: &[u8]) -> Option<(&'static str, &[u8])> {
    let begin = line.iter().position(u8::is_ascii_alphanumeric)?;
    let line = line.get(begin..)?;
    FIELDS.into_iter().find_map(|name| {
        let (start, rest) = line.split_at_checked(name.len())?;
        let rest = start.eq_ignore_ascii_case(name.as_bytes()).then_some(rest)?;
        let is_skipped = |byte: &&u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
        let skipped = rest.iter().take_while(is_skipped).count();
        Some((name, rest.get(skipped..)?.strip_prefix(b":")?))
    })
}
