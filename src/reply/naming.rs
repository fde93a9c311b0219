//! Words of the language that are somebody's name too: `full@…`, `mailbox@…`. "Mailbox full" names nobody, `<full>` does.

/// True where `word`, in lower case, stands in the token at `at` as a name: in brackets or quotes by itself, glued to
/// what says whose it is (`user=info`, `to:info`, `info+tag`), in front of an `@` or a domain, or of a colon where
/// the line begins with it, as with an address. No part of a sentence is.
pub(super) fn is_name(tokens: &[&str], at: usize, word: &str) -> bool {
    let Some(token) = tokens.get(at).map(|token| token.to_ascii_lowercase()) else { return false };
    let begins = tokens.iter().take(at).all(|before| is_code(before));
    let mut stands = token.match_indices(word).filter_map(|(at, _)| {
        let before = token.get(..at)?.chars().next_back();
        let after = token.get(at + word.len()..)?.chars().next();
        is_edge(before, after).then_some((before, after))
    });
    let is_before_domain = || match tokens.get(at + 1..) {
        Some([next, ..]) if next.trim_start_matches(['(', '[', '{', '<']).starts_with('@') => true,
        Some([next, host, ..]) => is_at(next) && is_host(host),
        _ => false,
    };
    stands.any(|(before, after)| {
        let is_enclosed = matches!(
            (before, after),
            (Some('('), Some(')'))
                | (Some('['), Some(']'))
                | (Some('{'), Some('}'))
                | (Some('"'), Some('"'))
                | (Some('\'' | '`'), Some('\''))
                | (Some('`'), Some('`'))
        );
        let is_glued = matches!(before, Some('<' | '=' | ':' | '+' | '|'))
            || matches!(after, Some('>' | '=' | '+' | '|'));
        let is_address = begins && before.is_none() && after == Some(':');
        is_enclosed || is_glued || is_address
    }) || is_before_domain()
        && token.trim_end_matches([')', ']', '}', '>', '"', '\'']).ends_with(word)
}

/// Reply codes and enhanced status codes, which stand in fields of their own: `550`, `550-5.1.1`, `5.1.1`, `#5.1.1`.
pub(super) fn is_code(token: &str) -> bool {
    let token = token.trim_matches(['#', '(', ')', '[', ']', ':', ',', '-', '<', '>']);
    let is_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let is_status = |text: &str| {
        let mut parts = text.split('.');
        let class = matches!(parts.next(), Some("2" | "4" | "5"));
        class && parts.clone().count() == 2 && parts.all(|part| is_digits(part, 3))
    };
    let is_reply = |text: &str| text.len() == 3 && is_digits(text, 3);
    is_reply(token)
        || is_status(token)
        || token
            .split_once(['-', ' '])
            .is_some_and(|(code, status)| is_reply(code) && is_status(status))
}

/// No letter or digit on either side.
pub(super) fn is_edge(before: Option<char>, after: Option<char>) -> bool {
    [before, after].iter().all(|c| c.is_none_or(|c| !c.is_ascii_alphanumeric()))
}

fn is_at(token: &str) -> bool {
    token
        .trim_matches(['(', ')', '[', ']', '{', '}', '<', '>', '-', '_'])
        .eq_ignore_ascii_case("at")
}

fn is_host(token: &str) -> bool {
    token.trim_end_matches(['.', ',', ';', ':', ')', ']']).contains('.')
}

/// How often a text is decoded: links within links encode twice.
const MAX_DECODED: usize = 3;
/// Characters as HTML names them, beside their numbers.
const ENTITIES: [(&str, char); 5] =
    [("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("commat;", '@'), ("amp;", '&')];

/// What a token says in percent-encoding, quoted-printable, xtext (RFC 3461 §4) or as an entity of HTML: printable
/// ASCII; all else stays as it is spelt.
pub(super) fn decoded(token: &str) -> String {
    let mut text = token.to_owned();
    for _ in 0..MAX_DECODED {
        let next = once_decoded(&text);
        if next == text {
            break;
        }
        text = next;
    }
    text
}

fn once_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        let found = match c {
            '%' | '=' | '+' => behind.get(..2).and_then(|hex| Some((number(hex, 16)?, 2))),
            '&' => entity(behind),
            _ => None,
        };
        let (c, length) = found.unwrap_or((c, 0));
        decoded.push(c.to_ascii_lowercase());
        rest = behind.get(length..).unwrap_or_default();
    }
    decoded
}

/// The character, and how long its name is behind the `&`.
fn entity(text: &str) -> Option<(char, usize)> {
    if let Some((name, c)) = ENTITIES.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*c, name.len()));
    }
    let (digits, _) = text.strip_prefix('#')?.split_once(';')?;
    let c = match digits.strip_prefix('x') {
        Some(hex) => number(hex, 16)?,
        None => number(digits, 10)?,
    };
    Some((c, digits.len() + 2))
}

fn number(digits: &str, radix: u32) -> Option<char> {
    let is_digits = digits.chars().all(|c| c.is_digit(radix));
    let octet = is_digits.then(|| u8::from_str_radix(digits, radix).ok())??;
    matches!(octet, b' '..=b'~').then_some(char::from(octet))
}
