use super::{Change, Header, ReplyTo};
use crate::address::Mailbox;
use mail_builder::headers::{Header as _, address::Address};
use mail_parser::{HeaderValue, parsers::MessageStream};

/// A message whose From is ours, as mailing lists do it: the one case in which a field changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Munged {
    /// Fields to go before it: X-Original-From, and Reply-To where the message has none.
    pub fields: Vec<u8>,
    /// The new From, in the place of the old one; the new Reply-To too, where answers are to go elsewhere.
    pub from: Change,
}

/// The From of a munged message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFrom {
    /// The address: at a domain of ours that the reverse-path or our signature is aligned with.
    pub address: Mailbox,
    /// The alias that the message came to.
    pub alias: Mailbox,
    /// Who is named as the author.
    pub author: Named,
}

/// The author as a munged message names him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// As he calls himself.
    Known,
    /// By this address or domain, and as somebody who may be another: names are a forger's to choose.
    NotVerified(String),
}

/// What is kept of a display name, in characters.
const MAX_NAME: usize = 100;

/// Lets `message`, whose header section is `header`, come from an address of ours: its author stays visible,
/// marked as coming `via` the alias, answers go to the author, and X-Original-From keeps what From was. `None`
/// when there is no From to change. `reply_to`: where answers go instead.
pub fn munge(
    header: &Header<'_>,
    message: &[u8],
    new: &NewFrom,
    reply_to: Option<ReplyTo>,
) -> Option<Munged> {
    let from = header.named("From").next()?;
    let offset = |part: &[u8]| (part.as_ptr() as usize).checked_sub(message.as_ptr() as usize);
    let (start, end) = (offset(from.name)?, offset(from.value)?.checked_add(from.value.len())?);
    let mut new_from = b"From: ".to_vec();
    let NewFrom { address, alias, author } = new;
    let name = match author {
        Named::Known => format!("{} via {alias}", name_of_author(from.value)),
        Named::NotVerified(claimed) => {
            let claimed = printable(&claimed.replace('@', " at "));
            format!("{claimed}, not verified, via {}", alias.local())
        }
    };
    Address::new_address(Some(name), address.to_string())
        .write_header(&mut new_from, "From: ".len());

    let from_change = Change { at: start..end, with: new_from.into() };
    let mut fields = [b"X-Original-From:", from.value].concat();
    let from = match reply_to {
        Some(ReplyTo { fields: more, change }) => {
            fields.extend(more);
            match change {
                Some(change) => Change::both(from_change, change, message)?,
                None => from_change,
            }
        }
        None => {
            if header.named("Reply-To").next().is_none() {
                fields.extend([b"Reply-To:", from.value].concat());
            }
            from_change
        }
    };
    Some(Munged { fields, from })
}

/// The display name of the first author, or else the address.
fn name_of_author(from: &[u8]) -> String {
    let addresses = match MessageStream::new(from).parse_address() {
        HeaderValue::Address(addresses) => addresses,
        _ => return "Somebody".to_owned(),
    };
    let first = addresses.first();
    let text = first.and_then(|first| {
        let name = first.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        name.or(first.address.as_deref())
    });
    printable(text.unwrap_or("Somebody"))
}

/// As much of a name as is shown. It comes decoded, and may hold anything.
fn printable(name: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    name.chars().take(MAX_NAME).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Source, Text};
    use proptest::prelude::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn munged(message: &str) -> (String, String) {
        let alias = mailbox("hello@example.org");
        munged_to(message, &NewFrom { address: alias.clone(), alias, author: Named::Known })
    }

    fn munged_to(message: &str, new: &NewFrom) -> (String, String) {
        let header = Header::scan(message.as_bytes());
        let Munged { fields, from } = munge(&header, message.as_bytes(), new, None).unwrap();
        let text =
            Text { change: Some(from), ..Text::new("", Source::from(message.as_bytes().to_vec())) };
        (String::from_utf8(fields).unwrap(), String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn the_author_stays_visible_and_gets_the_answers() {
        let (fields, message) =
            munged("Subject: x\r\nFrom: Alice <alice@bank.test>\r\nTo: y\r\n\r\nFrom: body\r\n");
        assert_eq!(
            fields,
            "X-Original-From: Alice <alice@bank.test>\r\nReply-To: Alice <alice@bank.test>\r\n"
        );
        assert_eq!(
            message,
            "Subject: x\r\nFrom: \"Alice via hello@example.org\" <hello@example.org>\r\nTo: y\r\n\r\n\
             From: body\r\n"
        );
        let (fields, _) = munged("Reply-To: a@b.test\r\nfrom : c@d.test\r\n\r\n");
        assert_eq!(fields, "X-Original-From: c@d.test\r\n");
    }

    #[test]
    fn an_author_who_is_not_verified_is_told_as_such() {
        for (claimed, name) in [
            ("ceo@example.org", "ceo at example.org, not verified, via hello"),
            ("\"a, b\"@example.org", "\"a, b\" at example.org, not verified, via hello"),
            ("example.org", "example.org, not verified, via hello"),
        ] {
            let author = Named::NotVerified(claimed.to_owned());
            let (address, alias) = (mailbox("srs@fwd.test"), mailbox("hello@example.org"));
            let new = NewFrom { address, alias, author };
            let (_, message) = munged_to("From: The CEO <x@y.test>\r\n\r\n", &new);
            assert!(!message.contains("The CEO"), "{message}");
            let parsed = mail_parser::MessageParser::default().parse(message.as_bytes()).unwrap();
            let first = parsed.from().unwrap().first().unwrap();
            assert_eq!(first.name.as_deref(), Some(name), "{message}");
            assert_eq!(first.address.as_deref(), Some("srs@fwd.test"), "{message}");
        }
    }

    #[test]
    fn names_of_all_kinds() {
        for (from, name) in [
            ("alice@bank.test", "alice@bank.test via hello@example.org"),
            ("\"Doe, \\\"A\\\"\" <a@bank.test>", "Doe, \"A\" via hello@example.org"),
            ("=?utf-8?q?Andr=C3=A9?= <a@bank.test>", "André via hello@example.org"),
            ("=?utf-8?q?a=0D=0ABcc:_x?= <a@bank.test>", "a  Bcc: x via hello@example.org"),
            ("\r\n Alice\r\n <a@bank.test>, b@c.test", "Alice via hello@example.org"),
            ("", "Somebody via hello@example.org"),
        ] {
            let (_, message) = munged(&format!("From: {from}\r\n\r\n"));
            let parsed = mail_parser::MessageParser::default().parse(message.as_bytes()).unwrap();
            let first = parsed.from().unwrap().first().unwrap();
            assert_eq!(first.name.as_deref(), Some(name), "{message}");
            assert_eq!(first.address.as_deref(), Some("hello@example.org"), "{message}");
            assert_eq!(Header::scan(message.as_bytes()).named("From").count(), 1, "{message}");
        }
    }

    proptest! {
        #[test]
        fn only_from_changes(from in "[ -~é]{0,60}", body in "([ -~]{0,9}\r\n){0,3}") {
            let text = format!("A: 1\r\nFrom:{from}\r\nB: 2\r\n\r\n{body}");
            let (fields, message) = munged(&text);
            prop_assert!(message.starts_with("A: 1\r\nFrom: "));
            let rest = format!("\r\nB: 2\r\n\r\n{body}");
            prop_assert!(message.ends_with(&rest));
            prop_assert_eq!(Header::scan(message.as_bytes()).fields().len(), 3);
            prop_assert_eq!(Header::scan(fields.as_bytes()).fields().len(), 2);
        }
    }
}
