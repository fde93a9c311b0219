//! Any bytes of a mail server: no panic, bounded memory, the same answers however they are cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::milter::{Mode, Recipient, Session, Step};

/// All answers to `data`, of which `cut` octets are there at first.
fn answers(data: &[u8], cut: usize, mode: Mode) -> (Vec<u8>, bool) {
    let mut session = Session::new(mode);
    let (mut at, mut end, mut out) = (0, cut.min(data.len()), Vec::new());
    loop {
        match session.advance(&data[at..end], &mut out) {
            Step::Partial if end == data.len() => return (out, false),
            Step::Partial => end = data.len(),
            Step::Done(taken) => at += taken,
            Step::Recipient(taken) => {
                at += taken;
                let meaning = match session.recipient().len() % 3 {
                    0 => Recipient::Stays,
                    1 => Recipient::Leaves,
                    _ => Recipient::Becomes("alice@sender.test".to_owned()),
                };
                session.answer(&meaning, &mut out);
            }
            Step::EndOfMessage(taken) => {
                at += taken;
                session.finish(session.leaves().then_some("srs@example.org"), &mut out);
            }
            Step::Close | Step::Broken(_) => return (out, true),
        }
        assert!(at <= end);
    }
}

fuzz_target!(|data: &[u8]| {
    for mode in [Mode::Act, Mode::Shadow] {
        let whole = answers(data, data.len(), mode);
        for cut in [0, 1, 4, 5, data.len() / 2] {
            assert_eq!(answers(data, cut, mode), whole);
        }
    }
});
