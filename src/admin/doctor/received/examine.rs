//! What differs between there and here, and what mends it.

use super::{DmarcVerdict, Hop, Ours, Received, SpfVerdict, Verdicts};
use crate::{
    admin::doctor::finding::{Finding, Severity, error, finding, shell, warning},
    verdict::is_one_owner,
};

/// Receivers that ask forwarders for ARC, or count it.
const WANT_ARC: [&str; 3] = ["iCloud", "Outlook", "Yahoo"];

/// Looks through it all, errors first.
pub(super) fn examine(received: &Received, ours: &Ours) -> Vec<Finding> {
    let Received { hop, here, there, .. } = received;
    let mut findings = Vec::from_iter(of_hop(hop.as_ref(), ours));
    let Some(there) = there else {
        findings.push(warning(
            "no-results",
            "nobody behind us says in the message what he found (Authentication-Results): is it the original, with all \
             of its header fields, as the receiver got it?",
            "what the receiver concluded is not to be known without",
            None,
        ));
        return findings;
    };
    if let Some(hop) = hop {
        let view = View { hop, here: here.as_ref(), there, ours };
        findings.extend(view.spf());
        findings.extend(view.signatures());
        findings.extend(view.dmarc());
        findings.extend(view.arc());
    }
    if there.compauth.as_deref() == Some("fail") {
        findings.push(warning(
            "compauth",
            "Microsoft's own judgement of all of it (compauth) is that the message is not from whom it says",
            "it goes to the junk folder, whatever SPF, DKIM and DMARC came to by themselves",
            None,
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn of_hop(hop: Option<&Hop>, ours: &Ours) -> Option<Finding> {
    match hop {
        None => Some(error(
            "no-hop",
            format!(
                "no Received field of {} is in it: it came another way, or the file is not the original (Gmail: Show \
                 original, Download; Outlook: View message source; iCloud: View, Message, Raw Source)",
                ours.hostname
            ),
            "what was done to the message here cannot be told",
            None,
        )),
        Some(hop) if !hop.by.eq_ignore_ascii_case(&ours.hostname) => Some(warning(
            "other-hop",
            format!("it passed through {}, and this configuration is of {}", hop.by, ours.hostname),
            "what is said of domains and keys is that of this configuration",
            None,
        )),
        Some(_) => None,
    }
}

/// A message that passed through here, and was judged behind us.
struct View<'a> {
    hop: &'a Hop,
    here: Option<&'a Verdicts>,
    there: &'a Verdicts,
    ours: &'a Ours,
}

impl View<'_> {
    fn spf(&self) -> Option<Finding> {
        let SpfVerdict { result, domain, client } = self.there.spf.as_ref()?;
        let who = &self.there.who;
        let is_ours = domain.is_empty()
            || self.ours.has(domain)
            || domain.eq_ignore_ascii_case(&self.ours.hostname);
        match (is_ours, result.as_str()) {
            (true, "pass") => None,
            (true, "temperror") => Some(finding(
                Severity::Hint,
                "spf",
                format!("DNS did not tell {who} the SPF record of {domain}"),
                "once is nothing; if it stays, see whether its name servers answer everybody",
                None,
            )),
            (true, _) => {
                let client_text = client.map(|ip| format!(" for {ip}")).unwrap_or_default();
                let doctor = match client {
                    Some(ip) => format!("onward doctor --address {ip}"),
                    None => "onward doctor".to_owned(),
                };
                Some(error(
                    "spf",
                    format!(
                        "SPF of {domain}, our own domain, came to {result} at {who}{client_text}"
                    ),
                    "mail that passes by no signature either is refused there, or filed as spam; the doctor prints the record",
                    [doctor],
                ))
            }
            (false, "pass") => Some(warning(
                "not-rewritten",
                format!(
                    "it came to {who} with a sender at {domain}, which is no domain of ours (srs.exempt_domains?)"
                ),
                "a bounce does not come back by us, and SPF passes only while that domain names this server",
                None,
            )),
            (false, _) => Some(error(
                "not-rewritten",
                format!(
                    "it came to {who} with a sender at {domain}, which is no domain of ours, and SPF came to {result}: \
                     see srs.exempt_domains, and whether something between us and {who} forwards once more"
                ),
                "a forward needs a reverse-path of ours to pass SPF",
                ["onward check".to_owned()],
            )),
        }
    }

    /// Those that passed here and do not there, and our own that do not.
    fn signatures(&self) -> Vec<Finding> {
        let who = &self.there.who;
        let passes_there = |domain: &str| self.there.passing().any(|it| it == domain);
        let mut findings = Vec::new();
        let mut broken: Vec<&str> = self
            .there
            .dkim
            .iter()
            .filter(|it| !["pass", "temperror"].contains(&it.result.as_str()))
            .map(|it| &*it.domain)
            .filter(|domain| !domain.is_empty() && !passes_there(domain))
            .collect();
        broken.sort_unstable();
        broken.dedup();
        for domain in broken {
            let passed_here =
                self.here.is_some_and(|it| it.passing().any(|it| is_same(it, domain)));
            let is_own = self.hop.signed_by.iter().any(|own| is_same(own, domain));
            let id = &self.hop.id;
            findings.push(match (passed_here, is_own) {
                (true, _) => error(
                    "dkim-broken",
                    format!("the signature of {domain} passed here, and does not at {who}"),
                    "it covers a field that every hop adds or changes, which the journal notes, or something behind us \
                     changed the message: a gateway, a list, a second forward",
                    [format!("onward trace --id {}", shell(id))],
                ),
                (false, true) => error(
                    "own-dkim",
                    format!("our own signature, of {domain}, does not pass at {who}"),
                    "the record of the key is missing or another, or something behind us changed the message",
                    ["onward dkim key dns".to_owned(), "onward doctor".to_owned()],
                ),
                (false, false) => finding(
                    Severity::Hint,
                    "dkim-came-broken",
                    format!("the signature of {domain} passes neither here nor at {who}"),
                    "its sender, or whoever had the message before us, has to mend that",
                    None,
                ),
            });
        }
        findings
    }

    fn dmarc(&self) -> Option<Finding> {
        let who = &self.there.who;
        let DmarcVerdict { result, domain, policy } = self.there.dmarc.as_ref()?;
        if result != "fail" {
            return None;
        }
        let here = self.here.and_then(|here| here.dmarc.as_ref());
        let policy = policy.as_deref().or_else(|| here.and_then(|it| it.policy.as_deref()));
        // What is not told may be as strict as any.
        let severity = match policy {
            Some("none") => Severity::Warning,
            _ => Severity::Error,
        };
        let asks = policy.map(|policy| format!(" (p={policy})")).unwrap_or_default();
        if self.ours.has(domain) {
            return Some(finding(
                severity,
                "own-dmarc",
                format!("mail as {domain}, a domain of ours, fails DMARC at {who}{asks}"),
                "it needs a signature of that domain, or SPF of a sender at it",
                [format!("onward dkim key add {domain}"), "onward doctor".to_owned()],
            ));
        }
        let by_signature =
            self.here.is_some_and(|here| here.passing().any(|it| is_one_owner(it, domain)));
        Some(match here.map(|here| &*here.result) {
            Some("pass") if by_signature => finding(
                severity,
                "dmarc-lost",
                format!(
                    "{domain} passed DMARC here by its signature, and fails at {who}{asks}: the signature broke"
                ),
                "the receiver refuses such mail, or files it as spam",
                [format!("onward trace --id {}", shell(&self.hop.id))],
            ),
            Some("pass") => finding(
                severity,
                "dmarc-by-spf",
                format!(
                    "{domain} passed DMARC here by SPF alone, which no forward keeps, and fails at {who}{asks}"
                ),
                "its sender should sign; until then From has to become the alias, as auth.spf_only = \"munge\" has it, for \
                 policies that are enforced",
                ["in [auth]: spf_only = \"munge\", dmarc = \"enforce\"; then onward reload"
                    .to_owned()],
            ),
            Some(_) => finding(
                Severity::Warning,
                "dmarc-failed",
                format!("{domain} fails DMARC at {who}{asks}, as it did here"),
                "it came without a signature and SPF of its From domain that count: forged, or for its sender to mend",
                None,
            ),
            None => finding(
                severity,
                "dmarc-failed",
                format!("{domain} fails DMARC at {who}{asks}; what it came to here is not known"),
                "with auth.dmarc = \"mark\" or \"enforce\" the next message tells",
                [format!("onward trace --id {}", shell(&self.hop.id))],
            ),
        })
    }

    fn arc(&self) -> Option<Finding> {
        let who = &self.there.who;
        let came = self.here.and_then(|here| here.arc.as_deref());
        match (&self.hop.sealed_by, self.there.arc.as_deref()) {
            (Some(_), Some("fail")) if came == Some("fail") => Some(finding(
                Severity::Hint,
                "arc",
                format!("the ARC chain fails at {who}, and came broken here"),
                "whoever broke it before us has to mend that; it counts as no chain",
                None,
            )),
            (Some(domain), Some("fail")) => Some(warning(
                "arc",
                format!("the ARC chain that we went on with for {domain} fails at {who}"),
                "the record of the key is missing or another, or something behind us changed the message",
                ["onward dkim key dns".to_owned(), "onward doctor".to_owned()],
            )),
            (None, _) if WANT_ARC.contains(&who.as_str()) && !self.hop.is_submitted => {
                let srs = &self.ours.srs_domain;
                let mend = match self.ours.never_seals {
                    true => "in [auth]: arc = \"auto\"; then onward reload".to_owned(),
                    false => format!("onward dkim key add {srs} --kind rsa"),
                };
                Some(finding(
                    Severity::Hint,
                    "no-arc",
                    format!("no ARC set of ours is in it, which {who} asks forwarders for"),
                    "with one, it can see what the message passed before it was forwarded; it takes an RSA key of the SRS \
                     domain, and auth.arc",
                    [mend],
                ))
            }
            _ => None,
        }
    }
}

/// `i=` may be below `d=`, and hosts tell one or the other.
fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || is_one_owner(a, b)
}
