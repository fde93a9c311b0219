//! What `postconf` prints.

use super::{
    machine::command,
    mention,
    setup::{Printed, Setup},
};
use crate::admin::Error;
use std::path::Path;

/// What is asked for beside the parameters that may name us; asked for all, postconf looks up names in DNS.
const PARAMETERS: [&str; 20] = [
    "sender_canonical_classes",
    "recipient_canonical_classes",
    "milter_default_action",
    "milter_protocol",
    "header_checks",
    "mime_header_checks",
    "nested_header_checks",
    "smtp_header_checks",
    "smtputf8_enable",
    "recipient_delimiter",
    "queue_directory",
    "mail_owner",
    "parent_domain_matches_subdomains",
    "local_recipient_maps",
    "virtual_mailbox_maps",
    "relay_recipient_maps",
    "smtpd_reject_unlisted_recipient",
    "mydomain",
    "myhostname",
    "alias_maps",
];

/// The configuration in a directory, or of the default instance.
pub(super) fn setup(config_dir: Option<&Path>) -> Result<Setup, Error> {
    let names: Vec<&str> = mention::parameters().chain(PARAMETERS).collect();
    let printed = |flags: &[&str], names: &[&str]| postconf(config_dir, &[flags, names].concat());
    Ok(Setup::new(
        &Printed {
            values: &printed(&["-x"], &names)?,
            written: &printed(&[], &names)?,
            master: &printed(&["-M"], &[])?,
            own_values: &printed(&["-Px"], &[])?,
            own_written: &printed(&["-P"], &[])?,
        },
        config_dir,
    ))
}

fn postconf(config_dir: Option<&Path>, arguments: &[&str]) -> Result<String, Error> {
    let answer = command("postconf", config_dir).args(arguments).output().map_err(|error| {
        Error::refused(format_args!("cannot run postconf: {error}; is Postfix on this machine?"))
    })?;
    if !answer.status.success() {
        let why = String::from_utf8_lossy(&answer.stderr);
        let why = why.lines().find(|line| line.contains("fatal")).unwrap_or("postconf fails");
        return Err(Error::refused(why));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}
