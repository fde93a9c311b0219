//! The end of DATA: as RFC 5321 has it, or as any server was ever found to take it.

use std::io::{self, BufRead};

/// A body as received.
pub(super) struct Body {
    /// After dot-unstuffing, without the end of data.
    pub(super) data: Vec<u8>,
    /// Every byte from after the reply 354 up to and with the end of data.
    pub(super) raw: Vec<u8>,
}

/// CRLF `.` CRLF and nothing else.
pub(super) fn read_strict(reader: &mut impl BufRead) -> io::Result<Body> {
    let mut raw = Vec::new();
    let mut data = Vec::new();
    let mut after_crlf = true;
    loop {
        let start = raw.len();
        if reader.read_until(b'\n', &mut raw)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = &raw[start..];
        if after_crlf && line == b".\r\n" {
            return Ok(Body { data, raw });
        }
        data.extend_from_slice(if after_crlf { unstuffed(line) } else { line });
        after_crlf = line.ends_with(b"\r\n");
    }
}

/// A dot alone between any two of CR, LF, or the start, with NULs around it: every variant SMTP
/// smuggling has used.
///
/// It ends at the first CR or LF behind the dot; the session skips what is left of that line end.
pub(super) fn read_lenient(reader: &mut impl BufRead) -> io::Result<Body> {
    let mut raw = Vec::new();
    let mut byte = [0];
    loop {
        reader.read_exact(&mut byte)?;
        raw.push(byte[0]);
        if let Some(end) = lone_dot(&raw) {
            let mut after_crlf = true;
            let mut data = Vec::new();
            for line in raw[..end].split_inclusive(|&byte| byte == b'\n') {
                data.extend_from_slice(if after_crlf { unstuffed(line) } else { line });
                after_crlf = line.ends_with(b"\r\n");
            }
            return Ok(Body { data, raw });
        }
    }
}

/// Where the dot is, if `raw` ends in a dot that is alone on a line of some sort.
fn lone_dot(raw: &[u8]) -> Option<usize> {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let (_, before) = raw.split_last().filter(|(last, _)| is_end(last))?;
    let before = without_nuls(before).strip_suffix(b".")?;
    let line_end = without_nuls(before).last();
    line_end.is_none_or(is_end).then_some(before.len())
}

fn without_nuls(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_suffix(b"\0") {
        bytes = rest;
    }
    bytes
}

fn unstuffed(line: &[u8]) -> &[u8] {
    line.strip_prefix(b".").unwrap_or(line)
}
