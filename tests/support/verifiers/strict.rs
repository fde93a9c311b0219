//! A receiver that enforces what Gmail enforces.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{Arrival, Findings, Verifiers};
use crate::support::dns::Dns;
use crate::support::receiver::{Action, Builder, Receiver, Step};

/// A receiver that verifies every message from 127.0.0.1 at its final dot and answers as [`judge`]
/// says. It asks `dns`, which has to outlive it.
pub fn strict(verifiers: &Arc<Verifiers>, dns: &Dns) -> Builder {
    let (verifiers, dns): (_, SocketAddr) = (Arc::clone(verifiers), dns.address());
    Receiver::smtp().rule(move |at| {
        if at.step != Step::FinalDot {
            return None;
        }
        let client = Ipv4Addr::LOCALHOST.into();
        let (helo, mail_from, message) = (at.helo, at.from, at.data);
        let found = verifiers.verify(dns, &Arrival { client, helo, mail_from, message });
        judge(&found).map(Action::reply)
    })
}

/// The refusal, or `None`: it is taken.
///
/// Gmail's conditions: SPF or DKIM has to pass for some domain, and what fails DMARC under a policy
/// of `reject` or `quarantine` is refused.
pub fn judge(found: &Findings) -> Option<&'static str> {
    let signed = found.dkim.iter().any(|signature| signature.result == "pass");
    match (found.dmarc.result.as_str(), found.dmarc.policy.as_str()) {
        ("temperror", _) => Some("451 4.4.3 no answer from DNS"),
        ("permerror", _) => Some("550 5.7.26 no usable From or DMARC record"),
        ("fail", "reject" | "quarantine") => {
            Some("550 5.7.26 unauthenticated: refused by the DMARC policy of the From domain")
        }
        _ if found.spf.result != "pass" && !signed => {
            Some("550 5.7.26 unauthenticated: neither SPF nor DKIM passes")
        }
        _ => None,
    }
}
