//! Any bytes of a destination: however they are cut, the same replies, in bounds, and harmless once
//! they are made for a client.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    reply::Hidden,
    smtp::reply_reader::{ReplyReader, ServerReply},
};

fn replies(wire: &[u8], cut: usize) -> (Vec<ServerReply>, bool) {
    let mut reader = ReplyReader::default();
    let mut heard = Vec::new();
    for part in wire.chunks(cut.max(1)) {
        reader.receive(part);
        loop {
            match reader.poll() {
                Ok(Some(reply)) => heard.push(reply),
                Ok(None) => break,
                Err(_) => return (heard, false),
            }
        }
    }
    (heard, true)
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, wire)) = data.split_first() else { return };
    let (heard, _) = replies(wire, usize::from(cut));
    assert_eq!(heard, replies(wire, wire.len()).0);
    for reply in heard {
        let mut out = Vec::new();
        reply.to_foreign().for_client(&Hidden::default()).write_to(&mut out);
        let text = out.strip_suffix(b"\r\n").unwrap();
        for line in text.split(|octet| *octet == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            assert!(line.len() <= 510 && line.iter().all(|b| matches!(b, b' '..=b'~')));
            assert_eq!(line.get(..3), text.get(..3), "every line has the code");
        }
    }
});
