//! Any message whose lines are whole: an answer by address leaves with a header section of fields that are known, one From, and
//! no address of the mailbox; and what comes to its alias has one Reply-To, which leads through the alias.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::Mailbox,
    alias::AnswerAddress,
    message::{Answer, Header, ReplyTo, Shown, Source, Text, replace_reply_to},
};

const KNOWN: [&str; 18] = [
    "From", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Date", "Subject", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "Content-Disposition", "Content-Language", "Importance", "Priority", "Sensitivity",
    "Auto-Submitted", "Precedence",
];
const MAILBOX: &str = "jo@home.test";

fuzz_target!(|message: &[u8]| {
    if !Text::new("", Source::from(message.to_vec())).has_whole_lines() {
        return;
    }
    let header = Header::scan(message);
    let alias = Mailbox::parse("hello@example.org").unwrap();
    let shown = |mailbox: &Mailbox| match AnswerAddress::read(mailbox) {
        Some(AnswerAddress { to, .. }) if to.to_key() != MAILBOX => Shown::As(to),
        Some(_) => Shown::Gone,
        None if mailbox.to_key() == MAILBOX => Shown::Gone,
        None => Shown::Kept,
    };
    let names_mailbox = |text: &str| text.to_lowercase().contains(MAILBOX);
    let answer = Answer {
        alias: &alias,
        shown: &shown,
        names_mailbox: &names_mailbox,
        is_own_id: &names_mailbox,
        other_id: &|id| format!("{}@example.org", id.len()),
    };
    let left = answer.header(&header);
    let new = Header::scan(&left);
    assert!(new.is_ended() && new.bytes().len() == left.len());
    assert_eq!(new.named("From").map(|from| from.value).collect::<Vec<_>>(), [b" hello@example.org\r\n"]);
    for field in new.fields() {
        assert!(KNOWN.iter().any(|known| field.name.eq_ignore_ascii_case(known.as_bytes())));
        let is_of_ours = ["To", "Cc", "Message-ID", "In-Reply-To", "References"].iter();
        if is_of_ours.clone().any(|known| field.name == known.as_bytes()) {
            assert!(!names_mailbox(&String::from_utf8_lossy(field.value)) || is_quoted(field.value));
        }
    }

    let through = |to: &Mailbox| {
        let answer = AnswerAddress { alias: alias.clone(), to: to.clone() };
        answer.mailbox().inspect(|made| assert_eq!(AnswerAddress::read(made).as_ref(), Some(&answer))).unwrap_or_else(|| alias.clone())
    };
    let Some(ReplyTo { fields, change }) = replace_reply_to(&header, message, through) else { return };
    let text = Text { change, ..Text::new(fields, Source::from(message.to_vec())) };
    assert!(text.has_whole_lines());
    let text = text.to_vec();
    let new = Header::scan(&text);
    assert_eq!(new.named("Reply-To").count(), 1);
    assert_eq!(&text[new.bytes().len()..], &message[header.bytes().len()..], "the body");
});

/// Whose local part is longer than that of the mailbox, or whose domain is.
fn is_quoted(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value).to_lowercase();
    let parts: Vec<&str> = text.split(MAILBOX).collect();
    parts.windows(2).all(|around| {
        let before = around[0].chars().next_back();
        let after = around[1].chars().next();
        before.is_some_and(|c| !matches!(c, '<' | ' '))
            || after.is_some_and(|c| !matches!(c, '>' | ' '))
    })
}
