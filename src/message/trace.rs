use super::{LOOP_FIELD, LoopToken, MessageId};
use crate::{
    address::{ForwardPath, HeloName},
    time::UnixTime,
};
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write;

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

/// The header fields that go before a forwarded message: Received and one loop token a recipient.
pub fn prefix(received: &Received<'_>, tokens: &[LoopToken]) -> String {
    let mut text = received.field();
    for token in tokens {
        let _ = write!(text, "{LOOP_FIELD}: {}\r\n", token.as_str());
    }
    text
}

impl Received<'_> {
    fn field(&self) -> String {
        // RFC 6531 §4.3 and RFC 3848.
        let protocol = match (self.smtputf8, self.esmtp) {
            (true, _) => "UTF8SMTP",
            (false, true) => "ESMTP",
            (false, false) => "SMTP",
        };
        let (s, tls) = match &self.tls {
            Some(tls) => ("S", format!(" ({tls})\r\n\t")),
            None => ("", " ".to_owned()),
        };
        let mut text = format!(
            "Received: from {} ([{}])\r\n\tby {} (Onward) with {protocol}{s}{tls}id {}",
            self.helo, self.client, self.hostname, self.id
        );
        // Several recipients are not to learn of each other (RFC 5321 §7.2). In UTF-8, this field alone
        // could be what the destination lacks SMTPUTF8 for.
        if let [ForwardPath::Mailbox(only)] = self.forward_paths
            && only.local().is_ascii()
        {
            let _ = write!(text, "\r\n\tfor <{only}>");
        }
        let _ = write!(text, "; {}\r\n", date(self.now));
        text
    }
}

/// RFC 5322 §3.3 date-time in UTC.
fn date(now: UnixTime) -> String {
    let time = Timestamp::from(now).to_zoned(TimeZone::UTC);
    time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::Mailbox, time::Millis};

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
            prefix(&received, &[LoopToken::new([1; 32])]),
            format!(
                "Received: from client.example ([192.0.2.1])\r\n\tby mx.example.org (Onward) with \
                 ESMTP id 0000000000000000\r\n\tfor <hello@example.org>; Mon, 23 Nov 2026 08:00:00 \
                 +0000\r\nX-Onward-Loop: {}\r\n",
                LoopToken::new([1; 32]).as_str()
            )
        );
        received.tls = Some("TLSv1.3 TLS_AES_256_GCM_SHA384".to_owned());
        let text = prefix(&received, &[]);
        assert!(text.contains("with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\tid 0"), "{text}");
        received.helo = &pc;
        received.forward_paths = &[ForwardPath::Postmaster, ForwardPath::Postmaster];
        let text = prefix(&received, &[]);
        let escaped =
            "Received: from a+20+28b+5C+20by+20evil.test+3B+20x ([192.0.2.1])\r\n\tby mx.";
        assert!(text.starts_with(escaped) && !text.contains("for "), "{text}");
    }
}
