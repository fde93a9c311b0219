//! socketmap_table(5): netstrings of `TABLE KEY`, answered by netstrings of a status and a text.
//!
//! Words and cases are those of PostSRSd 2. A bad address is never `PERM` or `TEMP`, with which Postfix
//! would defer its mail for ever.

use crate::{
    lookup::{Answer, Question, Table},
    netstring::{self, NetstringError},
};

/// Longest request in octets: that of Postfix's own client.
pub const MAX_REQUEST: usize = 100_000;

/// What comes of the octets at the start of a connection, or behind the last request.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// More octets are needed.
    Partial,
    /// A look-up, and how many octets it took.
    Question(Question<'a>, usize),
    /// A table that does not exist, and how many octets that took.
    NoTable(usize),
    /// No request: there is an end of the connection behind the answer.
    Broken(&'static str),
}

/// Reads the next request.
pub fn parse(input: &[u8]) -> Parsed<'_> {
    let (request, taken) = match netstring::parse(input, MAX_REQUEST) {
        Ok(None) => return Parsed::Partial,
        Ok(Some(parsed)) => parsed,
        Err(NetstringError::Malformed) => return Parsed::Broken("Invalid query."),
        Err(NetstringError::TooLong) => return Parsed::Broken("Query exceeds 100000 octets."),
    };
    let blanks = request.iter().take_while(|byte| **byte == b' ').count();
    let request = request.get(blanks..).unwrap_or_default();
    if request.is_empty() {
        return Parsed::Broken("Invalid query.");
    }
    let end = request.iter().position(|byte| *byte == b' ').unwrap_or(request.len());
    let (table, key) = request.split_at_checked(end).unwrap_or_default();
    match Table::parse(table) {
        Some(table) => {
            Parsed::Question(Question { table, key: key.get(1..).unwrap_or_default() }, taken)
        }
        None => Parsed::NoTable(taken),
    }
}

/// Appends the answer to a look-up.
pub fn answer(answer: &Answer, out: &mut Vec<u8>) {
    match answer {
        Answer::Found(value) => write("OK ", value, out),
        Answer::Own(_) | Answer::AlreadyRewritten | Answer::Exempt => {
            write("NOTFOUND ", "Need not rewrite local domain.", out);
        }
        Answer::NoDomain => write("NOTFOUND ", "No domain.", out),
        Answer::NoAddress => write("NOTFOUND ", "Not a mail address.", out),
        Answer::NotSrs => write("NOTFOUND ", "Not an SRS address.", out),
        Answer::Malformed(what) => write("NOTFOUND ", what, out),
        Answer::BadTag => write("NOTFOUND ", "Hash invalid in SRS address.", out),
        Answer::NoReturns => write("NOTFOUND ", "No returns are taken.", out),
        Answer::Expired => write("NOTFOUND ", "Time stamp out of date.", out),
        Answer::Nothing => write("NOTFOUND ", "No such address or domain.", out),
        Answer::Failed(why) => write("TEMP ", why, out),
    }
}

/// Appends the answer to what is no look-up.
pub fn refuse(why: &str, out: &mut Vec<u8>) {
    write("PERM ", why, out);
}

fn write(status: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice((status.len() + text.len()).to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(status.as_bytes());
    out.extend_from_slice(text.as_bytes());
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let question = |table, key: &'static str| Question { table, key: key.as_bytes() };
        let parse = |text: &'static str| parse(text.as_bytes());
        assert_eq!(
            parse("13:forward a@b.c,7:reverse,"),
            Parsed::Question(question(Table::Forward, "a@b.c"), 17)
        );
        assert_eq!(parse("7:reverse,"), Parsed::Question(question(Table::Reverse, ""), 10));
        assert_eq!(parse("10:  alias  x,"), Parsed::Question(question(Table::Alias, " x"), 14));
        assert_eq!(parse("10:transport a,"), Parsed::Broken("Invalid query."));
        assert_eq!(parse("11:transport a,"), Parsed::Question(question(Table::Transport, "a"), 15));
        assert_eq!(parse("5:foo x,"), Parsed::NoTable(8));
        assert_eq!(parse("9:FORWARD x,"), Parsed::NoTable(12));
        assert_eq!(parse("5:foo"), Parsed::Partial);
        assert_eq!(parse("0:,"), Parsed::Broken("Invalid query."));
        assert_eq!(parse("2:  ,"), Parsed::Broken("Invalid query."));
        assert_eq!(parse("100001:"), Parsed::Broken("Query exceeds 100000 octets."));
    }

    #[test]
    fn answers_are_netstrings() {
        for (given, text) in [
            (Answer::Found("a@b.c".into()), "OK a@b.c"),
            (Answer::NoDomain, "NOTFOUND No domain."),
            (Answer::Failed("try again"), "TEMP try again"),
        ] {
            let (mut ours, mut plain) = (Vec::new(), Vec::new());
            answer(&given, &mut ours);
            netstring::write(text.as_bytes(), &mut plain);
            assert_eq!(ours, plain);
        }
    }
}
