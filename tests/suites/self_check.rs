//! The check of what leaves sees every octet that a signature covers, though the hash of a body that is
//! the same is not made again.

use crate::support::dns::Dns;
use onward::{
    address::{Domain, ReversePath},
    auth::{
        self, Checked, Incoming, SenderSpf,
        dkim::{KeyKind, Selector, SignedBody, SigningKey, new_key},
    },
    dns::Resolver,
    message::{Authors, Header},
    time::UnixTime,
    verdict::{AuthPolicy, Check, Dkim, Spf, SpfOnly},
};
use tokio::time::{Duration, Instant};

const PREFIX: &[u8] = b"Received: from a by b; x\r\n";

fn signed(dns: &Dns, message: &[u8]) -> Vec<u8> {
    let pem = new_key(KeyKind::Ed25519).unwrap();
    let (domain, selector) = (Domain::parse("signed.test"), Selector::parse("s"));
    let key = SigningKey::parse(domain.unwrap(), selector.unwrap(), pem.as_bytes()).unwrap();
    dns.clear(&key.dns_name()).txt(&key.dns_name(), &key.dns_text());
    let header = Header::scan(message);
    let body = SignedBody::of(&header, message);
    [&key.sign(&[header.bytes()], &body).unwrap(), message].concat()
}

async fn checked(resolver: &Resolver, message: &[u8]) -> Checked {
    let policy = AuthPolicy {
        spf: Check::Off,
        dkim: Check::Mark,
        dmarc: Check::Off,
        spf_only: SpfOnly::Pass,
        refuse_quarantine: false,
        refuse_unauthenticated: false,
    };
    let header = Header::scan(message);
    let authors = Authors::read(&header).ok();
    let incoming = Incoming {
        ip: None,
        helo: "",
        reverse_path: &ReversePath::Null,
        header: &header,
        authors: authors.as_ref(),
        message,
        now: UnixTime::new(1_700_000_000),
    };
    let spf = async { SenderSpf { reverse_path: Spf::None, helo: Spf::None } };
    let deadline = Instant::now() + Duration::from_secs(20);
    auth::check(resolver, incoming, spf, &policy, "mx.example.org", deadline).await
}

#[tokio::test]
async fn any_octet_that_changes_is_found() {
    let dns = Dns::start();
    let resolver = Resolver::new(&[dns.address()]).unwrap();
    for message in [
        "From: <a@signed.test>\r\nSubject: x\r\n\r\nhello \r\n\r\n \r\n",
        "From: <a@signed.test>\r\nSubject: x\r\n\r\n",
        "From: <a@signed.test>\r\nSubject: x\r\n",
    ] {
        let message = signed(&dns, message.as_bytes());
        let checked = checked(&resolver, &message).await;
        assert_eq!(checked.findings.signatures[0].result, Dkim::Pass);
        let queries = dns.queries("s._domainkey.signed.test");
        let again = async |leaves: &[u8]| {
            let again = checked.check_again(&resolver, &message, (PREFIX, leaves)).await;
            again.map_err(|broken| broken.domains)
        };
        assert_eq!(again(&message).await, Ok(()));
        let (broken, text) =
            (Err(vec!["signed.test".to_owned()]), String::from_utf8_lossy(&message));
        for (from, to) in
            [("<a@", "<b@"), ("hello", "hallo"), ("Subject: x", "Subject: xx"), ("b=", "b=A")]
        {
            if text.contains(from) {
                let changed = text.replacen(from, to, 1);
                assert_eq!(again(changed.as_bytes()).await, broken, "{from} to {to}");
            }
        }
        assert_eq!(again(&[&message[..], b"\r\n\r\nmore\r\n"].concat()).await, broken);
        // What relaxed form does not see changes nothing.
        assert_eq!(again(text.replacen("hello ", "hello\t ", 1).as_bytes()).await, Ok(()));
        assert_eq!(dns.queries("s._domainkey.signed.test"), queries, "the key is known");
    }
}
