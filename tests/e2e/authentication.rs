//! What independent verifiers find in the mail that Onward hands on.

mod classes;
mod corpus;
mod from_field;
mod matrix;
mod once;
mod own_from;
mod rounds;
mod signing;
mod strict;

use crate::support::dns::Dns;
use crate::support::onward::Onward;

/// Puts the records of Onward's own DKIM keys into DNS, if it has any.
pub(crate) fn publish_own_keys(onward: &Onward, dns: &Dns) {
    let records = onward.cli(&["dkim", "key", "dns"]).stdout;
    for line in records.lines().filter(|line| line.contains(" TXT ")) {
        let (name, text) = line.split_once(" IN TXT ").unwrap();
        let strings: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        dns.txt(name.trim_end_matches('.'), &strings.concat());
    }
}
