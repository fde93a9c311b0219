//! Rules of iCloud.

use super::{
    Else::{Distrust, Reply},
    Rule,
    Whom::{All, Bulk, Forwarders},
    checks::{all, arc, dmarc_policy, form, spf},
};

const APPLE_PAGE: &str =
    "Apple, Postmaster information for iCloud Mail (support.apple.com/102322), 2025-02";

/// "All requirements must be met in order to send a bulk email. If not, the email will be rejected": no number says what is bulk.
pub(super) static APPLE: &[Rule] = &[
    Rule {
        id: "dmarc-policy",
        says: "mail that fails DMARC under quarantine or reject is not from whom it says",
        source: APPLE_PAGE,
        whom: All,
        else_: Reply(
            "554 5.7.1 Your message was rejected due to the DMARC policy of the From domain",
        ),
        check: dmarc_policy,
    },
    Rule {
        id: "spf-and-dkim",
        says: "SPF and DKIM pass",
        source: APPLE_PAGE,
        whom: Bulk,
        else_: Reply("554 5.7.1 SPF and DKIM are required"),
        check: |facts| all([spf(facts), facts.dkim]),
    },
    Rule {
        id: "dmarc",
        says: "the sending domain has a DMARC record",
        source: APPLE_PAGE,
        whom: Bulk,
        else_: Reply("554 5.7.1 the sending domain has no DMARC record"),
        check: |facts| facts.own_dmarc,
    },
    Rule {
        id: "name",
        says: "the sending address has a name, of the sender's domain",
        source: APPLE_PAGE,
        whom: All,
        else_: Reply("550 5.7.25 the sending address has no name"),
        check: |facts| all([facts.name_leads_back, facts.name_is_ours]),
    },
    Rule {
        id: "form",
        says: "a message has the form of RFC 5322",
        source: APPLE_PAGE,
        whom: All,
        else_: Reply("550 5.6.0 message is not in the form of RFC 5322"),
        check: |facts| form(facts, |form| form.has_one_from && form.doubled.is_none()),
    },
    Rule {
        id: "arc",
        says: "whoever forwards adds ARC",
        source: APPLE_PAGE,
        whom: Forwarders,
        else_: Distrust,
        check: arc,
    },
];
