//! Any From field: what is read of it is bounded, and each author reads the same when written anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::message::{Authors, Header};

fuzz_target!(|from: &[u8]| {
    let message = [b"From:", from, b"\r\n\r\n"].concat();
    let header = Header::scan(&message);
    let Ok(authors) = Authors::read(&header) else { return };
    assert_eq!(header.named("From").count(), 1);
    assert!(!authors.mailboxes().is_empty() && authors.mailboxes().len() <= 10);
    assert!(authors.domains().len() <= 4);
    for author in authors.mailboxes() {
        assert!(authors.domains().contains(author.domain()));
        let again = format!("From: <{author}>\r\n\r\n");
        let again = Authors::read(&Header::scan(again.as_bytes())).unwrap();
        assert_eq!(again.mailboxes(), std::slice::from_ref(author));
    }
});
