//! Domains that Onward hosts, in the lists and tables of Postfix.

use super::{Examination, Mode, domain::CLASSES, mention::Asked, setup::Scope};
use crate::admin::doctor::finding::{Finding, Severity, error, finding};

const MAIN: Scope = Scope::Main;

/// How many aliases a table of Postfix is asked about.
const MAX_ASKED: usize = 20;

impl Examination<'_> {
    pub(super) fn handed(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let takes = self.is_used(Mode::Transport);
        if !takes && self.asks("relay_domains", "domains") {
            findings.push(error(
                "no-transport",
                "relay_domains has the domains of Onward, and transport_maps does not send them to it",
                "Postfix sends their mail to their MX, which is itself",
                self.table("transport").map(|table| self.with("transport_maps", &table)),
            ));
        }
        let asks_aliases = self.asks("virtual_alias_maps", "alias");
        if !asks_aliases && self.asks("virtual_alias_domains", "domains") {
            findings.push(error(
                "no-aliases",
                "virtual_alias_domains has the domains of Onward, and virtual_alias_maps not its aliases",
                "every one of their addresses is an unknown user",
                self.table("alias").map(|table| self.with("virtual_alias_maps", &table)),
            ));
        }
        if !(takes || asks_aliases) {
            return findings;
        }
        let list = if takes { "relay_domains" } else { "virtual_alias_domains" };
        let is_taken = |domain: &&String| self.class(domain).is_some();
        let untaken: Vec<&str> = self
            .ours
            .domains
            .iter()
            .filter(|domain| !is_taken(domain))
            .map(String::as_str)
            .collect();
        if !untaken.is_empty() {
            findings.push(error(
                "domains",
                format!("Postfix takes no mail for {}, which Onward hosts", untaken.join(", ")),
                "mail to their aliases is refused as relaying",
                self.table("domains").map(|table| self.with(list, &table)),
            ));
        }
        if takes {
            findings.extend(self.ours.domains.iter().filter_map(|domain| self.both_worlds(domain)));
            findings.extend(self.asked_before_us());
            findings.extend(self.backscatter());
        }
        findings
    }

    /// The list that decides about a domain.
    fn class(&self, domain: &str) -> Option<&'static str> {
        let lists = CLASSES.iter().map(|(list, _)| *list);
        lists.into_iter().find(|list| self.is_listed(list, domain))
    }

    /// A domain that Postfix keeps for itself is not sent on.
    fn both_worlds(&self, domain: &str) -> Option<Finding> {
        let list = self.class(domain).filter(|list| *list != "relay_domains")?;
        let is_domain = |word: &&&str| word.eq_ignore_ascii_case(domain);
        let words = self.setup.list(MAIN, list);
        let mut mend = Vec::new();
        if let Some(word) = words.iter().find(is_domain) {
            mend.push(self.without_word(MAIN, list, word));
        }
        for word in words.iter().filter(|word| self.machine.lookup(word, domain).is_some()) {
            let is_ours = self.mentions.iter().any(|mention| {
                mention.is_in(MAIN, list)
                    && mention.word == *word
                    && self.listener(mention).is_some()
            });
            let is_key = |key: &str| key.eq_ignore_ascii_case(domain);
            mend.extend(match is_ours {
                true => vec![self.without_word(MAIN, list, word)],
                false => self.taken_out(list, word, is_key),
            });
        }
        if !self.is_listed("relay_domains", domain)
            && let Some(table) = self.table("domains")
        {
            mend.push(self.with("relay_domains", &table));
        }
        Some(error(
            "both-worlds",
            format!("{domain} is hosted by Onward, and stands in {list} of Postfix"),
            "what stands there is not handed over: Postfix delivers or refuses its mail by itself",
            mend,
        ))
    }

    /// Postfix follows its own aliases before it looks where a recipient goes.
    fn asked_before_us(&self) -> Vec<Finding> {
        let domains = &self.ours.domains;
        let mut keys: Vec<String> = domains.iter().map(|domain| format!("@{domain}")).collect();
        let aliases = self.ours.aliases.iter().filter(|alias| is_address(alias)).cloned();
        keys.extend(aliases.take(MAX_ASKED));
        let is_handed = |key: &str| {
            let domain = key.rsplit_once('@').map(|(_, domain)| domain);
            domain.is_some_and(|domain| domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
        };
        let tables = self.tables_of_others("virtual_alias_maps");
        let mut findings = Vec::new();
        for table in tables {
            let mut known = keys.iter().filter(|key| self.machine.lookup(table, key).is_some());
            let Some(key) = known.next() else { continue };
            findings.push(error(
                "both-worlds",
                format!("virtual_alias_maps has {key} in {table}, which Onward hosts"),
                "Postfix follows its own alias, and Onward is never asked",
                self.taken_out("virtual_alias_maps", table, is_handed),
            ));
        }
        findings
    }

    /// What Onward refuses behind Postfix, Postfix bounces to whoever is named as the sender.
    fn backscatter(&self) -> Vec<Finding> {
        const WHY: &str =
            "Postfix takes mail to unknown addresses and bounces it, to people who never wrote";
        let mut findings = Vec::new();
        if self.setup.value(MAIN, "smtpd_reject_unlisted_recipient") == "no" {
            findings.push(error(
                "backscatter",
                "smtpd_reject_unlisted_recipient is no, and domains are handed over to Onward",
                WHY,
                [self.setup.unset(MAIN, "smtpd_reject_unlisted_recipient")],
            ));
        }
        if self.asks("relay_recipient_maps", "recipients") {
            return findings;
        }
        let maps = self.setup.list(MAIN, "relay_recipient_maps");
        let mut asked = self.ours.aliases.iter().filter(|alias| is_address(alias)).take(MAX_ASKED);
        let unknown = asked.find(|alias| {
            let domain = alias.rsplit_once('@').map(|(_, domain)| format!("@{domain}"));
            let keys = [Some((*alias).clone()), domain];
            !maps
                .iter()
                .any(|map| keys.iter().flatten().any(|key| self.machine.lookup(map, key).is_some()))
        });
        let mend = self.table("recipients").map(|table| self.with("relay_recipient_maps", &table));
        // A policy service of ours refuses at RCPT what the listener would.
        let is_refused = self.mentions.iter().any(|mention| {
            mention.asked == Asked::Policy
                && matches!(mention.scope, Scope::Main)
                && ["smtpd_recipient_restrictions", "smtpd_relay_restrictions"]
                    .contains(&mention.parameter)
                && self.listener(mention).is_some()
        });
        let severity = if is_refused { Severity::Warning } else { Severity::Error };
        if maps.is_empty() {
            findings.push(finding(
                severity,
                "backscatter",
                "relay_recipient_maps is empty, and domains are handed over to Onward",
                WHY,
                mend,
            ));
        } else if let Some(alias) = unknown {
            findings.push(error(
                "recipients",
                format!("relay_recipient_maps does not know {alias}, an alias of Onward's"),
                "its mail is refused as to an unknown user",
                mend,
            ));
        }
        findings
    }
}

/// An alias that is one address: no catch-all, no pattern.
fn is_address(alias: &str) -> bool {
    alias.contains('@') && !alias.starts_with(['*', '/', '^'])
}
