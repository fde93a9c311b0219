//! Any bytes: no panic, bounded memory, and the same dialogue however they are cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    envelope::{EnvelopeId, Notify, OriginalRecipient},
    reply::Reply,
    smtp::{
        BareLf,
        command::Command,
        parameter::Offered,
        session::{Session, SessionConfig, Step},
    },
};
use std::sync::Arc;

const MAX_MESSAGE_SIZE: usize = 300;

/// Output and messages in one stream; recipients are refused where their length is odd. A DATA is never the
/// end of a part, as what comes with one that is refused ends the session.
fn dialogue(wire: &[u8], cut: usize, bare_lf: BareLf) -> Vec<u8> {
    let mut session = Session::new(
        Arc::new(SessionConfig {
            hostname: "mx.test".into(),
            max_message_size: MAX_MESSAGE_SIZE,
            max_recipients: 3,
            max_errors: 5,
            bare_lf,
            minds_early_talk: false,
        }),
    );
    let mut heard = Vec::new();
    let mut start = 0;
    while start < wire.len() {
        let mut end = wire.len().min(start + cut.max(1));
        if end < wire.len() && ends_in_data(&wire[..end]) {
            end += 1;
        }
        session.receive(&wire[start..end]);
        start = end;
        loop {
            let step = session.poll();
            heard.append(session.output());
            assert!(session.held() <= MAX_MESSAGE_SIZE);
            let helo = session.helo().unwrap_or_default();
            assert!(helo.bytes().all(|b| b.is_ascii_graphic() && !b"()<>\\\";,@".contains(&b)));
            match step {
                // STARTTLS and AUTH are not offered here.
                Step::NeedInput | Step::StartTls | Step::Authenticate(_) | Step::Close => break,
                Step::Sender(_) => session.answer(Reply::sender_ok()),
                Step::Aborted(aborted) => {
                    heard.extend_from_slice(format!("{aborted:?}").as_bytes());
                }
                Step::Recipient(path, _) if path.to_string().len() % 2 == 1 => {
                    session.answer(Reply::no_such_alias());
                }
                Step::Recipient(..) => session.answer(Reply::recipient_ok()),
                Step::Data => session.answer(Reply::start_data()),
                Step::Message(transaction) => {
                    assert!(!transaction.envelope.forward_paths.is_empty());
                    session.answer(match transaction.message {
                        Ok(message) => {
                            assert!(message.len() <= MAX_MESSAGE_SIZE);
                            let bare = String::from_utf8_lossy(&message).replace("\r\n", "");
                            assert!(!bare.contains(['\r', '\n', '\0']));
                            heard.extend_from_slice(&message);
                            Reply::forwarded("id")
                        }
                        Err(refusal) => refusal,
                    });
                }
            }
        }
    }
    heard
}

fn ends_in_data(wire: &[u8]) -> bool {
    let last = wire.strip_suffix(b"\n").and_then(|wire| wire.rsplit(|&byte| byte == b'\n').next());
    last.is_some_and(|line| {
        let word = line.trim_ascii_end();
        word.len() >= 4 && word[word.len() - 4..].eq_ignore_ascii_case(b"DATA")
    })
}

/// What a line asks of DSNs, where they are offered, is ASCII without blanks, so that it can be passed on, and is read there
/// as it was here.
fn passes_on(line: &str) {
    match Command::parse_where(line, "mx.test", Offered { auth: true, dsn: true }) {
        Ok(Command::Mail { parameters: Some(given), .. }) => {
            assert!(is_passable(&given.dsn.to_string()));
            if let Some(id) = &given.dsn.envelope_id {
                assert_eq!(EnvelopeId::parse(id.as_str()).as_ref(), Some(id));
                assert!(is_printable(&id.text()));
            }
        }
        Ok(Command::Rcpt { dsn, .. }) => {
            assert!(is_passable(&dsn.to_string()));
            if let Some(notify) = dsn.notify {
                assert_eq!(Notify::parse(&notify.to_string()), Some(notify));
            }
            if let Some(original) = &dsn.original {
                assert_eq!(OriginalRecipient::parse(original.as_str()).as_ref(), Some(original));
                assert!(is_printable(&original.typed()));
            }
        }
        _ => {}
    }
}

/// Parameters with one blank before each.
fn is_passable(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(' ').is_some_and(|text| {
            text.split(' ').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic()))
        })
}

fn is_printable(text: &str) -> bool {
    !text.trim().is_empty() && text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, wire)) = data.split_first() else { return };
    let bare_lf = if cut % 2 == 0 { BareLf::Normalize } else { BareLf::Refuse };
    let cut = usize::from(cut / 2);
    String::from_utf8_lossy(wire).lines().for_each(passes_on);
    assert_eq!(dialogue(wire, cut, bare_lf), dialogue(wire, wire.len(), bare_lf));
});
