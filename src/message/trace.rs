use super::{DELIVERED_FIELD, Header, LOOP_FIELD, LoopToken, MessageId, Seal};
use crate::{
    address::{Domain, ForwardPath, HeloName, Mailbox},
    time::UnixTime,
};
use jiff::{Timestamp, tz::TimeZone};
use std::{fmt::Write, net::Ipv4Addr};

/// What the Received field of this hop says (RFC 5321 §4.4). Nothing in it names a destination.
#[derive(Debug)]
pub struct Received<'a> {
    /// Argument of EHLO or HELO.
    pub helo: &'a HeloName,
    /// Address of the client as text, or how else it came.
    pub client: &'a str,
    /// Our own name.
    pub hostname: &'a str,
    /// The client said EHLO.
    pub esmtp: bool,
    /// How the connection was encrypted, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    pub tls: Option<String>,
    /// The transaction uses SMTPUTF8.
    pub smtputf8: bool,
    /// The id of the message.
    pub id: MessageId,
    /// The recipients as the client named them.
    pub forward_paths: &'a [ForwardPath],
    /// When the message came.
    pub now: UnixTime,
}

/// The Received field of what an account sends, or a mailbox as its alias. Neither the client's address nor its name is in it, which would tell
/// where somebody is.
#[derive(Debug)]
pub struct Submitted<'a> {
    /// The id of the account; `None` for an answer of a mailbox, by address.
    pub account: Option<&'a str>,
    /// Our own name.
    pub hostname: &'a str,
    /// How the connection was encrypted.
    pub tls: Option<String>,
    /// The transaction uses SMTPUTF8.
    pub smtputf8: bool,
    /// The id of the message.
    pub id: MessageId,
    /// The recipients as the client named them.
    pub forward_paths: &'a [ForwardPath],
    /// When the message came.
    pub now: UnixTime,
}

impl Submitted<'_> {
    /// The whole field.
    pub fn field(&self) -> String {
        let Self { account, hostname, id, .. } = self;
        // RFC 6531 §4.3 and RFC 3848.
        let protocol = if self.smtputf8 { "UTF8SMTP" } else { "ESMTP" };
        let (s, tls) = match &self.tls {
            Some(tls) => ("S", format!(" ({tls})\r\n\t")),
            None => ("", " ".to_owned()),
        };
        let (from, a) = match account {
            Some(account) => (format!("submission (account {account})"), "A"),
            None => ("answer".to_owned(), ""),
        };
        let mut text = format!(
            "Received: from {from}\r\n\tby {hostname} (Onward) with {protocol}{s}{a}{tls}id {id}"
        );
        if let Some(only) = alone(self.forward_paths) {
            let _ = write!(text, "\r\n\tfor <{only}>");
        }
        end_received(self.now, &mut text);
        text
    }

    /// Date and Message-ID where the message whose header section is `header` lacks them (RFC 6409 §8.1, §8.3);
    /// `domain` is that of its author.
    pub fn missing_fields(&self, header: &Header<'_>, domain: &Domain) -> String {
        let lacks = |name: &str| header.named(name).next().is_none();
        let mut text = String::new();
        if lacks("Date") {
            text.push_str("Date: ");
            write_date(self.now, &mut text);
            text.push_str("\r\n");
        }
        if lacks("Message-ID") {
            let _ = write!(text, "Message-ID: <{}@{domain}>\r\n", self.id);
        }
        text
    }
}

/// Octets that [`prefix`] is given when it begins: more than most need.
const PREFIX: usize = 512;
/// ... and one line of it.
const LINE: usize = 78;

/// The header fields that go before a forwarded message: Received, the seal if there is one, and one loop token a
/// recipient.
pub fn prefix(received: &Received<'_>, seal: Option<&Seal>, tokens: &[LoopToken]) -> String {
    let mut text = String::with_capacity(PREFIX);
    received.write(&mut text);
    text.extend(seal.map(Seal::field));
    for token in tokens {
        let _ = write!(text, "{LOOP_FIELD}: {}\r\n", token.as_str());
    }
    text
}

/// The field that tells a mailbox, and its filters, that a list has the client or a domain of the sender: of whom, at
/// which list, by which answer.
pub fn listed(who: &str, zone: &str, code: Ipv4Addr) -> String {
    format!("X-Onward-Listed: {who}\r\n\tat {zone} ({code})\r\n")
}

/// The field that tells a mailbox, and its filters, to which alias a mail was addressed: where there is one recipient,
/// as several are not to learn of each other; else empty. It goes behind [`prefix`].
pub fn delivered_to(forward_paths: &[ForwardPath]) -> String {
    let Some(only) = alone(forward_paths) else { return String::new() };
    let mut field = String::with_capacity(LINE);
    let _ = write!(field, "{DELIVERED_FIELD}: {only}\r\n");
    field
}

/// The one recipient, where it may be told. In UTF-8, a field that names it could be all that the destination lacks
/// SMTPUTF8 for.
fn alone(forward_paths: &[ForwardPath]) -> Option<&Mailbox> {
    match forward_paths {
        [ForwardPath::Mailbox(only)] if only.local().is_ascii() => Some(only),
        _ => None,
    }
}

impl Received<'_> {
    fn write(&self, text: &mut String) {
        // RFC 6531 §4.3 and RFC 3848.
        let protocol = match (self.smtputf8, self.esmtp) {
            (true, _) => "UTF8SMTP",
            (false, true) => "ESMTP",
            (false, false) => "SMTP",
        };
        let _ = write!(
            text,
            "Received: from {} ([{}])\r\n\tby {} (Onward) with {protocol}",
            self.helo, self.client, self.hostname
        );
        let _ = match &self.tls {
            Some(tls) => write!(text, "S ({tls})\r\n\tid {}", self.id),
            None => write!(text, " id {}", self.id),
        };
        // Several recipients are not to learn of each other (RFC 5321 §7.2).
        if let Some(only) = alone(self.forward_paths) {
            let _ = write!(text, "\r\n\tfor <{only}>");
        }
        end_received(self.now, text);
    }
}

/// What a Received field of ours says of a message that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTrace {
    /// The host name with which it was added.
    pub by: String,
    /// The id of the message.
    pub id: MessageId,
    /// The recipient, where there was one alone.
    pub recipient: Option<ForwardPath>,
}

impl OwnTrace {
    /// Reads the value of a Received field; `None` where no Onward has added it: this one, by whatever name it had
    /// then, or another with our secrets. Anybody can write such: that it is true has to be shown by seal and token.
    pub fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut words = text.split_ascii_whitespace();
        let mut by = "";
        words.find(|word| {
            let is_ours = *word == "(Onward)";
            by = if is_ours { by } else { *word };
            is_ours
        })?;
        let by = by.to_owned();
        words.find(|word| *word == "id")?;
        let id = MessageId::parse(words.next()?.trim_end_matches(';'))?;
        let path = words.next().filter(|word| *word == "for").and_then(|_| words.next());
        let recipient = path.and_then(|path| ForwardPath::parse(path.trim_end_matches(';')).ok());
        Some(Self { by, id, recipient: recipient.map(|(path, _)| path) })
    }
}

fn end_received(now: UnixTime, text: &mut String) {
    text.push_str("; ");
    write_date(now, text);
    text.push_str("\r\n");
}

/// RFC 5322 §3.3 date-time in UTC.
fn write_date(now: UnixTime, text: &mut String) {
    let time = Timestamp::from(now).to_zoned(TimeZone::UTC);
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", time.strftime("%a, %d %b %Y %H:%M:%S +0000"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    #[test]
    fn fields() {
        let one = [ForwardPath::Mailbox(Mailbox::parse("hello@example.org").unwrap())];
        let (name, pc) = ("client.example", "a (b\\ by evil.test; x");
        let (name, pc) = (HeloName::new(name).unwrap(), HeloName::new(pc).unwrap());
        let mut received = Received {
            helo: &name,
            client: "192.0.2.1",
            hostname: "mx.example.org",
            esmtp: true,
            tls: None,
            smtputf8: false,
            id: MessageId::new(Millis::EPOCH, [0; 4]),
            forward_paths: &one,
            now: UnixTime::new(1_795_420_800),
        };
        assert_eq!(
            prefix(&received, None, &[LoopToken::new([1; 32])]),
            format!(
                "Received: from client.example ([192.0.2.1])\r\n\tby mx.example.org (Onward) with \
                 ESMTP id 0000000000000000\r\n\tfor <hello@example.org>; Mon, 23 Nov 2026 08:00:00 \
                 +0000\r\nX-Onward-Loop: {}\r\n",
                LoopToken::new([1; 32]).as_str()
            )
        );
        received.tls = Some("TLSv1.3 TLS_AES_256_GCM_SHA384".to_owned());
        let text = prefix(&received, None, &[]);
        assert!(text.contains("with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tid 0"), "{text}");
        received.helo = &pc;
        received.forward_paths = &[ForwardPath::Postmaster, ForwardPath::Postmaster];
        let text = prefix(&received, None, &[]);
        let escaped =
            "Received: from a+20+28b+5C+20by+20evil.test+3B+20x ([192.0.2.1])\r\n\tby mx.";
        assert!(text.starts_with(escaped) && !text.contains("for "), "{text}");
    }

    #[test]
    fn what_an_account_sends_tells_nothing_of_its_client() {
        let one = [ForwardPath::Mailbox(Mailbox::parse("bob@sink.test").unwrap())];
        let submitted = Submitted {
            account: Some("k3j4h5"),
            hostname: "mx.example.org",
            tls: Some("TLSv1.3 X".to_owned()),
            smtputf8: false,
            id: MessageId::new(Millis::EPOCH, [0; 4]),
            forward_paths: &one,
            now: UnixTime::new(1_795_420_800),
        };
        assert_eq!(
            submitted.field(),
            "Received: from submission (account k3j4h5)\r\n\tby mx.example.org (Onward) with ESMTPSA (TLSv1.3 X)\r\n\t\
             id 0000000000000000\r\n\tfor <bob@sink.test>; Mon, 23 Nov 2026 08:00:00 +0000\r\n"
        );
        let answer = Submitted { account: None, ..submitted };
        let field = answer.field();
        assert!(
            field.starts_with(
                "Received: from answer\r\n\tby mx.example.org (Onward) with ESMTPS (T"
            ),
            "{field}"
        );
        let submitted = answer;
        let missing = |header: &str| {
            let domain = Domain::parse("example.org").unwrap();
            submitted.missing_fields(&Header::scan(header.as_bytes()), &domain)
        };
        assert_eq!(
            missing("From: x\r\n\r\n"),
            "Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <0000000000000000@example.org>\r\n"
        );
        assert_eq!(missing("date : x\r\nmessage-id: y\r\n\r\n"), "");
        assert!(OwnTrace::read(submitted.field().as_bytes()).is_some());
    }

    #[test]
    fn one_recipient_is_named_and_several_are_not() {
        let path = |text| ForwardPath::from_bare(text).unwrap();
        let [one, other] = [path("Hello+x@example.org"), path("b@example.org")];
        assert_eq!(
            delivered_to(std::slice::from_ref(&one)),
            "Delivered-To: Hello+x@example.org\r\n"
        );
        for none in [&[][..], &[one, other], &[ForwardPath::Postmaster], &[path("é@example.org")]]
        {
            assert_eq!(delivered_to(none), "");
        }
    }

    #[test]
    fn a_field_of_ours_is_read_back() {
        let id = MessageId::new(Millis::new(1_795_420_800_123), [1, 2, 3, 4]);
        let quoted = ForwardPath::Mailbox(Mailbox::parse("hello+x@example.org").unwrap());
        let only = [quoted.clone()];
        let both = [quoted.clone(), ForwardPath::Postmaster];
        for (paths, tls, recipient) in
            [(&only[..], None, Some(quoted)), (&both[..], Some("TLSv1.3 X".to_owned()), None)]
        {
            let received = Received {
                helo: &HeloName::new("by").unwrap(),
                client: "192.0.2.1",
                hostname: "mx.example.org",
                esmtp: true,
                tls,
                smtputf8: false,
                id,
                forward_paths: paths,
                now: UnixTime::new(1_795_420_800),
            };
            let mut field = String::new();
            received.write(&mut field);
            let value = field.strip_prefix("Received:").unwrap();
            let read = OwnTrace { by: "mx.example.org".to_owned(), id, recipient };
            assert_eq!(OwnTrace::read(value.as_bytes()), Some(read.clone()));
            let folded_anew = value.split_whitespace().collect::<Vec<_>>().join("\r\n ");
            assert_eq!(OwnTrace::read(folded_anew.as_bytes()), Some(read));
        }
        for foreign in [
            "",
            "by",
            "by mx.example.org",
            "by mx.example.org (Postfix) id 0DPHZ3R000000000",
            "by mx.example.org (Onward) id 7",
        ] {
            assert_eq!(OwnTrace::read(foreign.as_bytes()), None);
        }
    }
}
