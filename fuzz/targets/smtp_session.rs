//! Any bytes: no panic, bounded memory, and the same dialogue however they are cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    reply::Reply,
    smtp::session::{Session, SessionConfig, Step},
};
use std::sync::Arc;

const MAX_MESSAGE_SIZE: usize = 300;

/// Output and messages in one stream; recipients are refused where their length is odd.
fn dialogue(wire: &[u8], cut: usize) -> Vec<u8> {
    let mut session = Session::new(
        Arc::new(SessionConfig {
            hostname: "mx.test".into(),
            max_message_size: MAX_MESSAGE_SIZE,
            max_recipients: 3,
            max_errors: 5,
        }),
        0,
    );
    let mut heard = Vec::new();
    for part in wire.chunks(cut.max(1)) {
        session.receive(part);
        loop {
            let step = session.poll();
            heard.append(session.output());
            assert!(session.held() <= MAX_MESSAGE_SIZE);
            match step {
                // STARTTLS is not offered here.
                Step::NeedInput | Step::StartTls | Step::Close => break,
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

fuzz_target!(|data: &[u8]| {
    let Some((&cut, wire)) = data.split_first() else { return };
    assert_eq!(dialogue(wire, usize::from(cut)), dialogue(wire, wire.len()));
});
