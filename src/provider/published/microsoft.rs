//! Rules of Outlook.com.

use super::{
    Else::{Distrust, Reply},
    Rule,
    Whom::{All, Bulk, Forwarders},
    checks::{all, arc, dmarc_reject, name_leads_back, one_from, passes, reverse_path, spf},
};

const MICROSOFT_BULK: &str = "Microsoft, Outlook's requirements for high-volume senders, 2025-05";
const MICROSOFT_POLICIES: &str =
    "Microsoft, Policies (sendersupport.olc.protection.outlook.com/pm/policies.aspx), 2026";
const MICROSOFT_SRS: &str =
    "Microsoft, Sender Rewriting Scheme (learn.microsoft.com), of its own forwards, 2023-08";

pub(super) static MICROSOFT: &[Rule] = &[
    Rule {
        id: "name",
        says: "the sending address has a name (PTR), and is no dynamic one",
        source: MICROSOFT_POLICIES,
        whom: All,
        else_: Reply("550 5.7.25 the sending address has no PTR record"),
        check: name_leads_back,
    },
    Rule {
        id: "dmarc-policy",
        says: "mail that fails DMARC under reject is refused",
        source: MICROSOFT_POLICIES,
        whom: All,
        else_: Reply("550 5.7.509 does not pass DMARC verification, and has a policy of reject"),
        check: dmarc_reject,
    },
    Rule {
        id: "form",
        says: "a message has the form of RFC 5322",
        source: MICROSOFT_POLICIES,
        whom: All,
        else_: Reply("550 5.6.0 no single From"),
        check: one_from,
    },
    Rule {
        id: "bulk-authentication",
        says: "SPF and DKIM pass, and the From domain has a DMARC record that one of them meets",
        source: MICROSOFT_BULK,
        whom: Bulk,
        else_: Reply(
            "550 5.7.515 Access denied, sending domain does not meet the required authentication level",
        ),
        check: |facts| all([spf(facts), facts.dkim, facts.dmarc.map(|(result, _)| passes(result))]),
    },
    Rule {
        id: "reverse-path",
        says: "a forward has a reverse-path of the forwarder's, as Microsoft's own have",
        source: MICROSOFT_SRS,
        whom: Forwarders,
        else_: Distrust,
        check: reverse_path,
    },
    Rule {
        id: "arc",
        says: "ARC preserves the original checks of what is forwarded",
        source: MICROSOFT_BULK,
        whom: Forwarders,
        else_: Distrust,
        check: arc,
    },
    Rule {
        id: "complaints",
        says: "few readers complain (JMRP and SNDS tell how many)",
        source: MICROSOFT_POLICIES,
        whom: All,
        else_: Distrust,
        check: |_| None,
    },
];
