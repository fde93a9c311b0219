use crate::support::certificates::Authority;
use crate::support::onward::{Builder, Onward};
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;

const TEXT: &[u8] = b"From: <alice@sender.test>\r\nSubject: a test\r\n\r\nhello\r\n";

fn forwarding(to: &str, lines: &[&str]) -> Builder {
    Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route_with("sink.test", to, lines)
}

#[test]
fn to_a_postfix_that_insists() {
    let authority = Authority::new();
    let pair = authority.issue("mx.sink.test", "postfix");
    let Some(postfix) = Postfix::builder() else { return };
    let postfix = postfix
        .mailbox("bob@sink.test")
        .set("smtpd_tls_security_level", "encrypt")
        .set("smtpd_tls_cert_file", &pair.certificate.display().to_string())
        .set("smtpd_tls_key_file", &pair.key.display().to_string())
        .set("smtpd_tls_received_header", "yes")
        .set("smtpd_tls_loglevel", "1")
        .start();
    for (at, level) in ["opportunistic", "required"].into_iter().enumerate() {
        let line = format!("tls = \"{level}\"");
        let onward = forwarding(&postfix.address().to_string(), &[&line]).start();
        let mut client = onward.session();
        client.transaction("alice@sender.test", &["hello@example.org"], TEXT).expect("250 2.0.0");
        let delivered = postfix.wait_for_deliveries("bob@sink.test", at + 1);
        let newest = delivered.iter().map(|text| String::from_utf8_lossy(text));
        assert!(newest.clone().all(|text| text.contains("(using TLSv1.3 with cipher TLS_AES_256")));
        let trace = &onward.wait_for_trace(&[], 1)[0];
        assert_eq!(trace["attempts"][0]["tls"], "TLSv1.3 TLS_AES_256_GCM_SHA384, any certificate");
    }
    let onward = forwarding(&postfix.address().to_string(), &["tls = \"none\""]).start();
    let mut client = onward.session();
    let reply = client.transaction("alice@sender.test", &["hello@example.org"], TEXT);
    // 530 of the destination: the operator can mend it.
    reply.expect("451 4.7.0");
}

#[test]
fn required_is_never_plaintext() {
    let sink = Receiver::smtp().start();
    let onward = forwarding(&sink.route(), &["tls = \"required\""]).start();
    let mut client = onward.session();
    let reply = client.transaction("alice@sender.test", &["hello@example.org"], TEXT);
    reply.expect("451 4.7.4 The destination must offer TLS and does not");
    assert_eq!(sink.count(), 0);
}
