use super::{Examination, Mode, warning};
use crate::admin::doctor::{
    finding::Finding,
    postfix::{
        mention::{Asked, CHECK_POLICY, Mention},
        setup::Scope,
    },
};

/// Where the policy service is asked: of a recipient, and of a message as a whole.
const AT: [&str; 3] =
    ["smtpd_recipient_restrictions", "smtpd_data_restrictions", "smtpd_end_of_data_restrictions"];

/// Behind these nobody is asked about mail from this machine, or from people who log in.
const PERMITS: [&str; 5] = [
    "permit",
    "permit_mynetworks",
    "permit_sasl_authenticated",
    "permit_auth_destination",
    "permit_tls_all_clientcerts",
];

impl<'a> Examination<'a> {
    /// A policy service that is asked about recipients must be asked about messages too, before whatever permits.
    pub(super) fn policy(&self) -> Vec<Finding> {
        let is_ours = |mention: &&Mention<'_>| {
            mention.asked == Asked::Policy && self.listener(mention).is_some()
        };
        let ours: Vec<&Mention<'a>> = self.mentions.iter().filter(is_ours).collect();
        let Some(asked) = ours.first().copied() else { return Vec::new() };
        let mut findings: Vec<Finding> =
            ours.iter().filter_map(|mention| self.behind_a_permit(mention)).collect();
        let in_scope = |parameter| ours.iter().any(|mention| mention.is_in(asked.scope, parameter));
        let missing: Vec<&str> = AT.into_iter().filter(|parameter| !in_scope(parameter)).collect();
        // Where domains are handed over, the smtp listener counts what returns.
        let is_counted = self.is_used(Mode::Transport);
        // In smtpd_relay_restrictions it is asked about recipients as well.
        let is_asked_at_rcpt = in_scope("smtpd_relay_restrictions");
        let missing: Vec<&str> = missing
            .into_iter()
            .filter(|parameter| match *parameter {
                "smtpd_recipient_restrictions" => !is_asked_at_rcpt,
                "smtpd_end_of_data_restrictions" => !is_counted,
                _ => true,
            })
            .collect();
        if missing.is_empty() {
            return findings;
        }
        let mend = missing.iter().map(|parameter| self.first(asked.scope, parameter, asked.word));
        findings.push(warning(
            "policy-at-data",
            format!("the policy service is not in {}", missing.join(" and ")),
            "anybody may write to SRS addresses, and as often as he likes",
            mend,
        ));
        findings
    }

    fn behind_a_permit(&self, mention: &Mention) -> Option<Finding> {
        let words = self.setup.list(mention.scope, mention.parameter);
        let at = words.iter().position(|word| *word == mention.word)?;
        let permit = words.iter().take(at).find(|word| PERMITS.contains(word))?;
        Some(warning(
            "policy-order",
            format!(
                "{}{} has {permit} in front of the policy service",
                mention.scope, mention.parameter
            ),
            "whom that permits may send to forged SRS addresses, and as often as he likes",
            [self.first(mention.scope, mention.parameter, mention.word)],
        ))
    }

    /// The command that puts a policy service in front of all others in a list.
    fn first(&self, scope: Scope, parameter: &str, service: &str) -> String {
        let mut words = match self.setup.list(scope, parameter).contains(&service) {
            true => self.setup.words_with(scope, parameter, service),
            false => self.setup.written_words(scope, parameter),
        };
        if let Some(at) = words.iter().position(|word| word == service) {
            words.remove(at);
            if let Some(before) = at.checked_sub(1)
                && words.get(before).is_some_and(|before| before == CHECK_POLICY)
            {
                words.remove(before);
            }
        }
        let all: Vec<String> =
            [format!("{CHECK_POLICY} {service}")].into_iter().chain(words).collect();
        self.setup.set_words(scope, parameter, &all)
    }
}
