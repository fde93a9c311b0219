//! Who a message says it is from, as everybody who reads it sees it. For judging only: the bytes leave as
//! they came.
//!
//! Policies are those of the domains in From, so whoever forges looks for a From that we read in one way and
//! the reader's program in another. What programs read in different ways is refused, however it may be meant.
//! The obsolete forms of RFC 5322 §4.4 are read; a domain that only some programs take for the author's, in a
//! route or a display name that nobody quoted, is judged beside the author's own.

mod tokens;

use super::Header;
use crate::{
    address::{Domain, LocalPart, Mailbox},
    reply::Reply,
};
use smallvec::SmallVec;
use std::borrow::Cow;
use tokens::{EncodedWord, Token, tokens};

/// Longest From that is read, in octets.
const MAX_FIELD: usize = 8 << 10;
/// Most authors of a message.
const MAX_AUTHORS: usize = 10;
/// Most domains: each is asked for its policy.
const MAX_DOMAINS: usize = 4;
/// What stands before a domain where its policy is asked for (RFC 9989 §4.8).
const POLICY_PREFIX: &str = "_dmarc.";
/// Longest name in DNS, as text.
const MAX_NAME: usize = 253;

/// The authors of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authors {
    mailboxes: Vec<Mailbox>,
    domains: Vec<Domain>,
}

/// Why a From names no author whom all readers would see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unclear {
    /// No address is there, or what might be one has no `@`.
    NoAddress,
    /// What stands behind the `@` is no domain name that DNS could be asked about.
    Domain,
    /// What stands before the `@` is no local part, or looks like an address itself.
    LocalPart,
    /// A quote, a parenthesis or a bracket has no other end.
    Unbalanced,
    /// A colon or a semicolon outside of quotes.
    Group,
    /// Something stands where nothing may.
    Garbage,
    /// The field is beyond its bounds.
    TooMuch,
}

impl Unclear {
    fn reply(self) -> Reply {
        Reply::bad_header(match self {
            Self::NoAddress => {
                "From has an entry without an address, as name@domain; a name with a comma needs quotes"
            }
            Self::Domain => "From has an address whose domain is no valid name",
            Self::LocalPart => "From has an address whose part before the @ is not valid",
            Self::Unbalanced => "From has a quote, parenthesis or bracket without its other end",
            Self::Group => {
                "From has a group or a colon or semicolon without quotes: no author is named"
            }
            Self::Garbage => {
                "From can be read in several ways: write it as \"Name\" <name@domain> (RFC 5322 section 3.4)"
            }
            Self::TooMuch => "From is too long, or has too many authors",
        })
    }
}

impl Authors {
    /// Reads the one From field of a header section that has an end.
    ///
    /// # Errors
    /// The reply that says why no author is there whom all readers would see: no From, several, or one that
    /// cannot be read or can be read in more than one way.
    pub fn read(header: &Header<'_>) -> Result<Self, Reply> {
        if !header.is_ended() {
            return Err(Reply::bad_header(
                "The header section ends in a line that is no field, not in an empty line (RFC 5322 section 2.1)",
            ));
        }
        let mut fields = header.named("From");
        let Some(from) = fields.next() else {
            return Err(Reply::bad_header("Message has no From field (RFC 5322 section 3.6)"));
        };
        if fields.next().is_some() {
            return Err(Reply::bad_header(
                "Message has several From fields (RFC 5322 section 3.6)",
            ));
        }
        Self::parse(from.value).map_err(Unclear::reply)
    }

    /// Reads the value of any field of that form; `None` where it names nobody whom all readers would see.
    pub fn of_value(value: &[u8]) -> Option<Self> {
        Self::parse(value).ok()
    }

    /// The addresses in From, in their order; there is one at least.
    pub fn mailboxes(&self) -> &[Mailbox] {
        &self.mailboxes
    }

    /// The domains of these addresses in the order of the field, each once, and those that some readers take
    /// for an author's.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn parse(value: &[u8]) -> Result<Self, Unclear> {
        if value.len() > MAX_FIELD {
            return Err(Unclear::TooMuch);
        }
        let tokens = tokens(value)?;
        let mut authors = Self { mailboxes: Vec::new(), domains: Vec::new() };
        let mut in_angles = false;
        // The commas of a route divide nothing.
        let divides = |token: &Token<'_>| {
            match token {
                Token::Sign(b'<') => in_angles = true,
                Token::Sign(b'>') => in_angles = false,
                _ => {}
            }
            *token == Token::Sign(b',') && !in_angles
        };
        for entry in tokens.split(divides) {
            // Empty entries are obsolete syntax (RFC 5322 §4.4).
            if !entry.iter().all(|token| matches!(token, Token::Comment(_))) {
                authors.take(entry)?;
            }
        }
        match authors.mailboxes.len() {
            0 => Err(Unclear::NoAddress),
            1..=MAX_AUTHORS if authors.domains.len() <= MAX_DOMAINS => Ok(authors),
            _ => Err(Unclear::TooMuch),
        }
    }

    /// Takes one entry of the list: `name <address>`, or `address`.
    fn take(&mut self, entry: &[Token<'_>]) -> Result<(), Unclear> {
        let is_comment = |token: &Token<'_>| matches!(token, Token::Comment(_));
        let Some(open) = entry.iter().position(|token| *token == Token::Sign(b'<')) else {
            // An address with the name in a comment behind it is as old as mail.
            let begin = entry.iter().position(|token| !is_comment(token)).unwrap_or(0);
            let end = entry.iter().rposition(|token| !is_comment(token)).map_or(0, |at| at + 1);
            return self.take_address(entry.get(begin..end).unwrap_or_default());
        };
        let (name, rest) = entry.split_at_checked(open).ok_or(Unclear::Garbage)?;
        let close = rest.iter().rposition(|token| *token == Token::Sign(b'>'));
        let close = close.ok_or(Unclear::Unbalanced)?;
        if !rest.iter().skip(close + 1).all(is_comment) {
            return Err(Unclear::Garbage);
        }
        let address = self.take_route(rest.get(1..close).ok_or(Unclear::Garbage)?)?;
        self.take_address(address)?;
        self.take_name(name)
    }

    /// `local-part@domain`, with comments and blanks around its words.
    fn take_address(&mut self, address: &[Token<'_>]) -> Result<(), Unclear> {
        if address.contains(&Token::Comment(true)) {
            return Err(Unclear::Garbage);
        }
        let words = without_comments(address);
        let Some(at) = words.iter().position(|token| **token == Token::Sign(b'@')) else {
            let is_group = words.iter().any(|token| matches!(token, Token::Sign(b':' | b';')));
            return Err(if is_group { Unclear::Group } else { Unclear::NoAddress });
        };
        let (local, domain) = words.split_at_checked(at).ok_or(Unclear::Garbage)?;
        let local = local_part(local)?;
        let domain = domain_of(domain.get(1..).unwrap_or_default())?;
        let mailbox = Mailbox::new(local, domain.clone()).map_err(|_| Unclear::LocalPart)?;
        self.mailboxes.push(mailbox);
        self.add(domain);
        Ok(())
    }

    /// The route before an address in angle brackets (RFC 5322 §4.4); gives what is behind it.
    fn take_route<'t, 'a>(&mut self, address: &'t [Token<'a>]) -> Result<&'t [Token<'a>], Unclear> {
        let Some(colon) = address.iter().position(|token| *token == Token::Sign(b':')) else {
            return Ok(address);
        };
        let (route, rest) = address.split_at_checked(colon).ok_or(Unclear::Garbage)?;
        if route.contains(&Token::Comment(true)) {
            return Err(Unclear::Garbage);
        }
        for hop in route.split(|token| *token == Token::Sign(b',')) {
            match without_comments(hop).split_first() {
                None => {}
                Some((Token::Sign(b'@'), domain)) => self.add(domain_of(domain)?),
                Some(_) => return Err(Unclear::Group),
            }
        }
        Ok(rest.get(1..).unwrap_or_default())
    }

    /// A display name. What looks like an address in it, and stands without quotes, is the author's for some.
    fn take_name(&mut self, name: &[Token<'_>]) -> Result<(), Unclear> {
        let words = without_comments(name);
        check_mixture(&words)?;
        let mut rest = words.as_slice();
        while let Some((token, tail)) = rest.split_first() {
            rest = tail;
            match token {
                Token::Sign(b'@') => {
                    let (domain, behind) =
                        tail.split_at_checked(domain_end(tail)).ok_or(Unclear::Garbage)?;
                    rest = behind;
                    match domain_of(domain) {
                        Ok(domain) => self.add(domain),
                        // A word without a dot is nobody's domain.
                        Err(_) if is_plain_word(domain) => {}
                        Err(unclear) => return Err(unclear),
                    }
                    // But to those who read on over blanks.
                    let joined = joined(tail);
                    if domain.len() <= 1 && joined.contains(&b'.') {
                        domain_of(&[&Token::Atom(&joined)]).into_iter().for_each(|it| self.add(it));
                    }
                }
                // It is decoded by those who take it for the author's address.
                Token::Encoded(EncodedWord { domain: Some(domain), .. }) => {
                    self.add(domain_of(&[&Token::Atom(domain)])?);
                }
                Token::Sign(b':' | b';') => return Err(Unclear::Group),
                Token::Sign(b',' | b'<' | b'>') | Token::Literal(_) => {
                    return Err(Unclear::Garbage);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, domain: Domain) {
        if !self.domains.contains(&domain) {
            self.domains.push(domain);
        }
    }
}

fn without_comments<'t, 'a>(tokens: &'t [Token<'a>]) -> SmallVec<[&'t Token<'a>; 16]> {
    tokens.iter().filter(|token| !matches!(token, Token::Comment(_))).collect()
}

/// Refuses a display name with a sign at which some readers end it, next to words that may then be taken for an
/// address: `"ceo@bank.test" =?utf-8?q?,?= <x@evil.test>` has two authors for those who do not know encoded-words,
/// and `=?utf-8?q?ceo=40bank.test?= \ <x@evil.test>` has the wrong one for those who decode what is before the sign.
fn check_mixture(words: &[&Token<'_>]) -> Result<(), Unclear> {
    let has = |is: fn(&Token<'_>) -> bool| words.iter().any(|word| is(word));
    let is_cut =
        has(|word| matches!(word, Token::Odd | Token::Encoded(EncodedWord { divides: true, .. })));
    let has_text = has(|word| {
        matches!(word, Token::Quoted(_) | Token::Encoded(EncodedWord { domain: Some(_), .. }))
    });
    let is_hidden = has(|word| *word == Token::Odd)
        && has(|word| matches!(word, Token::Encoded(word) if word.hides_at()));
    let has_at = has(|word| *word == Token::Sign(b'@'));
    let has_word = has(|word| matches!(word, Token::Quoted(_) | Token::Encoded(_)));
    let is_mixed = is_cut && (has_text || has_at) || has_at && has_word || is_hidden;
    if is_mixed { Err(Unclear::Garbage) } else { Ok(()) }
}

/// Where the domain ends that these words begin with: dots join its labels, blanks around them or not.
fn domain_end(words: &[&Token<'_>]) -> usize {
    let mut after_label = false;
    let continues = |token: &&&Token<'_>| {
        let is_dot = ***token == Token::Sign(b'.');
        let continues = is_dot || (matches!(token, Token::Atom(_)) && !after_label);
        after_label = !is_dot;
        continues
    };
    words.iter().take_while(continues).count()
}

/// The labels and dots that these words begin with, as one word.
fn joined(words: &[&Token<'_>]) -> Vec<u8> {
    let text = |token: &&Token<'_>| match token {
        Token::Atom(text) => Some(text.to_vec()),
        Token::Sign(b'.') => Some(vec![b'.']),
        _ => None,
    };
    words.iter().map_while(text).flatten().collect()
}

/// One word at most, of ASCII: other scripts have dots of their own.
fn is_plain_word(words: &[&Token<'_>]) -> bool {
    match words {
        [] => true,
        [Token::Atom(word)] => word.is_ascii(),
        _ => false,
    }
}

/// Dots may stand where they please, as many devices and carriers have them.
fn local_part(words: &[&Token<'_>]) -> Result<LocalPart, Unclear> {
    let mut content = SmallVec::<[u8; 64]>::new();
    let mut after_word = false;
    for word in words {
        let text = match word {
            Token::Sign(b'.') => &b"."[..],
            Token::Atom(text) if !after_word => text,
            Token::Quoted(text) if !after_word => text,
            Token::Sign(b':' | b';') => return Err(Unclear::Group),
            Token::Atom(_) | Token::Quoted(_) => return Err(Unclear::Garbage),
            _ => return Err(Unclear::LocalPart),
        };
        after_word = **word != Token::Sign(b'.');
        content.extend_from_slice(text);
    }
    let content = str::from_utf8(&content).map_err(|_| Unclear::LocalPart)?;
    // An address of its own, for whoever does not heed quotes, or decodes before reading.
    if content.contains(['@', '<', '>', '\u{ff20}', '\u{fe6b}']) || content.contains("=?") {
        return Err(Unclear::LocalPart);
    }
    LocalPart::new(content).map_err(|_| Unclear::LocalPart)
}

/// Labels with a dot between any two, or an address literal.
fn domain_of(words: &[&Token<'_>]) -> Result<Domain, Unclear> {
    let mut name = SmallVec::<[u8; 64]>::new();
    let mut after_label = false;
    for word in words {
        let text = match word {
            Token::Literal(text) if words.len() == 1 => text,
            Token::Atom(text) if !after_label => text,
            Token::Sign(b'.') if after_label => &b"."[..],
            Token::Sign(b':' | b';') => return Err(Unclear::Group),
            _ => return Err(Unclear::Domain),
        };
        after_label = **word != Token::Sign(b'.');
        name.extend_from_slice(text);
    }
    let name = str::from_utf8(&name).map_err(|_| Unclear::Domain)?;
    let folded = match name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.to_lowercase()),
    };
    let domain = Domain::parse(&folded).map_err(|_| Unclear::Domain)?;
    // No policy could be asked for.
    let is_askable = domain.as_str().len() + POLICY_PREFIX.len() <= MAX_NAME;
    if is_askable { Ok(domain) } else { Err(Unclear::Domain) }
}

#[cfg(test)]
mod tests;
