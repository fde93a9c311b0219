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
