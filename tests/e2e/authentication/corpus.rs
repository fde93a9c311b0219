//! Messages on which a forwarder can break a signature, and the ways to sign them.

use crate::support::verifiers::Signing;

/// The author's domain; a strict DMARC policy is published for it.
pub(super) const AUTHOR: &str = "sender.test";
/// Somebody else who signs, as a mailing service does.
pub(super) const SERVICE: &str = "service.test";

/// Name and bytes.
pub(super) fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(998);
    let longer = "y ".repeat(10_000);
    let many = format!("{}\r\n", "0123456789".repeat(7)).repeat(1_500);
    let with = |fields: &str, body: &[u8]| {
        let head = format!(
            "From: Alice <alice@sender.test>\r\nTo: hello@example.org\r\nSubject: a test\r\n\
             Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n{fields}"
        );
        [head.as_bytes(), body].concat()
    };
    let plain = |body: &[u8]| with("", &[b"\r\n", body].concat());
    vec![
        ("plain", plain(b"Hello,\r\n\r\nhow are you?\r\n")),
        ("8-bit", plain("gr\u{fc}n \u{1F4E7}\r\n".as_bytes())),
        ("octets of no charset", plain(b"\x80\xff\xfe \xe4\xf6\xfc\r\n")),
        ("long lines", plain(format!("{long}\r\n{long}\r\n").as_bytes())),
        ("lines beyond the limit", plain(format!("{longer}\r\n{long}{long}\r\n").as_bytes())),
        (
            "trailing blanks",
            plain(b"two  \r\ntab\t\r\n   \r\n\t\r\n in  the \t middle\r\n \r\n\r\n\r\n"),
        ),
        ("dots", plain(b".\r\n..\r\n.dotted\r\n...\r\n. \r\nend.\r\n.\r\n")),
        ("empty body", plain(b"")),
        ("no body", with("", b"")),
        ("only empty lines", plain(b"\r\n\r\n\r\n")),
        (
            "folded header",
            with(
                "X-Folded: one\r\n two\r\n\tthree\r\n   four \r\n\t \tfive\r\n\
                 References: <a@x.test>\r\n <b@x.test>\r\n\t<c@x.test>\r\n\
                 List-Unsubscribe:\r\n <mailto:x@sender.test>\r\n",
                b"\r\nbody\r\n",
            ),
        ),
        (
            "odd white space",
            with(
                "X-None:value\r\nX-Many:   \t two  blanks\t\tand tabs \t \r\nX-Empty:\r\n\
                 X-Blank: \t \r\nreply-TO:\talice@sender.test\t\r\nX-Twice: 1\r\nx-twice:  2 \r\n",
                b"\r\nbody\r\n",
            ),
        ),
        ("a long field", with(&format!("X-Long: {longer}\r\nX-Long: {long}\r\n"), b"\r\nbody\r\n")),
        ("a large body", plain(many.as_bytes())),
    ]
}

/// Name and signatures, the lowest first.
pub(super) fn signings() -> Vec<(&'static str, Vec<Signing>)> {
    let all = ["from", "from", "to", "to", "subject", "subject", "date", "message-id", "cc"];
    let odd = ["from", "x-folded", "x-none", "x-many", "x-empty", "x-blank", "reply-to", "x-twice"];
    let odd = [&odd[..], &["x-twice", "x-twice", "x-long", "x-long", "list-unsubscribe"]].concat();
    let rsa = || Signing::rsa(AUTHOR);
    let ed25519 = || Signing::ed25519(AUTHOR);
    vec![
        ("RSA relaxed", vec![rsa()]),
        ("RSA simple", vec![rsa().canonical("simple", "simple")]),
        ("RSA relaxed/simple", vec![rsa().canonical("relaxed", "simple")]),
        ("RSA simple/relaxed", vec![rsa().canonical("simple", "relaxed")]),
        ("RSA simple, l=", vec![rsa().canonical("simple", "simple").with_length()]),
        ("RSA relaxed, l=", vec![rsa().with_length()]),
        ("Ed25519 relaxed", vec![ed25519()]),
        ("Ed25519 simple", vec![ed25519().canonical("simple", "simple")]),
        ("all fields and no more of them", vec![rsa().canonical("simple", "simple").fields(&all)]),
        ("every odd field", vec![ed25519().canonical("simple", "simple").fields(&odd)]),
        (
            "several",
            vec![
                rsa().canonical("simple", "simple"),
                ed25519(),
                Signing::rsa(SERVICE),
                Signing::ed25519(SERVICE).canonical("simple", "relaxed").with_length(),
            ],
        ),
    ]
}
