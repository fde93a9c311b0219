//! Any message that returns: a report or none, decided within bounds; no word of it is told that is not known, and of
//! the header section in it nothing that we did not see.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    dsn::{Report, reason},
    message::{Header, Opened, OwnTrace, Seal, SealKey},
};

fuzz_target!(|message: &[u8]| {
    let Some(report) = Report::read(message) else { return };
    assert!((1..=100).contains(&report.recipients.len()));
    for recipient in &report.recipients {
        let names: Vec<&str> = recipient.addresses.iter().map(String::as_str).collect();
        let status = recipient.reply.status.expect("every recipient has a status");
        let told = recipient.reply.in_known_words(&names, reason(status));
        let harmless = |b: u8| b.is_ascii_alphabetic() || b" .,;:!?()'-/\"".contains(&b);
        assert!(told.text().len() <= 400 && told.text().bytes().all(harmless), "{told}");
    }
    let header = report.original();
    let traces = header.named("Received").filter_map(|it| OwnTrace::read(it.value));
    for trace in traces {
        assert_eq!(trace.id.to_string().len(), 16);
    }
    // Nobody but us has this key.
    let key = || SealKey::new([7; 32]);
    assert!(Opened::find(&header, [key()]).is_none());
    let sealed = [Seal::new(&key(), &header).field().as_bytes(), header.bytes()].concat();
    let sealed = Header::scan(&sealed);
    if let Some(opened) = Opened::find(&sealed, [key()]) {
        let kept = opened.author_fields(&sealed);
        assert!(kept.len() <= header.bytes().len() + 4 * header.fields().len());
    }
});
