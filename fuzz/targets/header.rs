//! Any message: its header section is a prefix of it, and the fields put before it stay apart from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::message::{Header, MAX_HEADER, without_mbox_line};

fuzz_target!(|message: &[u8]| {
    let message = without_mbox_line(message).unwrap_or(message);
    let header = Header::scan(message);
    assert!(message.starts_with(header.bytes()));
    let joined: usize = header.fields().iter().map(|f| f.name.len() + f.value.len()).sum();
    assert!(joined <= header.bytes().len());
    if header.is_ended() && header.bytes().len() < MAX_HEADER / 2 {
        let prefixed = [b"X-First: 1\r\n", message].concat();
        let again = Header::scan(&prefixed);
        assert_eq!(again.fields().len(), header.fields().len() + 1);
        assert_eq!(again.fields()[0].value, b" 1\r\n");
    }
});
