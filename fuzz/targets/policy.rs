//! Any bytes: attributes up to an empty line, or none; however they are cut, the same question.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::policy::{MAX_REQUEST, Parsed, parse};

fuzz_target!(|data: &[u8]| {
    let whole = parse(data);
    for end in 0..data.len().min(256) {
        let part = parse(&data[..end]);
        assert!(part == Parsed::Partial || part == whole);
    }
    if let Parsed::Question(question, taken) = whole {
        assert!(taken <= data.len().min(MAX_REQUEST));
        assert!(question.recipient.len() + question.sender.len() < taken);
        assert!(!question.recipient.contains(&b'\n'));
    }
});
