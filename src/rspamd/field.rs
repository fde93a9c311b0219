use std::fmt;

/// Longest name.
const MAX_NAME: usize = 70;
/// Longest value that is taken, in octets.
const MAX_VALUE: usize = 8 << 10;
/// Longest word of a value: a line is of one word at least, and has at most 998 octets (RFC 5322 §2.1.1).
const MAX_WORD: usize = 900;
/// Where lines are folded.
const LINE: usize = 78;
/// Fields of ours begin so.
const OWN: &str = "X-Onward-";

/// A header field that rspamd would have added: whole, and unable to be anything but one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    name: String,
    words: Vec<String>,
}

impl Field {
    /// The field, where it is one that may be added: an `X-` field that is not one of Onward's own. What mail
    /// systems go by (From, Received, Authentication-Results, …) is not rspamd's to say in our name. Line ends and
    /// blanks become one blank, what is not ASCII `?`.
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let begins = |with: &str| {
            name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        let may_be = is_token && (3..=MAX_NAME).contains(&name.len()) && begins("X-");
        if !may_be || begins(OWN) || value.len() > MAX_VALUE {
            return None;
        }
        if value.chars().any(|c| c.is_ascii_control() && !c.is_ascii_whitespace()) {
            return None;
        }
        let ascii = |word: &str| -> String {
            word.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
        };
        let words: Vec<String> = value.split_ascii_whitespace().map(ascii).collect();
        let are_short = words.iter().all(|word| word.len() <= MAX_WORD);
        (are_short && !words.is_empty()).then(|| Self { name: name.to_owned(), words })
    }

    /// Whether this is its name.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The field with its line end, folded.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.name)?;
        let mut length = self.name.len() + 1;
        for word in &self.words {
            let fold = length + 1 + word.len() > LINE && length > 1;
            let is_first = length == self.name.len() + 1;
            // A first word that is long stands beside the name: a line of blanks alone would not do.
            if fold && !is_first {
                write!(f, "\r\n\t{word}")?;
                length = 1 + word.len();
            } else {
                write!(f, " {word}")?;
                length += 1 + word.len();
            }
        }
        f.write_str("\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_is_one_field() {
        for (value, text) in [
            ("+++", "X-Spamd-Bar: +++\r\n"),
            ("a\r\nBcc: victim@x.test", "X-Spamd-Bar: a Bcc: victim@x.test\r\n"),
            ("a\r\n\r\nbody", "X-Spamd-Bar: a body\r\n"),
            ("a\n\tb\r\n c", "X-Spamd-Bar: a b c\r\n"),
            ("caf\u{e9}\u{85}\u{2028}", "X-Spamd-Bar: caf???\r\n"),
        ] {
            assert_eq!(Field::new("X-Spamd-Bar", value).unwrap().to_string(), text);
        }
        for value in ["", " \r\n ", "a\0b", "a\u{7f}", "\u{1b}[0m", &"x".repeat(901)] {
            assert_eq!(Field::new("X-Spamd-Bar", value), None, "{value:?}");
        }
        assert_eq!(Field::new("X-A", &"x ".repeat(5000)), None);
        let long = Field::new("X-A", &"word ".repeat(100)).unwrap().to_string();
        assert!(long.lines().all(|line| line.len() <= 78), "{long}");
    }

    #[test]
    fn only_what_says_nothing_to_mail_systems_is_taken() {
        for name in ["X-Spam", "x-spamd-result", "X-Virus_Status", "X-1"] {
            assert!(Field::new(name, "1").is_some(), "{name}");
        }
        for name in [
            "From",
            "Received",
            "Authentication-Results",
            "DKIM-Signature",
            "Bcc",
            "X",
            "X-",
            "",
            "X-Onward-Seal",
            "x-onward-loop",
            "X-A:b",
            "X-A\r\nFrom",
            "X-\u{e4}",
            "X A",
            "\u{e4}X-A",
        ] {
            assert_eq!(Field::new(name, "1"), None, "{name:?}");
        }
        assert_eq!(Field::new(&format!("X-{}", "a".repeat(69)), "1"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_one_field_or_none(name in "(X-)?\\PC{0,8}", value in ".{0,200}") {
            if let Some(field) = Field::new(&name, &value) {
                let text = field.to_string();
                let text = text.strip_suffix("\r\n").unwrap();
                prop_assert!(text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n' | b'\t')));
                let lines: Vec<&str> = text.split("\r\n").collect();
                prop_assert!(lines[0].starts_with("X-") || lines[0].starts_with("x-"));
                for line in &lines[1..] {
                    prop_assert!(line.starts_with('\t') && line.len() > 1 && !line.contains('\n'));
                }
            }
        }
    }
}
