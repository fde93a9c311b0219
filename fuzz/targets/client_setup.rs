//! Path, query and host of whatever asks how mail programs are set up: a domain or nothing, and nothing of what was asked is
//! markup in a document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::{Domain, Mailbox},
    client_setup::{Document, Incoming, Outgoing, Person, Request, apple_profile, autoconfig},
};

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (path, query, host) = (next(), next(), next());
    let Some(Request { document, domain }) = Request::parse(path, query, host) else { return };
    let known = Domain::parse("example.org").unwrap();
    let outgoing = Outgoing { host: known.clone(), implicit: Some(465), starttls: Some(587) };
    let server = "imap.example.net".parse().unwrap();
    let incoming = Incoming { server, username: None };
    let me = Mailbox::parse("me@example.org").unwrap();
    let profile = |address: Mailbox, account: Option<Mailbox>| {
        let account = account.unwrap_or_else(|| address.clone());
        apple_profile(&Person { account, address }, &outgoing, &incoming).unwrap()
    };
    let (made, plain) = match document {
        Document::Autoconfig => {
            let of = |domain| autoconfig(domain, &outgoing, Some(&incoming), "%EMAILADDRESS%");
            (of(&domain), of(&known))
        }
        Document::Profile { address, account } => (profile(address, account), profile(me, None)),
    };
    for mark in ['<', '>'] {
        assert_eq!(made.matches(mark).count(), plain.matches(mark).count());
    }
    for rest in made.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;"].iter().any(|known| rest.starts_with(known)));
    }
    assert!(made.chars().all(|character| character == '\n' || !character.is_control()));
});
