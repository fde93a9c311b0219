//! Whether Postfix takes mail for the SRS domain, and does with it what the bounces need.

use super::{
    Examination, Mode,
    endpoint::Place,
    setup::{Scope, words},
};
use crate::{
    admin::doctor::finding::{Finding, error},
    config::{ListenAddress, Protocol},
};

/// The lists of domains in the order of resolve(3), each with the recipients that are known there.
pub(super) const CLASSES: [(&str, &str); 4] = [
    ("mydestination", "local_recipient_maps"),
    ("virtual_alias_domains", "virtual_alias_maps"),
    ("virtual_mailbox_domains", "virtual_mailbox_maps"),
    ("relay_domains", "relay_recipient_maps"),
];

const MAIN: Scope = Scope::Main;

impl Examination<'_> {
    pub(super) fn srs_domain(&self) -> Vec<Finding> {
        let uses_milter = self.is_used(Mode::Milter);
        let uses_transport = self.is_used(Mode::Transport);
        if !(uses_milter || uses_transport || self.is_used(Mode::Tables)) {
            return Vec::new();
        }
        let domain = self.config.srs.settings.domain.to_string();
        let class = CLASSES.iter().find(|(list, _)| self.is_listed(list, &domain));
        let Some((list, recipients)) = class else {
            // With the tables a forgery is an unknown alias; others must see the recipient first.
            let list = if uses_milter || uses_transport {
                "relay_domains"
            } else {
                "virtual_alias_domains"
            };
            return vec![error(
                "srs-domain",
                format!("Postfix takes no mail for the SRS domain {domain}"),
                "every bounce to a forwarded message is refused as relaying",
                [self.with(list, &domain)],
            )];
        };
        let mut findings = Vec::new();
        if uses_milter || uses_transport {
            findings.extend(self.known(list, recipients, &domain));
        }
        if uses_transport && !uses_milter {
            findings.extend(self.transport(&domain));
        }
        findings
    }

    /// smtpd(8) looks whether a recipient is known before it asks a milter.
    fn known(&self, list: &str, recipients: &str, domain: &str) -> Option<Finding> {
        let maps = self.setup.list(MAIN, recipients);
        let address = format!("SRS0=AAAA=AA=example.com=x@{domain}");
        let at_domain = format!("@{domain}");
        let local = address.split('@').next().unwrap_or_default();
        let keys = [address.as_str(), local, at_domain.as_str()];
        let is_known = self.asks(recipients, "recipients")
            || (maps.is_empty() && list != "virtual_alias_domains")
            || self.setup.value(MAIN, "smtpd_reject_unlisted_recipient") == "no"
            || maps
                .iter()
                .chain(&self.setup.list(MAIN, "virtual_alias_maps"))
                .any(|table| keys.iter().any(|key| self.machine.lookup(table, key).is_some()));
        if is_known {
            return None;
        }
        let is_written =
            self.setup.list(MAIN, list).iter().any(|word| word.eq_ignore_ascii_case(domain));
        let mend = if list == "virtual_alias_domains" {
            let without = || self.without_word(MAIN, list, domain);
            let moved = is_written.then(|| vec![without(), self.with("relay_domains", domain)]);
            moved.unwrap_or_default()
        } else {
            // The milter refuses forgeries at RCPT itself; without one, the table does.
            let ours = self
                .table("recipients")
                .filter(|_| list != "virtual_mailbox_domains" && !self.is_used(Mode::Milter));
            let dots = domain.replace('.', "\\.");
            let any = || format!("regexp:{{{{/^SRS[01][-+=].*@{dots}$$/ srs}}}}");
            vec![self.with(recipients, &ours.unwrap_or_else(any))]
        };
        Some(error(
            "srs-recipients",
            format!("{list} has the SRS domain {domain}, and {recipients} knows no SRS addresses"),
            "bounces are refused as to unknown users, before Onward is asked of them",
            mend,
        ))
    }

    /// Bounces must go to our listener as the mail of hosted domains does.
    fn transport(&self, domain: &str) -> Option<Finding> {
        let tables = self.setup.list(MAIN, "transport_maps");
        let mut keys = vec![format!("SRS0=AAAA=AA=example.com=x@{domain}")];
        keys.extend(parents(domain, false));
        let found = keys.iter().find_map(|key| {
            tables.iter().find_map(|table| Some((*table, key, self.machine.lookup(table, key)?)))
        });
        let right = || {
            self.config.listen.iter().find_map(|listen| match &listen.address {
                ListenAddress::Tcp { host, port }
                    if listen.protocol == Protocol::Smtp && listen.proxy_protocol.is_empty() =>
                {
                    let host = if host == "0.0.0.0" || host == "::" { "127.0.0.1" } else { host };
                    let host =
                        if host.contains(':') { format!("ipv6:{host}") } else { host.to_owned() };
                    Some(format!("inline:{{ {domain}=smtp:[{host}]:{port} }}"))
                }
                _ => None,
            })
        };
        let Some((table, key, to)) = found else {
            return Some(error(
                "srs-transport",
                format!("transport_maps sends the SRS domain {domain} nowhere"),
                "bounces to forwarded messages do not come to Onward, which alone can reverse them",
                right().map(|entry| self.with("transport_maps", &entry)),
            ));
        };
        self.is_elsewhere(&to).then(|| {
            let mut mend = self.taken_out("transport_maps", table, |known| {
                known.eq_ignore_ascii_case(key)
            });
            mend.extend(right().map(|entry| self.with("transport_maps", &entry)));
            error(
                "srs-transport",
                format!("transport_maps sends the SRS domain {domain} to {to}, where Onward takes no mail"),
                "bounces to forwarded messages do not come to Onward, which alone can reverse them",
                mend,
            )
        })
    }

    /// A port of this machine at which no smtp listener is.
    fn is_elsewhere(&self, to: &str) -> bool {
        let Some(address) = to.strip_prefix("smtp:").or_else(|| to.strip_prefix("relay:")) else {
            return false;
        };
        let (host, port) = address.rsplit_once("]:").unwrap_or((address, "25"));
        let host = host.trim_matches(['[', ']']).trim_start_matches("ipv6:");
        let place = Place::Inet(match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        });
        matches!(host, "127.0.0.1" | "localhost" | "::1")
            && !self.config.listen.iter().any(|listen| {
                listen.protocol == Protocol::Smtp
                    && (place.is(&listen.address)
                        || matches!(listen.address, ListenAddress::Systemd(_)))
            })
    }

    /// The command that adds a word to a list of main.cf.
    pub(super) fn with(&self, list: &str, word: &str) -> String {
        let mut words = self.setup.written_words(MAIN, list);
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
        self.setup.set(MAIN, list, &words.join(", "))
    }

    /// Whether a list of main.cf has a domain.
    pub(super) fn is_listed(&self, list: &str, domain: &str) -> bool {
        let (words, is_parent_enough) = (self.setup.list(MAIN, list), self.takes_children(list));
        self.contains(&words, domain, is_parent_enough, list == "relay_domains")
    }

    fn takes_children(&self, list: &str) -> bool {
        self.setup.list(MAIN, "parent_domain_matches_subdomains").contains(&list)
    }

    /// match_list(3): the first that matches decides, and `!` turns it. Only relay_domains looks at parents.
    fn contains(
        &self,
        list: &[&str],
        domain: &str,
        is_parent_enough: bool,
        has_parents: bool,
    ) -> bool {
        let keys =
            if has_parents { parents(domain, is_parent_enough) } else { vec![domain.to_owned()] };
        let is_key = |word: &str| keys.iter().any(|key| key.eq_ignore_ascii_case(word));
        for word in list {
            let (is_negated, word) =
                word.strip_prefix('!').map_or((false, *word), |word| (true, word));
            let matches = if word.starts_with('/') {
                let text = self.machine.read(word).unwrap_or_default();
                let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
                lines.flat_map(words).any(is_key)
            } else if word.contains(':') {
                keys.iter().any(|key| self.machine.lookup(word, key).is_some())
            } else {
                is_key(word)
            };
            if matches {
                return !is_negated;
            }
        }
        false
    }
}

/// The domain and those above it, in front of which `.` stands unless their name alone is enough.
fn parents(domain: &str, is_parent_enough: bool) -> Vec<String> {
    let mut keys = vec![domain.to_owned()];
    let mut rest = domain;
    while let Some((_, parent)) = rest.split_once('.') {
        keys.push(if is_parent_enough { parent.to_owned() } else { format!(".{parent}") });
        rest = parent;
    }
    keys
}
