//! What leaves of an answer that a mailbox sends in the name of its alias: a header section of our own, with few
//! fields of the one that came, and the body as it is.

use super::{Field, Header, reply_to::addresses};
use crate::address::Mailbox;
use mail_builder::headers::{Header as _, address::Address};

/// The fields that are taken over as they stand, as they speak of the message and not of who wrote it. Of all others
/// nobody knows what a program puts in.
const KEPT: [&str; 12] = [
    "Date",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-Language",
    "Importance",
    "Priority",
    "Sensitivity",
    "Auto-Submitted",
    "Precedence",
];
/// The others of which something is in what leaves.
const READ: [&str; 6] = ["From", "To", "Cc", "Message-ID", "In-Reply-To", "References"];
/// Most addresses in To and in Cc.
const MAX_ADDRESSES: usize = 200;
/// Most ids in References, the last; and the longest.
const MAX_IDS: usize = 100;
const MAX_ID: usize = 900;

/// True when the signatures of domains that are `is_own` say whatever of a message with this header section goes into an
/// answer, down to the end of its body: nobody who got the message can make an answer of it that its author did not
/// write. Whether they verify is another question.
pub fn is_signed_as_answer(header: &Header<'_>, is_own: impl Fn(&str) -> bool) -> bool {
    let mut is_signed = false;
    for field in header.named("DKIM-Signature") {
        let text: String =
            String::from_utf8_lossy(field.value).split_whitespace().collect::<Vec<_>>().concat();
        let tag = |name: &str| {
            let tags = text.split(';').filter_map(|tag| tag.split_once('='));
            tags.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
        };
        let Some(domain) = tag("d") else { continue };
        if !is_own(domain) {
            continue;
        }
        let names = tag("h").unwrap_or_default();
        let signed =
            |name: &str| names.split(':').filter(|one| one.eq_ignore_ascii_case(name)).count();
        let all = KEPT.iter().chain(&READ);
        let covers = |name: &&str| header.named(name).count() <= signed(name);
        if tag("l").is_some() || !all.clone().all(covers) {
            return false;
        }
        is_signed = true;
    }
    is_signed && header.named("Message-ID").count() == 1
}

/// How an answer leaves.
pub struct Answer<'a> {
    /// Whom it is from.
    pub alias: &'a Mailbox,
    /// What becomes of those in To and Cc.
    pub shown: &'a dyn Fn(&Mailbox) -> Shown,
    /// True for a text that names the mailbox.
    pub names_mailbox: &'a dyn Fn(&str) -> bool,
    /// True for a message id, without its brackets, that is from where the mailbox is.
    pub is_own_id: &'a dyn Fn(&str) -> bool,
    /// The id that stands for one, the same each time.
    pub other_id: &'a dyn Fn(&str) -> String,
}

/// What becomes of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// It stays.
    Kept,
    /// It is left out.
    Gone,
    /// Another stands for it.
    As(Mailbox),
}

/// Those that To and Cc of an answer name, as far as they are shown.
pub fn addressees(header: &Header<'_>) -> Vec<Mailbox> {
    let fields = header.fields().iter().filter(|field| is(field, "To") || is(field, "Cc"));
    let all = fields.flat_map(|field| addresses(field.value).into_iter().take(MAX_ADDRESSES));
    all.map(|(_, mailbox)| mailbox).collect()
}

impl Answer<'_> {
    /// The header section that leaves in the place of `header`, without the empty line behind it.
    ///
    /// From has no display name: the mailbox's own is a person's, whom the alias is to keep apart. Message-ID becomes
    /// another, as programs put the mailbox's server into it, or what tells the accounts of one server apart; so do
    /// those ids in References and In-Reply-To that are from there, and the others stay: so threads stay together.
    pub fn header(&self, header: &Header<'_>) -> Vec<u8> {
        let mut out = format!("From: {}\r\n", self.alias).into_bytes();
        for field in header.fields() {
            if KEPT.iter().any(|name| is(field, name)) {
                out.extend_from_slice(field.name);
                out.extend_from_slice(b":");
                out.extend_from_slice(field.value);
                if !field.value.ends_with(b"\r\n") {
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        for name in ["To", "Cc"] {
            self.write_addresses(name, header, &mut out);
        }
        if let Some(id) = header.named("Message-ID").flat_map(|field| ids(field.value)).next() {
            self.write_ids("Message-ID", &[(self.other_id)(&id)], &mut out);
        }
        for name in ["In-Reply-To", "References"] {
            let ids: Vec<String> = header.named(name).flat_map(|field| ids(field.value)).collect();
            let first = ids.len().saturating_sub(MAX_IDS);
            let ids: Vec<String> = ids
                .into_iter()
                .skip(first)
                .map(|id| if (self.is_own_id)(&id) { (self.other_id)(&id) } else { id })
                .collect();
            self.write_ids(name, &ids, &mut out);
        }
        out
    }

    fn write_addresses(&self, name: &str, header: &Header<'_>, out: &mut Vec<u8>) {
        let mut known = std::collections::HashSet::new();
        let all = header.named(name).flat_map(|field| addresses(field.value));
        let mut shown = Vec::new();
        for (name, mailbox) in all.take(MAX_ADDRESSES) {
            let mut name = name.filter(|name| !(self.names_mailbox)(name));
            let mailbox = match (self.shown)(&mailbox) {
                Shown::Gone => continue,
                Shown::Kept => mailbox,
                Shown::As(other) => {
                    // Programs write the address itself where nobody has given a name.
                    name = name.filter(|name| !name.contains(['@', '=']));
                    other
                }
            };
            if known.insert(mailbox.to_key()) {
                shown.push(Address::new_address(name, mailbox.to_string()));
            }
        }
        if !shown.is_empty() {
            out.extend_from_slice(format!("{name}: ").as_bytes());
            Address::new_list(shown).write_header(&mut *out, name.len() + 2);
        }
    }

    fn write_ids(&self, name: &str, ids: &[String], out: &mut Vec<u8>) {
        if ids.is_empty() {
            return;
        }
        let ids: Vec<String> = ids.iter().map(|id| format!("<{id}>")).collect();
        out.extend_from_slice(format!("{name}: {}\r\n", ids.join("\r\n ")).as_bytes());
    }
}

fn is(field: &Field<'_>, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name.as_bytes())
}

/// The ids in angle brackets; what stands beside them is none.
fn ids(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let read = |part: &str| {
        let (id, _) = part.split_once('>')?;
        let is_id =
            !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|b| b.is_ascii_graphic());
        is_id.then(|| id.to_owned())
    };
    text.split('<').skip(1).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn left(message: &str) -> String {
        let alias = mailbox("hello@example.org");
        let names = |text: &str| text.to_lowercase().contains("jo@home.test");
        let answer = Answer {
            alias: &alias,
            shown: &|mailbox| match mailbox.to_string().as_str() {
                "jo@home.test" => Shown::Gone,
                "hello+bob=friend.test@example.org" => {
                    Shown::As("bob@friend.test".parse().unwrap())
                }
                _ => Shown::Kept,
            },
            names_mailbox: &names,
            is_own_id: &|id| id.ends_with("home.test"),
            other_id: &|id| format!("{}@example.org", id.len()),
        };
        let header = Header::scan(message.as_bytes());
        String::from_utf8(answer.header(&header)).unwrap()
    }

    #[test]
    fn what_tells_of_the_mailbox_goes() {
        let message = "Received: from laptop (jo.home.test [192.0.2.1])\r\nDKIM-Signature: d=home.test\r\n\
             ARC-Seal: x\r\nReturn-Path: <jo@home.test>\r\nX-Originating-IP: 192.0.2.1\r\nX-Sender: jo@home.test\r\n\
             From: Jo Doe <jo@home.test>\r\nSender: jo@home.test\r\nReply-To: jo@home.test\r\n\
             To: \"hello+bob=friend.test@example.org\" <hello+bob=friend.test@example.org>, Carol <carol@z.test>\r\n\
             Cc: Me <jo@home.test>, \"for jo@home.test\" <hello@example.org>\r\nBcc: secret@z.test\r\n\
             Subject: Re:\r\n hello\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@home.test>\r\n\
             In-Reply-To: Your mail to jo@home.test <a@friend.test>\r\nReferences: <a@friend.test>\r\n <22@home.test>\r\n\
             Autocrypt: addr=jo@home.test\r\nDisposition-Notification-To: jo@home.test\r\nErrors-To: jo@home.test\r\n\
             List-Unsubscribe: <mailto:jo@home.test>\r\nResent-From: jo@home.test\r\nUser-Agent: x\r\n\
             Organization: Home\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\n";
        assert_eq!(
            left(&format!("{message}\r\njo@home.test\r\n")),
            "From: hello@example.org\r\nSubject: Re:\r\n hello\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\n\
             To: <bob@friend.test>, \"Carol\" <carol@z.test>\r\nCc: <hello@example.org>\r\n\
             Message-ID: <11@example.org>\r\nIn-Reply-To: <a@friend.test>\r\n\
             References: <a@friend.test>\r\n <12@example.org>\r\n"
        );
    }

    #[test]
    fn the_name_of_the_other_stays() {
        let text = left("To: \"Doe, Bob\" <hello+bob=friend.test@example.org>\r\n\r\n");
        assert_eq!(text, "From: hello@example.org\r\nTo: \"Doe, Bob\" <bob@friend.test>\r\n");
        assert_eq!(left("To: undisclosed:;\r\n\r\n"), "From: hello@example.org\r\n");
        assert_eq!(addressees(&Header::scan(b"To: a@b.test\r\ncc: x, c@d.test\r\n\r\n")).len(), 2);
    }

    proptest! {
        #[test]
        fn what_comes_out_is_a_header_section(
            header in "((To|Cc|From|Subject|References|Message-ID|X): [ -~é]{0,40}\r\n){0,6}"
        ) {
            let text = left(&format!("{header}\r\n"));
            let header = Header::scan(text.as_bytes());
            prop_assert_eq!(header.bytes().len(), text.len());
            prop_assert_eq!(header.named("From").count(), 1);
        }
    }
}
