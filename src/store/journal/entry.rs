use crate::{
    account::AccountId,
    address::{Domain, Mailbox, ReversePath},
    rspamd::Verdict,
    slots::Cause,
    srs::is_srs_shaped,
    time::Millis,
};
use serde::{Serialize, Serializer};
use std::{fmt, net::IpAddr};

/// What happened to one message, or to one refused RCPT. Its JSON is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The id of the message, as in our Received field and our 250.
    pub id: String,
    /// When the message came.
    pub time: Millis,
    /// The client that brought the message; `None` on a unix socket.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    #[serde(skip)]
    pub helo: String,
    /// The reverse-path of the message.
    #[serde(serialize_with = "bare")]
    pub from: ReversePath,
    /// The reverse-path that the message left with, when that was rewritten.
    pub srs_from: Option<String>,
    /// The recipients as given.
    pub to: Vec<String>,
    /// What became of the message.
    pub outcome: Outcome,
    /// The reply the client got.
    pub reply: String,
    /// Octets of the message.
    #[serde(skip)]
    pub size: u64,
    /// Milliseconds from the first command to the final reply; of a spooled message, to its last attempt.
    #[serde(skip)]
    pub ms: u64,
    /// The attempts to deliver the message, in order.
    pub attempts: Vec<AttemptLine>,
    /// What the inbound checks found, and what was concluded; empty when none was made.
    pub auth: String,
    /// How the client's session was encrypted, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`; empty for plaintext.
    pub tls: String,
    /// What the spam filter says of the message, where one was asked and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Verdict>,
    /// What the owner should know beyond that, such as a destination that was left out.
    #[serde(rename = "note")]
    pub detail: String,
}

impl Record {
    /// The account that sent the message.
    pub fn account(&self) -> Option<AccountId> {
        AccountId::of_cause(&Cause::named(&self.auth))
    }
}

impl Record {
    /// True for what a recipient of `domain` was to get, and what an account sent as an address of it.
    pub fn is_of(&self, domain: &Domain) -> bool {
        self.is_sent_as(domain) || self.to.iter().any(|to| is_at(to, domain))
    }

    /// The record as whoever sees what is of `domain` alone may read it; `None` where nothing of it is. Where others were
    /// recipients too, it is not known which attempts were for them, and so none is shown.
    pub fn part_of(mut self, domain: &Domain) -> Option<Self> {
        if self.is_sent_as(domain) || self.to.iter().all(|to| is_at(to, domain)) {
            return (!self.to.is_empty()).then_some(self);
        }
        self.to.retain(|to| is_at(to, domain));
        if self.to.is_empty() {
            return None;
        }
        let nothing = String::new;
        Some(Self {
            attempts: Vec::new(),
            srs_from: None,
            detail: nothing(),
            reply: nothing(),
            ..self
        })
    }

    fn is_sent_as(&self, domain: &Domain) -> bool {
        self.account().is_some()
            && self.from.mailbox().is_some_and(|sender| sender.domain() == domain)
    }
}

/// Whether a recipient, as it was given, is an address of a domain. An SRS address stands for somebody elsewhere.
fn is_at(recipient: &str, domain: &Domain) -> bool {
    Mailbox::parse(recipient)
        .is_ok_and(|mailbox| mailbox.domain() == domain && !is_srs_shaped(mailbox.local()))
}

/// One attempt to hand a message to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptLine {
    /// When the attempt began.
    pub time: Millis,
    /// The mailboxes that the attempt was for.
    #[serde(skip)]
    pub to: Vec<String>,
    /// The host that answered, or should have.
    pub host: String,
    /// What the host answered, or what went wrong.
    pub reply: String,
    /// How long the attempt took, in milliseconds.
    pub ms: u64,
    /// How the connection was encrypted, and why that was believed; empty for plaintext.
    pub tls: String,
    /// What the attempt came to: `delivered`, `refused`, `deferred`, `uncertain`.
    #[serde(skip)]
    pub verdict: String,
}

/// What a bounce tells of a message that went out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The id of the message that went out.
    pub id: String,
    /// When the bounce came.
    pub time: Millis,
    /// Nobody will get the message by the recipient that it is about; else it is only late.
    pub is_final: bool,
    /// What the owner should know.
    pub detail: String,
}

impl Record {
    /// The reverse-path of the message without brackets; `<>` for the null one.
    pub fn sender(&self) -> String {
        self.from.mailbox().map_or_else(|| "<>".to_owned(), ToString::to_string)
    }
}

fn bare<S: Serializer>(path: &ReversePath, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        ReversePath::Null => serializer.serialize_str("<>"),
        ReversePath::Mailbox(mailbox) => serializer.collect_str(mailbox),
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every destination took it.
    Forwarded,
    /// Some destinations took it, others never will, and the client was told that it is done.
    Partial,
    /// The client was told 5xx.
    Refused,
    /// The client was told 4xx.
    Deferred,
    /// We answer for the message, and have not done with it.
    Spooled,
    /// A mail system behind its destination took it and reported later that it did not deliver it.
    Bounced,
    /// We answered for it, and nobody got it.
    Failed,
    /// The operator took it out of the spool.
    Dropped,
    /// An alias throws it away.
    Discarded,
    /// The client went away before its end.
    Aborted,
}

impl Outcome {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::Forwarded,
        Self::Partial,
        Self::Refused,
        Self::Deferred,
        Self::Spooled,
        Self::Bounced,
        Self::Failed,
        Self::Dropped,
        Self::Discarded,
        Self::Aborted,
    ];

    /// Those of which nobody got anything, and which the client was told so, or told us.
    pub const REFUSALS: [Self; 3] = [Self::Refused, Self::Deferred, Self::Aborted];

    /// Whether nobody got anything, and the client knows.
    pub fn is_refusal(self) -> bool {
        Self::REFUSALS.contains(&self)
    }

    /// The word in the journal and in `onward trace --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Spooled => "spooled",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Discarded => "discarded",
            Self::Aborted => "aborted",
        }
    }

    /// The outcome of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(to: &[&str], from: &str, auth: &str) -> Record {
        let attempt = AttemptLine {
            time: Millis::EPOCH,
            to: vec!["secret@mailbox.test".into()],
            host: "mx.mailbox.test".into(),
            reply: "250 ok".into(),
            ms: 1,
            tls: String::new(),
            verdict: "delivered".into(),
        };
        Record {
            id: "x".into(),
            time: Millis::EPOCH,
            client: None,
            helo: String::new(),
            from: ReversePath::Mailbox(Mailbox::parse(from).unwrap()),
            srs_from: Some("SRS0=x@example.org".into()),
            to: to.iter().map(|&text| text.to_owned()).collect(),
            outcome: Outcome::Forwarded,
            reply: "250 2.0.0 ok".into(),
            size: 1,
            ms: 1,
            attempts: vec![attempt],
            auth: auth.into(),
            tls: String::new(),
            filter: None,
            detail: "to secret@mailbox.test".into(),
        }
    }

    #[test]
    fn of_a_domain_is_seen_what_is_its_own() {
        let own = Domain::parse("example.org").unwrap();
        let stranger = "a@sender.test";
        let alone = record(&["a@example.org", "B@EXAMPLE.org"], stranger, "");
        assert_eq!(alone.clone().part_of(&own), Some(alone));
        let mixed = record(&["a@example.org", "b@other.test"], stranger, "");
        assert!(mixed.is_of(&own));
        let part = mixed.part_of(&own).unwrap();
        assert_eq!(part.to, ["a@example.org"]);
        let told = format!("{part:?}");
        assert!(!told.contains("secret") && !told.contains("other.test"), "{told}");
        for none in [&["b@other.test"][..], &["a@sub.example.org"], &["postmaster"], &[]] {
            let record = record(none, stranger, "");
            assert!(!record.is_of(&own) && record.part_of(&own).is_none(), "{none:?}");
        }
        let returned = record(&["SRS0=AAAA=XY=other.test=eve@example.org"], stranger, "");
        assert!(returned.part_of(&own).is_none(), "it stands for somebody elsewhere");
        let forged = record(&["b@other.test"], "a@example.org", "spf=fail");
        assert!(forged.part_of(&own).is_none(), "anybody can write down a sender");
    }
}
