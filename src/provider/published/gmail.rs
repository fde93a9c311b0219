//! Gmail's rules.

use super::{
    Else::{Distrust, Reply},
    Rule,
    Whom::{All, Bulk, Forwarders},
    checks::{
        alignment, dmarc_policy, form, key_bits, message_id, name_leads_back, one_from, passes,
        reverse_path, single_fields, spf, spf_or_dkim, tls,
    },
};

const GOOGLE_SENDERS: &str =
    "Google, Email sender guidelines (support.google.com/mail/answer/81126), 2026-03";
const GOOGLE_CODES: &str =
    "Google, SMTP errors and codes (support.google.com/a/answer/3726730), 2026-02";
const GOOGLE_FORWARDING: &str =
    "Google, Forwarding email to Gmail (support.google.com/mail/answer/175365), 2026-03";

pub(super) static GMAIL: &[Rule] = &[
    Rule {
        id: "spf-or-dkim",
        says: "SPF or DKIM passes, for whatever domain",
        source: GOOGLE_SENDERS,
        whom: All,
        else_: Reply("550 5.7.26 unauthenticated: neither SPF nor DKIM passes"),
        check: spf_or_dkim,
    },
    Rule {
        id: "dmarc-policy",
        says: "mail that fails DMARC under quarantine or reject is not from whom it says",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("550 5.7.26 unauthenticated: refused by the DMARC policy of the From domain"),
        check: dmarc_policy,
    },
    Rule {
        id: "name",
        says: "the sending address has a name (PTR), and the name leads back to it",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("550 5.7.25 the sending address has no PTR record that leads back"),
        check: name_leads_back,
    },
    Rule {
        id: "tls",
        says: "the connection is encrypted",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("421 4.7.29 not encrypted"),
        check: tls,
    },
    Rule {
        id: "from",
        says: "there is one From, in the form of RFC 5322",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("550 5.7.1 no single From"),
        check: one_from,
    },
    Rule {
        id: "message-id",
        says: "there is one Message-ID, in the form of RFC 5322",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("550 5.7.1 no valid Message-ID"),
        check: message_id,
    },
    Rule {
        id: "single-fields",
        says: "no field is there twice that RFC 5322 has once",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("550 5.7.1 a field that may be there once is there twice"),
        check: single_fields,
    },
    Rule {
        id: "hops",
        says: "there are at most 50 hops",
        source: GOOGLE_CODES,
        whom: All,
        else_: Reply("554 5.4.6 exceeded 50 hops"),
        check: |facts| form(facts, |form| form.hops <= 50),
    },
    Rule {
        id: "impersonation",
        says: "From is at gmail.com only in mail of Gmail's own",
        source: GOOGLE_SENDERS,
        whom: All,
        else_: Distrust,
        check: |facts| {
            let claims = form(facts, |form| form.authors.iter().any(|it| it == "gmail.com"))?;
            if claims { facts.dmarc.map(|(result, _)| passes(result)) } else { Some(true) }
        },
    },
    Rule {
        id: "ascii",
        says: "header fields are ASCII, but in mail by SMTPUTF8",
        source: GOOGLE_CODES,
        whom: All,
        else_: Distrust,
        check: |facts| form(facts, |form| !form.has_raw_utf8),
    },
    Rule {
        id: "key",
        says: "DKIM keys have 1024 bits at least, better 2048",
        source: GOOGLE_SENDERS,
        whom: All,
        else_: Distrust,
        check: key_bits,
    },
    Rule {
        id: "reverse-path",
        says: "a forwarder puts a reverse-path of its own, which SPF passes for",
        source: GOOGLE_FORWARDING,
        whom: Forwarders,
        else_: Distrust,
        check: reverse_path,
    },
    Rule {
        id: "bulk-spf",
        says: "SPF passes",
        source: GOOGLE_CODES,
        whom: Bulk,
        else_: Reply("421 4.7.27 SPF does not pass"),
        check: spf,
    },
    Rule {
        id: "bulk-dkim",
        says: "DKIM passes",
        source: GOOGLE_CODES,
        whom: Bulk,
        else_: Reply("421 4.7.30 DKIM does not pass"),
        check: |facts| facts.dkim,
    },
    Rule {
        id: "bulk-dmarc",
        says: "the sending domain has a DMARC record; p=none will do",
        source: GOOGLE_CODES,
        whom: Bulk,
        else_: Reply("421 4.7.40 the sending domain has no DMARC record"),
        check: |facts| facts.own_dmarc,
    },
    Rule {
        id: "bulk-alignment",
        says: "From is aligned with SPF or DKIM; forwards are exempt",
        source: GOOGLE_CODES,
        whom: Bulk,
        else_: Reply("421 4.7.32 From is not aligned"),
        check: alignment,
    },
    UNSUBSCRIBE,
    Rule {
        id: "spam-rate",
        says: "fewer than 0.3 percent of the messages are called spam by their readers",
        source: GOOGLE_SENDERS,
        whom: All,
        else_: Distrust,
        check: |_| None,
    },
];

pub(super) const UNSUBSCRIBE: Rule = Rule {
    id: "bulk-unsubscribe",
    says: "newsletters can be left by one click (RFC 8058); what people write to each other need not",
    source: GOOGLE_SENDERS,
    whom: Bulk,
    else_: Distrust,
    check: |facts| {
        if facts.is_forward { Some(true) } else { form(facts, |form| form.has_one_click) }
    },
};
