//! Rules of Yahoo and AOL.

use super::{
    Else::{Distrust, Reply},
    Rule,
    Whom::{All, Bulk, Forwarders},
    checks::{all, arc, dmarc_policy, form, name_leads_back, spf, spf_or_dkim},
    gmail::UNSUBSCRIBE,
};

const YAHOO_SENDERS: &str =
    "Yahoo, Sender best practices (senders.yahooinc.com/best-practices), 2026";
const YAHOO_CODES: &str = "Yahoo, SMTP error codes (senders.yahooinc.com/smtp-error-codes), 2026";

pub(super) static YAHOO: &[Rule] = &[
    Rule {
        id: "spf-or-dkim",
        says: "SPF or DKIM passes",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Reply("554 5.7.9 message not accepted: neither SPF nor DKIM passes"),
        check: spf_or_dkim,
    },
    Rule {
        id: "dmarc-policy",
        says: "the DMARC policy of the From domain is followed",
        source: YAHOO_CODES,
        whom: All,
        else_: Reply("554 5.7.9 message not accepted for policy reasons: DMARC"),
        check: dmarc_policy,
    },
    Rule {
        id: "domains",
        says: "the domains of reverse-path and From exist: an SOA is found for them",
        source: YAHOO_CODES,
        whom: All,
        else_: Reply("554 5.1.8 the domain of the reverse-path does not exist"),
        check: |facts| facts.reverse_path_exists,
    },
    Rule {
        id: "name",
        says: "the sending address has a name that leads back to it",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Reply("421 4.7.25 the sending address has no name that leads back"),
        check: name_leads_back,
    },
    Rule {
        id: "own-name",
        says: "that name is of the sender's domain, and none that a provider gives to everybody",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Distrust,
        check: |facts| facts.name_is_ours,
    },
    Rule {
        id: "form",
        says: "a message has the form of RFC 5322",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Reply("554 5.6.0 message is not in the form of RFC 5322"),
        check: |facts| form(facts, |form| form.has_one_from && form.doubled.is_none()),
    },
    Rule {
        id: "all-aligned",
        says: "of several signatures aligned with From all pass, or DMARC may not",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Distrust,
        check: |facts| facts.aligned_broken.map(|is_broken| !is_broken),
    },
    Rule {
        id: "arc",
        says: "whoever forwards adds ARC",
        source: YAHOO_SENDERS,
        whom: Forwarders,
        else_: Distrust,
        check: arc,
    },
    Rule {
        id: "bulk-authentication",
        says: "SPF and DKIM pass, and the sending domain has a DMARC record",
        source: YAHOO_SENDERS,
        whom: Bulk,
        else_: Reply("554 5.7.9 message not accepted: SPF, DKIM or a DMARC record is missing"),
        check: |facts| all([spf(facts), facts.dkim, facts.own_dmarc]),
    },
    Rule { source: YAHOO_SENDERS, ..UNSUBSCRIBE },
    Rule {
        id: "spam-rate",
        says: "fewer than 0.3 percent of the messages are called spam by their readers",
        source: YAHOO_SENDERS,
        whom: All,
        else_: Distrust,
        check: |_| None,
    },
];
