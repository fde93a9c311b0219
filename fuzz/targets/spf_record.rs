//! Any TXT record: it parses or not, and what parses is printable ASCII behind its version.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::auth::spf::is_valid_record;

fuzz_target!(|text: &[u8]| {
    let _ = is_valid_record(text);
    let record = [b"v=spf1 ", text].concat();
    if is_valid_record(&record) {
        assert!(record.iter().all(|byte| matches!(byte, b' '..=b'~')));
        // A directive that nobody knows makes any record invalid.
        assert!(!is_valid_record(&[&record[..], b" nonsense"].concat()));
    }
});
