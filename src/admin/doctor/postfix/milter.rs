use super::{CANONICAL, Examination, Mode, setup::Scope};
use crate::admin::doctor::finding::{Finding, error, warning};

impl Examination<'_> {
    /// What must hold where Postfix has us for a milter.
    pub(super) fn milter(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.is_used(Mode::Milter) {
            return findings;
        }
        let main = Scope::Main;
        if self.is_used(Mode::Tables) {
            let mend = CANONICAL
                .iter()
                .filter(|(parameter, _)| self.srs_table(parameter).is_some())
                .map(|(parameter, _)| self.setup.unset(main, parameter));
            findings.push(error(
                "milter-and-maps",
                "the milter rewrites, and the canonical tables rewrite everything beside it",
                "mail that does not leave is rewritten all the same",
                mend,
            ));
        }
        for scope in self.setup.scopes(&["smtpd"], &["milter_default_action", "milter_protocol"]) {
            let action = self.setup.value(scope, "milter_default_action");
            if !matches!(action, "tempfail" | "") {
                findings.push(warning(
                    "milter-default-action",
                    format!("{scope}milter_default_action is {action}"),
                    "while Onward does not answer, mail leaves with senders that fail SPF",
                    [self.setup.set(scope, "milter_default_action", "tempfail")],
                ));
            }
            let protocol = self.setup.value(scope, "milter_protocol");
            if !matches!(protocol, "6" | "") {
                findings.push(error(
                    "milter-protocol",
                    format!("{scope}milter_protocol is {protocol}"),
                    "before version 6 a milter may not change the sender",
                    [self.setup.set(scope, "milter_protocol", "6")],
                ));
            }
        }
        findings
    }
}
