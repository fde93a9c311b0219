//! Addresses that somebody might see in a field that names a sender.

use super::{
    MAX_MENTIONS,
    plain::{AT, reduced},
};
use mail_parser::{HeaderValue, parsers::MessageStream};

/// What looks like an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// The whole, for the reply that names it.
    pub(super) text: String,
    /// What stands before the `@`, without quotes.
    pub(super) local: String,
    /// What stands behind the `@`.
    pub(super) domain: String,
}

/// What no word of an address holds without quotes, blanks beside.
const ENDS: [char; 11] = ['<', '>', '(', ')', '[', ']', ',', ';', ':', '"', '\\'];

/// All that look like addresses in the value of a field: as it stands, with quoted pairs resolved, and with
/// encoded-words decoded. One more than [`MAX_MENTIONS`] of them at most.
pub(super) fn mentions(value: &[u8]) -> Vec<Mention> {
    // What is not printed is skipped by whoever shows the rest.
    let text = String::from_utf8_lossy(value).replace(|c: char| c.is_control() && c != '\t', "");
    let mut found = Vec::new();
    // Outside of quotes nothing has to stand before the `@`.
    scan(&without_quoted(&text), true, &mut found);
    scan(&text, false, &mut found);
    scan_unquoted(&text, &mut found);
    if text.contains("=?") {
        let text = decoded(&text).replace(|c: char| c.is_control() && c != '\t', "");
        scan(&text, false, &mut found);
        scan_unquoted(&text, &mut found);
        // As for whoever decodes first, and reads then.
        scan(&reduced(&text), false, &mut found);
    }
    found
}

/// As it is for whoever resolves quoted pairs, and forgets the quotes.
fn scan_unquoted(text: &str, found: &mut Vec<Mention>) {
    if text.contains('\\') {
        scan(&text.replace('\\', ""), false, found);
        scan(&text.replace(['\\', '"'], ""), false, found);
    }
}

/// The text with its encoded-words decoded, wherever they stand: in a quoted string or a comment, too.
fn decoded(text: &str) -> String {
    // Readers decode them though something stands right beside them.
    let mut apart = text.replace("=?", " =?").replace("?=\"", "?= \"");
    for sign in ["<", ">", "(", ")", ","] {
        apart = apart.replace(sign, &format!(" {sign} "));
    }
    let apart = format!("{}\n", apart.replace("?= ", "?=  "));
    match MessageStream::new(apart.as_bytes()).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        _ => String::new(),
    }
}

fn without_quoted(text: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let keep = |c: char| {
        let was_quoted = is_quoted;
        match c {
            '\\' if is_quoted && !is_escaped => {
                is_escaped = true;
                return ' ';
            }
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = false;
        // As a quoted local part before its `@` is read whole in another pass.
        if was_quoted || is_quoted { '"' } else { c }
    };
    text.chars().map(keep).collect()
}

fn scan(text: &str, takes_nobody: bool, found: &mut Vec<Mention>) {
    for (at, sign) in text.match_indices(AT) {
        if found.len() > MAX_MENTIONS {
            return;
        }
        // Some readers skip the blanks around it.
        let before = text.get(..at).unwrap_or_default().trim_end();
        let after = text.get(at + sign.len()..).unwrap_or_default().trim_start();
        let domain = domain(after);
        if !domain.contains(is_dot) && !domain.starts_with('[') {
            continue;
        }
        let local = match before.strip_suffix('"') {
            // Read whole where quotes are left in.
            Some(_) if takes_nobody => continue,
            Some(inner) => quoted(inner).unwrap_or_default(),
            None => local(before),
        };
        // A name as services for chat have it; in angle brackets, a route.
        if local.is_empty() && !takes_nobody {
            continue;
        }
        let mention = Mention { text: format!("{local}@{domain}"), local, domain };
        if !found.contains(&mention) {
            found.push(mention);
        }
    }
}

/// The last word of `text`, with those before it that a dot joins to it, blanks around it or not.
fn local(text: &str) -> String {
    let mut local = word(text).to_owned();
    // As some programs write names.
    if let Some(bare) = local.strip_prefix('\'') {
        local = bare.to_owned();
    }
    let mut before = text.get(..text.len() - word(text).len()).unwrap_or_default().trim_end();
    while !local.is_empty() && (local.starts_with('.') || before.ends_with('.')) {
        let more = word(before);
        if more.is_empty() {
            break;
        }
        local.insert_str(0, more);
        before = before.get(..before.len() - more.len()).unwrap_or_default().trim_end();
    }
    local
}

/// The last word of `text`.
fn word(text: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(&c) || AT.contains(&c);
    let begin = text.rfind(ends).map_or(0, |at| at + text.get(at..).map_or(0, first_len));
    text.get(begin..).unwrap_or_default()
}

/// The quoted string that `text` ends with, but for its last quote; `None` where that begins one.
fn quoted(text: &str) -> Option<String> {
    let mut content = Vec::new();
    let mut chars = text.chars().rev().peekable();
    while let Some(c) = chars.next() {
        let is_escaped = chars.peek() == Some(&'\\');
        match c {
            _ if is_escaped => {
                chars.next();
                content.push(c);
            }
            '"' => return Some(content.iter().rev().collect()),
            c => content.push(c),
        }
    }
    None
}

/// The domain that `text` begins with. Where that is a word without a dot, or a dot stands behind a blank, words are joined
/// as by readers who skip all blanks.
fn domain(text: &str) -> String {
    if text.starts_with('[') {
        let end = text.find(']').map_or(text.len(), |at| at + 1);
        return text.get(..end).unwrap_or_default().to_owned();
    }
    let is_in = |c: char| {
        c.is_alphanumeric()
            || is_dot(c)
            || matches!(c, '-' | '_')
            || !c.is_ascii() && !c.is_whitespace() && !AT.contains(&c)
    };
    let end = text.find(|c| !is_in(c)).unwrap_or(text.len());
    let (first, behind) = text.split_at_checked(end).unwrap_or((text, ""));
    let goes_on = behind.trim_start().starts_with(is_dot);
    let domain = match first.contains(is_dot) && !first.ends_with(is_dot) && !goes_on {
        true => first.to_owned(),
        false => {
            let end = text.find(|c: char| !is_in(c) && !c.is_whitespace()).unwrap_or(text.len());
            text.get(..end).unwrap_or_default().split_whitespace().collect()
        }
    };
    domain.trim_end_matches(is_dot).to_owned()
}

/// A dot, in scripts that have their own (UTS 46 §4), and what is printed like it.
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}')
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}
