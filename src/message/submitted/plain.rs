//! Addresses that are written so that all readers find the same one.

/// `@` and what is printed like it.
pub(super) const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];
/// Longest part of a field that a reply tells, in characters.
const MAX_TOLD: usize = 100;
/// Charsets whose decoders are common, and in which ASCII is what it is.
const CHARSETS: [&str; 21] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "latin1",
    "koi8-r",
    "koi8-u",
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
    "iso-2022-jp",
    "shift_jis",
    "shift-jis",
    "euc-jp",
    "euc-kr",
    "ks_c_5601-1987",
    "tis-620",
    "windows-874",
    "macintosh",
];
/// And those of one octet a letter, by number: the first and the last.
const FAMILIES: [(&str, u16, u16); 4] =
    [("iso-8859-", 1, 16), ("iso8859-", 1, 16), ("windows-", 1250, 1258), ("cp", 1250, 1258)];

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
    let (address, behind) = rest.split_once('>').unwrap_or((rest, "?"));
    // Any other blank is a sign of the address, to readers that take it for one.
    let address = address.trim_matches([' ', '\t', '\r', '\n']);
    // Programs that know no name write the address in its place.
    if name.contains(AT) && name.trim() != address {
        return Some(name);
    }
    Some(entry).filter(|_| !is_address(address) || !behind.trim().is_empty())
}

/// One `@`, and no blank.
fn is_address(text: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || matches!(c, ':' | ';' | '<' | '>' | '\\');
    text.matches(AT).count() == 1 && text.contains('@') && !text.contains(is_odd)
}

/// `value` in one line, with comments as blanks, and of quoted strings the quotes alone.
pub(super) fn reduced(value: &str) -> String {
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

/// False where an encoded-word is in a charset that some readers do not know, or is written so that some read another
/// text (RFC 2047 §2, §4).
pub(super) fn has_known_charsets(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let mut rest = &*text;
    while let Some((_, word)) = rest.split_once("=?") {
        let mut parts = word.splitn(4, '?');
        let mut part = || parts.next().unwrap_or_default();
        let (charset, encoding, text, behind) = (part(), part(), part(), part());
        let is_sound = match encoding {
            "b" | "B" => is_base64,
            "q" | "Q" => is_quoted_printable,
            _ => {
                rest = word;
                continue;
            }
        };
        // RFC 2231 §5: the language stands behind an asterisk.
        let charset = charset.split('*').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(behind) = behind.strip_prefix('=') else { return false };
        if !is_sound(text) || !is_known(&charset) {
            return false;
        }
        rest = behind;
    }
    true
}

fn is_known(charset: &str) -> bool {
    let is_of = |&(name, first, last): &(&str, u16, u16)| {
        let number = charset.strip_prefix(name).and_then(|number| number.parse::<u16>().ok());
        number.is_some_and(|number| (first..=last).contains(&number))
    };
    CHARSETS.contains(&charset) || FAMILIES.iter().any(is_of)
}

fn is_base64(text: &str) -> bool {
    data_encoding::BASE64.decode(text.as_bytes()).is_ok()
}

fn is_quoted_printable(text: &str) -> bool {
    let is_hex = |c: Option<char>| c.is_some_and(|c| c.is_ascii_hexdigit());
    text.split('=').skip(1).all(|escape| {
        let mut chars = escape.chars();
        is_hex(chars.next()) && is_hex(chars.next())
    })
}
