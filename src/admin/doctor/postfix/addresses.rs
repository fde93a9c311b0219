//! What the milter has to know of Postfix's aliases and mailboxes.

use super::{
    Examination, Mode, onward_toml,
    setup::{Scope, words},
};
use crate::{
    address::{Domain, DomainPattern},
    admin::doctor::finding::{Finding, Severity, error, finding, shell, warning},
    config::{Listen, Protocol},
};

const MAIN: Scope = Scope::Main;

/// Kinds of tables that `postmap` makes from a file of the same name, or reads as they are.
const OF_FILES: [&str; 6] = ["hash", "btree", "lmdb", "dbm", "cdb", "texthash"];

/// What the mend of a map that does not answer begins with where it is a command.
const MENDERS: [&str; 4] = ["postmap ", "postalias ", "chgrp ", "setfacl "];

impl<'a> Examination<'a> {
    pub(super) fn aliases_of_the_milter(&self) -> Vec<Finding> {
        if !self.is_used(Mode::Milter) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        let milters = self.config.listen.iter().enumerate();
        for (number, listen) in milters.filter(|(_, listen)| listen.protocol == Protocol::Milter) {
            findings.extend(self.too_few_maps(number, listen));
            findings.extend(self.maps_without_answers(number, listen));
            findings.extend(self.local_domains(number, listen));
            if listen.milter.shadow {
                findings.push(warning(
                    "shadow",
                    format!("the milter at {} has shadow = true", listen.address),
                    "it only tells the log what it would do: nothing is rewritten or refused",
                    self.ours.file.set("listen", number, "shadow", "false"),
                ));
            }
        }
        findings
    }

    /// The tables of a parameter that lead on to other addresses, without our own.
    pub(super) fn tables_of_others(&self, parameter: &'static str) -> Vec<&'a str> {
        let is_ours = |word: &str| {
            self.mentions.iter().any(|mention| {
                mention.is_in(MAIN, parameter)
                    && mention.word == word
                    && self.listener(mention).is_some()
            })
        };
        let tables = self.setup.list(MAIN, parameter).into_iter();
        tables.filter(|word| word.contains(':') && !is_ours(word)).collect()
    }

    fn too_few_maps(&self, number: usize, listen: &Listen) -> Option<Finding> {
        let known = &listen.milter.alias_maps;
        let bare = |table: &str| table.strip_prefix("proxy:").unwrap_or(table).to_owned();
        let is_missing = |table: &&str| !known.iter().any(|map| bare(map) == bare(table));
        let of = |parameter| -> Vec<&str> {
            self.tables_of_others(parameter).into_iter().filter(is_missing).collect()
        };
        let (of_domains, local) = (of("virtual_alias_maps"), of("alias_maps"));
        let missing: Vec<&str> = [&of_domains[..], &local[..]].concat();
        if missing.is_empty() {
            return None;
        }
        let all: Vec<&str> = known.iter().map(String::as_str).chain(missing.clone()).collect();
        let severity = match of_domains.is_empty() && !known.is_empty() {
            true => Severity::Warning,
            false => Severity::Error,
        };
        Some(finding(
            severity,
            "alias-maps",
            format!("alias_maps of the milter at {} lacks {}", listen.address, missing.join(", ")),
            "what is forwarded by these leaves with the sender as it came, and fails SPF",
            self.ours.file.set("listen", number, "alias_maps", &onward_toml::list(&all)),
        ))
    }

    fn maps_without_answers(&self, number: usize, listen: &Listen) -> Vec<Finding> {
        let maps = &listen.milter.alias_maps;
        let faults = self.ours.faults.iter().filter(|fault| maps.contains(&fault.map));
        faults
            .map(|fault| {
                let is_command = MENDERS.iter().any(|program| fault.mend.starts_with(program));
                let others: Vec<&String> = maps.iter().filter(|map| **map != fault.map).collect();
                let mend = match is_command {
                    true => Some(fault.mend.clone()),
                    false if !fault.why.ends_with("No such file or directory") => None,
                    false => self.ours.file.set(
                        "listen",
                        number,
                        "alias_maps",
                        &onward_toml::list(&others),
                    ),
                };
                error(
                    "alias-map",
                    format!("alias_maps of the milter: {fault}"),
                    "mail is deferred while it cannot be told where an alias leads",
                    mend,
                )
            })
            .collect()
    }

    /// The domains whose mailboxes are on this machine, as far as Postfix's lists spell them out.
    pub(super) fn mailbox_domains(&self) -> Vec<Domain> {
        let mut domains: Vec<Domain> = Vec::new();
        for list in ["mydestination", "virtual_mailbox_domains"] {
            for word in self.setup.list(MAIN, list) {
                let text = match word.starts_with('/') {
                    true => self.machine.read(word).unwrap_or_default(),
                    false if word.contains([':', '!']) => continue,
                    false => word.to_owned(),
                };
                let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
                let named = lines.flat_map(words).filter_map(|name| Domain::parse(name).ok());
                domains.extend(named.filter(|domain| !is_this_machine(domain)));
            }
        }
        domains.dedup();
        domains.retain(|domain| *domain != self.config.srs.settings.domain);
        domains
    }

    fn local_domains(&self, number: usize, listen: &Listen) -> Option<Finding> {
        let known = &listen.milter.local_domains;
        let missing: Vec<String> = unmatched(known, &self.mailbox_domains());
        if missing.is_empty() {
            return None;
        }
        let all: Vec<String> =
            known.iter().map(ToString::to_string).chain(missing.clone()).collect();
        let severity = if known.is_empty() { Severity::Error } else { Severity::Warning };
        Some(finding(
            severity,
            "local-domains",
            format!(
                "local_domains of the milter at {} lacks {}",
                listen.address,
                missing.join(", ")
            ),
            "mail that stays on this machine is rewritten, and aliases(5) of its users are not found",
            self.ours.file.set("listen", number, "local_domains", &onward_toml::list(&all)),
        ))
    }

    /// A table sees a sender and not whether the message leaves.
    pub(super) fn exempt(&self) -> Option<Finding> {
        self.srs_table("sender_canonical_maps").filter(|_| !self.is_used(Mode::Milter))?;
        let known = &self.config.srs.settings.exempt_domains;
        let myhostname = self.setup.value(MAIN, "myhostname");
        let mut missing = unmatched(known, &self.mailbox_domains());
        missing.retain(|domain| !domain.eq_ignore_ascii_case(myhostname));
        if missing.is_empty() {
            return None;
        }
        let all: Vec<String> =
            known.iter().map(ToString::to_string).chain(missing.clone()).collect();
        Some(warning(
            "exempt",
            format!("srs.exempt_domains lacks {}, whose mailboxes are here", missing.join(", ")),
            "mail of your own users leaves with a rewritten sender too",
            self.ours.file.set("srs", 0, "exempt_domains", &onward_toml::list(&all)),
        ))
    }

    /// The commands that take keys out of a table in a list of main.cf; none where that is for its owner to do.
    pub(super) fn taken_out(
        &self,
        list: &str,
        table: &str,
        is_key: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        self.commented_out(table, is_key).unwrap_or_else(|| {
            let is_written_here = table.starts_with("inline:");
            is_written_here.then(|| self.without_word(MAIN, list, table)).into_iter().collect()
        })
    }

    /// The commands that comment keys out in the file of a table; `None` where it is none of a file.
    pub(super) fn commented_out(
        &self,
        table: &str,
        is_key: impl Fn(&str) -> bool,
    ) -> Option<Vec<String>> {
        let bare = table.strip_prefix("proxy:").unwrap_or(table);
        let (kind, file) = bare.split_once(':')?;
        let text = self.machine.read(file).filter(|_| OF_FILES.contains(&kind))?;
        let mut places = Vec::new();
        let mut is_in = false;
        for (number, line) in (1..).zip(text.lines()) {
            let goes_on = line.starts_with([' ', '\t']);
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            if !goes_on {
                is_in = line.split_ascii_whitespace().next().is_some_and(&is_key);
            }
            if is_in {
                places.push(format!("{number}s/^/#/"));
            }
        }
        let sed = format!("sed -i '{}' {}", places.join(";"), shell(file));
        let made = (kind != "texthash").then(|| format!("postmap {}", shell(bare)));
        (!places.is_empty()).then(|| [sed].into_iter().chain(made).collect())
    }
}

/// Those that no pattern is for.
fn unmatched(known: &[DomainPattern], domains: &[Domain]) -> Vec<String> {
    let is_known = |domain: &&Domain| !known.iter().any(|pattern| pattern.matches(domain));
    domains.iter().filter(is_known).map(Domain::to_key).collect()
}

/// Names that no other machine sends to. Debian has a bare host name in `mydestination`.
fn is_this_machine(domain: &Domain) -> bool {
    let name = domain.to_key();
    !name.contains('.') || name == "localhost" || name.starts_with("localhost.")
}
