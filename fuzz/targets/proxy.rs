//! Any bytes: no panic, and an answer once given stands whatever follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::proxy::parse;

fuzz_target!(|data: &[u8]| {
    let whole = parse(data);
    for end in 0..data.len().min(300) {
        let part = parse(&data[..end]);
        assert!(part == Ok(None) || part == whole);
    }
    if let Ok(Some(parsed)) = whole {
        assert!(parsed.consumed <= data.len());
    }
});
