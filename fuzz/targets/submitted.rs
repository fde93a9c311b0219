//! Any header section: whom a message names as its senders is read within bounds, and whoever may speak for one
//! address alone gets no other past.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{address::Mailbox, message::submitted::senders};

fuzz_target!(|message: &[u8]| {
    let _ = senders(message, |_| true);
    let may = |mailbox: &Mailbox| mailbox.to_key() == "me@example.org";
    if let Ok(from) = senders(message, may) {
        assert!(from.mailboxes().iter().all(may));
        assert!(from.domains().iter().all(|domain| domain.as_str().eq_ignore_ascii_case("example.org")));
    }
});
