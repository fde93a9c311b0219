//! `onward doctor`: what is wrong around us, and how it is mended.

mod endpoint;
mod finding;
mod machine;
mod postfix;
mod setup;

use super::{Context, Failure};
use finding::Severity;
use machine::{Here, command};
use postfix::examine;
use setup::{Printed, Scope, Setup};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

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

/// Finds what is wrong between Postfix and Onward, with commands that mend it
///
/// Reads both configurations and changes neither. Exits 1 when there is an error.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look at Postfix
    #[arg(long, required = true)]
    postfix: bool,
    /// Postfix's configuration directory [default: that of its default instance]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// `onward doctor`.
///
/// # Errors
/// When either configuration cannot be read.
pub fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let directory = args.config_dir.as_deref();
    let names: Vec<&str> = postfix::parameters().chain(PARAMETERS).collect();
    let printed = |flags: &[&str], names: &[&str]| postconf(directory, &[flags, names].concat());
    let setup = Setup::new(
        &Printed {
            values: &printed(&["-x"], &names)?,
            written: &printed(&[], &names)?,
            master: &printed(&["-M"], &[])?,
            own_values: &printed(&["-Px"], &[])?,
            own_written: &printed(&["-P"], &[])?,
        },
        directory,
    );
    let mail_owner = setup.value(Scope::Main, "mail_owner").to_owned();
    let findings = examine(&config, &setup, &Here { config_dir: directory, mail_owner });
    let mut out = context.out();
    for finding in &findings {
        if args.json {
            serde_json::to_writer(&mut out, finding).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{finding}")?;
        }
    }
    let is_ill = findings.iter().any(|finding| finding.severity == Severity::Error);
    if !args.json {
        match (findings.is_empty(), is_ill) {
            (true, _) => writeln!(out, "nothing is wrong between Postfix and Onward")?,
            (_, true) => writeln!(out, "behind the commands: postfix reload")?,
            (false, false) => writeln!(out, "no errors; behind the commands: postfix reload")?,
        }
    }
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn postconf(directory: Option<&Path>, arguments: &[&str]) -> Result<String, Failure> {
    let answer = command("postconf", directory).args(arguments).output().map_err(|error| {
        Failure::new(format_args!("cannot run postconf: {error}; is Postfix on this machine?"))
    })?;
    if !answer.status.success() {
        let why = String::from_utf8_lossy(&answer.stderr);
        let why = why.lines().find(|line| line.contains("fatal")).unwrap_or("postconf fails");
        return Err(Failure::new(why));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}
