//! What `postconf` prints.

use super::{
    machine::command,
    mention,
    setup::{Printed, Setup},
};
use crate::admin::Error;
use std::path::Path;

/// What is asked for beside the parameters that may name us; asked for all, postconf looks up names in DNS.
const PARAMETERS: [&str; 33] = [
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
    "smtpd_reject_unlisted_recipient",
    "mydomain",
    "myhostname",
    "alias_maps",
    "milter_command_timeout",
    "smtpd_policy_service_default_action",
    "receive_override_options",
    "content_filter",
    "internal_mail_filter_classes",
    "smtp_send_xforward_command",
    "smtp_data_done_timeout",
    "message_size_limit",
    "mailbox_size_limit",
    "virtual_mailbox_limit",
    "mynetworks",
    "inet_interfaces",
    "masquerade_domains",
    "masquerade_classes",
    "soft_bounce",
    "smtpd_null_access_lookup_key",
    "parent_domain_matches_subdomains",
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
