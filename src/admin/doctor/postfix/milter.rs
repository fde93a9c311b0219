use super::{
    Examination, Mode,
    mention::{Asked, Mention},
    setup::{Scope, words},
    transport::duration,
};
use crate::admin::doctor::finding::{Finding, error, warning};
use std::time::Duration;

/// `postmap` is given ten seconds to tell where an alias leads.
const PATIENCE: Duration = Duration::from_secs(15);

impl<'a> Examination<'a> {
    /// What must hold where Postfix has us for a milter.
    pub(super) fn milter(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.is_used(Mode::Milter) {
            return findings;
        }
        // The table for bounces alone may stand beside it, for those that Postfix makes itself.
        if let Some(mention) = self.srs_table("sender_canonical_maps") {
            findings.push(error(
                "milter-and-maps",
                "the milter rewrites, and sender_canonical_maps rewrites everything beside it",
                "mail that does not leave is rewritten all the same",
                [self.without(mention)],
            ));
        }
        findings.extend(self.own_bounces());
        findings.extend(self.settings_of_its_own());
        let names = ["milter_default_action", "milter_protocol", "milter_command_timeout"];
        for scope in self.setup.scopes(&["smtpd"], &names) {
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
            let timeout = self.setup.value(scope, "milter_command_timeout");
            if duration(timeout).is_some_and(|timeout| timeout < PATIENCE) {
                findings.push(warning(
                    "milter-timeout",
                    format!("{scope}milter_command_timeout is {timeout}"),
                    "while Postfix's own tables are slow, it gives the milter up and defers the mail",
                    [self.setup.set(scope, "milter_command_timeout", "30s")],
                ));
            }
        }
        findings
    }

    fn our_milter(&self, parameter: &str) -> Option<&Mention<'a>> {
        self.mentions.iter().find(|mention| {
            mention.asked == Asked::Milter
                && mention.parameter == parameter
                && self.listener(mention).is_some()
        })
    }

    /// What Postfix itself bounces passes no smtpd(8).
    fn own_bounces(&self) -> Option<Finding> {
        let main = Scope::Main;
        let is_filtered = self.our_milter("non_smtpd_milters").is_some()
            && self.setup.list(main, "internal_mail_filter_classes").contains(&"bounce");
        if is_filtered || self.srs_table("recipient_canonical_maps").is_some() {
            return None;
        }
        let milter = self.our_milter("smtpd_milters")?;
        Some(error(
            "own-bounces",
            "what this Postfix bounces itself passes no milter",
            "a forwarded message that its destination refuses is bounced to an SRS address that nobody reverses",
            [
                self.with("non_smtpd_milters", milter.word),
                self.with("internal_mail_filter_classes", "bounce"),
            ],
        ))
    }

    /// `{ inet:host:port, default_action=accept }`
    fn settings_of_its_own(&self) -> Vec<Finding> {
        let ours = self
            .mentions
            .iter()
            .filter(|mention| mention.asked == Asked::Milter && self.listener(mention).is_some());
        let accepting = ours.filter_map(|mention| {
            let action =
                mention.setting("default_action").filter(|action| *action != "tempfail")?;
            let inner = mention.word.trim_matches(['{', '}']);
            let settings =
                words(inner).into_iter().filter(|word| !word.starts_with("default_action"));
            let settings: Vec<&str> = settings.collect();
            let word = match settings.as_slice() {
                [alone] => (*alone).to_owned(),
                several => format!("{{{}}}", several.join(",")),
            };
            let Mention { scope, parameter, .. } = mention;
            let known = self.setup.words_with(*scope, parameter, mention.word).into_iter();
            let all: Vec<String> = known
                .map(|known| if known == mention.word { word.clone() } else { known })
                .collect();
            Some(warning(
                "milter-default-action",
                format!("{scope}{parameter} has default_action={action} for the milter"),
                "while Onward does not answer, mail leaves with senders that fail SPF",
                [self.setup.set_words(*scope, parameter, &all)],
            ))
        });
        accepting.collect()
    }
}
