//! Any bytes: no panic, bounded memory, and the same dialogue however they are cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    reply::Reply,
    smtp::{
        BareLf,
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
                Step::Recipient(path) if path.to_string().len() % 2 == 1 => {
                    session.answer(Reply::no_such_alias());
                }
                Step::Recipient(_) => session.answer(Reply::recipient_ok()),
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

fuzz_target!(|data: &[u8]| {
    let Some((&cut, wire)) = data.split_first() else { return };
    let bare_lf = if cut % 2 == 0 { BareLf::Normalize } else { BareLf::Refuse };
    let cut = usize::from(cut / 2);
    assert_eq!(dialogue(wire, cut, bare_lf), dialogue(wire, wire.len(), bare_lf));
});
