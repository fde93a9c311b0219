//! XFORWARD, by which Postfix tells a server behind it whose message it brings (XFORWARD_README).

use crate::{address::HeloName, reply::Reply};
use std::net::IpAddr;

/// What EHLO announces to those who may use it.
pub(super) const KEYWORD: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

/// The client from which the one that is connected has a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The address of that client; `None` where it is not told.
    pub ip: Option<IpAddr>,
    /// What that client called itself.
    pub helo: Option<HeloName>,
}

impl Origin {
    /// What the author of a message called itself, where `own` is what the peer does: of a client that is
    /// named without it, nothing.
    pub(super) fn helo_or<'a>(origin: Option<&'a Self>, own: &'a str) -> &'a str {
        match origin {
            Some(Self { ip: None, helo: None }) | None => own,
            Some(named) => named.helo.as_ref().map_or("", HeloName::as_str),
        }
    }

    /// Takes the attributes of one command; there may be several before a message.
    ///
    /// # Errors
    /// When the argument is none. Nothing is taken then.
    pub(super) fn add(&mut self, argument: &str) -> Result<(), Reply> {
        let syntax = || Reply::bad_argument("Syntax: XFORWARD attribute=value...");
        let mut origin = self.clone();
        for word in argument.split(' ').filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').ok_or_else(syntax)?;
            let value = decoded(value).ok_or_else(syntax)?;
            let is_told = !matches!(&*value, "[UNAVAILABLE]" | "[TEMPUNAVAIL]" | "");
            match name.to_ascii_uppercase().as_str() {
                "ADDR" if is_told => {
                    let address = match value.split_at_checked(5) {
                        Some((tag, v6)) if tag.eq_ignore_ascii_case("IPV6:") => v6,
                        _ => &value,
                    };
                    let ip: IpAddr = address.parse().map_err(|_| syntax())?;
                    origin.ip = Some(ip.to_canonical());
                }
                "ADDR" => origin.ip = None,
                // What could not stand in EHLO is not told.
                "HELO" => origin.helo = HeloName::new(&value).ok().filter(|_| is_told),
                "NAME" | "PORT" | "PROTO" | "IDENT" | "SOURCE" => {}
                _ => return Err(syntax()),
            }
        }
        *self = origin;
        Ok(())
    }
}

/// xtext (RFC 3461 §4), which Postfix writes with `+XX` for what is not printable.
fn decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{BareLf, Session, SessionConfig, Step};
    use std::sync::Arc;

    fn session(is_allowed: bool) -> Session {
        let mut session = Session::new(Arc::new(SessionConfig {
            hostname: "mx.test".into(),
            max_message_size: 100,
            max_recipients: 3,
            max_errors: 10,
            bare_lf: BareLf::Normalize,
            minds_early_talk: false,
        }));
        if is_allowed {
            session.allow_xforward();
        }
        session
    }

    /// The replies, with each message answered.
    fn replies(session: &mut Session, wire: &str) -> String {
        session.receive(wire.as_bytes());
        loop {
            match session.poll() {
                Step::Sender(_) => session.answer(Reply::sender_ok()),
                Step::Aborted(_) => {}
                Step::Recipient(..) => session.answer(Reply::recipient_ok()),
                Step::Data => session.answer(Reply::start_data()),
                Step::Message(_) => session.answer(Reply::forwarded("id")),
                Step::NeedInput | Step::StartTls | Step::Authenticate(_) | Step::Close => break,
            }
        }
        String::from_utf8(std::mem::take(session.output())).unwrap()
    }

    #[test]
    fn only_who_may_says_for_whom() {
        let mut stranger = session(false);
        assert!(!replies(&mut stranger, "EHLO c.test\r\n").contains("XFORWARD"));
        let refused = replies(&mut stranger, "XFORWARD ADDR=192.0.2.1\r\n");
        assert!(refused.starts_with("500 5.5.2"), "{refused}");
        assert_eq!(stranger.origin(), None);
    }

    #[test]
    fn it_is_for_one_transaction() {
        let mut relay = session(true);
        assert!(replies(&mut relay, "EHLO c.test\r\n").contains(KEYWORD));
        replies(&mut relay, "XFORWARD ADDR=192.0.2.1 HELO=author.test\r\n");
        let origin = relay.origin().cloned();
        assert_eq!(origin.unwrap().ip, Some("192.0.2.1".parse().unwrap()));
        assert_eq!(relay.helo(), Some("author.test"));
        replies(&mut relay, "XFORWARD HELO=[UNAVAILABLE]\r\n");
        assert_eq!(relay.helo(), Some(""), "not the relay's own name");
        let begin = "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nXFORWARD ADDR=192.0.2.2\r\n";
        assert!(
            replies(&mut relay, begin)
                .ends_with("503 5.5.1 A transaction is open; RSET ends it\r\n")
        );
        assert!(relay.origin().is_some());
        replies(&mut relay, "DATA\r\nx: y\r\n.\r\n");
        assert_eq!((relay.origin(), relay.helo()), (None, Some("c.test")));
        replies(&mut relay, "XFORWARD ADDR=192.0.2.1\r\nRSET\r\n");
        assert_eq!(relay.origin(), None);
        let wrong = replies(&mut relay, "XFORWARD ADDR=here\r\n");
        assert!(wrong.starts_with("501 5.5.4"), "{wrong}");
    }

    #[test]
    fn attributes() {
        let mut origin = Origin::default();
        origin.add("NAME=client.test ADDR=192.0.2.1 PORT=4711 PROTO=ESMTP").unwrap();
        origin.add("HELO=mail.client.test SOURCE=REMOTE IDENT=4XYZ").unwrap();
        assert_eq!(origin.ip, Some("192.0.2.1".parse().unwrap()));
        assert_eq!(origin.helo, HeloName::new("mail.client.test").ok());
        origin.add("addr=ipv6:2001:db8::1 HELO=[UNAVAILABLE]").unwrap();
        assert_eq!(origin, Origin { ip: Some("2001:db8::1".parse().unwrap()), helo: None });
        origin.add("ADDR=::ffff:192.0.2.7 HELO=a+2Eb").unwrap();
        assert_eq!(origin.ip, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(origin.helo, HeloName::new("a.b").ok());
        origin.add("ADDR=[UNAVAILABLE] HELO=bad+20name+0D+0A").unwrap();
        assert_eq!(origin, Origin::default());
        let kept = Origin { ip: None, helo: HeloName::new("kept").ok() };
        for bad in ["ADDR", "ADDR=nowhere", "X=1", "HELO=+", "HELO=+4", "HELO=+ff", "HELO=a ADDR=b"]
        {
            let mut origin = kept.clone();
            assert!(origin.add(bad).is_err(), "{bad}");
            assert_eq!(origin, kept, "{bad}");
        }
    }
}
