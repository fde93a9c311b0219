//! What undoes the settings that are ours: parameters of a service, `receive_override_options`.

use super::{
    Examination, Mode,
    mention::{Asked, Mention},
    setup::{Scope, Service},
};
use crate::admin::doctor::finding::{Finding, error};

/// Services for people who log in, which have rules of their own.
const SUBMISSION: [&str; 6] = ["submission", "587", "submissions", "smtps", "465", "ssmtp"];

impl<'a> Examination<'a> {
    pub(super) fn overrides(&self) -> Vec<Finding> {
        let mut findings = self.undone();
        findings.extend(self.not_at_the_door());
        for option in ["no_address_mappings", "no_milters"] {
            findings.extend(self.receive_override(option));
        }
        findings
    }

    /// What faces the world, or rewrites, does without what main.cf has of ours.
    fn undone(&self) -> Vec<Finding> {
        let ours = self.mentions.iter().filter(|mention| {
            matches!(mention.scope, Scope::Main) && self.listener(mention).is_some()
        });
        let mut findings = Vec::new();
        for Mention { parameter, text, .. } in ours {
            let services = self.setup.services(&["smtpd", "cleanup"]);
            let bare = services.filter(|service| {
                let is_first = service.name == "cleanup" || self.is_entry(service);
                let scope = Scope::Service(service);
                is_first
                    && service.has(parameter)
                    && !self.setup.value(scope, parameter).contains(text)
                    && !self.mentions.iter().any(|mention| {
                        mention.is_in(scope, parameter) && self.listener(mention).is_some()
                    })
            });
            findings.extend(bare.map(|service| {
                let scope = Scope::Service(service);
                error(
                    "override",
                    format!(
                        "{scope}-o {parameter}={} does without {text}",
                        self.setup.value(scope, parameter)
                    ),
                    "what main.cf says does not count for the mail of this service",
                    [self.setup.unset(scope, parameter)],
                )
            }));
        }
        findings
    }

    /// The services that take mail from the world: those of port 25; where there is none, whatever takes mail by SMTP
    /// and is neither for people who log in nor for what a content filter hands back.
    pub(super) fn entries(&self) -> Vec<&'a Service> {
        let all: Vec<&Service> = self.setup.services(&["smtpd"]).collect();
        let doors: Vec<&Service> =
            all.iter().copied().filter(|service| service.is_door()).collect();
        if !doors.is_empty() {
            return doors;
        }
        let is_other = |service: &&Service| {
            let port = service.name.rsplit(':').next().unwrap_or_default();
            !SUBMISSION.contains(&port) && !service.has("content_filter")
        };
        all.into_iter().filter(is_other).collect()
    }

    fn is_entry(&self, service: &Service) -> bool {
        self.entries().iter().any(|entry| std::ptr::eq(*entry, service))
    }

    /// A milter that only people who log in pass sees nothing of what comes to an alias.
    fn not_at_the_door(&self) -> Option<Finding> {
        let ours: Vec<&Mention> = self
            .mentions
            .iter()
            .filter(|mention| {
                mention.asked == Asked::Milter
                    && mention.parameter == "smtpd_milters"
                    && self.listener(mention).is_some()
            })
            .collect();
        let first = ours.first()?;
        let entries = self.entries();
        let is_at_one = ours.iter().any(|mention| match mention.scope {
            Scope::Main => true,
            Scope::Service(service) => self.is_entry(service),
        });
        (!is_at_one && !entries.is_empty()).then(|| {
            error(
                "door",
                format!(
                    "{}smtpd_milters has the milter, and no service for the world has",
                    first.scope
                ),
                "mail that comes to an alias from outside is neither rewritten nor refused",
                [self.with("smtpd_milters", first.text)],
            )
        })
    }

    /// An option that takes away what forwards: for mail that a content filter hands back, it is right.
    fn receive_override(&self, option: &str) -> Vec<Finding> {
        let uses_milter = self.is_used(Mode::Milter);
        let why = match option {
            "no_milters" if !uses_milter => return Vec::new(),
            "no_milters" => {
                "the milter is not asked: nothing is rewritten, and no bounce comes back"
            }
            _ => {
                "aliases are not followed and senders not rewritten: forwarded mail is refused or lost"
            }
        };
        let has =
            |scope: Scope| self.setup.list(scope, "receive_override_options").contains(&option);
        // Aliases are followed once: before the filter, or behind it.
        let is_made_up_for = |entry: &Service| {
            let filters = self.setup.value(Scope::Service(entry), "content_filter");
            option == "no_address_mappings"
                && !filters.is_empty()
                && self.setup.services(&["smtpd"]).any(|service| {
                    !self.is_entry(service)
                        && service.has("content_filter")
                        && !has(Scope::Service(service))
                })
        };
        let entries = self.entries();
        let lost: Vec<&Service> = entries
            .into_iter()
            .filter(|entry| has(Scope::Service(entry)) && !is_made_up_for(entry))
            .collect();
        let in_main =
            has(Scope::Main) && lost.iter().any(|entry| !entry.has("receive_override_options"));
        let of_services = lost
            .into_iter()
            .filter(|entry| entry.has("receive_override_options"))
            .map(Scope::Service);
        in_main
            .then_some(Scope::Main)
            .into_iter()
            .chain(of_services)
            .map(|scope| {
                error(
                    "receive-override",
                    format!("{scope}receive_override_options has {option}"),
                    why,
                    [self.without_word(scope, "receive_override_options", option)],
                )
            })
            .collect()
    }
}
