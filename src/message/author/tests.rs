use super::*;
use mail_parser::parsers::MessageStream;
use proptest::prelude::*;

/// The domains that are judged, or the word for what is unclear.
fn read(from: &str) -> String {
    read_bytes(from.as_bytes())
}

fn read_bytes(from: &[u8]) -> String {
    match Authors::parse(from) {
        Ok(authors) => {
            let domains: Vec<&str> = authors.domains().iter().map(Domain::as_str).collect();
            domains.join(" ")
        }
        Err(unclear) => format!("{unclear:?}"),
    }
}

#[test]
fn what_real_senders_write() {
    for (from, domains) in [
        ("alice@bank.test", "bank.test"),
        (" <alice@bank.test>\r\n", "bank.test"),
        ("Alice <alice@bank.test>", "bank.test"),
        ("Alice<alice@BANK.test>", "bank.test"),
        ("\"Doe, John\" <j@bank.test>\r\n", "bank.test"),
        ("\"\" <j@bank.test>", "bank.test"),
        ("\r\n \"A very long name that is folded\"\r\n\t<j@bank.test>\r\n", "bank.test"),
        ("\"folded\r\n name\" <j@bank.test>", "bank.test"),
        ("John Q. Public <j@bank.test>", "bank.test"),
        ("St. John's [Team] <j@bank.test>", "bank.test"),
        ("CORP\\john <j@bank.test>", "bank.test"),
        ("'Alice' via Group <group@bank.test>", "bank.test"),
        ("Jürgen Müller <j@bank.test>", "bank.test"),
        ("\"alice@other.test\" <j@bank.test>", "bank.test"),
        ("\"Alice <alice@other.test>\" <j@bank.test>", "bank.test"),
        ("=?utf-8?q?Andr=C3=A9?= <a@bank.test>", "bank.test"),
        ("=?UTF-8?B?QW5kcsOp?=\r\n =?UTF-8?B?QW5kcsOp?= <a@bank.test>", "bank.test"),
        ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= <a@bank.test>", "bank.test"),
        ("\"=?utf-8?q?Andr=C3=A9?=\" <a@bank.test>", "bank.test"),
        ("=?utf-8?q?Doe,_John_(Sales)?= <a@bank.test>", "bank.test"),
        ("=?utf-8?q?Sales_a@bank.test_Ltd?= <a@bank.test>", "bank.test"),
        ("[JIRA] =?utf-8?q?Andr=C3=A9?= <a@bank.test>", "bank.test"),
        // The octet of an @ is half of a character.
        ("[JIRA] =?ISO-2022-JP?B?GyRCQEAbKEI=?= <a@bank.test>", "bank.test"),
        ("=?utf-8?q?ceo=40evil.test?= <a@bank.test>", "bank.test"),
        ("alice@bank.test (Alice)", "bank.test"),
        ("alice@bank.test (Alice (of \\) the) bank, a@other.test)", "bank.test"),
        ("root@localhost", "localhost"),
        ("scanner@[192.0.2.7]", "[192.0.2.7]"),
        ("a..b@bank.test", "bank.test"),
        ("ilo.@bank.test", "bank.test"),
        ("\"john doe\"@bank.test", "bank.test"),
        ("o'brien+x=y@bank.test", "bank.test"),
        ("ålice@bücher.test", "xn--bcher-kva.test"),
        ("a@XN--Bcher-KVA.test, b@bücher.test", "xn--bcher-kva.test"),
        ("alice@bank.test <alice@bank.test>", "bank.test"),
        ("Mike @ Home <mike@bank.test>", "bank.test home"),
        ("ceo@deutsche- bank.test <x@evil.test>", "evil.test deutsche-bank.test"),
        ("ceo@exam ple.org <x@evil.test>", "evil.test exam example.org"),
        ("Mike @ - @ <mike@bank.test>", "bank.test"),
        ("alice@a_b.bank.test", "a_b.bank.test"),
    ] {
        assert_eq!(read(from), domains, "{from:?}");
    }
    for name in [&b"J\xfcrgen"[..], b"\"J\xfcrgen\"", b"\xc6\xfc\xcb\xdc", b"(\xff) x"] {
        assert_eq!(read_bytes(&[name, b" <a@bank.test>\r\n"].concat()), "bank.test");
    }
}

/// RFC 5322 §4.4, and its appendices A.5 and A.6.
#[test]
fn obsolete_forms() {
    for (from, domains) in [
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "silly.test"),
        ("a(c)@(c)bank(c).(c)test(c)", "bank.test"),
        ("a . b @ bank . test", "bank.test"),
        ("a\r\n @bank\r\n\t.test", "bank.test"),
        ("<a @ bank.test >", "bank.test"),
        ("\"a\".b@bank.test", "bank.test"),
        ("Joe <@r.test,,@s.test:joe@bank.test>", "r.test s.test bank.test"),
        (", ,alice@bank.test,(c), Bob <b@other.test>,", "bank.test other.test"),
        ("a@bank.test,b@bank.test", "bank.test"),
        ("Q. X. <q@bank.test>", "bank.test"),
    ] {
        assert_eq!(read(from), domains, "{from:?}");
    }
}

#[test]
fn what_readers_may_see_differently() {
    for (from, unclear) in [
        // No address.
        ("", "NoAddress"),
        (" \r\n", "NoAddress"),
        ("Alice", "NoAddress"),
        ("<>", "NoAddress"),
        ("MAILER-DAEMON", "NoAddress"),
        ("<MAILER-DAEMON>", "NoAddress"),
        (",", "NoAddress"),
        ("(a@bank.test)", "NoAddress"),
        ("\"ceo@bank.test\"", "NoAddress"),
        ("=?utf-8?q?=22CEO=22_=3Cceo=40bank=2Etest=3E?=", "NoAddress"),
        ("=?utf-8?b?Y2VvQGJhbmsudGVzdA==?=", "NoAddress"),
        ("Doe, John <j@d.test>", "NoAddress"),
        ("\"ceo@bank.test\", a@evil.test", "NoAddress"),
        // Domains that are none.
        ("a@bank.test.", "Domain"),
        ("a@bank.test .", "Domain"),
        ("a@.bank.test", "Domain"),
        ("a@bank..test", "Domain"),
        ("a@ba nk.test", "Domain"),
        ("a@ba(c)nk.test", "Domain"),
        ("a@bank.test evil.test", "Domain"),
        ("a@", "Domain"),
        ("a@bank.test@evil.test", "Domain"),
        ("a@b@bank.test", "Domain"),
        ("a@-bank.test", "Domain"),
        ("a@192.0.2.1", "Domain"),
        ("a@[bank.test]", "Domain"),
        ("a@[192.0.2.1].bank.test", "Domain"),
        ("a@\"bank.test\"", "Domain"),
        ("a@=?utf-8?q?bank.test?=", "Domain"),
        ("a@bank.te\u{200c}st", "Domain"),
        ("a@bank\u{2028}.test", "Domain"),
        ("a@bank.test \"x\"", "Domain"),
        ("a@bank.test (c) x", "Domain"),
        ("a@bank.test b@evil.test", "Domain"),
        ("<@bank.test.:a@evil.test>", "Domain"),
        ("ceo@bank.test. <a@evil.test>", "Domain"),
        ("ceo@.bank.test <a@evil.test>", "Domain"),
        ("ceo@bank\u{3002}test\u{3002} <a@evil.test>", "Domain"),
        // Local parts that are none, or addresses of their own.
        ("@bank.test", "LocalPart"),
        ("\"\"@bank.test", "LocalPart"),
        ("\"ceo@bank.test\"@evil.test", "LocalPart"),
        ("\"<ceo>\"@evil.test", "LocalPart"),
        ("=?utf-8?q?ceo=40bank=2Etest?=@evil.test", "LocalPart"),
        ("=?utf-8?b?Y2Vv?==?utf-8?q?=00?=@evil.test", "LocalPart"),
        ("=?x@evil.test", "LocalPart"),
        ("ceo\u{ff20}bank.test@evil.test", "LocalPart"),
        ("a b@bank.test", "Garbage"),
        ("Alice a@bank.test", "Garbage"),
        ("\"Alice\" a@bank.test", "Garbage"),
        ("a[b]@bank.test", "LocalPart"),
        // Groups.
        ("Friends: a@bank.test, b@evil.test;", "Group"),
        ("Friends:;", "Group"),
        ("CEO <ceo@bank.test>: a@evil.test;", "Garbage"),
        ("a@evil.test;", "Group"),
        ("a@evil.test; ceo@bank.test", "Group"),
        ("mailto:a@bank.test", "Group"),
        ("Fwd: Alice <a@evil.test>", "Group"),
        ("<bank.test:a@evil.test>", "Group"),
        // Ends that are missing.
        ("\"Alice <a@bank.test>", "Unbalanced"),
        ("Alice\" <a@bank.test>", "Unbalanced"),
        ("Alice \\\" <a@bank.test> \\\" <a@evil.test>", "Garbage"),
        ("(Alice <a@bank.test>", "Garbage"),
        ("(Alice a@bank.test", "Unbalanced"),
        ("Alice) <a@bank.test>", "Unbalanced"),
        ("Alice <a@bank.test", "Unbalanced"),
        ("a@[192.0.2.1", "Unbalanced"),
        ("\"Alice\\", "Unbalanced"),
        // More than one address where one may be.
        ("<a@bank.test> <b@evil.test>", "Domain"),
        ("<a@bank.test> Alice", "Garbage"),
        ("<a@bank.test> b@evil.test", "Garbage"),
        ("a@bank.test> <b@evil.test>", "Garbage"),
        ("Alice <<a@bank.test>>", "LocalPart"),
        ("Alice <a@evil.test (ceo@bank.test)>", "Garbage"),
        ("a(ceo@bank.test)@evil.test", "Garbage"),
        ("(<ceo@bank.test>) <a@evil.test>", "Garbage"),
        ("Alice <a@bank.test>>", "Domain"),
        ("a@bank.test,\r\n \r\n b@bank.test", "Garbage"),
        // What some readers end a display name at, next to what would be an address then.
        ("\"ceo@bank.test\" =?utf-8?q?,?= <a@evil.test>", "Garbage"),
        ("\"ceo@bank.test\" =?utf-8?q?(?= <a@evil.test>", "Garbage"),
        ("\"ceo@bank.test\" [ <a@evil.test>", "Garbage"),
        ("\"ceo@bank.test\" @ x <a@evil.test>", "Garbage"),
        ("ceo@bank.test [ <a@evil.test>", "Garbage"),
        ("=?utf-8?q?ceo=40bank.test?=\\ <a@evil.test>", "Garbage"),
        ("[ =?utf-8?Q?ceo=40bank.test?= <a@evil.test>", "Garbage"),
        ("=?utf-8?b?Y2VvQGJhbmsudGVzdA==?= \\x <a@evil.test>", "Garbage"),
        ("=?utf-7?q?ceo+AEA-bank.test?= ] <a@evil.test>", "Garbage"),
        ("ceo@=?utf-8?q?bank.test?= <a@evil.test>", "Garbage"),
        ("=?utf-8?q?ceo@bank.test?= =?utf-8?q?,?= <a@evil.test>", "Garbage"),
        ("=?utf-8?q?ceo@bank=2Etest?= <a@evil.test>", "Domain"),
        ("=?utf-8?q?ceo@x@bank.test?= <a@evil.test>", "Domain"),
        ("Alice \u{0} <a@bank.test>", "Garbage"),
        ("Alice \u{7f} <a@bank.test>", "Garbage"),
        ("\u{1b}$B<a@bank.test>", "Garbage"),
        ("\"a\u{b}\" <a@bank.test>", "Garbage"),
        ("a\r<b@bank.test>", "Garbage"),
    ] {
        assert_eq!(read(from), unclear, "{from:?}");
    }
    assert_eq!(read_bytes(b"a@b\xfcnk.test"), "Domain");
    assert_eq!(read_bytes(b"\xfc@bank.test"), "LocalPart");
}

/// A domain that some readers take for the author's is asked for its policy too.
#[test]
fn an_address_in_the_name_is_judged() {
    for (from, domains) in [
        ("ceo@bank.test <a@evil.test>", "evil.test bank.test"),
        ("the ceo @ bank(c) . test (c) <a@evil.test>", "evil.test bank.test"),
        ("ceo@bänk\u{3002}test <a@evil.test>", "evil.test xn--bnk-qla.test"),
        ("=?utf-8?q?ceo@bank.test?= <a@evil.test>", "evil.test bank.test"),
        ("ceo@bank.test@x.test <a@evil.test>", "evil.test bank.test x.test"),
        ("<@bank.test:a@evil.test>", "bank.test evil.test"),
    ] {
        assert_eq!(read(from), domains, "{from:?}");
    }
}

#[test]
fn the_section_as_every_reader_sees_it() {
    for (message, says) in [
        ("From: a@bank.test\r\n\r\nFrom: b@evil.test\r\n", "bank.test"),
        ("FROM:a@bank.test\r\n", "bank.test"),
        ("Subject : x\r\nfrom: a@bank.test\r\n\r\n", "bank.test"),
        ("Subject: x\r\n\r\nFrom: a@bank.test\r\n", "no From"),
        ("", "no From"),
        ("\r\nFrom: a@bank.test\r\n", "no From"),
        // Those who do not know the obsolete syntax find no author at all.
        ("From : a@bank.test\r\n\r\n", "bank.test"),
        ("From\t: a@bank.test\r\n\r\n", "bank.test"),
        ("From: a@evil.test\r\nFrom: a@bank.test\r\n\r\n", "several"),
        ("From: a@evil.test\r\nfrom : a@bank.test\r\n\r\n", "several"),
        ("From: a@evil.test\r\nFrom\u{a0}: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\nÜber: x\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\n: x\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\njunk\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\nX Y: z\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\nFrom\r\n : a@bank.test\r\n\r\n", "no field"),
        ("From a@evil.test Mon Nov 23\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        (">From a@evil.test\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        (" X: 1\r\nFrom: a@bank.test\r\n\r\n", "no field"),
        ("From: a@evil.test\r\n.\r\n", "no field"),
        ("From:\r\n\r\n", "without an address"),
        ("From:\r\n \r\nSubject: x\r\n\r\n", "several ways"),
    ] {
        match Authors::read(&Header::scan(message.as_bytes())) {
            Ok(authors) => assert_eq!(authors.domains()[0].as_str(), says, "{message:?}"),
            Err(reply) => {
                let reply = reply.to_string();
                assert!(reply.starts_with("550 5.6.0 "), "{message:?}: {reply}");
                assert!(reply.contains(says), "{message:?}: {reply}");
            }
        }
    }
}

#[test]
fn authors_and_domains_are_bounded() {
    let list = |count: usize, domains: usize| {
        let author = |n: usize| format!("a{n}@d{}.test", n % domains);
        (0..count).map(author).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(read(&list(10, 4)), "d0.test d1.test d2.test d3.test");
    assert_eq!(read(&list(11, 1)), "TooMuch");
    assert_eq!(read(&list(5, 5)), "TooMuch");
    assert_eq!(read(&format!("{} <a@bank.test>", "x".repeat(MAX_FIELD))), "TooMuch");
    assert_eq!(read(&format!("{}a@bank.test", "(".repeat(MAX_FIELD / 2))), "Unbalanced");
    // Below bank.test, and too long for its policy to be asked for.
    let long = |octets: usize| format!("a@{}bank.test", "x.".repeat((octets - 9) / 2));
    assert_eq!(read(&long(245)).len(), 245);
    assert_eq!(read(&long(247)), "Domain");
}

proptest! {
    /// Whatever is read is asked about in DNS by names that DNS knows, and reads the same written anew.
    #[test]
    fn what_is_read_is_one_thing(
            from in r#"([a-z@<>"(),.:; \\\[\]=?é]|(<|"|\(| )?[ab](@| |\.)(evil|bank)(\.| )test(>|"|\)|,)?|\r\n |=\?u\?q\?x\?=){0,9}"#
        ) {
        let value = from.as_bytes();
        if let Ok(authors) = Authors::parse(value) {
            prop_assert!(!authors.mailboxes().is_empty());
            for mailbox in authors.mailboxes() {
                let again = Authors::parse(format!("<{mailbox}>").as_bytes()).unwrap();
                prop_assert_eq!(again.mailboxes(), std::slice::from_ref(mailbox));
                prop_assert!(authors.domains().contains(mailbox.domain()));
            }
            // Another reader finds no domain that is not judged.
            let theirs = MessageStream::new(value).parse_address();
            for address in theirs.as_address().into_iter().flat_map(|list| list.iter()) {
                let address = address.address.as_deref().unwrap_or_default();
                if let Some((_, domain)) = address.rsplit_once('@')
                    && let Ok(domain) = Domain::parse(domain)
                {
                    prop_assert!(authors.domains().contains(&domain), "{}: {}", from, address);
                }
            }
            // What is put behind it joins or spoils it, and never takes an author's place.
            let more = [value.strip_suffix(b"\r\n ").unwrap_or(value), b", x@more.test"].concat();
            if let Ok(more) = Authors::parse(&more) {
                prop_assert!(more.mailboxes().starts_with(authors.mailboxes()));
            }
        }
    }
}
