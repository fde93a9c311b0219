use super::{Change, Header};
use crate::address::Mailbox;
use mail_builder::headers::{Header as _, address::Address};
use mail_parser::{HeaderValue, parsers::MessageStream};

/// Most addresses of a Reply-To that are kept.
const MAX_ADDRESSES: usize = 20;
/// What is kept of a display name, in characters.
const MAX_NAME: usize = 100;

/// A Reply-To of ours: one more case in which a field changes, only for aliases whose owners asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// Fields to go before the message: X-Original-Reply-To where it had a Reply-To, and else the new one.
    pub fields: Vec<u8>,
    /// The new Reply-To in the place of the old one.
    pub change: Option<Change>,
}

/// The Reply-To of `message`, whose header section is `header`, or else its From, with other addresses: `through` gives
/// each. `None` where there is nobody to answer.
pub fn replace_reply_to(
    header: &Header<'_>,
    message: &[u8],
    through: impl Fn(&Mailbox) -> Mailbox,
) -> Option<ReplyTo> {
    let old: Vec<_> = header.named("Reply-To").collect();
    let mut sources = old.iter().copied().chain(header.named("From"));
    let addresses = sources.find_map(|field| {
        let addresses = addresses(field.value);
        (!addresses.is_empty()).then_some(addresses)
    })?;
    let list = addresses
        .iter()
        .take(MAX_ADDRESSES)
        .map(|(name, mailbox)| Address::new_address(name.clone(), through(mailbox).to_string()));
    let mut new = b"Reply-To: ".to_vec();
    Address::new_list(list.collect()).write_header(&mut new, "Reply-To: ".len());
    let Some(first) = old.first() else { return Some(ReplyTo { fields: new, change: None }) };

    let fields = [b"X-Original-Reply-To:", first.value].concat();
    let offset = |part: &[u8]| (part.as_ptr() as usize).checked_sub(message.as_ptr() as usize);
    let mut change: Option<Change> = None;
    for field in &old {
        let (start, end) =
            (offset(field.name)?, offset(field.value)?.checked_add(field.value.len())?);
        let with = std::mem::take(&mut new);
        let next = Change { at: start..end, with: with.into() };
        change = Some(match change {
            Some(change) => change.and(next, message)?,
            None => next,
        });
    }
    Some(ReplyTo { fields, change })
}

/// The addresses that a field names, with their display names; what is none is left out.
pub(super) fn addresses(value: &[u8]) -> Vec<(Option<String>, Mailbox)> {
    let parsed = match MessageStream::new(value).parse_address() {
        HeaderValue::Address(addresses) => addresses,
        _ => return Vec::new(),
    };
    let read = |address: &mail_parser::Addr<'_>| {
        let mailbox = Mailbox::parse(address.address.as_deref()?.trim()).ok()?;
        let name = address.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let name = name.map(|name| name.chars().take(MAX_NAME).map(printable).collect());
        Some((name, mailbox))
    };
    parsed.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Source, Text};

    fn through(mailbox: &Mailbox) -> Mailbox {
        let local = mailbox.local().as_str();
        Mailbox::parse(&format!("\"a+{local}={}\"@x.test", mailbox.domain())).unwrap()
    }

    fn replaced(message: &str) -> String {
        let header = Header::scan(message.as_bytes());
        let ReplyTo { fields, change } =
            replace_reply_to(&header, message.as_bytes(), through).unwrap();
        let text = Text { change, ..Text::new(fields, Source::from(message.as_bytes().to_vec())) };
        assert!(text.has_whole_lines(), "{message}");
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn answers_go_to_whom_they_would_go() {
        for (message, wanted) in [
            (
                "From: Bob <bob@y.test>\r\nTo: a@x.test\r\n\r\nbody\r\n",
                "Reply-To: \"Bob\" <a+bob=y.test@x.test>\r\nFrom: Bob <bob@y.test>\r\nTo: a@x.test\r\n\r\nbody\r\n",
            ),
            (
                "From: bob@y.test\r\nReply-To: Team <t@z.test>,\r\n u@z.test\r\nTo: a@x.test\r\n\r\n",
                "X-Original-Reply-To: Team <t@z.test>,\r\n u@z.test\r\nFrom: bob@y.test\r\n\
                 Reply-To: \"Team\" <a+t=z.test@x.test>, <a+u=z.test@x.test>\r\nTo: a@x.test\r\n\r\n",
            ),
            (
                "A: 1\r\nReply-To: t@z.test\r\nB: 2\r\nreply-to: u@z.test\r\nC: 3\r\n\r\n",
                "X-Original-Reply-To: t@z.test\r\nA: 1\r\nReply-To: <a+t=z.test@x.test>\r\nB: 2\r\nC: 3\r\n\r\n",
            ),
            (
                "Reply-To: nobody\r\nFrom: bob@y.test\r\n\r\n",
                "X-Original-Reply-To: nobody\r\nReply-To: <a+bob=y.test@x.test>\r\nFrom: bob@y.test\r\n\r\n",
            ),
        ] {
            assert_eq!(replaced(message), wanted);
        }
    }

    #[test]
    fn names_are_kept_and_break_nothing() {
        let long = "n".repeat(500);
        for name in ["=?utf-8?q?Andr=C3=A9?=", "\"a, b\"", "=?utf-8?q?a=0D=0ABcc:_x@y?=", &long] {
            let text = replaced(&format!("From: {name} <bob@y.test>\r\n\r\nbody\r\n"));
            let header = Header::scan(text.as_bytes());
            assert!(header.is_ended() && header.fields().len() == 2, "{text}");
            let read = addresses(header.named("Reply-To").next().unwrap().value);
            assert_eq!(read[0].1.to_string(), "a+bob=y.test@x.test", "{text}");
        }
    }

    #[test]
    fn nobody_is_answered_where_nobody_is_named() {
        for message in ["To: x\r\n\r\n", "From: undisclosed:;\r\n\r\n", "\r\n"] {
            let header = Header::scan(message.as_bytes());
            assert_eq!(replace_reply_to(&header, message.as_bytes(), through), None, "{message}");
        }
    }
}
