use super::*;
use proptest::prelude::*;

const OWN: [&str; 3] = ["me@example.org", "m\u{fc}ller@b\u{fc}cher.example", "\"a b\"@example.org"];

fn may(mailbox: &Mailbox) -> bool {
    OWN.iter().any(|own| Mailbox::parse(own).unwrap().to_key() == mailbox.to_key())
}

fn judged(header: &str) -> Result<Authors, Objection> {
    senders(format!("{header}\r\n\r\nFrom: victim@bank.test\r\n").as_bytes(), may)
}

#[test]
fn ones_own() {
    for header in [
        "From: me@example.org",
        "from : Me <ME@EXAMPLE.ORG>",
        "FROM:\r\n \"Me, myself\" (and I)\r\n\t<me@example.org>",
        "From: me@example.org (Me)",
        "From: me@example.org, \"a b\"@example.org\r\nSender: me@example.org",
        "From: \"me@example.org\" <me@example.org>",
        "From: \"Me @ Home\" <me@example.org>",
        "From: \"@me.myself\" <me@example.org>",
        "From: M\u{fc}ller <m\u{fc}ller@b\u{fc}cher.example>",
        "From: <m\u{fc}ller@xn--bcher-kva.example>",
        "From: =?utf-8?q?M=C3=BCller?= <me@example.org>",
        "From: =?ISO-8859-1*de?q?M=FCller?= <me@example.org>",
        "From: me@example.org <me@example.org>",
        "From: \"Jo\" < me@example.org >",
        "From: \"'me@example.org'\" <me@example.org>",
        "From: \"Bob O'Neil\" <me@example.org>",
        "From: =?iso-2022-jp?b?GyRCJEAbKEI=?= <me@example.org>",
        "From: =?utf-8?q?Caf=C3=A9_=40_Home?= <me@example.org>",
        "From: \"Bob =?= Co\" <me@example.org>, \"a b\"@example.org",
        "From: =?utf-8?q?me=40example=2Eorg?= <me@example.org>",
        "Resent-From: me@example.org\r\nResent-Sender: me@example.org\r\nFrom: me@example.org",
        "From: me@example.org\r\nReply-To: other@elsewhere.test\r\nTo: x@bank.test",
        "From: me@example.org\r\nSubject: to whom@it.may concern",
    ] {
        let judged = judged(header);
        assert!(judged.is_ok(), "{header:?}: {judged:?}");
    }
}

#[test]
fn forgeries() {
    let mut wrong = Vec::new();
    for (header, field, address) in [
        // Strangers and neighbours.
        ("From: victim@bank.test", "From", "victim@bank.test"),
        ("From: you@example.org", "From", "you@example.org"),
        ("From: me@example.org.bank.test", "From", "me@example.org.bank.test"),
        ("From: me@sub.example.org", "From", "me@sub.example.org"),
        ("From: me+you@example.org", "From", "me+you@example.org"),
        ("From: victim@bank.test, me@example.org", "From", "victim@bank.test"),
        ("From: me@example.org, victim@bank.test", "From", "victim@bank.test"),
        ("From: me@example.org\r\nFrom: victim@bank.test", "From", "victim@bank.test"),
        ("From: victim@bank.test\r\nFrom: me@example.org", "From", "victim@bank.test"),
        ("From: me@example.org\r\nSender: victim@bank.test", "Sender", "victim@bank.test"),
        (
            "Sender: me@example.org\r\nSender: v@b.test\r\nFrom: me@example.org",
            "Sender",
            "v@b.test",
        ),
        ("From: me@example.org\r\nResent-From: v@b.test", "Resent-From", "v@b.test"),
        ("From: me@example.org\r\nRESENT-sender\t: v@b.test", "Resent-Sender", "v@b.test"),
        (
            "Resent-From: v@b.test\r\nResent-From: me@example.org\r\nFrom: me@example.org",
            "Resent-From",
            "v@b.test",
        ),
        // Names with blanks or signs around them.
        ("From: me@example.org\r\nFrom \t: victim@bank.test", "From", "victim@bank.test"),
        ("From: me@example.org\r\n\u{feff}From: victim@bank.test", "From", "victim@bank.test"),
        ("From: me@example.org\r\nFrom\0: victim@bank.test", "From", "victim@bank.test"),
        // Behind a fold, or what some take for the end of a line.
        (
            "Subject: x\r\n From: victim@bank.test\r\nFrom: me@example.org",
            "From",
            "victim@bank.test",
        ),
        (
            "X: 1\r\n \r\n\tfrom : victim@bank.test\r\nFrom: me@example.org",
            "From",
            "victim@bank.test",
        ),
        ("Subject: x\nFrom: victim@bank.test\r\nFrom: me@example.org", "From", "victim@bank.test"),
        ("Subject: x\rFrom: victim@bank.test\r\nFrom: me@example.org", "From", "victim@bank.test"),
        ("From: me@example.org\r\n ,\r\n victim@bank.test", "From", "victim@bank.test"),
        ("From:\r\n victim@bank.test", "From", "victim@bank.test"),
        ("From: me@example.org\r\nno field\r\nFrom: victim@bank.test", "From", "victim@bank.test"),
        // Groups, routes, comments, display names.
        ("From: Friends: victim@bank.test;", "From", "victim@bank.test"),
        ("From: Friends:me@example.org,victim@bank.test;", "From", "victim@bank.test"),
        ("From: <@bank.test:me@example.org>", "From", "@bank.test"),
        ("From: victim@bank.test <me@example.org>", "From", "victim@bank.test"),
        ("From: \"victim@bank.test\" <me@example.org>", "From", "victim@bank.test"),
        ("From: you @ example.org <me@example.org>", "From", "you@example.org"),
        ("From: (victim@bank.test) me@example.org", "From", "victim@bank.test"),
        ("From: <me@example.org> <victim@bank.test>", "From", "victim@bank.test"),
        ("From: victim(x)@(y)bank(z).test", "From", "victim@bank.test"),
        ("From: victim(x)@(y)example(z).org", "From", "victim@example.org"),
        ("From: \"victim\"@bank.test", "From", "victim@bank.test"),
        ("From: \"me@example.org\"@bank.test", "From", "me@example.org@bank.test"),
        ("From: \"a  b\"@example.org", "From", "a  b@example.org"),
        ("From: victim@[192.0.2.1]", "From", "victim@[192.0.2.1]"),
        // Blanks and comments inside, which some readers skip.
        ("From: you@example .org <me@example.org>", "From", "you@example.org"),
        ("From: you@example. org <me@example.org>", "From", "you@example.org"),
        ("From: you@example(c).org <me@example.org>", "From", "you@example.org"),
        ("From: you@exam(c)ple.org <me@example.org>", "From", "@exam"),
        ("From: ceo @ example .org <me@example.org>", "From", "ceo@example.org"),
        ("From: you@example\r\n .org <me@example.org>", "From", "you@example.org"),
        (
            "From: me@example.org\r\nSender: you@example .org <me@example.org>",
            "Sender",
            "you@example.org",
        ),
        ("From: me@example.org\r\nResent-From: you@example .org", "Resent-From", "you@example.org"),
        ("From: about. me@example.org <me@example.org>", "From", "about.me@example.org"),
        ("From: about . me@example.org", "From", "about.me@example.org"),
        ("From: about.(c)me@example.org <me@example.org>", "From", "about.me@example.org"),
        ("From: ceo@deutsche- bank.test <me@example.org>", "From", "ceo@deutsche-bank.test"),
        ("From: ceo@1 63.test <me@example.org>", "From", "ceo@163.test"),
        ("From: ceo@3(x)m.test <me@example.org>", "From", "@3m.test"),
        ("From: ceo@bank=2Etest <me@example.org>", "From", "ceo@bank=2Etest"),
        (
            "From: \"me@example.org .bank.test\" <me@example.org>",
            "From",
            "me@example.org.bank.test",
        ),
        ("From: Me @ Home <me@example.org>", "From", "@home"),
        // Names that are shown without their quoted pairs.
        ("From: \"ceo\\@bank.test\" <me@example.org>", "From", "ceo@bank.test"),
        ("From: \"ceo@ba\\nk.test\" <me@example.org>", "From", "ceo@bank.test"),
        ("From: \"ceo@bank\\.test\" <me@example.org>", "From", "ceo@bank.test"),
        ("From: \"ceo @bank.test\" <me@example.org>", "From", "ceo@bank.test"),
        ("From: \"ceo@bank\u{2024}test\" <me@example.org>", "From", "ceo@bank\u{2024}test"),
        // Encoded-words.
        ("From: =?utf-8?q?=22ceo=5C=40bank.test=22?= <me@example.org>", "From", "ceo@bank.test"),
        (
            "From: =?utf-8?q?=63eo=40ba?=(c)=?utf-8?q?nk=2Etest?= <me@example.org>",
            "From",
            "ceo@bank.test",
        ),
        ("From: =?utf-8?q?ceo=40ba=00nk.test?= <me@example.org>", "From", "ceo@bank.test"),
        ("From: \"o'you@example.org\" <me@example.org>", "From", "o'you@example.org"),
        ("From: =?utf-8?q?ceo_=40_bank.test?= <me@example.org>", "From", "ceo@bank.test"),
        (
            "From: =?utf-8?q?ceo=40deutsche-_bank.test?= <me@example.org>",
            "From",
            "ceo@deutsche-bank.test",
        ),
        ("From: =?utf-8?q?victim=40bank=2Etest?= <me@example.org>", "From", "victim@bank.test"),
        ("From: =?utf-8?b?dmljdGltQGJhbmsudGVzdA==?= <me@example.org>", "From", "victim@bank.test"),
        (
            "From: \"=?utf-8?b?dmljdGltQGJhbmsudGVzdA==?=\" <me@example.org>",
            "From",
            "victim@bank.test",
        ),
        ("From: =?utf-8?b?dmljdGltQGJhbmsudGVzdA==?=", "From", "victim@bank.test"),
        (
            "From: =?utf-8?q?victim=40?=\r\n =?utf-8?q?bank.test?= <me@example.org>",
            "From",
            "victim@bank.test",
        ),
        ("From: x=?utf-8?q?victim=40bank.test?=x <me@example.org>", "From", "victim@bank.test"),
        (
            "From: me@example.org\r\nSender: =?utf-8?q?victim=40bank.test?=",
            "Sender",
            "victim@bank.test",
        ),
        // Look-alikes.
        ("From: me@ex\u{430}mple.org", "From", "me@ex\u{430}mple.org"),
        ("From: m\u{435}@example.org", "From", "m\u{435}@example.org"),
        ("From: me@\u{ff45}xample.org", "From", "me@\u{ff45}xample.org"),
        ("From: me@example\u{3002}org", "From", "me@example\u{3002}org"),
        ("From: me@b\u{fc}cher.example", "From", "me@b\u{fc}cher.example"),
        ("From: mu\u{308}ller@b\u{fc}cher.example", "From", "mu\u{308}ller@b\u{fc}cher.example"),
        ("From: m\u{fc}ller@bu\u{308}cher.example", "From", "m\u{fc}ller@bu\u{308}cher.example"),
        ("From: \"victim\u{ff20}bank.test\" <me@example.org>", "From", "victim@bank.test"),
    ] {
        let is_told = |told: &str, named: &str| told == field && named.ends_with(address);
        match judged(header) {
            Err(Objection::Foreign { field, address }) if is_told(field, &address) => {}
            other => wrong.push(format!("{header:?}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_not_clear_is_refused() {
    for header in [
        "Subject: x",
        "From: me@example.org\r\nFrom: me@example.org",
        "From:",
        "From: Me",
        "From: Friends: me@example.org;",
        "From: Friends:;",
        "From: jo(c)me@example.org",
        // Encoded-words that some read in another way.
        "From: =?utf-8?B?PG5laWdoYm91-ckBleGFtcGxlLm9yZz4=?= <me@example.org>",
        "From: =?utf-8?B?Y2VvQGJhbmsudGVzdA==??= <me@example.org>",
        "From: =?utf-8?b?PGNlb0BiYW5rLnQ?= =?utf-8?b?ZXN0Pg?= <me@example.org>",
        "From: =?iso-2022-jp-2?q?ceo=1B=28B?= <me@example.org>",
        "From: =?windows-1201?q?x?= <me@example.org>",
        "From: =?utf-8?q?a=4?= <me@example.org>",
        "From: me@example.org\r\nSender:",
        "From: me@example.org\r\nSender: undisclosed:;",
        "From: me@example.org\r\nResent-From: \"me@example.org",
        "From: me@example.org\r\nno field",
        "From: <me@example.org",
        // Which charset it is, says what is read.
        "From: =?cp037?b?fJaB?= <me@example.org>",
        "From: =?utf-32?b?AAAAQA==?= <me@example.org>",
        "From: =?hz-gb-2312?q?ceo=40bank.test?= <me@example.org>",
        "From: =??q?ceo=40bank.test?= <me@example.org>",
        "From: me@example.org (=?utf-7?q?+AEA-?=)",
    ] {
        let judged = judged(header);
        assert!(matches!(judged, Err(Objection::Unclear(_))), "{header:?}: {judged:?}");
    }
    let many = "Resent-From: me@example.org\r\n".repeat(MAX_CLAIMS) + "From: me@example.org";
    assert!(matches!(judged(&many), Err(Objection::Unclear(_))));
}

#[test]
fn a_blank_that_ascii_does_not_have_is_a_sign_of_the_address() {
    for blank in ["\u{a0}", "\u{2003}", "\u{3000}", "\u{2028}"] {
        assert!(judged(&format!("From: Jo <{blank}me@example.org>")).is_err(), "{blank:?}");
    }
}

#[test]
fn a_letter_that_folding_its_case_makes_ascii_is_another() {
    let may = |mailbox: &Mailbox| mailbox.to_key() == "kate@example.org";
    let judged = |from: &str| senders(format!("From: {from}\r\n\r\n").as_bytes(), may);
    assert!(judged("Kate@example.org").is_ok());
    assert!(matches!(judged("\u{212a}ate@example.org"), Err(Objection::Foreign { .. })));
}

proptest! {
    #[test]
    fn nobody_else_gets_by(
        before in "[ -~\u{fc}]{0,12}(\r\n [ -~]{0,8})?",
        after in "[ -~]{0,12}",
    ) {
        let header = format!("From: {before}victim@bank.test{after}");
        prop_assert!(judged(&header).is_err(), "{}", header);
    }

    #[test]
    fn any_octets(message in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = senders(&message, |_| true);
    }
}
