//! What holds for every dialogue: cuts do not matter, refused commands change nothing, no bytes
//! upset the session, and text of a message never runs as commands.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod smuggling;

use onward::{
    address::ForwardPath,
    envelope::Envelope,
    reply::Reply,
    smtp::{
        BareLf,
        session::{Session, SessionConfig, Step, Transaction},
    },
};
use proptest::prelude::*;
use std::sync::Arc;

const MAX_MESSAGE_SIZE: usize = 400;

/// What a session did, in order. Adjacent output is one event, wherever it was cut.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Said(String),
    Asked(ForwardPath),
    Got(Box<Transaction>),
    Closed,
}

/// A session with a driver that decides on recipients by their local part.
struct Driven {
    session: Session,
    events: Vec<Event>,
}

impl Driven {
    fn new(max_errors: u32, bare_lf: BareLf) -> Self {
        let config = SessionConfig {
            hostname: "mx.test".into(),
            max_message_size: MAX_MESSAGE_SIZE,
            max_recipients: 3,
            max_errors,
            bare_lf,
            minds_early_talk: false,
        };
        let mut session = Session::new(Arc::new(config));
        session.greet();
        Self { session, events: Vec::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.session.receive(bytes);
        loop {
            let step = self.session.poll();
            self.drain();
            match step {
                Step::NeedInput => break,
                Step::StartTls | Step::Authenticate(_) => panic!("it is not offered"),
                Step::Sender(_) => self.session.answer(Reply::sender_ok()),
                Step::Aborted(_) => {}
                Step::Data => self.session.answer(Reply::start_data()),
                Step::Recipient(path, _) => {
                    self.session.answer(verdict(&path));
                    self.events.push(Event::Asked(path));
                }
                Step::Message(transaction) => match transaction.message {
                    Ok(_) => {
                        self.session.answer(Reply::forwarded("id"));
                        self.events.push(Event::Got(transaction));
                    }
                    Err(refusal) => self.session.answer(refusal),
                },
                Step::Close => {
                    if self.events.last() != Some(&Event::Closed) {
                        self.events.push(Event::Closed);
                    }
                    break;
                }
            }
        }
    }

    fn drain(&mut self) {
        let output = String::from_utf8(std::mem::take(self.session.output())).unwrap();
        match self.events.last_mut() {
            _ if output.is_empty() => {}
            Some(Event::Said(said)) => said.push_str(&output),
            _ => self.events.push(Event::Said(output)),
        }
    }

    fn is_closed(&self) -> bool {
        self.events.last() == Some(&Event::Closed)
    }

    fn said(&self) -> String {
        self.events
            .iter()
            .map(|event| if let Event::Said(text) = event { text.as_str() } else { "" })
            .collect()
    }

    fn state(&self) -> (Option<String>, bool, Option<Envelope>, usize, bool) {
        let session = &self.session;
        (
            session.helo().map(str::to_owned),
            session.is_esmtp(),
            session.envelope_so_far().cloned(),
            session.held(),
            session.in_data(),
        )
    }
}

fn verdict(path: &ForwardPath) -> Reply {
    match path.to_string().as_bytes()[1] {
        b'n' => Reply::no_such_alias(),
        b'l' => Reply::alias_defers("later"),
        b'o' => Reply::other_destination(),
        _ => Reply::recipient_ok(),
    }
}

/// Feeds `wire` in parts. What comes with a DATA that is refused ends the session, so a DATA is never the
/// end of a part unless it is that of the whole.
fn run(wire: &[u8], cuts: &[usize], bare_lf: BareLf) -> Driven {
    let mut driven = Driven::new(5, bare_lf);
    let mut start = 0;
    for cut in cuts.iter().cycle() {
        if start == wire.len() {
            break;
        }
        let mut end = start + (*cut).clamp(1, wire.len() - start);
        if end < wire.len() && ends_in_data(&wire[..end]) {
            end += 1;
        }
        driven.feed(&wire[start..end]);
        start = end;
    }
    driven
}

fn ends_in_data(wire: &[u8]) -> bool {
    let last = wire.strip_suffix(b"\n").and_then(|wire| wire.rsplit(|&byte| byte == b'\n').next());
    last.is_some_and(|line| {
        let word = line.trim_ascii_end();
        word.len() >= 4 && word[word.len() - 4..].eq_ignore_ascii_case(b"DATA")
    })
}

fn either_mode() -> impl Strategy<Value = BareLf> {
    prop::sample::select(vec![BareLf::Normalize, BareLf::Refuse])
}

/// Lines that a session mostly takes, whole messages among them.
fn in_order() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just("EHLO c.test"),
        1 => Just("HELO c.test"),
        4 => Just("MAIL FROM:<a@b.c>"),
        1 => Just("MAIL FROM:<é@b.c> SMTPUTF8 BODY=8BITMIME SIZE=7"),
        5 => Just("RCPT TO:<x@y.z>"),
        1 => Just("RCPT TO:<Postmaster>"),
        2 => Just("DATA\r\nQUIT\r\n..\r\n."),
        1 => Just("DATA\r\na\nb\r\n.\r\n."),
        2 => Just("BDAT 6\r\nQUIT\r\nNOOP"),
        1 => Just("BDAT 3\r\na\nbNOOP"),
        1 => Just("BDAT 399\r\nDATA\r\n.\r\n"),
        2 => Just("BDAT 5 LAST\r\n.\r\n\r\nNOOP"),
        1 => Just("RSET"),
        1 => Just("NOOP x"),
        1 => Just("VRFY x"),
    ]
    .prop_map(|line| [line.as_bytes(), b"\r\n"].concat())
}

/// What is refused in every state, or in some.
fn out_of_order() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        &b"EHLO\r\n"[..],
        b"EHLO a\x1bb\r\n",
        b"HELO \x7f\r\n",
        b"MAIL FROM:<a@b.c>\r\n",
        b"MAIL FROM:<\xc3\xa9@b.c>\r\n",
        b"MAIL FROM:<a@b.c> SIZE=401\r\n",
        b"MAIL FROM:<a@b.c> SIZE=1 X=Y\r\n",
        b"MAIL FROM:a@b.c> SMTPUTF8\r\n",
        b"RCPT TO:<x@y.z>\r\n",
        b"RCPT TO:<n@y.z>\r\n",
        b"RCPT TO:<later@y.z>\r\n",
        b"RCPT TO:<other@y.z>\r\n",
        b"RCPT TO:<\xc3\xa9@y.z>\r\n",
        b"RCPT TO:<>\r\n",
        b"RCPT TO:<x@y.z> NOTIFY=NEVER\r\n",
        b"DATA\r\n",
        b"DATA x\r\n",
        b"BDAT 6\r\nRSET\r\n",
        b"BDAT 6 LAST\r\nQUIT\r\n",
        b"BDAT 6 LAST x\r\nQUIT\r\n",
        b"RSET x\r\n",
        b"QUIT x\r\n",
        b"EXPN x\r\n",
        b"VRFY\r\n",
        b"STARTTLS\r\n",
        b"AUTH PLAIN AG1lAHJpZ2h0\r\n",
        b"\r\n",
        b"RSET\nRSET\nQUIT\r\n",
        b"RS\0ET\r\n",
        b"RSET\r\r\n",
        b"RSET\rRSET\r\n",
        b"RSET \xff\r\n",
    ])
    .prop_map(<[u8]>::to_vec)
}

fn too_long() -> impl Strategy<Value = Vec<u8>> {
    (2040usize..2060).prop_map(|length| [&b"NOOP "[..], &vec![b'x'; length], b"\r\n"].concat())
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![
            3 => prop::sample::select(&b"\r\n.\0 :<>@aBDAT0"[..]),
            1 => any::<u8>(),
        ],
        0..30,
    )
}

/// Where a session stands, from connect to the middle of a message.
fn opening() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec![
        "",
        "HELO c\r\n",
        "EHLO c\r\n",
        "EHLO c\r\nMAIL FROM:<>\r\n",
        "EHLO c\r\nMAIL FROM:<a@b.c> SMTPUTF8\r\nRCPT TO:<x@y.z>\r\n",
        "HELO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\nRCPT TO:<n@y.z>\r\n",
        "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.z>\r\nRCPT TO:<y@y.z>\r\nRCPT TO:<z@y.z>\r\n",
        "EHLO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z>\r\nBDAT 3\r\na\r\n",
    ])
    .prop_map(|text| text.as_bytes().to_vec())
}

fn dialogue() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        8 => in_order(),
        3 => out_of_order(),
        1 => too_long(),
        1 => noise(),
        1 => Just(b"QUIT\r\n".to_vec()),
        1 => Just(b"GET / HTTP/1.1\r\n".to_vec()),
        1 => Just(b"BDAT -1\r\nRSET\r\n".to_vec()),
        1 => Just(b"BDAT 401 LAST\r\nRSET\r\n".to_vec()),
    ];
    (opening(), prop::collection::vec(part, 0..25))
        .prop_map(|(opening, parts)| [opening, parts.concat()].concat())
}

fn assert_replies(said: &str) {
    let mut lines = said.split("\r\n").collect::<Vec<_>>();
    assert_eq!(lines.pop(), Some(""), "output ends within a line: {said:?}");
    let mut reply_so_far = None;
    for line in lines {
        assert!(line.len() <= 510, "{line}");
        assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)), "{line:?}");
        let (code, rest) = line.split_at(3);
        assert!(code.parse::<u16>().is_ok_and(|code| (200..600).contains(&code)), "{line}");
        assert!(reply_so_far.is_none_or(|before| before == code), "{said}");
        // RFC 2034 §4: the class of the enhanced code is that of the reply.
        let unmarked = ["220", "354"].contains(&code) || is_ehlo(said, line);
        assert!(unmarked || rest[1..].starts_with(&format!("{}.", &code[..1])), "{line}");
        reply_so_far = match rest.as_bytes()[0] {
            b'-' => Some(code),
            b' ' => None,
            _ => panic!("{line}"),
        };
    }
    assert_eq!(reply_so_far, None, "a reply without its last line: {said}");
}

fn is_ehlo(said: &str, line: &str) -> bool {
    const EXTENSIONS: [&str; 6] =
        ["PIPELINING", "SIZE 400", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"];
    said.contains(line) && (EXTENSIONS.contains(&&line[4..]) || &line[4..] == "mx.test")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn cuts_do_not_matter(
        wire in dialogue(),
        cuts in prop::collection::vec(prop_oneof![1usize..5, 1usize..100, Just(5000)], 1..20),
        mode in either_mode(),
    ) {
        let whole = run(&wire, &[usize::MAX], mode);
        prop_assert_eq!(&run(&wire, &cuts, mode).events, &whole.events);
        prop_assert_eq!(&run(&wire, &[1], mode).events, &whole.events);
    }

    #[test]
    fn a_refused_command_changes_no_state(
        opening in opening(),
        more in prop::collection::vec(prop_oneof![4 => in_order(), 1 => out_of_order()], 0..6),
        command in prop_oneof![9 => out_of_order(), 1 => too_long()],
        after in prop::collection::vec(prop_oneof![4 => in_order(), 1 => out_of_order()], 0..12),
    ) {
        let new = || Driven::new(1000, BareLf::Refuse);
        let (mut with, mut without) = (new(), new());
        let before = [opening, more.concat()].concat();
        with.feed(&before);
        without.feed(&before);
        // The rest of a chunk or message that was begun.
        let rest = [&[b'x'; 400][..], b"\r\n.\r\n"].concat();
        if with.session.in_data() {
            with.feed(&rest);
            without.feed(&rest);
        }
        // Behind a DATA that is refused, what is no command would be its text.
        let next_is_a_command = |driven: &mut Driven| {
            driven.feed(b"NOOP\r\n");
            driven.events.clear();
        };
        next_is_a_command(&mut with);
        next_is_a_command(&mut without);
        let state = with.state();
        with.feed(&command);
        // What is said to a chunk of a message that began well is a verdict on the message.
        let verdict = command.starts_with(b"BDAT") && with.said().starts_with("55");
        let refused = with.said().starts_with(['4', '5']) && !verdict;
        prop_assume!(refused && !with.session.in_data());
        prop_assert_eq!(with.state(), state);
        next_is_a_command(&mut with);
        next_is_a_command(&mut without);
        with.feed(&after.concat());
        without.feed(&after.concat());
        prop_assert_eq!(with.state(), without.state());
        prop_assert_eq!(with.events, without.events);
    }

    #[test]
    fn any_bytes_are_answered_with_replies(wire in prop_oneof![
        dialogue(),
        prop::collection::vec(noise(), 0..40).prop_map(|parts| parts.concat()),
    ], cut in 1usize..200, mode in either_mode()) {
        let driven = run(&wire, &[cut], mode);
        assert_replies(&driven.said());
        prop_assert!(driven.session.held() <= MAX_MESSAGE_SIZE);
        for event in &driven.events {
            if let Event::Got(transaction) = event {
                let message = transaction.message.as_ref().unwrap();
                prop_assert!(message.len() <= MAX_MESSAGE_SIZE);
                prop_assert!(!transaction.envelope.forward_paths.is_empty());
                let bare = String::from_utf8_lossy(message).replace("\r\n", "");
                prop_assert!(!bare.contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn a_chunk_never_runs_as_commands(
        opening in opening(),
        chunk in prop_oneof![dialogue(), noise()],
        tail in prop::sample::select(vec!["", " LAST", " LAST x", " \t"]),
        mode in either_mode(),
    ) {
        let mut driven = Driven::new(5, mode);
        driven.feed(&opening);
        let asked = |driven: &Driven| {
            driven.events.iter().filter(|event| matches!(event, Event::Asked(_))).count()
        };
        let (asked_before, said_before) = (asked(&driven), driven.said().len());
        driven.feed(format!("BDAT {}{tail}\r\n", chunk.len()).as_bytes());
        driven.feed(&chunk);
        prop_assert_eq!(asked(&driven), asked_before);
        prop_assert_eq!(driven.is_closed(), chunk.len() > MAX_MESSAGE_SIZE);
        if driven.is_closed() {
            return Ok(());
        }
        prop_assert_eq!(driven.said()[said_before..].lines().count(), 1);
        driven.feed(b"NOOP\r\n");
        prop_assert!(driven.said().ends_with("\r\n250 2.0.0 OK\r\n"));
    }
}
