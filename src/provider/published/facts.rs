//! What rules are about: a message, whoever sends it, and what its checks come to at the receiver.

use crate::{
    message::{Authors, Header},
    verdict::{Arc, DmarcPolicy, DmarcResult, Spf},
};

/// What is known; `None` is what nobody looked at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Whoever sends sends many messages.
    pub is_bulk: bool,
    /// The message was written by somebody else.
    pub is_forward: bool,
    /// The address that sends has a name (PTR), and the name has that address.
    pub name_leads_back: Option<bool>,
    /// The address has the name of the EHLO.
    pub name_is_ours: Option<bool>,
    /// The connection is encrypted.
    pub tls: Option<bool>,
    /// SPF of the reverse-path.
    pub spf: Option<Spf>,
    /// The domain of the reverse-path is one of whoever sends.
    pub reverse_path_is_ours: Option<bool>,
    /// The domain of the reverse-path exists, and takes mail.
    pub reverse_path_exists: Option<bool>,
    /// Some DKIM signature passes.
    pub dkim: Option<bool>,
    /// There are signatures aligned with From, and not all of them pass.
    pub aligned_broken: Option<bool>,
    /// Fewest bits of an RSA key by which whoever sends signs.
    pub key_bits: Option<u32>,
    /// DMARC of the From domain, and what its owner asks for.
    pub dmarc: Option<(DmarcResult, DmarcPolicy)>,
    /// Whoever sends has a DMARC record for the domain of the reverse-path.
    pub own_dmarc: Option<bool>,
    /// The ARC chain as it leaves.
    pub arc: Option<Arc>,
    /// The form of the header section.
    pub form: Option<Form>,
}

/// What rules about the form of a message look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// There is one From, which all readers read alike.
    pub has_one_from: bool,
    /// The From domains, A-labels in lower case.
    pub authors: Vec<String>,
    /// There is one Message-ID, in angle brackets with an `@`.
    pub has_message_id: bool,
    /// A field that may be there once is there twice: which.
    pub doubled: Option<&'static str>,
    /// A field has octets beyond ASCII.
    pub has_raw_utf8: bool,
    /// Received fields.
    pub hops: usize,
    /// List-Unsubscribe-Post is there, with List-Unsubscribe.
    pub has_one_click: bool,
}

/// Fields of which RFC 5322 §3.6 has one at most.
const SINGLE: [&str; 11] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "Date",
];

impl Form {
    /// The form of a header section.
    pub fn of(header: &Header<'_>) -> Self {
        let authors = Authors::read(header).ok();
        let domains = authors.iter().flat_map(Authors::domains);
        let count = |name: &str| header.named(name).count();
        let mut ids = header.named("Message-ID");
        let has_message_id = match (ids.next(), ids.next()) {
            (Some(only), None) => is_message_id(only.value),
            _ => false,
        };
        Self {
            has_one_from: authors.is_some(),
            authors: domains.map(|domain| domain.to_key()).collect(),
            has_message_id,
            doubled: SINGLE.into_iter().find(|name| count(name) > 1),
            has_raw_utf8: !header.bytes().is_ascii(),
            hops: count("Received"),
            has_one_click: count("List-Unsubscribe") > 0 && count("List-Unsubscribe-Post") > 0,
        }
    }
}

fn is_message_id(value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let inside = text.trim().strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let is_plain = |text: &str| !text.contains(['<', '>', ' ', '\t', '\r', '\n']);
    inside
        .filter(|text| is_plain(text))
        .and_then(|text| text.split_once('@'))
        .is_some_and(|(left, right)| !left.is_empty() && !right.is_empty() && !right.contains('@'))
}
