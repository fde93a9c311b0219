//! Any text as a sender that an alias allows: what parses prints to itself, carries no line end, and means an
//! address where it is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{address::Mailbox, alias::SenderPattern};

fuzz_target!(|text: &str| {
    let Ok(pattern) = SenderPattern::parse(text) else { return };
    let printed = pattern.to_string();
    assert!(!printed.contains(['\r', '\n', '\0']));
    assert_eq!(SenderPattern::parse(&printed).as_ref(), Ok(&pattern));
    if let Ok(mailbox) = Mailbox::parse(text) {
        assert!(matches!(pattern, SenderPattern::Domain(_)) || pattern.matches(&mailbox));
    }
});
