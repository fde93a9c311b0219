//! Settings of Postfix that have nothing to do with Onward, and hurt it.

use super::{Examination, setup::Scope};
use crate::admin::doctor::finding::{Finding, error, warning};

const MAIN: Scope = Scope::Main;

/// The lists of restrictions in which the sender of a bounce may be looked up.
const RESTRICTIONS: [&str; 6] = [
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
];

impl Examination<'_> {
    pub(super) fn rest(&self) -> Vec<Finding> {
        let mut findings = self.switches();
        findings.extend(self.exempt());
        findings.extend(self.masquerade());
        findings.extend(self.bounces_refused());
        findings.extend(self.catch_all());
        findings.extend(self.open_relay());
        findings
    }

    fn switches(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.setup.value(MAIN, "smtputf8_enable") == "no" {
            findings.push(warning(
                "smtputf8",
                "smtputf8_enable is no, and Onward takes and forwards internationalised addresses",
                "what Onward hands back to this Postfix with such an address is bounced",
                [self.setup.set(MAIN, "smtputf8_enable", "yes")],
            ));
        }
        let separator = self.config.srs.settings.separator.to_string();
        let delimiter = self.setup.value(MAIN, "recipient_delimiter");
        if separator != "+" && delimiter.contains(&separator) {
            let mend = match delimiter.replace(&separator, "").as_str() {
                "" => self.setup.unset(MAIN, "recipient_delimiter"),
                others => self.setup.set(MAIN, "recipient_delimiter", others),
            };
            findings.push(warning(
                "delimiter",
                format!("recipient_delimiter has {separator}, which separates the parts of SRS addresses"),
                "Postfix takes the end of an SRS address for an extension",
                vec![mend],
            ));
        }
        for scope in self.setup.scopes(&["smtpd", "smtp"], &["soft_bounce"]) {
            if self.setup.value(scope, "soft_bounce") == "yes" {
                findings.push(warning(
                    "soft-bounce",
                    format!("{scope}soft_bounce is yes"),
                    "what is refused for good is told as 4xx: forged mail comes again for days, and failures stay in the queue",
                    [self.setup.unset(scope, "soft_bounce")],
                ));
            }
        }
        findings
    }

    /// Masquerading stands behind the canonical tables and takes the name of our SRS domain away.
    fn masquerade(&self) -> Option<Finding> {
        let domain = self.config.srs.settings.domain.to_string();
        let is_for_senders =
            self.setup.list(MAIN, "masquerade_classes").contains(&"envelope_sender");
        let domains = self.setup.list(MAIN, "masquerade_domains");
        let ends = |word: &str| {
            let name = domain.to_ascii_lowercase();
            let end = format!(".{}", word.to_ascii_lowercase());
            (name != word.to_ascii_lowercase()).then_some(name.ends_with(&end))
        };
        let first = domains.iter().find(|word| {
            let word = word.trim_start_matches('!');
            ends(word).unwrap_or(true)
        })?;
        (is_for_senders && !first.starts_with('!') && ends(first) == Some(true)).then(|| {
            let others = self.setup.written_words(MAIN, "masquerade_domains");
            let all: Vec<String> = std::iter::once(format!("!{domain}")).chain(others).collect();
            error(
                "masquerade",
                format!("masquerade_domains has {first}: {domain} in a sender becomes {first}"),
                "bounces to a rewritten sender go to another domain, which knows nothing of it",
                [self.setup.set_words(MAIN, "masquerade_domains", &all)],
            )
        })
    }

    /// Who refuses the null reverse-path gets no bounce back.
    fn bounces_refused(&self) -> Vec<Finding> {
        let key = match self.setup.value(MAIN, "smtpd_null_access_lookup_key") {
            "" => "<>",
            key => key,
        };
        let mut findings = Vec::new();
        for parameter in RESTRICTIONS {
            for scope in self.setup.scopes(&["smtpd"], &[parameter]) {
                let list = self.setup.list(scope, parameter);
                for pair in list.windows(2) {
                    let ["check_sender_access", table] = pair else { continue };
                    let said = self.machine.lookup(table, key).unwrap_or_default();
                    let refuses = said.starts_with(['4', '5'])
                        || ["REJECT", "DEFER", "DISCARD"].iter().any(|action| {
                            said.get(..action.len())
                                .is_some_and(|start| start.eq_ignore_ascii_case(action))
                        });
                    if refuses {
                        findings.push(error(
                            "bounces-refused",
                            format!("{scope}{parameter} refuses the sender {key} by {table}"),
                            "no bounce to a forwarded message comes back, and others list who refuses bounces",
                            self.commented_out(table, |known| known == key).unwrap_or_default(),
                        ));
                    }
                }
            }
        }
        findings
    }

    /// A forged SRS address is no mail for whoever reads everything.
    fn catch_all(&self) -> Vec<Finding> {
        let key = format!("@{}", self.config.srs.settings.domain);
        let tables = self.tables_of_others("virtual_alias_maps").into_iter();
        let catching = tables.filter(|table| self.machine.lookup(table, &key).is_some());
        catching
            .map(|table| {
                error(
                    "catch-all",
                    format!(
                        "virtual_alias_maps has {key} in {table}: the SRS domain is caught whole"
                    ),
                    "forged and expired SRS addresses are delivered instead of refused",
                    self.taken_out("virtual_alias_maps", table, |known| {
                        known.eq_ignore_ascii_case(&key)
                    }),
                )
            })
            .collect()
    }

    fn open_relay(&self) -> Option<Finding> {
        let is_everybody = |word: &&str| matches!(*word, "0.0.0.0/0" | "[::]/0" | "static:all");
        let list = self.setup.list(MAIN, "mynetworks");
        let found: Vec<&str> = list.iter().copied().filter(is_everybody).collect();
        (!found.is_empty()).then(|| {
            let mut kept = self.setup.words_with(MAIN, "mynetworks", found.first().unwrap_or(&""));
            kept.retain(|word| !found.contains(&word.as_str()));
            error(
                "open-relay",
                format!("mynetworks has {}: everybody", found.join(", ")),
                "anybody sends through this Postfix, in the name of the SRS domain too",
                [self.setup.set_words(MAIN, "mynetworks", &kept)],
            )
        })
    }
}
