//! Copies for smart hosts that take no From but ours.

use super::{Bearer, named, proof};
use crate::{
    mail::{
        checks::{self, Report},
        plan::Planned,
    },
    message::Named,
    verdict::{Check, Proof},
};

impl Bearer<'_> {
    /// How the author is named where a smart host takes no From but ours; `None` where that is ours already, or no
    /// destination is behind such a host.
    pub(super) async fn in_own_name(self, report: &Report, planned: &[Planned]) -> Option<Named> {
        let Self { parts, sender, now } = self;
        if !planned.iter().any(wants_own_from) {
            return None;
        }
        let from = report.authors.as_ref()?;
        let domains = from.domains();
        if domains.iter().all(|domain| parts.aliases.is_hosted(domain)) {
            return None;
        }
        let asked;
        let found = match (&report.authentication, parts.config.auth.policy.dmarc) {
            (Some(checked), Check::Mark | Check::Enforce) => &checked.findings,
            _ => {
                asked = checks::findings(parts, sender, &report.message, now, true).await;
                &asked
            }
        };
        // The new From is vouched for by us.
        let unproven = domains.iter().find(|it| proof(found, &it.to_key()) != Proof::Proven);
        Some(
            unproven
                .map_or(Named::Known, |domain| Named::NotVerified(named(from, domain.as_str()))),
        )
    }
}

/// Whether a copy goes to a smart host that refuses a From that is not ours. All copies of a recipient have one form.
pub(super) fn wants_own_from(to: &Planned) -> bool {
    let mut relays = to.recipient.destinations.iter().filter_map(|to| to.next_hop.relay.as_ref());
    relays.any(|relay| relay.takes_own_from)
}
