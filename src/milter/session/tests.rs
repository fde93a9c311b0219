use super::*;
use proptest::prelude::*;

const POSTFIX: [u32; 3] = [6, 0x1ff, 0x1f_ffff];

fn packet(command: u8, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    packet::write(command, &[data], &mut out);
    out
}

fn options(numbers: [u32; 3]) -> Vec<u8> {
    packet(b'O', &numbers.map(u32::to_be_bytes).concat())
}

fn negotiated(mode: Mode) -> Session {
    let mut session = Session::new(mode);
    let input = options(POSTFIX);
    let mut out = Vec::new();
    assert_eq!(session.advance(&input, &mut out), Step::Done(input.len()));
    let wanted = if mode == Mode::Act { 0x4c } else { 0 };
    assert_eq!(out, options([6, wanted, 0x5372]));
    session
}

/// Feeds a packet; the answer, where none needs a decision.
fn feed(session: &mut Session, command: u8, data: &[u8]) -> (Step, Vec<u8>) {
    let (input, mut out) = (packet(command, data), Vec::new());
    (session.advance(&input, &mut out), out)
}

fn mail(session: &mut Session, sender: &[u8]) {
    let (step, out) = feed(session, b'M', sender);
    assert!(matches!(step, Step::Done(_)) && out.is_empty());
}

fn recipient(session: &mut Session, address: &[u8], meaning: &Recipient) -> Vec<u8> {
    let (step, mut out) = feed(session, b'R', address);
    assert!(matches!(step, Step::Recipient(_)) && out.is_empty());
    session.answer(meaning, &mut out);
    out
}

fn end(session: &mut Session, from: Option<&str>) -> Vec<u8> {
    let (step, mut out) = feed(session, b'E', b"");
    assert!(matches!(step, Step::EndOfMessage(_)) && out.is_empty());
    session.finish(from, &mut out);
    out
}

#[test]
fn a_message_that_leaves() {
    let mut session = negotiated(Mode::Act);
    feed(&mut session, b'D', b"Mi\0ABC\0{auth_type}\0\0");
    mail(&mut session, b"<alice@a.test>\0SIZE=100\0BODY=8BITMIME\0");
    assert_eq!((session.sender(), session.queue_id()), (&b"alice@a.test"[..], "ABC"));
    let proceeds = packet(b'c', b"");
    assert_eq!(recipient(&mut session, b"<local@b.test>\0", &Recipient::Stays), proceeds);
    assert!(!session.leaves());
    assert_eq!(recipient(&mut session, b"<away@b.test>\0", &Recipient::Leaves), proceeds);
    assert_eq!(session.recipient(), b"away@b.test");
    assert!(session.leaves());
    let changes = end(&mut session, Some("SRS0=x@b.test"));
    assert_eq!(changes, [packet(b'e', b"<SRS0=x@b.test>\0"), proceeds.clone()].concat());
    // Another one on the same connection.
    mail(&mut session, b"<>\0");
    assert!(session.sender().is_empty() && !session.leaves());
    assert_eq!(end(&mut session, None), proceeds);
}

#[test]
fn a_bounce() {
    let mut session = negotiated(Mode::Act);
    mail(&mut session, b"<>\0");
    let proceeds = packet(b'c', b"");
    let original = Recipient::Becomes("alice@a.test".to_owned());
    assert_eq!(recipient(&mut session, b"<SRS0=x@b.test>\0", &original), proceeds);
    let refused = Recipient::Refused(Reply::srs_expired());
    let refusal = packet(b'y', b"550 5.7.1 SRS address has expired\0");
    assert_eq!(recipient(&mut session, b"<SRS0=y@b.test>\0", &refused), refusal);
    let changes =
        [packet(b'-', b"<SRS0=x@b.test>\0"), packet(b'+', b"<alice@a.test>\0"), proceeds.clone()];
    assert_eq!(end(&mut session, None), changes.concat());
    assert_eq!(end(&mut session, None), proceeds, "nothing is left of it");
}

/// As cleanup(8) plays a client for sendmail(1) and bounce(8): what is refused at RCPT, it would try for ever.
#[test]
fn mail_of_this_machine_is_refused_no_recipient() {
    let mut session = negotiated(Mode::Act);
    feed(&mut session, b'C', b"localhost\x004\0\x00127.0.0.1\0");
    assert!(session.must_take());
    let proceeds = packet(b'c', b"");
    for sender in [&b"<>\0"[..], b"<root@a.test>\0"] {
        mail(&mut session, sender);
        for meaning in [
            Recipient::Refused(Reply::srs_expired()),
            Recipient::Becomes("alice@a.test".to_owned()),
            Recipient::Stays,
        ] {
            assert_eq!(recipient(&mut session, b"<SRS0=x@b.test>\0", &meaning), proceeds);
        }
        assert_eq!(session.returning().unwrap().client, None);
        let changes = [packet(b'-', b"<SRS0=x@b.test>\0"), packet(b'+', b"<alice@a.test>\0")];
        assert_eq!(end(&mut session, None), [changes.concat(), proceeds.clone()].concat());
    }
    // What cannot be decided can be put off.
    let put_off = packet(b'y', Reply::aliases_unknown().to_string().as_bytes());
    let answer = recipient(&mut session, b"<x@b.test>\0", &Recipient::Unknown);
    assert_eq!(answer.get(4..20), put_off.get(4..20));
    // Over SMTP from here, and from elsewhere.
    for peer in [&b"localhost\x004\x12\x34127.0.0.1\0"[..], b"x\x004\0\x00192.0.2.7\0"] {
        feed(&mut session, b'C', peer);
        assert!(!session.must_take());
    }
}

#[test]
fn what_returns_is_told_with_its_client() {
    let mut session = negotiated(Mode::Act);
    for (packet, address) in [
        (&b"mail.a.test\x004\x12\x34192.0.2.7\0"[..], Some("192.0.2.7")),
        (b"mail.a.test\x006\x12\x342001:db8::7\0", Some("2001:db8::7")),
        (b"mail.a.test\x006\x12\x34IPv6:2001:db8::7\0", Some("2001:db8::7")),
        (b"localhost\0L\0\0/run/socket\0", None),
        (b"unknown\0U", None),
        (b"x\x004\0", None),
    ] {
        let (step, out) = feed(&mut session, b'C', packet);
        assert!(matches!(step, Step::Done(_)) && out.is_empty());
        mail(&mut session, b"<>\0");
        assert_eq!(session.returning(), None);
        let original = Recipient::Becomes("alice@a.test".to_owned());
        recipient(&mut session, b"<SRS0=x@b.test>\0", &original);
        let client = address.map(|address| address.parse().unwrap());
        let returning = Returning { client, sender: b"", originals: vec!["alice@a.test"] };
        assert_eq!(session.returning(), Some(returning));
        let mut out = Vec::new();
        session.refuse(&Reply::srs_no_returns(), &mut out);
        assert!(out.windows(9).any(|octets| octets == b"550 5.7.1"));
        assert_eq!(session.returning(), None);
    }
}

#[test]
fn from_somebody_srs_addresses_and_others_do_not_share_a_message() {
    let original = Recipient::Becomes("alice@a.test".to_owned());
    for (sender, is_refused) in [(&b"<bob@a.test>\0"[..], true), (b"<>\0", false)] {
        for kinds in [[&original, &Recipient::Stays], [&Recipient::Leaves, &original]] {
            let mut session = negotiated(Mode::Act);
            mail(&mut session, sender);
            let answers = kinds.map(|kind| recipient(&mut session, b"<x@b.test>\0", kind));
            let later = answers.map(|out| out.windows(9).any(|octets| octets == b"452 4.5.3"));
            assert_eq!(later, [false, is_refused], "{kinds:?}");
        }
    }
}

#[test]
fn in_the_shadow_nothing_is_changed_or_refused() {
    let mut session = negotiated(Mode::Shadow);
    mail(&mut session, b"<alice@a.test>\0");
    let proceeds = packet(b'c', b"");
    for meaning in [
        Recipient::Refused(Reply::srs_expired()),
        Recipient::Becomes("x@y.test".to_owned()),
        Recipient::Unknown,
    ] {
        assert_eq!(recipient(&mut session, b"<SRS0=x@b.test>\0", &meaning), proceeds);
    }
    assert_eq!(end(&mut session, Some("SRS0=x@b.test")), proceeds);
}

#[test]
fn what_aborts_and_what_ends() {
    let mut session = negotiated(Mode::Act);
    mail(&mut session, b"<alice@a.test>\0");
    recipient(&mut session, b"<away@b.test>\0", &Recipient::Leaves);
    assert!(matches!(feed(&mut session, b'A', b""), (Step::Done(_), out) if out.is_empty()));
    assert!(!session.leaves() && session.sender().is_empty());
    assert!(matches!(feed(&mut session, b'K', b"").0, Step::Done(_)));
    assert_eq!(feed(&mut session, b'Q', b"").0, Step::Close);
    assert!(matches!(feed(&mut session, b'!', b"").0, Step::Broken(_)));
}

#[test]
fn servers_that_offer_less() {
    let start = |numbers| {
        let (mut session, mut out) = (Session::new(Mode::Act), Vec::new());
        let step = session.advance(&options(numbers), &mut out);
        (session, step, out)
    };
    assert!(matches!(start([1, 0x1ff, 0]).1, Step::Broken(_)));
    assert!(matches!(start([6, 0x3f, 0]).1, Step::Broken(_)), "no change of the sender");
    let (mut session, _, out) = start([4, 0x7f, 0]);
    assert_eq!(out, options([4, 0x4c, 0]));
    for command in *b"BCHLMNTU" {
        assert_eq!(feed(&mut session, command, b"x\0").1, packet(b'c', b""));
    }
    let mut early = Session::new(Mode::Act);
    assert!(matches!(feed(&mut early, b'M', b"<>\0").0, Step::Broken(_)));
    assert!(matches!(feed(&mut early, b'O', b"\0\0\0").0, Step::Broken(_)));
}

#[test]
fn replacements_are_bounded() {
    let mut session = negotiated(Mode::Act);
    mail(&mut session, b"<>\0");
    let meaning = Recipient::Becomes("a@a.test".to_owned());
    for _ in 0..MAX_REPLACED {
        recipient(&mut session, b"<SRS0=x@b.test>\0", &meaning);
    }
    let answer = recipient(&mut session, b"<SRS0=x@b.test>\0", &meaning);
    assert!(answer.windows(9).any(|octets| octets == b"452 4.5.3"));
}

proptest! {
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..60), is_new: bool) {
        let mut session = if is_new { Session::new(Mode::Act) } else { negotiated(Mode::Act) };
        let (mut at, mut out) = (0, Vec::new());
        while let Step::Done(taken) | Step::Recipient(taken) | Step::EndOfMessage(taken) =
            session.advance(&octets[at..], &mut out)
        {
            prop_assert!(taken > 4);
            at += taken;
        }
    }
}
