//! Mail that is made to cost much: it is answered soon, and in bounded memory.

use super::Signer;
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// For a message of a megabyte of traps, in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(10);
/// Megabytes, most of them the messages themselves.
const MEMORY: usize = 150;

const BODY: &str = "From: <alice@signed.test>\r\nSubject: x\r\n\r\nhello\r\n";

#[test]
fn traps_in_a_header_section() {
    let dns = Dns::start();
    let signer = Signer::new(&dns, "signed.test");
    let giant = format!("v=DKIM1; k=rsa; p={}", "MIIB".repeat(8_000));
    dns.txt("giant._domainkey.signed.test", &giant);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name())
        .dns(&dns)
        .config("limits.header_fields = 100000")
        .start();
    let signed = String::from_utf8(signer.sign(&["From", "Subject"], BODY)).unwrap();
    let (signature, _) = signed.split_once("From:").unwrap();
    let of_giant = signature.replace("; s=s;", "; s=giant;");
    assert_ne!(of_giant, signature);
    let filled = |line: &str, size: usize| line.repeat(size / line.len());
    let seal = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.test; s=s; b=AAAA\r\n";
    for (what, message, answer) in [
        ("1,000 signatures", signature.repeat(1000) + BODY, "250 2.0.0"),
        (
            "1,000 signatures of bodies of different lengths",
            (1..=1000)
                .map(|l| signature.replace("; s=s;", &format!("; l={l}; s=s;")))
                .collect::<String>()
                + filled(BODY, 500_000).as_str(),
            "250 2.0.0",
        ),
        (
            "a signature of many names, over many fields",
            format!(
                "DKIM-Signature: v=1; a=ed25519-sha256; d=signed.test; s=s; h={}From; bh=AAAA; b=AAAA\r\n",
                filled("a:", 400_000)
            ) + filled("B: 1\r\n", 500_000).as_str()
                + BODY,
            "250 2.0.0",
        ),
        ("a giant key", of_giant + BODY, "250 2.0.0"),
        ("seals", filled(seal, 900_000) + BODY, "250 2.0.0"),
        ("an author of a megabyte", format!("From: {}\r\n\r\n", "a".repeat(1 << 20)), "552 5.3.4"),
        (
            "an author of nearly a megabyte",
            format!("From: {}<a@signed.test>\r\n\r\n", "(a".repeat(500_000)),
            "550 5.6.0",
        ),
        ("no header", "hello\r\n".to_owned(), "550 5.6.0"),
        ("nothing", String::new(), "550 5.6.0"),
    ] {
        let began = Instant::now();
        let mut client = onward.session();
        let to = ["hello@example.org"];
        let reply = client.transaction("alice@signed.test", &to, message.as_bytes());
        assert!(reply.to_string().starts_with(answer), "{what}: {reply}");
        assert!(began.elapsed() < SOON, "{what}: {:?}", began.elapsed());
    }
    let memory = crate::limits::memory_kilobytes(onward.process_id(), "VmHWM") / 1024;
    assert!(memory < MEMORY, "{memory} MB");
}

/// Whoever asks for keys that nobody answers for waits for a share of the budget.
#[test]
fn silence_about_a_key() {
    for (enforced, answer) in [(false, "250 2.0.0"), (true, "451 4.4.3")] {
        let dns = Dns::start();
        let signer = Signer::new(&dns, "signed.test");
        dns.fault("s._domainkey.signed.test", Fault::Silence);
        let sink = Receiver::smtp().start();
        let check = if enforced { "enforce" } else { "mark" };
        let onward = Onward::forwarding_to(sink.name())
            .dns(&dns)
            .config(&format!("auth.dkim = \"{check}\""))
            .config("delivery.budget = \"3s\"")
            .start();
        let message = signer.sign(&["From"], BODY);
        let to = ["hello@example.org"];
        onward.session().transaction("a@signed.test", &to, &message).expect(answer);
        if !enforced {
            let results = sink.messages()[0].header("Authentication-Results").unwrap();
            assert!(results.contains("dkim=temperror"), "{results}");
        }
    }
}

/// A name server in trouble is no verdict about the key.
#[test]
fn a_name_server_in_trouble() {
    let dns = Dns::start();
    let signer = Signer::new(&dns, "signed.test");
    dns.fault("s._domainkey.signed.test", Fault::ServFail);
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(sink.name()).dns(&dns).config("auth.dkim = \"enforce\"").start();
    let message = signer.sign(&["From"], BODY);
    let to = ["hello@example.org"];
    onward.session().transaction("a@signed.test", &to, &message).expect("451 4.4.3");
    dns.clear("s._domainkey.signed.test");
    // Gone for good: a key that does not exist verifies nothing. The trouble is remembered for a moment.
    wait_until("the name server to be asked again", || {
        let reply = onward.session().transaction("a@signed.test", &to, &message);
        reply.text().starts_with("550 5.7.20").then_some(())
    });
}

/// Answers of a name server that lies about lengths and counts: none of them is believed, and there is an
/// end.
#[test]
fn a_name_server_that_lies() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = socket.local_addr().unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let is_over = AtomicBool::new(false);
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(sink.name()).name_server(server).start();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut lies = LIES.iter().cycle();
            let mut query = [0; 512];
            while !is_over.load(Ordering::SeqCst) {
                let Ok((octets, client)) = socket.recv_from(&mut query) else { continue };
                // The question as it came, without what EDNS adds behind it.
                let end = query[12..octets].iter().position(|octet| *octet == 0).unwrap() + 17;
                let (counts, answer) = lies.next().unwrap();
                let header = [&query[..2], &[0x81, 0x80, 0, 1], *counts, &[0, 0, 0, 0]].concat();
                let _ = socket.send_to(&[&header, &query[12..end], *answer].concat(), client);
            }
        });
        for _ in 0..LIES.len() {
            let began = Instant::now();
            let mut client = onward.session();
            let to = ["hello@example.org"];
            let reply = client.transaction("alice@signed.test", &to, BODY.as_bytes());
            assert!(reply.text().starts_with("451 4.4.3"), "{reply}");
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(sink.count(), 0);
}

/// The count of answers, and what stands behind the question: TXT records of the name asked for.
const LIES: &[(&[u8], &[u8])] = &[
    // A record that is longer than the packet.
    (&[0, 1], b"\xc0\x0c\0\x10\0\x01\0\0\0\0\xff\xff\x0bv=spf1 +all"),
    // A string that is longer than its record, and one that is longer than the packet.
    (&[0, 1], b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x0c\xffv=spf1 +all"),
    (&[0, 1], b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x05\x0bv=spf1 +all"),
    // More records than there are.
    (&[0xff, 0xff], b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x0c\x0bv=spf1 +all"),
    // A name that points at itself.
    (&[0, 1], b"\xc0\x1f\0\x10\0\x01\0\0\0\0\0\x0c\x0bv=spf1 +all"),
    (&[0, 1], b""),
];
