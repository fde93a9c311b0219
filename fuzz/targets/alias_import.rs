//! Any text as a table of Postfix, an alias file or CSV: whatever comes of it is an alias that prints to itself, and every
//! problem has a line of the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::Domain,
    alias::{
        AliasAddress,
        import::{Format, Surroundings, read},
    },
};

const FORMATS: [Format; 6] = [
    Format::PostfixVirtual,
    Format::PostfixRegexp,
    Format::PostfixPcre,
    Format::Aliases,
    Format::Exim,
    Format::Csv,
];

fuzz_target!(|text: &str| {
    let surroundings = Surroundings {
        domain: Domain::parse("example.org").ok(),
        mailboxes: Domain::parse("old.example").ok(),
    };
    let lines = text.split('\n').count();
    for format in FORMATS {
        for known in [&surroundings, &Surroundings::default()] {
            let import = read(format, text, known);
            for (line, alias) in &import.aliases {
                assert!((1..=lines).contains(line));
                let address = AliasAddress::parse(&alias.address().to_string());
                assert_eq!(address.as_ref(), Ok(alias.address()));
                assert!(alias.fault().is_none());
            }
            let said = import.problems.iter().chain(&import.notes);
            said.for_each(|problem| assert!((1..=lines).contains(&problem.line), "{format:?} {problem:?}"));
        }
    }
});
