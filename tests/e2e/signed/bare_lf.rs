//! Signed mail whose lines end in bare LF on the way to us: it is judged as it leaves.

use super::Signer;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

const MESSAGE: &str = "From: <alice@signed.test>\r\nSubject: x\r\n\r\n.hello\r\n\r\nbye\r\n";

#[test]
fn a_signature_is_judged_on_the_lines_that_leave() {
    let dns = Dns::start();
    dns.txt("_dmarc.signed.test", "v=DMARC1; p=reject");
    let signer = Signer::new(&dns, "signed.test");
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).dns(&dns).start();
    let signed = String::from_utf8(signer.sign(&["From", "Subject"], MESSAGE)).unwrap();
    let mut client = onward.session();
    // Signed in CRLF, mangled on the way: what leaves is what was signed.
    let mangled = signed.replace("\r\n", "\n");
    // Signed as it looks with one line fewer: what leaves is not.
    let broken = mangled.replace("\n\nbye", "\nbye");
    for (text, reply) in [(&mangled, "250 2.0.0"), (&broken, "550 5.7.1")] {
        client.mail("alice@elsewhere.test").expect_code(250);
        client.rcpt("hello@example.org").expect_code(250);
        client.send(format!("BDAT {} LAST\r\n{text}", text.len()).as_bytes());
        client.reply().expect(reply);
    }
    let message = sink.wait_for_message();
    assert!(message.data.ends_with(signed.as_bytes()), "{}", message.data.escape_ascii());
    let results = message.header("Authentication-Results").unwrap();
    assert!(results.contains("dkim=pass header.d=signed.test"), "{results}");
}
