//! A receiver that enforces DMARC, and the verifiers themselves.

use std::sync::Arc;

use crate::support::client::{Client, Reply};
use crate::support::dns::Dns;
use crate::support::receiver::Receiver;
use crate::support::verifiers::{Signing, Verifiers, strict};

const MESSAGE: &[u8] = b"From: Alice <alice@sender.test>\r\nSubject: x\r\n\r\nhello\r\n";

/// `None`: skip. All but `other.test` may send from 127.0.0.1.
fn receiver() -> Option<(Arc<Verifiers>, Dns, Receiver)> {
    let verifiers = Verifiers::start()?;
    let dns = Dns::start();
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all").txt("other.test", "v=spf1 -all");
    dns.txt("example.org", "v=spf1 ip4:127.0.0.1 -all").txt("mx.example.org", "v=spf1 a -all");
    dns.txt("third.test", "v=spf1 ip4:127.0.0.1 -all");
    dns.a("mx.example.org", [127, 0, 0, 1].into());
    for domain in ["sender.test", "third.test", "example.org"] {
        verifiers.publish_keys(&dns, domain);
    }
    let receiver = strict(&verifiers, &dns).start();
    Some((verifiers, dns, receiver))
}

fn send(receiver: &Receiver, mail_from: &str, message: &[u8]) -> Reply {
    let mut client = Client::connect(receiver.address());
    client.reply().expect_code(220);
    client.ehlo("mx.example.org").expect_code(250);
    client.transaction(mail_from, &["bob@sink.test"], message)
}

#[test]
fn it_enforces_the_policy_of_the_from_domain() {
    let Some((verifiers, dns, receiver)) = receiver() else { return };
    let signed = verifiers.sign(MESSAGE, &Signing::rsa("sender.test"));
    let twice = verifiers.sign(&signed, &Signing::ed25519("example.org"));
    let unaligned = verifiers.sign(MESSAGE, &Signing::rsa("third.test"));
    let broken = [signed.as_slice(), b"more\r\n"].concat();
    for (policy, enforced) in
        [("none", false), ("quarantine", true), ("reject", true), ("reject; adkim=s; aspf=s", true)]
    {
        dns.clear("_dmarc.sender.test");
        dns.txt("_dmarc.sender.test", &format!("v=DMARC1; p={policy}"));
        let by_policy = if enforced { "550 5.7.26" } else { "250 2.0.0" };
        for (name, from, message, reply) in [
            ("aligned SPF", "alice@sender.test", MESSAGE, "250 2.0.0"),
            ("aligned DKIM", "SRS0=x@example.org", &signed, "250 2.0.0"),
            ("aligned DKIM below another", "x@other.test", &twice, "250 2.0.0"),
            ("SPF of another", "x@third.test", MESSAGE, by_policy),
            ("DKIM of another", "x@other.test", &unaligned, by_policy),
            ("broken DKIM", "SRS0=x@example.org", &broken, by_policy),
            ("nothing", "x@other.test", MESSAGE, "550 5.7.26"),
        ] {
            let answer = send(&receiver, from, message);
            assert!(answer.text().starts_with(reply), "{policy}, {name}: {answer}");
        }
    }
}

#[test]
fn it_knows_subdomains_and_the_null_reverse_path() {
    let Some((_verifiers, dns, receiver)) = receiver() else { return };
    dns.txt("_dmarc.sender.test", "v=DMARC1; p=none; sp=reject");
    dns.txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let below = b"From: alice@news.sender.test\r\n\r\nhello\r\n";
    send(&receiver, "alice@sender.test", below).expect("250 2.0.0");
    send(&receiver, "x@example.org", below).expect("550 5.7.26");
    let notice = b"From: MAILER-DAEMON@example.org\r\n\r\nhello\r\n";
    send(&receiver, "", notice).expect("250 2.0.0");
    dns.clear("mx.example.org").know("mx.example.org");
    send(&receiver, "", notice).expect("550 5.7.26");
}
