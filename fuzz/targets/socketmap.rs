//! Any bytes: a request within its bounds, or none; however they are cut, the same requests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::socketmap::{MAX_REQUEST, Parsed, parse};

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    loop {
        let whole = parse(rest);
        for end in 0..rest.len().min(64) {
            let part = parse(&rest[..end]);
            assert!(part == Parsed::Partial || part == whole);
        }
        match whole {
            Parsed::Question(question, taken) => {
                assert!(question.key.len() < taken && taken <= rest.len().min(MAX_REQUEST + 20));
                rest = &rest[taken..];
            }
            Parsed::NoTable(taken) => rest = &rest[taken..],
            Parsed::Partial | Parsed::Broken(_) => break,
        }
    }
});
