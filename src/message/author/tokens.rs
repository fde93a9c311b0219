//! The words and signs of an address field (RFC 5322 §3.2, with §4.1), comments and folding taken out.

use super::Unclear;
use mail_parser::parsers::MessageStream;

/// A piece of an address field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Letters, digits and what else a word may hold; octets above ASCII are taken for letters.
    Atom(&'a [u8]),
    /// A quoted string, without its quotes and backslashes.
    Quoted(Vec<u8>),
    /// An encoded-word (RFC 2047 §2), which means something in display names only.
    Encoded(EncodedWord<'a>),
    /// What stands in brackets behind an `@`, brackets included.
    Literal(&'a [u8]),
    /// A comment; true where it holds a sign by which addresses are told apart.
    Comment(bool),
    /// One of `.` `@` `,` `:` `;` `<` `>`.
    Sign(u8),
    /// A bracket or backslash in a display name: no word may hold it, many do.
    Odd,
}

/// An encoded-word whose text has signs that should be encoded: many senders leave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EncodedWord<'a> {
    /// A sign in the text divides addresses for those who do not know encoded-words.
    pub(super) divides: bool,
    /// What stands behind an `@` in the text, up to the next blank.
    pub(super) domain: Option<&'a [u8]>,
    /// The word from its first `?` on.
    word: &'a [u8],
}

impl EncodedWord<'_> {
    /// True where an `@` is seen when the word is decoded, or that cannot be told.
    pub(super) fn hides_at(&self) -> bool {
        let decoded = MessageStream::new(self.word).decode_rfc2047();
        decoded.is_none_or(|text| text.contains('@'))
    }
}

/// Takes the value of an address field apart.
pub(super) fn tokens(value: &[u8]) -> Result<Vec<Token<'_>>, Unclear> {
    check_lines(value)?;
    // A name of some words and an address.
    let mut found = Vec::with_capacity(16);
    let mut rest = value;
    while let Some((&first, tail)) = rest.split_first() {
        let token = match first {
            b' ' | b'\t' | b'\r' | b'\n' => {
                rest = tail;
                continue;
            }
            b'(' => comment(&mut rest)?,
            b'"' => quoted(&mut rest)?,
            b'[' if found.last() == Some(&Token::Sign(b'@')) => literal(&mut rest)?,
            b'.' | b'@' | b',' | b':' | b';' | b'<' | b'>' => {
                rest = tail;
                Token::Sign(first)
            }
            b'[' | b']' => {
                rest = tail;
                Token::Odd
            }
            // Some readers take the sign behind it for a letter.
            b'\\' if tail.first().is_some_and(|byte| is_atext(*byte)) => {
                rest = tail;
                Token::Odd
            }
            b'=' if let Some((word, behind)) = encoded_word(rest) => {
                rest = behind;
                Token::Encoded(word)
            }
            _ if is_atext(first) => {
                let end = rest.iter().position(|byte| !is_atext(*byte)).unwrap_or(rest.len());
                let (atom, behind) = rest.split_at_checked(end).ok_or(Unclear::Garbage)?;
                rest = behind;
                Token::Atom(atom)
            }
            b')' => return Err(Unclear::Unbalanced),
            _ => return Err(Unclear::Garbage),
        };
        found.push(token);
    }
    Ok(found)
}

/// RFC 5322 §3.2.3, and what is not ASCII: RFC 6532 §3.2, or a character set that nobody names.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// Refuses lines that readers see differently: control characters, and a line of nothing but blanks, which
/// ends the section for some.
fn check_lines(value: &[u8]) -> Result<(), Unclear> {
    let text = value.strip_suffix(b"\r\n").unwrap_or(value);
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_blank = line.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if is_blank && number > 0 || line.iter().any(is_control) {
            return Err(Unclear::Garbage);
        }
    }
    Ok(())
}

fn comment<'a>(rest: &mut &'a [u8]) -> Result<Token<'a>, Unclear> {
    let (mut depth, mut divides) = (0_usize, false);
    while let Some((&byte, tail)) = rest.split_first() {
        *rest = tail;
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return Ok(Token::Comment(divides)),
            b')' => depth -= 1,
            b'\\' => *rest = rest.get(1..).unwrap_or_default(),
            b'<' | b'>' => return Err(Unclear::Garbage),
            b'@' | b',' | b':' | b';' | b'"' => divides = true,
            _ => {}
        }
    }
    Err(Unclear::Unbalanced)
}

fn quoted<'a>(rest: &mut &'a [u8]) -> Result<Token<'a>, Unclear> {
    let mut content = Vec::new();
    *rest = rest.get(1..).unwrap_or_default();
    while let Some((&byte, tail)) = rest.split_first() {
        *rest = tail;
        match byte {
            b'"' => return Ok(Token::Quoted(content)),
            b'\\' => {
                content.extend(rest.first());
                *rest = rest.get(1..).unwrap_or_default();
            }
            b'\r' | b'\n' => {}
            _ => content.push(byte),
        }
    }
    Err(Unclear::Unbalanced)
}

fn literal<'a>(rest: &mut &'a [u8]) -> Result<Token<'a>, Unclear> {
    let end = rest.iter().position(|byte| *byte == b']').ok_or(Unclear::Unbalanced)?;
    let (literal, behind) = rest.split_at_checked(end + 1).ok_or(Unclear::Unbalanced)?;
    *rest = behind;
    Ok(Token::Literal(literal))
}

/// The encoded-word at the start of `text`, and what stands behind it.
fn encoded_word(text: &[u8]) -> Option<(EncodedWord<'_>, &[u8])> {
    let (charset, rest) = split_once(text.strip_prefix(b"=?")?, b'?')?;
    let (encoding, rest) = split_once(rest, b'?')?;
    let (content, rest) = split_once(rest, b'?')?;
    let behind = rest.strip_prefix(b"=")?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_:.*+".contains(byte);
    let is_text = |byte: &u8| byte.is_ascii_graphic() && !b"<>\"\\".contains(byte);
    let is_word = !charset.is_empty()
        && charset.iter().all(is_name)
        && matches!(encoding, b"b" | b"B" | b"q" | b"Q")
        && content.iter().all(is_text);
    let domain = split_once(content, b'@').map(|(_, domain)| {
        // A blank, encoded.
        split_once(domain, b'_').map_or(domain, |(domain, _)| domain)
    });
    let divides = content.iter().any(|byte| b",:;()[]".contains(byte));
    let word = text.get(1..text.len().checked_sub(behind.len())?)?;
    is_word.then_some((EncodedWord { divides, domain, word }, behind))
}

fn split_once(text: &[u8], sign: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == sign)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
