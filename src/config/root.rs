use super::{
    Machine,
    define::section,
    values::{ABSOLUTE_PATH, absolute_path, domain, mailbox},
};
use crate::address::{Domain, Mailbox};
use std::path::PathBuf;

section! {
    /// These keys stand above all tables.
    table "", Keys;

    /// Our name in the greeting, in EHLO and in Received.
    hostname: Option<Domain> =
        text("a domain name or an address literal such as \"[192.0.2.1]\"", domain),
        absent "the machine's name";
    /// Where onward.db and everything else that is kept lies. `$STATE_DIRECTORY`, as systemd sets it, wins.
    state_dir: PathBuf = text(ABSOLUTE_PATH, absolute_path), default "/var/lib/onward";
    /// Gets postmaster@ and abuse@ of every hosted domain without such an alias, and mail to the bare
    /// `postmaster`.
    postmaster: Option<Mailbox> = text("a mail address", mailbox), absent "only the aliases of that name";
    /// How much the daemon logs; a reload changes it. `--log` and `$ONWARD_LOG` win.
    log_level: String = text(LOG_LEVELS, log_level), default "info";
}

const LOG_LEVELS: &str = "error, warn, info, debug, trace";

fn log_level(text: &str) -> Result<String, String> {
    let is_known = LOG_LEVELS.split(", ").any(|level| level == text);
    is_known.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is not known"))
}

impl Keys<'_> {
    /// What is written, or else the machine's name.
    pub(super) fn hostname(
        &mut self,
        machine: &Machine,
        warnings: &mut Vec<String>,
    ) -> Option<Domain> {
        if let Some(hostname) = self.hostname.value.take()? {
            return Some(hostname);
        }
        let Ok(hostname) = Domain::parse(&machine.hostname) else {
            let what =
                format!("missing, and the machine's name {:?} is no domain", machine.hostname);
            self.hostname.refuse(what, "a domain name or an address literal");
            return None;
        };
        if !hostname.as_str().contains('.') {
            warnings.push(format!(
                "hostname is not set and the machine's name \"{hostname}\" has no dot: many \
                 receivers refuse such a greeting"
            ));
        }
        Some(hostname)
    }
}
