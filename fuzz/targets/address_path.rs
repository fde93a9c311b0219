//! Any text as the path of MAIL or RCPT: what parses prints to itself and carries no line end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::address::{ForwardPath, ReversePath};

fuzz_target!(|text: &str| {
    if let Ok((path, _)) = ForwardPath::parse(text) {
        let printed = path.to_string();
        assert!(!printed.contains(['\r', '\n', '\0']));
        assert_eq!(ForwardPath::parse(&printed), Ok((path, "")));
    }
    if let Ok((path, _)) = ReversePath::parse_at(text, "mx.test") {
        let printed = path.to_string();
        assert!(!printed.contains(['\r', '\n', '\0']));
        assert_eq!(ReversePath::parse(&printed), Ok((path, "")));
    }
});
