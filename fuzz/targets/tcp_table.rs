//! Any bytes: a line that is a request, or none; however they are cut, the same requests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::tcp_table::{MAX_LINE, Parsed, parse};

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    loop {
        let whole = parse(rest);
        for end in 0..rest.len().min(64) {
            let part = parse(&rest[..end]);
            assert!(part == Parsed::Partial || part == whole);
        }
        match whole {
            Parsed::Get(key, taken) => {
                assert!(key.len() < taken && taken <= rest.len().min(MAX_LINE));
                rest = &rest[taken..];
            }
            Parsed::Partial | Parsed::Broken => break,
        }
    }
});
