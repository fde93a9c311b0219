/// The header section of a message, split into fields.
///
/// The section ends at the first empty line or, as other mail systems read it, before the first line
/// that is no field.
#[derive(Debug)]
pub struct Header<'a> {
    fields: Vec<Field<'a>>,
    bytes: &'a [u8],
    is_ended: bool,
}

/// One header field as it stands in the message.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// What stands before the colon.
    pub name: &'a [u8],
    /// What stands behind the colon, folding and last CRLF included.
    pub value: &'a [u8],
}

/// Longest header section that is read, in octets. A message of nothing but fields would otherwise
/// take many times its own size in memory, and as much time for each recipient.
pub const MAX_HEADER: usize = 1024 * 1024;

/// Most messages have no more fields.
const USUAL: usize = 32;

impl<'a> Header<'a> {
    /// Reads the header section of `message`, whose lines end in CRLF, as far as [`MAX_HEADER`] and the
    /// end of the field that goes beyond.
    pub fn scan(message: &'a [u8]) -> Self {
        let mut unread = Unread { rest: message, octets: 0 };
        let mut fields = Vec::with_capacity(USUAL);
        fields.extend(unread.by_ref());
        let (bytes, rest) = message.split_at_checked(unread.octets).unwrap_or((message, &[]));
        Self { fields, bytes, is_ended: rest.is_empty() || rest.starts_with(b"\r\n") }
    }

    /// True when the header section of `message` has more than `most` fields, of which none is kept meanwhile.
    pub fn has_more_than(message: &[u8], most: usize) -> bool {
        Header::each(message).nth(most).is_some()
    }

    /// The fields of `message` one after the other, none of which is kept.
    pub fn each(message: &'a [u8]) -> impl Iterator<Item = Field<'a>> {
        Unread { rest: message, octets: 0 }
    }

    /// True when an empty line ends the section, or the message. Any other line that is no field ends it for
    /// some readers, while others look for fields behind that line.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The fields, first to last.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// The section as it came, without the empty line that ends it.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fields of one name, in any case.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(move |field| field.is_named(name))
    }
}

impl Field<'_> {
    /// True when `name` is its name, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// What of a header section is not read yet.
struct Unread<'a> {
    rest: &'a [u8],
    /// Those read.
    octets: usize,
}

impl<'a> Iterator for Unread<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (name, after_name) = field_name(self.rest).filter(|_| self.octets <= MAX_HEADER)?;
        let (value, tail) = split_value(after_name);
        self.octets += self.rest.len() - tail.len();
        self.rest = tail;
        Some(Field { name, value })
    }
}

/// The name of the field at the start of `rest` and what follows its colon. White space before the
/// colon is the obsolete syntax of RFC 5322 §4.5.
fn field_name(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = rest.iter().position(|b| !matches!(b, 33..=57 | 59..=126))?;
    let (name, after) = rest.split_at_checked(end)?;
    let blank = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let value = after.get(blank..)?.strip_prefix(b":")?;
    (!name.is_empty()).then_some((name, value))
}

/// Splits behind the CRLF of the last line that continues the field.
fn split_value(after_name: &[u8]) -> (&[u8], &[u8]) {
    for at in memchr::memchr_iter(b'\n', after_name) {
        match after_name.get(at + 1) {
            Some(b' ' | b'\t') => {}
            _ => return after_name.split_at_checked(at + 1).unwrap_or((after_name, &[])),
        }
    }
    (after_name, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(message: &str) -> Vec<String> {
        let header = Header::scan(message.as_bytes());
        header.fields().iter().map(|f| String::from_utf8_lossy(f.name).into_owned()).collect()
    }

    #[test]
    fn fields_fold_and_end() {
        assert_eq!(names("A: 1\r\n 2\r\nB : 3\r\n\r\nC: 4\r\n"), ["A", "B"]);
        assert_eq!(names("A: 1\r\nnot a field\r\nC: 4\r\n"), ["A"]);
        assert_eq!(names("\r\nA: 1\r\n"), [""; 0]);
        assert_eq!(names(" A: 1\r\n"), [""; 0]);
        assert_eq!(names("A:"), ["A"]);
        let header = Header::scan(b"A: 1\r\n 2\r\n\r\nbody");
        assert_eq!(header.fields()[0].value, b" 1\r\n 2\r\n");
        assert_eq!(header.bytes(), b"A: 1\r\n 2\r\n");
    }

    #[test]
    fn where_a_section_ends() {
        for (message, is_ended) in [
            ("A: 1\r\n\r\nbody", true),
            ("A: 1\r\n", true),
            ("A: 1\r\n \r\nB : 2\r\n\r\n", true),
            ("\r\n", true),
            ("A: 1\r\nbody\r\n\r\n", false),
            ("A: 1\r\n: 2\r\nB: 3\r\n\r\n", false),
            ("A: 1\r\nÄ: 2\r\nB: 3\r\n\r\n", false),
            ("A: 1\r\nA B: 2\r\n\r\n", false),
            ("From a Mon Nov 23\r\nA: 1\r\n\r\n", false),
            (">From a\r\nA: 1\r\n\r\n", false),
            (" A: 1\r\n\r\n", false),
        ] {
            assert_eq!(Header::scan(message.as_bytes()).is_ended(), is_ended, "{message:?}");
        }
    }

    #[test]
    fn a_section_without_end_is_not_read_through() {
        let fields = "A:\r\n".repeat(MAX_HEADER);
        let header = Header::scan(fields.as_bytes());
        assert!((MAX_HEADER + 1..MAX_HEADER + 8).contains(&header.bytes().len()));
        assert!(header.fields().len() <= MAX_HEADER / 4 + 1);
    }

    #[test]
    fn fields_are_counted_without_being_kept() {
        let message = b"A: 1\r\nB: 2\r\n 3\r\n\r\nC: 4\r\n";
        assert!(Header::has_more_than(message, 1) && !Header::has_more_than(message, 2));
        assert!(!Header::has_more_than(b"", 0));
    }

    proptest! {
        #[test]
        fn fields_join_to_the_section(message in "([A-Ba-b: \t]{0,6}\r\n){0,8}") {
            let header = Header::scan(message.as_bytes());
            prop_assert!(message.as_bytes().starts_with(header.bytes()));
            let joined: usize = header.fields().iter().map(|f| f.name.len() + f.value.len()).sum();
            prop_assert!(joined <= header.bytes().len());
        }
    }
}
