//! Tag lists (RFC 6376 §3.2), strictly by the grammar.

/// The tags of a field's value; no name twice.
#[derive(Debug)]
pub(super) struct TagList<'x>(Vec<(&'x str, &'x str)>);

/// More tags than any signature has. Names are compared with one another, so their number has a bound.
const MAX_TAGS: usize = 32;

impl<'x> TagList<'x> {
    /// Parses the value of a field; `None` for anything that the grammar does not know: an empty tag but
    /// for the last, a name twice, a byte that is not ASCII.
    pub(super) fn parse(value: &'x [u8]) -> Option<Self> {
        let is_text = |b: &u8| matches!(b, b'!'..=b'~' | b' ' | b'\t' | b'\r' | b'\n');
        let text = std::str::from_utf8(value).ok().filter(|_| value.iter().all(is_text))?;
        let text = text.trim_ascii();
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for tag in text.strip_suffix(';').unwrap_or(text).split(';') {
            let (name, value) = tag.split_once('=')?;
            let name = name.trim_ascii();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let is_known = tags.iter().any(|(known, _)| *known == name);
            if !is_name || is_known || tags.len() == MAX_TAGS {
                return None;
            }
            tags.push((name, value.trim_ascii()));
        }
        Some(Self(tags))
    }

    /// The value of the tag, without the white space around it; white space within is as it came.
    pub(super) fn get(&self, name: &str) -> Option<&'x str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// The value of a field without that of its tag `b`, and without its last CRLF: what a signature is
/// computed over (RFC 6376 §3.7).
pub(super) fn unsigned(value: &[u8]) -> Vec<u8> {
    let text = value.strip_suffix(b"\r\n").unwrap_or(value);
    let tags = text.split(|b| *b == b';').map(|tag| {
        let name = tag.split(|b| *b == b'=').next().unwrap_or_default();
        if name.trim_ascii() == b"b" { tag.get(..=name.len()).unwrap_or(tag) } else { tag }
    });
    tags.collect::<Vec<_>>().join(&b';')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(text: &str) -> Option<Vec<(&str, &str)>> {
        TagList::parse(text.as_bytes()).map(|list| list.0)
    }

    #[test]
    fn what_is_a_tag_list() {
        assert_eq!(tags("a=1"), Some(vec![("a", "1")]));
        assert_eq!(tags(" a = 1 2 ;\r\n\tb=;\r\n"), Some(vec![("a", "1 2"), ("b", "")]));
        assert_eq!(tags("a=1;"), Some(vec![("a", "1")]));
        assert_eq!(tags("a=b=c; A=1"), Some(vec![("a", "b=c"), ("A", "1")]));
        assert_eq!(tags("x_1=1"), Some(vec![("x_1", "1")]));
    }

    #[test]
    fn what_is_not() {
        for text in [
            "", " ", ";", "a", "a=1;;", "a=1;;b=2", ";a=1", "=", "a=1; ==", "a=1; _=", "1=2",
            "a b=1", "a=1; a=2", "a=é", "a=\0", "a=1\x0c", "é=1",
        ] {
            assert_eq!(tags(text), None, "{text:?}");
        }
        let many = |number: usize| (0..number).map(|n| format!("t{n}=;")).collect::<String>();
        assert!(tags(&many(MAX_TAGS)).is_some());
        assert!(tags(&many(MAX_TAGS + 1)).is_none());
    }

    #[test]
    fn a_value_is_taken_out_with_the_white_space_around_it() {
        for (text, without) in [
            (" a=1; b = x\r\n y ; c=2\r\n", " a=1; b =; c=2"),
            (" bb=1; b=x\r\n", " bb=1; b="),
            ("b=x;\r\n", "b=;"),
            ("a=1\r\n", "a=1"),
        ] {
            assert_eq!(unsigned(text.as_bytes()), without.as_bytes(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_made_of_its_tags(text in "([ab_]{0,2}[= ;]{0,2}[x \r\n]{0,2}){0,5}") {
            if let Some(tags) = tags(&text) {
                let again: String =
                    tags.iter().map(|(name, value)| format!("{name}={value};")).collect();
                let compact = |text: &str| {
                    let text = text.replace([' ', '\r', '\n'], "");
                    text.trim_end_matches(';').to_owned()
                };
                prop_assert_eq!(compact(&again), compact(&text));
            }
        }
    }
}
