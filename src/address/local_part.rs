use super::{AddressError, MAX_TAKEN_LOCAL_PART, folded::Folded};
use std::fmt;

/// What stands before the `@`, held without its quoting.
///
/// `"abc"` and `abc` are the same local part (RFC 5321 §4.1.2). [`fmt::Display`] writes the wire form: a
/// dot-string where the content allows one, else a quoted string. UTF-8 is allowed as RFC 6531 has
/// it; [`LocalPart::is_ascii`] tells whether it needs SMTPUTF8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalPart {
    content: Folded,
    wire_len: usize,
}

impl LocalPart {
    /// Takes the content, unquoted: printable ASCII, space and non-control UTF-8.
    ///
    /// # Errors
    /// When empty, when it holds a control character, or when its wire form exceeds
    /// [`MAX_TAKEN_LOCAL_PART`] octets.
    pub fn new(content: &str) -> Result<Self, AddressError> {
        if content.is_empty() {
            return Err(AddressError::LocalPartSyntax);
        }
        if content.chars().any(|c| !is_content(c)) {
            return Err(AddressError::Control);
        }
        let quotes = || 2 + content.bytes().filter(|b| needs_backslash(*b)).count();
        let wire_len = content.len() + if is_dot_string(content) { 0 } else { quotes() };
        if wire_len > MAX_TAKEN_LOCAL_PART {
            return Err(AddressError::LocalPartTooLong);
        }
        Ok(Self { content: Folded::new(content), wire_len })
    }

    /// Parses the wire form: a dot-string or a quoted string (RFC 5321 §4.1.2, RFC 6531 §3.3). Dots may stand
    /// anywhere, as in `ilo.` and `a..b`, which devices and carriers send; such a local part is written quoted.
    ///
    /// # Errors
    /// When `wire` is neither, or breaks a rule of [`LocalPart::new`].
    pub fn parse(wire: &str) -> Result<Self, AddressError> {
        let Some(quoted) = wire.strip_prefix('"') else {
            return if wire.chars().all(|c| c == '.' || is_atext(c)) {
                Self::new(wire)
            } else if wire.chars().any(|c| !is_content(c)) {
                Err(AddressError::Control)
            } else {
                Err(AddressError::LocalPartSyntax)
            };
        };
        let inner = quoted.strip_suffix('"').ok_or(AddressError::LocalPartSyntax)?;
        let mut content = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => return Err(AddressError::LocalPartSyntax),
                '\\' => content.push(chars.next().ok_or(AddressError::LocalPartSyntax)?),
                c => content.push(c),
            }
        }
        Self::new(&content)
    }

    /// The content, without quotes and backslashes.
    pub fn as_str(&self) -> &str {
        self.content.text()
    }

    /// The content in lower case: local parts of hosted aliases match case-insensitively.
    pub fn key(&self) -> &str {
        self.content.key()
    }

    /// [`LocalPart::key`] as a text of its own.
    pub fn to_key(&self) -> String {
        self.key().to_owned()
    }

    /// False when the local part can travel only with SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.as_str().is_ascii()
    }

    /// The wire form where it needs no quotes.
    pub(super) fn unquoted(&self) -> Option<&str> {
        let content = self.as_str();
        (self.wire_len == content.len()).then_some(content)
    }

    /// Length of the wire form in octets.
    pub fn wire_len(&self) -> usize {
        self.wire_len
    }
}

impl fmt::Display for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plain) = self.unquoted() {
            return f.write_str(plain);
        }
        f.write_str("\"")?;
        for c in self.as_str().chars() {
            if c == '"' || c == '\\' {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

fn is_content(c: char) -> bool {
    // U+2028 and U+2029 end a line for some readers of logs and JSON.
    !c.is_control() && c != '\u{2028}' && c != '\u{2029}'
}

fn needs_backslash(b: u8) -> bool {
    b == b'"' || b == b'\\'
}

fn is_dot_string(s: &str) -> bool {
    s.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5322 §3.2.3 atext, with the UTF8-non-ascii of RFC 6531 §3.3.
fn is_atext(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~' => true,
        c => !c.is_ascii() && is_content(c) && !c.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_dropped_where_needless_and_restored_where_needed() {
        for (wire, content, printed) in [
            ("bob", "bob", "bob"),
            ("\"bob\"", "bob", "bob"),
            ("\"john doe\"", "john doe", "\"john doe\""),
            (r#""a\"b\\c""#, r#"a"b\c"#, r#""a\"b\\c""#),
            ("\"a@b\"", "a@b", "\"a@b\""),
            ("\"a..b\"", "a..b", "\"a..b\""),
            ("a..b", "a..b", "\"a..b\""),
            ("ilo.", "ilo.", "\"ilo.\""),
            (".a", ".a", "\".a\""),
            ("...", "...", "\"...\""),
            ("o'brien+x=y", "o'brien+x=y", "o'brien+x=y"),
            ("jürgen", "jürgen", "jürgen"),
        ] {
            let local = LocalPart::parse(wire).unwrap();
            assert_eq!(local.as_str(), content);
            assert_eq!(local.to_string(), printed);
            assert_eq!(local.wire_len(), printed.len());
        }
    }

    #[test]
    fn atext_is_what_the_rfc_lists() {
        for c in (0..=127_u8).map(char::from) {
            let listed = c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
            assert_eq!(is_atext(c), listed, "{c:?}");
        }
    }

    #[test]
    fn refused() {
        for (wire, why) in [
            ("", AddressError::LocalPartSyntax),
            ("a b", AddressError::LocalPartSyntax),
            ("\"a", AddressError::LocalPartSyntax),
            ("\"", AddressError::LocalPartSyntax),
            ("\"\"", AddressError::LocalPartSyntax),
            ("\"a\"b\"", AddressError::LocalPartSyntax),
            ("\"a\\\"", AddressError::LocalPartSyntax),
            ("\"a\r\nb\"", AddressError::Control),
            ("\"a\0b\"", AddressError::Control),
            ("\"a\tb\"", AddressError::Control),
            ("a\u{85}b", AddressError::Control),
            ("a\u{2028}b", AddressError::Control),
        ] {
            assert_eq!(LocalPart::parse(wire), Err(why), "{wire:?}");
        }
    }

    #[test]
    fn length_counts_the_wire_form() {
        assert!(LocalPart::new(&"a".repeat(250)).is_ok());
        assert_eq!(LocalPart::new(&"a".repeat(251)), Err(AddressError::LocalPartTooLong));
        assert!(LocalPart::new(&" ".repeat(248)).is_ok());
        assert_eq!(LocalPart::new(&" ".repeat(249)), Err(AddressError::LocalPartTooLong));
        assert_eq!(LocalPart::new(&"\"".repeat(125)), Err(AddressError::LocalPartTooLong));
    }
}
