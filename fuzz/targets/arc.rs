//! Any header section: a chain of ARC sets, or none, or a reason; a set more than there is breaks it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::auth::arc::structure;

fuzz_target!(|message: &[u8]| {
    if let Some(Ok(sets)) = structure(message) {
        assert!((1..=20).contains(&sets));
        let more = [b"ARC-Seal: i=1; cv=none\r\n", message].concat();
        assert!(matches!(structure(&more), Some(Err(_))));
    }
});
