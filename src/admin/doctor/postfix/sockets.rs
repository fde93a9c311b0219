//! Whether what Postfix asks is where we listen, speaks what is expected, and can be reached.

use super::{
    Examination,
    endpoint::{Endpoint, Place},
    mention::{Asked, Mention},
    setup::Service,
};
use crate::{
    admin::doctor::finding::{Finding, error, shell},
    config::{Direction, Listen, ListenAddress, Protocol},
};
use std::path::Path;

pub(super) const DEFERS: &str = "Postfix defers all mail with 451 4.3.0 while it has no answer";

/// The lists that ask ours, each for itself.
const ALONE: [&str; 5] = [
    "smtpd_milters",
    "non_smtpd_milters",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
];

impl<'a> Examination<'a> {
    pub(super) fn sockets(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut silent: Vec<&Listen> = Vec::new();
        for mention in &self.mentions {
            let Some(listen) = self.listener(mention) else {
                findings.extend(self.no_listener(mention));
                continue;
            };
            if let Some(finding) = self.wrong_listener(mention, listen) {
                findings.push(finding);
                continue;
            }
            if let ListenAddress::Unix(socket) = &listen.address {
                findings.extend(self.out_of_sight(mention, listen, socket));
                findings.extend(self.barred(mention, socket));
            }
            let is_known = !matches!(listen.address, ListenAddress::Systemd(_));
            if is_known && !silent.contains(&listen) && !self.machine.answers(&place_of(listen)) {
                silent.push(listen);
            }
        }
        findings.extend(silent.into_iter().map(|listen| {
            let is_service = self.machine.unit("onward.service").is_some();
            error(
                "no-answer",
                format!("Onward does not answer at {}: start it (onward serve)", place_of(listen)),
                DEFERS,
                is_service.then(|| "systemctl restart onward.service".to_owned()),
            )
        }));
        findings
    }

    /// What we would be named there.
    fn right(&self, mention: &Mention) -> Option<String> {
        match &mention.asked {
            Asked::Socketmap(_) | Asked::TcpTable => self.table(map_of(mention.parameter)?),
            Asked::Milter => Some(self.name(self.listener_of(Protocol::Milter)?)),
            Asked::Policy => Some(self.name(self.listener_of(Protocol::Policy)?)),
        }
    }

    /// Nobody is there whom we know: a fault if it is meant for us, or for nobody who answers.
    fn no_listener(&self, mention: &Mention) -> Option<Finding> {
        let is_meant = self.is_srs(mention) || {
            let is_named = match &mention.asked {
                Asked::Socketmap(name) => map_of(mention.parameter) == Some(name),
                Asked::TcpTable => false,
                // One of ours that is not asked is the one that may be meant.
                Asked::Milter => self.is_missed(mention, Protocol::Milter),
                Asked::Policy => self.is_missed(mention, Protocol::Policy),
            };
            is_named && !self.is_answered(mention)
        };
        let Mention { scope, parameter, text, .. } = mention;
        if !is_meant {
            return self.nobody(mention);
        }
        Some({
            let mend = self.right(mention).map(|right| self.replace(mention, &right));
            error(
                "no-listener",
                format!("{scope}{parameter} asks {text}, where Onward does not listen"),
                DEFERS,
                mend,
            )
        })
    }

    /// Somebody else's milter or policy service, without whom Postfix takes no mail.
    fn nobody(&self, mention: &Mention) -> Option<Finding> {
        let Mention { scope, parameter, text, .. } = mention;
        let (what, default) = match mention.asked {
            Asked::Milter => ("milter", "milter_default_action"),
            Asked::Policy => ("policy service", "smtpd_policy_service_default_action"),
            Asked::Socketmap(_) | Asked::TcpTable => return None,
        };
        let action = mention.setting("default_action");
        let action = action.unwrap_or_else(|| self.setup.value(*scope, default));
        let is_deferred = match mention.asked {
            Asked::Milter => action != "accept",
            _ => action.is_empty() || action.starts_with(['4', '5']) || action.starts_with("defer"),
        };
        (is_deferred && !self.is_answered(mention)).then(|| {
            error(
                "no-answer",
                format!("{scope}{parameter} asks the {what} {text}, where nobody answers: start it, or take it out"),
                DEFERS,
                [self.without(mention)],
            )
        })
    }

    /// A service of ours is asked nowhere, or only beside: not in this list, and nowhere together with what is asked
    /// here.
    fn is_missed(&self, mention: &Mention, protocol: Protocol) -> bool {
        if self.listener_of(protocol).is_none() {
            return false;
        }
        let mut ours = self
            .mentions
            .iter()
            .filter(|other| self.listener(other).is_some_and(|listen| listen.protocol == protocol));
        let is_beside = |other: &Mention| {
            self.mentions.iter().any(|third| {
                third.text == mention.text && third.is_in(other.scope, other.parameter)
            })
        };
        let is_for_us = ALONE.contains(&mention.parameter);
        ours.all(|other| is_for_us && !is_beside(other))
    }

    fn is_answered(&self, mention: &Mention) -> bool {
        let queue = self.setup.queue_directory();
        let mut askers = mention.askers(self.setup);
        askers
            .any(|service| self.machine.answers(&mention.endpoint.seen(queue, service.is_chrooted)))
    }

    /// Something of ours is there, but not what is asked for.
    fn wrong_listener(&self, mention: &Mention, listen: &Listen) -> Option<Finding> {
        let map = map_of(mention.parameter);
        let is_right = match (&mention.asked, listen.protocol) {
            (Asked::Socketmap(name), Protocol::Socketmap) => map == Some(name),
            (Asked::TcpTable, Protocol::TcpTable(direction)) => {
                map == Some(match direction {
                    Direction::Forward => "forward",
                    Direction::Reverse => "reverse",
                })
            }
            (Asked::Milter, Protocol::Milter) | (Asked::Policy, Protocol::Policy) => true,
            _ => false,
        };
        let Mention { scope, parameter, text, .. } = mention;
        (!is_right).then(|| {
            let mend = self.right(mention).map(|right| self.replace(mention, &right));
            let meant = map.map(|map| format!("; {map} is the table for it")).unwrap_or_default();
            let protocol = listen.protocol;
            error(
                "wrong-listener",
                format!("{scope}{parameter} asks {text}, where Onward speaks {protocol}{meant}"),
                "it gets answers to another question, or none",
                mend,
            )
        })
    }

    /// Each service that asks sees our socket where it is named: within its root, or without one.
    fn out_of_sight(&self, mention: &Mention, listen: &Listen, socket: &Path) -> Option<Finding> {
        let queue = self.setup.queue_directory();
        let blind: Vec<&Service> = mention
            .askers(self.setup)
            .filter(|service| {
                !self.is_at(&mention.endpoint.seen(queue, service.is_chrooted), listen)
            })
            .collect();
        if blind.is_empty() {
            return None;
        }
        let Endpoint::Unix(path) = &mention.endpoint else { return None };
        let mut names: Vec<String> = blind.iter().map(ToString::to_string).collect();
        names.sort();
        let (is_chrooted, names) =
            (blind.iter().any(|service| service.is_chrooted), names.join(", "));
        let real_queue = self.machine.real(&queue.join("_"));
        let inside = self.machine.real(socket);
        let inside = inside.strip_prefix(real_queue.parent().unwrap_or(queue));
        // A socket below the queue directory has a name that is right inside and outside.
        let mend: Vec<String> = match inside {
            Ok(inside) => {
                let named = mention.text.replace(path, &inside.display().to_string());
                vec![self.replace(mention, &named)]
            }
            Err(_) => blind.iter().map(|service| self.setup.free(service)).collect(),
        };
        Some(if is_chrooted {
            error(
                "chroot",
                format!("{names} chrooted: {} is not {path} there", socket.display()),
                "Postfix defers all mail with 451 4.3.0: the socket is outside of its root",
                mend,
            )
        } else {
            error(
                "no-listener",
                format!("{names} not chrooted: {} is not {path} there", socket.display()),
                DEFERS,
                mend,
            )
        })
    }

    /// Postfix's user may reach the socket.
    fn barred(&self, mention: &Mention, socket: &Path) -> Option<Finding> {
        let barrier = self.machine.barrier(socket)?;
        let Mention { scope, parameter, .. } = mention;
        if barrier.is_socket {
            let (socket, group) = (socket.display(), &barrier.group);
            return Some(error(
                "permissions",
                format!(
                    "{scope}{parameter} asks {socket}: Postfix's user may not connect to it; in its [[listen]] \
                     write group = \"{group}\" and a mode such as \"0660\", then onward reload"
                ),
                DEFERS,
                Vec::new(),
            ));
        }
        let directory = barrier.path.display().to_string();
        let mend = {
            let directory = shell(&directory);
            if barrier.has_no_group {
                vec![
                    format!("chgrp {} {directory}", barrier.group),
                    format!("chmod g+x {directory}"),
                ]
            } else {
                vec![format!("chmod o+x {directory}")]
            }
        };
        Some(error(
            "permissions",
            format!(
                "{scope}{parameter} asks {}: Postfix's user may not enter {directory}",
                socket.display()
            ),
            DEFERS,
            mend,
        ))
    }
}

/// The table of ours that a parameter is for.
fn map_of(parameter: &str) -> Option<&'static str> {
    Some(match parameter {
        "sender_canonical_maps" => "forward",
        "recipient_canonical_maps" => "reverse",
        "virtual_alias_maps" => "alias",
        "transport_maps" => "transport",
        "relay_recipient_maps" | "local_recipient_maps" | "virtual_mailbox_maps" => "recipients",
        "virtual_alias_domains" | "virtual_mailbox_domains" | "relay_domains" | "mydestination" => {
            "domains"
        }
        _ => return None,
    })
}

pub(super) fn place_of(listen: &Listen) -> Place {
    match &listen.address {
        ListenAddress::Tcp { host, port } => Place::Inet(match host.as_str() {
            "0.0.0.0" => format!("127.0.0.1:{port}"),
            "::" => format!("[::1]:{port}"),
            host if host.contains(':') => format!("[{host}]:{port}"),
            host => format!("{host}:{port}"),
        }),
        ListenAddress::Unix(path) => Place::Unix(path.clone()),
        ListenAddress::Systemd(name) => Place::Inet(name.clone()),
    }
}
