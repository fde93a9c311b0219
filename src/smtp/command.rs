//! Commands of RFC 5321 §4.1.1 and RFC 3030, from their line.

use super::parameter::{Offered, decimal, mail_parameters, rcpt_parameters};
use crate::{
    address::{ForwardPath, HeloName, ReversePath},
    envelope::{MailParameters, RcptDsn},
    reply::Reply,
    sasl::Secret,
};

const BLANKS: [char; 2] = [' ', '\t'];

/// A command whose syntax is right; whether it is in order is for the session to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// EHLO with what the client calls itself.
    Ehlo(HeloName),
    /// HELO with what the client calls itself.
    Helo(HeloName),
    /// MAIL FROM.
    Mail {
        /// Where bounces go.
        path: ReversePath,
        /// `None` when there was no parameter at all.
        parameters: Option<MailParameters>,
    },
    /// RCPT TO.
    Rcpt {
        /// Whom the message is for.
        path: ForwardPath,
        /// Written with non-ASCII characters; an U-label shows in the path no more.
        non_ascii: bool,
        /// What is asked of DSNs.
        dsn: RcptDsn,
    },
    /// DATA.
    Data,
    /// BDAT (RFC 3030 §2).
    Bdat {
        /// How many octets follow the line.
        octets: u64,
        /// True for the chunk that ends the message.
        last: bool,
    },
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// HELP.
    Help,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// QUIT.
    Quit,
    /// STARTTLS.
    StartTls,
    /// XFORWARD with its attributes, which not every client may use.
    Xforward(String),
    /// AUTH with its argument (RFC 4954 §4), which is not offered everywhere.
    Auth(Secret),
}

/// A line that is not a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The answer.
    pub reply: Reply,
    /// What the client sends behind the line.
    pub behind: Behind,
}

/// What stands behind a line that is not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The next command.
    Commands,
    /// So many octets of a chunk that a malformed BDAT announced.
    Octets(u64),
    /// A chunk, and where it ends cannot be told.
    Unknown,
}

impl From<Reply> for Refused {
    fn from(reply: Reply) -> Self {
        Self { reply, behind: Behind::Commands }
    }
}

impl Command {
    /// Parses a line without its CRLF, sent to `hostname`. Verbs and keywords are taken in any case, trailing
    /// blanks are ignored (RFC 5321 §4.1.1), and any blanks may stand where one should.
    ///
    /// # Errors
    /// When the command is unknown or its argument wrong.
    pub fn parse(line: &str, hostname: &str) -> Result<Self, Refused> {
        Self::parse_where(line, hostname, Offered::default())
    }

    /// As [`Command::parse`], where parameters of what is `offered` are taken, too.
    ///
    /// # Errors
    /// As there.
    pub fn parse_where(line: &str, hostname: &str, offered: Offered) -> Result<Self, Refused> {
        let line = line.trim_end_matches(BLANKS);
        let (verb, argument) = line.split_once(BLANKS).unwrap_or((line, ""));
        let argument = argument.trim_start_matches(BLANKS);
        let is = |name: &str| verb.eq_ignore_ascii_case(name);
        Ok(match verb.len() {
            4 if is("RCPT") => rcpt(argument, offered)?,
            4 if is("MAIL") => mail(argument, hostname, offered)?,
            4 if is("DATA") => bare(argument, Self::Data)?,
            4 if is("BDAT") => bdat(argument)?,
            4 if is("RSET") => bare(argument, Self::Rset)?,
            4 if is("QUIT") => bare(argument, Self::Quit)?,
            4 if is("EHLO") => Self::Ehlo(helo(argument)?),
            4 if is("HELO") => Self::Helo(helo(argument)?),
            4 if is("NOOP") => Self::Noop,
            4 if is("HELP") => Self::Help,
            4 if is("VRFY") && argument.is_empty() => {
                return Err(Reply::bad_argument("Syntax: VRFY address").into());
            }
            4 if is("VRFY") => Self::Vrfy,
            4 if is("EXPN") => Self::Expn,
            4 if is("AUTH") => Self::Auth(Secret::new(argument)),
            8 if is("STARTTLS") => bare(argument, Self::StartTls)?,
            8 if is("XFORWARD") => Self::Xforward(argument.to_owned()),
            _ => return Err(Reply::unknown_command().into()),
        })
    }
}

fn bare(argument: &str, command: Command) -> Result<Command, Reply> {
    if argument.is_empty() {
        Ok(command)
    } else {
        Err(Reply::bad_argument("This command takes no argument"))
    }
}

fn helo(argument: &str) -> Result<HeloName, Reply> {
    HeloName::new(argument).map_err(|_| Reply::bad_argument("Syntax: EHLO hostname"))
}

fn mail(argument: &str, hostname: &str, offered: Offered) -> Result<Command, Reply> {
    let text = after_keyword(argument, "FROM:")
        .ok_or(Reply::bad_argument("Syntax: MAIL FROM:<address>"))?;
    let (path, rest) = ReversePath::parse_at(text, hostname)
        .map_err(|why| Reply::bad_reverse_path(&why.to_string()))?;
    let parameters = mail_parameters(rest, offered)?;
    if !text.is_ascii() && !parameters.as_ref().is_some_and(|given| given.smtputf8) {
        return Err(Reply::needs_smtputf8());
    }
    Ok(Command::Mail { path, parameters })
}

fn rcpt(argument: &str, offered: Offered) -> Result<Command, Reply> {
    let text =
        after_keyword(argument, "TO:").ok_or(Reply::bad_argument("Syntax: RCPT TO:<address>"))?;
    let (path, rest) =
        ForwardPath::parse(text).map_err(|why| Reply::bad_forward_path(&why.to_string()))?;
    let dsn = rcpt_parameters(rest, offered)?;
    Ok(Command::Rcpt { path, non_ascii: !text.is_ascii(), dsn })
}

/// Blanks behind the colon are let through: RFC 5321 §4.1.1.2 has none, many clients do.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, tail) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| tail.trim_start_matches(BLANKS))
}

/// As the octets of the chunk follow in any case, they are accounted for: taken for commands, they would be
/// somebody's message running as a dialogue.
fn bdat(argument: &str) -> Result<Command, Refused> {
    let mut words = argument.split(BLANKS).filter(|word| !word.is_empty());
    let refused =
        |behind| Refused { reply: Reply::bad_argument("Syntax: BDAT octets [LAST]"), behind };
    let octets = words.next().and_then(decimal).ok_or_else(|| refused(Behind::Unknown))?;
    match (words.next(), words.next()) {
        (None, _) => Ok(Command::Bdat { octets, last: false }),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => {
            Ok(Command::Bdat { octets, last: true })
        }
        _ => Err(refused(Behind::Octets(octets))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Body;

    fn printed(line: &str) -> String {
        match Command::parse(line, "mx.test") {
            Ok(Command::Mail { path, parameters }) => format!("MAIL {path} {parameters:?}"),
            Ok(Command::Rcpt { path, non_ascii, .. }) => format!("RCPT {path} {non_ascii}"),
            Ok(Command::Ehlo(name)) => format!("EHLO {name}"),
            Ok(Command::Helo(name)) => format!("HELO {name}"),
            Ok(command) => format!("{command:?}"),
            Err(Refused { reply, behind }) => {
                let refused = format!("{} {}", reply.code(), reply.status().unwrap());
                if behind == Behind::Commands { refused } else { format!("{refused} {behind:?}") }
            }
        }
    }

    #[test]
    fn verbs() {
        for (line, expected) in [
            ("EHLO mx.example.org", "EHLO mx.example.org"),
            ("ehlo [192.0.2.1] ", "EHLO [192.0.2.1]"),
            ("HeLo my_pc", "HELO my_pc"),
            ("EHLO  a", "EHLO a"),
            ("EHLO\ta", "EHLO a"),
            ("EHLO (none)", "EHLO +28none+29"),
            ("HELO My \"PC\"", "HELO My+20+22PC+22"),
            ("EHLO é", "EHLO +C3+A9"),
            ("EHLO", "501 5.5.4"),
            ("EHLO ", "501 5.5.4"),
            ("EHLO a\x1b[0m", "501 5.5.4"),
            ("DATA", "Data"),
            ("data \t ", "Data"),
            ("DATA now", "501 5.5.4"),
            ("RSET", "Rset"),
            ("RSET x", "501 5.5.4"),
            ("QUIT", "Quit"),
            ("QUIT x", "501 5.5.4"),
            ("NOOP", "Noop"),
            ("NOOP whatever é", "Noop"),
            ("HELP", "Help"),
            ("HELP DATA", "Help"),
            ("VRFY bob", "Vrfy"),
            ("VRFY", "501 5.5.4"),
            ("EXPN list", "Expn"),
            ("EXPN", "Expn"),
            ("", "500 5.5.2"),
            (" NOOP", "500 5.5.2"),
            ("NOOPS", "500 5.5.2"),
            ("STARTTLS", "StartTls"),
            ("STARTTLS now", "501 5.5.4"),
            ("MAILFROM:<a@b.c>", "500 5.5.2"),
            ("éé", "500 5.5.2"),
        ] {
            assert_eq!(printed(line), expected, "{line:?}");
        }
        assert_eq!(printed(&format!("EHLO {}", "a".repeat(256))), "501 5.5.4");
    }

    #[test]
    fn mail_from() {
        for (line, expected) in [
            ("MAIL FROM:<>", "MAIL <> None"),
            ("mail from: <a@b.c>", "MAIL <a@b.c> None"),
            ("MAIL FROM:  <a@b.c>", "MAIL <a@b.c> None"),
            (
                "MAIL  FROM: \t<a@b.c>\tSMTPUTF8",
                "MAIL <a@b.c> Some(MailParameters { size: None, body: SevenBit, smtputf8: true, \
                 dsn: MailDsn { returned: None, envelope_id: None } })",
            ),
            ("MAIL FROM:<ilo.@host.test>", "MAIL <\"ilo.\"@host.test> None"),
            ("MAIL FROM :<a@b.c>", "501 5.5.4"),
            ("MAIL", "501 5.5.4"),
            ("MAIL <a@b.c>", "501 5.5.4"),
            ("MAIL TO:<a@b.c>", "501 5.5.4"),
            ("MAIL FROM", "501 5.5.4"),
            ("MAIL FROM:", "501 5.1.7"),
            ("MAIL FROM:a@b.c", "MAIL <a@b.c> None"),
            ("MAIL FROM:a@b.c X=1", "555 5.5.4"),
            ("MAIL FROM: SIZE=1", "501 5.1.7"),
            ("MAIL FROM:<a@b.c", "501 5.1.7"),
            ("MAIL FROM:<root>", "MAIL <root@mx.test> None"),
            ("MAIL FROM:<a@b.c>SIZE=1", "501 5.5.4"),
            ("MAIL FROM:<a@b.c> AUTH=<>", "555 5.5.4"),
            ("MAIL FROM:<é@b.c>", "553 5.6.7"),
            ("MAIL FROM:<a@é.example>", "553 5.6.7"),
            ("MAIL FR\u{20ac}M:<a@b.c>", "501 5.5.4"),
        ] {
            assert_eq!(printed(line), expected, "{line:?}");
        }
        assert_eq!(
            Command::parse("MAIL FROM:<é@bücher.example> SMTPUTF8 BODY=8BITMIME SIZE=9", "mx.test"),
            Ok(Command::Mail {
                path: ReversePath::parse("<é@xn--bcher-kva.example>").unwrap().0,
                parameters: Some(MailParameters {
                    size: Some(9),
                    body: Body::EightBitMime,
                    smtputf8: true,
                    ..MailParameters::default()
                })
            })
        );
    }

    #[test]
    fn rcpt_to() {
        for (line, expected) in [
            ("RCPT TO:<a@b.c>", "RCPT <a@b.c> false"),
            ("rcpt to: <Postmaster> ", "RCPT <postmaster> false"),
            ("RCPT TO:<@x.example:a@b.c>", "RCPT <a@b.c> false"),
            ("RCPT TO:<a@bücher.example>", "RCPT <a@xn--bcher-kva.example> true"),
            (r#"RCPT TO:<"a> SIZE=1"@b.c>"#, r#"RCPT <"a> SIZE=1"@b.c> false"#),
            ("RCPT TO:a..b@b.c.", "RCPT <\"a..b\"@b.c> false"),
            ("RCPT TO:<>", "501 5.1.3"),
            ("RCPT TO:<a>", "501 5.1.3"),
            ("RCPT TO:<a@b.c> NOTIFY=NEVER", "555 5.5.4"),
            ("RCPT FROM:<a@b.c>", "501 5.5.4"),
            ("RCPT", "501 5.5.4"),
        ] {
            assert_eq!(printed(line), expected, "{line:?}");
        }
    }

    #[test]
    fn bdat_accounts_for_its_octets_even_when_refused() {
        for (line, expected) in [
            ("BDAT 0", "Bdat { octets: 0, last: false }"),
            ("bdat 12  last", "Bdat { octets: 12, last: true }"),
            ("BDAT 99999999999999999999 LAST", "Bdat { octets: 18446744073709551615, last: true }"),
            ("BDAT 12 LAST x", "501 5.5.4 Octets(12)"),
            ("BDAT 12 FIRST", "501 5.5.4 Octets(12)"),
            ("BDAT", "501 5.5.4 Unknown"),
            ("BDAT LAST", "501 5.5.4 Unknown"),
            ("BDAT -1", "501 5.5.4 Unknown"),
            ("BDAT +1", "501 5.5.4 Unknown"),
            ("BDAT 0x10", "501 5.5.4 Unknown"),
        ] {
            assert_eq!(printed(line), expected, "{line:?}");
        }
    }
}
