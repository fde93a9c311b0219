//! Addresses that are written so that all readers find the same one.

use super::mentions::AT;

/// Longest part of a field that a reply tells, in characters.
const MAX_TOLD: usize = 100;
/// Charsets, or how their names begin, whose decoders are common, and in which ASCII is what it is.
const CHARSETS: [&str; 18] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-",
    "iso8859-",
    "windows-12",
    "cp12",
    "koi8-",
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
    "iso-2022-jp",
    "shift_jis",
    "shift-jis",
    "euc-",
    "ks_c_5601",
];

/// What in the value of a field is not written plainly, without blanks and comments: an address with one of these
/// inside, or a name with an `@` outside of quotes.
pub(super) fn not_plain(value: &[u8]) -> Option<String> {
    let text = reduced(&String::from_utf8_lossy(value));
    if !text.contains(AT) {
        return None;
    }
    let odd = text.split(',').find_map(|entry| odd_part(entry.trim()))?;
    Some(odd.chars().filter(|c| !c.is_whitespace()).take(MAX_TOLD).collect())
}

fn odd_part(entry: &str) -> Option<&str> {
    let Some((name, rest)) = entry.split_once('<') else {
        return Some(entry).filter(|entry| !entry.is_empty() && !is_address(entry));
    };
    if name.contains(AT) {
        return Some(name);
    }
    let (address, behind) = rest.split_once('>').unwrap_or((rest, "?"));
    Some(entry).filter(|_| !is_address(address) || !behind.trim().is_empty())
}

/// One `@`, and no blank.
fn is_address(text: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || matches!(c, ':' | ';' | '<' | '>' | '\\');
    text.matches(AT).count() == 1 && text.contains('@') && !text.contains(is_odd)
}

/// `value` in one line, with comments as blanks, and of quoted strings the quotes alone.
fn reduced(value: &str) -> String {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let mut text = String::new();
    for c in value.chars().filter(|c| !matches!(c, '\r' | '\n')) {
        let is_inside = is_quoted || depth > 0;
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_inside => is_escaped = true,
            '"' if depth == 0 => {
                is_quoted = !is_quoted;
                text.push(c);
            }
            '(' if !is_quoted => {
                depth = depth.saturating_add(1);
                text.push(' ');
            }
            ')' if depth > 0 => depth -= 1,
            _ if is_inside => {}
            c => text.push(c),
        }
    }
    text
}

/// False where an encoded-word is in a charset that some readers do not know, so that they see another text.
pub(super) fn has_known_charsets(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    text.split("=?").skip(1).all(|word| {
        let mut parts = word.splitn(3, '?');
        let (charset, encoding) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_word = matches!(encoding, "b" | "B" | "q" | "Q");
        // RFC 2231 §5: the language stands behind an asterisk.
        let charset = charset.split('*').next().unwrap_or_default().trim().to_ascii_lowercase();
        !is_word || CHARSETS.iter().any(|known| charset.starts_with(known))
    })
}
