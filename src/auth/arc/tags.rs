//! Tag lists (RFC 6376 §3.2), strictly by the grammar.

use std::ops::Range;

/// The tags of a field's value; no name twice.
#[derive(Debug)]
pub(super) struct TagList<'x> {
    text: &'x [u8],
    tags: Vec<Tag<'x>>,
}

#[derive(Debug)]
struct Tag<'x> {
    name: &'x str,
    /// Without the white space around it.
    value: &'x str,
    /// All that stands between the equals sign and the next semicolon.
    place: Range<usize>,
}

/// More tags than any signature has. Names are compared with one another, so their number has a bound.
const MAX_TAGS: usize = 32;

impl<'x> TagList<'x> {
    /// Parses the value of a field, which may end with its CRLF; `None` for anything that the grammar
    /// does not know: an empty tag but for the last, a name twice, a byte that is not ASCII.
    pub(super) fn parse(value: &'x [u8]) -> Option<Self> {
        let text = value.strip_suffix(b"\r\n").unwrap_or(value);
        let mut list = Self { text, tags: Vec::new() };
        let mut end = 0;
        for spec in text.split(|&b| b == b';') {
            let begin = end;
            end = begin + spec.len() + 1;
            let is_last = end > text.len();
            if is_last && !list.tags.is_empty() && spec.trim_ascii().is_empty() {
                break;
            }
            let equals = spec.iter().position(|&b| b == b'=')?;
            let (name, value) = spec.split_at_checked(equals)?;
            let tag = Tag {
                name: tag_name(name)?,
                value: tag_value(value.get(1..)?)?,
                place: begin + equals + 1..begin + spec.len(),
            };
            if list.tags.len() == MAX_TAGS || list.get(tag.name).is_some() {
                return None;
            }
            list.tags.push(tag);
        }
        Some(list)
    }

    /// The value of the tag; white space within it is as it came.
    pub(super) fn get(&self, name: &str) -> Option<&'x str> {
        self.tags.iter().find(|tag| tag.name == name).map(|tag| tag.value)
    }

    /// The text with the value of `name` taken out, and without its last CRLF: what a signature is
    /// computed over (RFC 6376 §3.7).
    pub(super) fn without(&self, name: &str) -> Vec<u8> {
        let end = self.text.len();
        let tag = self.tags.iter().find(|tag| tag.name == name);
        let place = tag.map_or(end..end, |tag| tag.place.clone());
        let before = self.text.get(..place.start).unwrap_or_default();
        let after = self.text.get(place.end..).unwrap_or_default();
        [before, after].concat()
    }
}

fn tag_name(text: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(text.trim_ascii()).ok()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

fn tag_value(text: &[u8]) -> Option<&str> {
    let is_value = |b: &u8| matches!(b, b'!'..=b'~' | b' ' | b'\t' | b'\r' | b'\n');
    if !text.iter().all(is_value) {
        return None;
    }
    std::str::from_utf8(text.trim_ascii()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(text: &str) -> Option<Vec<(&str, &str)>> {
        let list = TagList::parse(text.as_bytes())?;
        Some(list.tags.iter().map(|tag| (tag.name, tag.value)).collect())
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
            let list = TagList::parse(text.as_bytes()).unwrap();
            assert_eq!(list.without("b"), without.as_bytes(), "{text:?}");
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
