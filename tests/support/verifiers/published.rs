//! Receivers that take what keeps their published rules, and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use onward::message::Header;
use onward::provider::published::{Facts, Form, RuleBook};
use onward::verdict::{self, DmarcPolicy, DmarcResult, Spf};

use super::{Arrival, Findings, Verifiers};
use crate::support::dns::Dns;
use crate::support::receiver::{Action, Builder, Receiver, Step};

/// A receiver that verifies every message from 127.0.0.1 at its final dot by independent verifiers, and answers as
/// `book` says of a forward. It asks `dns`, which has to outlive it.
pub fn published(book: RuleBook, verifiers: &Arc<Verifiers>, dns: &Dns) -> Builder {
    let (verifiers, dns): (_, SocketAddr) = (Arc::clone(verifiers), dns.address());
    Receiver::smtp().rule(move |at| {
        if at.step != Step::FinalDot {
            return None;
        }
        let client = [127, 0, 0, 1].into();
        let (helo, mail_from, message) = (at.helo, at.from, at.data);
        let found = verifiers.verify(dns, &Arrival { client, helo, mail_from, message });
        book.refusal(&facts(&found, message, true)).map(Action::reply)
    })
}

/// What independent verifiers found, as the rules look at it. Names and TLS are not those of a test.
pub fn facts(found: &Findings, message: &[u8], is_forward: bool) -> Facts {
    let form = Form::of(&Header::scan(message));
    let passes = |domain: &str| {
        found.dkim.iter().any(|it| it.result == "pass" && verdict::is_one_owner(&it.domain, domain))
    };
    let result = match found.dmarc.result.as_str() {
        "pass" => DmarcResult::Pass { by_dkim: passes(&found.dmarc.domain) },
        "fail" => DmarcResult::Fail,
        "temperror" => DmarcResult::TempError,
        "permerror" => DmarcResult::PermError,
        _ => DmarcResult::None,
    };
    let policy = DmarcPolicy::parse(&found.dmarc.policy).unwrap_or(DmarcPolicy::None);
    let is_of_author = |domain: &str| verdict::is_one_owner(domain, &found.dmarc.domain);
    let mut aligned = found.dkim.iter().filter(|it| is_of_author(&it.domain));
    Facts {
        is_forward,
        spf: Spf::parse(&found.spf.result),
        dkim: Some(found.dkim.iter().any(|it| it.result == "pass")),
        aligned_broken: Some(aligned.any(|it| it.result != "pass")),
        dmarc: Some((result, policy)),
        arc: verdict::Arc::parse(&found.arc.result),
        form: Some(form),
        ..Facts::default()
    }
}
