//! Any text as the export of a hosted service: whatever comes of it is an alias that prints to itself, and every
//! problem has a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::{Domain, Mailbox},
    alias::{
        AliasAddress,
        import::{Beside, Service, read_service},
    },
};

const SERVICES: [Service; 5] = [
    Service::SimpleLogin,
    Service::Addy,
    Service::ForwardEmail,
    Service::ImprovMx,
    Service::Cloudflare,
];

fuzz_target!(|text: &str| {
    let beside = Beside {
        domain: Domain::parse("example.org").ok(),
        to: Mailbox::parse("me@x.test").into_iter().collect(),
    };
    for service in SERVICES {
        let import = read_service(service, text, &beside);
        for (place, alias) in &import.aliases {
            assert!(*place > 0);
            assert_eq!(AliasAddress::parse(&alias.address().to_string()).as_ref(), Ok(alias.address()));
            assert!(alias.fault().is_none());
        }
        assert!(import.problems.iter().chain(&import.notes).all(|problem| problem.line > 0));
    }
});
