use super::{Examination, warning};
use crate::admin::doctor::{
    finding::Finding,
    postfix::mention::{Asked, Mention},
};

/// Where the policy service is asked about a message as a whole.
const OF_MESSAGES: [&str; 2] = ["smtpd_data_restrictions", "smtpd_end_of_data_restrictions"];

impl Examination<'_> {
    /// A policy service that is asked about recipients must be asked about messages too.
    pub(super) fn policy(&self) -> Vec<Finding> {
        let is_ours = |mention: &&Mention<'_>| {
            mention.asked == Asked::Policy && self.listener(mention).is_some()
        };
        let Some(asked) = self.mentions.iter().find(is_ours) else { return Vec::new() };
        let is_missing = |parameter: &&&str| {
            let mut ours = self.mentions.iter().filter(is_ours);
            !ours.any(|mention| mention.is_in(asked.scope, parameter))
        };
        let missing: Vec<&str> = OF_MESSAGES.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let mend = missing.iter().map(|parameter| {
            let check = format!("check_policy_service {}", asked.text);
            let value = match self.setup.written(asked.scope, parameter) {
                "" => check,
                others => format!("{check}, {others}"),
            };
            self.setup.set(asked.scope, parameter, &value)
        });
        vec![warning(
            "policy-at-data",
            format!("the policy service is not in {}", missing.join(" and ")),
            "anybody may write to SRS addresses, and as often as he likes",
            mend,
        )]
    }
}
