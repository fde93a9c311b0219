use super::{
    define::section,
    reader::Table,
    units::{DAY, SECOND},
    values::domain,
};
use crate::{account::Limits, address::Domain, client_setup::Server, rate::Rate};
use std::{str::FromStr, time::Duration};

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
    /// The server that mail programs are told of. The certificate has to be for this name.
    pub server: Option<Domain> = text("a domain name", server), absent "`hostname`";
    /// The IMAP server, with TLS from the first octet on, that mail programs are told of as the one where people read
    /// their mail: Onward has no mailboxes. For those whose people all read at one provider.
    pub incoming: Option<Server> = text("a server, such as \"imap.example.net\" or \"imap.example.net:993\"", Server::from_str),
        absent "programs that want one ask, or are told by `onward account client --incoming`";
    /// How long a message may wait for a recipient until its sender is told so, once, unless NOTIFY (RFC 3461) says
    /// otherwise. Counts for messages that are taken from then on.
    pub delay_notice: Duration = duration(SECOND, 30 * DAY), default "4h";
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

fn server(text: &str) -> Result<Domain, String> {
    let name = domain(text)?;
    match name.literal() {
        None => Ok(name),
        Some(_) => Err(format!("{text:?} is an address, and no certificate is for it")),
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Submission> {
    let keys: Keys<'_> = root.table();
    keys.checked()
}
