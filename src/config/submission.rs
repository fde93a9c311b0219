use super::{define::section, reader::Table};
use crate::{account::Limits, rate::Rate};

section! {
    /// What accounts send through listeners of the protocol `submission`.
    table "submission", Keys => pub struct Submission {}

    /// Header fields taken out of what accounts send, as they tell of the sender's devices. Bcc and Return-Path always
    /// go. With `Received` in the list the hops before ours go, too: those of a server of one's own that relays to here.
    pub strip: Vec<String> = list("names of header fields", field_name),
        default ["X-Originating-IP", "User-Agent", "X-Mailer"];
    /// Messages of one account; beyond: 450 4.7.1. What was used counts over restarts, and under another rate too.
    pub messages_per_account: Rate = rate, default "200/1h";
    /// Recipients of one account; beyond: 450 4.7.1.
    pub recipients_per_account: Rate = rate, default "1000/1d";
    /// Those of its recipients to whom an account has not written before; beyond: 450 4.7.1.
    pub new_recipients_per_account: Rate = rate, default "200/1d";
}

impl Submission {
    /// How much an account may send.
    pub fn limits(&self) -> Limits {
        Limits {
            messages: self.messages_per_account,
            recipients: self.recipients_per_account,
            new_recipients: self.new_recipients_per_account,
        }
    }
}

/// Fields without which a message is none, or whose absence would say something else.
const NEEDED: [&str; 9] = [
    "From",
    "Sender",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

fn field_name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty()
        && text.len() <= 76
        && text.bytes().all(|b| matches!(b, 33..=57 | 59..=126));
    if !is_name {
        return Err(format!("{text:?} is no name of a header field"));
    }
    match NEEDED.into_iter().find(|needed| needed.eq_ignore_ascii_case(text)) {
        Some(needed) => Err(format!("mail cannot do without {needed}")),
        None => Ok(text.to_owned()),
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Submission> {
    let keys: Keys<'_> = root.table();
    keys.checked()
}
