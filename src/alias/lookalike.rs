//! What looks like something else than it is. No new alias has it; mail for one that an older version took goes on.

use super::{Alias, AliasAddress, AliasError, Destination};
use crate::address::Mailbox;

impl Alias {
    /// What is wrong with an alias whose address or destination looks like something else.
    pub fn lookalike(&self) -> Option<AliasError> {
        let destinations = || self.destinations().iter().filter_map(Destination::mailbox);
        self.address().lookalike().or_else(|| template_lookalike(destinations()))
    }
}

impl AliasAddress {
    /// What is wrong with an address that looks like a pattern and is none (`*` stands for any text only by itself, and
    /// `sal*@example.org` would answer nothing but mail for just that), or like another address, as a part of it cannot
    /// be seen.
    pub fn lookalike(&self) -> Option<AliasError> {
        let Self::Exact(mailbox) = self else { return None };
        let local = mailbox.local().to_key();
        if let Some(unseen) = local.chars().find(|c| is_unseen(*c)) {
            let shown = |c: char| match is_unseen(c) {
                true => c.escape_unicode().to_string(),
                false => c.to_string(),
            };
            let address = mailbox.to_string().chars().map(shown).collect();
            return Some(AliasError::Unseen { address, code: u32::from(unseen) });
        }
        local.contains('*').then(|| {
            let escape = |part: &str| regex::escape(part);
            let local: Vec<String> = local.split('*').map(escape).collect();
            let domain = escape(&mailbox.domain().to_key());
            AliasError::NoPattern {
                address: mailbox.to_string(),
                regex: format!("/^{}@{domain}$/", local.join(".*")),
            }
        })
    }
}

/// What is wrong with mailboxes that look like the templates of a regex: nobody has a mailbox `$1@`.
pub fn template_lookalike<'a>(
    destinations: impl IntoIterator<Item = &'a Mailbox>,
) -> Option<AliasError> {
    let is_one = |mailbox: &&Mailbox| {
        let mut behind = mailbox.local().as_str().split('$').skip(1);
        behind.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '{'))
    };
    let found = destinations.into_iter().find(is_one)?;
    Some(AliasError::Template(
        found.to_string(),
        "$1 stands for what a group of a regex matched, and there is no regex here",
    ))
}

/// True for what has no shape of its own: format characters (Cf), what Unicode says is to be ignored where it is not
/// known, blanks but the one of ASCII, ends of lines, what everybody may give a meaning of his own (Co), and what never
/// is a character. RFC 8264 §9 has nearly all of them among what no identifier is made of.
fn is_unseen(c: char) -> bool {
    let is_format = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{8e2}' | '\u{180b}'..='\u{180f}'
        | '\u{600}'..='\u{605}' | '\u{890}'..='\u{891}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    );
    let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    let is_never = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    let is_blank = c.is_whitespace() && c != ' ';
    c.is_control() || is_format || is_private || is_never || is_blank
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookalike(text: &str) -> Option<AliasError> {
        AliasAddress::parse(text).unwrap().lookalike()
    }

    #[test]
    fn an_asterisk_within_a_local_part_is_no_pattern() {
        for (text, regex) in [
            ("sal*@example.org", r"'/^sal.*@example\.org$/'"),
            ("*-X.y@example.org", r"'/^.*\-x\.y@example\.org$/'"),
            ("**@example.org", r"'/^.*.*@example\.org$/'"),
            ("\"a *\"@example.org", r"'/^a .*@example\.org$/'"),
        ] {
            let error = lookalike(text).unwrap();
            assert!(error.to_string().ends_with(regex), "{error}");
            let regex = regex.trim_matches('\'');
            let Ok(AliasAddress::Regex(pattern)) = AliasAddress::parse(regex) else {
                panic!("{regex} is no regex");
            };
            assert!(pattern.matches(&Mailbox::parse(text).unwrap()), "{regex}");
        }
        for fine in ["*@example.org", "a@example.org", r"/^s.*@example\.org$/"] {
            assert_eq!(lookalike(fine), None, "{fine}");
        }
    }

    #[test]
    fn what_nobody_sees_makes_no_address_of_its_own() {
        for unseen in [
            '\u{202e}',
            '\u{200b}',
            '\u{200d}',
            '\u{ad}',
            '\u{feff}',
            '\u{2060}',
            '\u{fe0f}',
            '\u{3164}',
            '\u{e0061}',
            '\u{e000}',
            '\u{fdd0}',
            '\u{10ffff}',
            '\u{61c}',
        ] {
            let error = lookalike(&format!("a{unseen}b@x.test")).unwrap().to_string();
            let code = format!("U+{:04X}", u32::from(unseen));
            assert!(error.contains(&code) && !error.contains(unseen), "{error}");
        }
        // A blank in quotes that is none of ASCII.
        assert!(
            lookalike("\"a\u{a0}b\"@x.test").is_some()
                && lookalike("\"a\u{3000}b\"@x.test").is_some()
        );
        for seen in [
            "\"a b\"@x.test",
            "jürgen@x.test",
            "用户@x.test",
            "кто@x.test",
            "e\u{301}@x.test",
            "नमस्ते@x.test",
        ] {
            assert_eq!(lookalike(seen), None, "{seen}");
        }
    }

    #[test]
    fn a_mailbox_that_looks_like_a_template() {
        let to = |address: &str, text: &str| {
            let alias = Alias::forward(AliasAddress::parse(address).unwrap(), ["b@y.test", text]);
            alias.unwrap().lookalike().map(|error| error.to_string())
        };
        for text in ["$1@y.test", "a-$12@y.test", "${1}@y.test", "$x$1@y.test"] {
            let error = to("a@x.test", text).unwrap();
            assert!(error.contains(text) && error.contains("there is no regex here"), "{error}");
            assert!(to("*@x.test", text).is_some());
        }
        for text in ["cash$@y.test", "a$b@y.test", "$@y.test", "1$@y.test"] {
            assert_eq!(to("a@x.test", text), None, "{text}");
        }
        assert_eq!(to(r"/^(a)@x\.test$/", "$1@y.test"), None);
    }
}
