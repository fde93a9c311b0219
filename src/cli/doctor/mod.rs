//! `onward doctor`: what is wrong around us, and how it is mended.

mod finding;
mod postfix;
mod setup;

use super::{Context, Failure};
use crate::config::Config;
use finding::Severity;
use postfix::{Asked, examine};
use setup::Setup;
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// The parameters that matter; asked for all, postconf looks up names in DNS.
const PARAMETERS: [&str; 19] = [
    "mydestination",
    "relay_domains",
    "virtual_alias_domains",
    "virtual_mailbox_domains",
    "sender_canonical_maps",
    "recipient_canonical_maps",
    "sender_canonical_classes",
    "recipient_canonical_classes",
    "canonical_maps",
    "transport_maps",
    "smtpd_milters",
    "milter_default_action",
    "milter_protocol",
    "header_checks",
    "mime_header_checks",
    "smtp_header_checks",
    "smtputf8_enable",
    "recipient_delimiter",
    "queue_directory",
];

/// The fields that DKIM signatures mostly cover.
const SIGNED: [&str; 12] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-",
    "dkim-signature",
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
    let setup = Setup::new(
        &postconf(directory, &[&["-x"], &PARAMETERS[..]].concat())?,
        &postconf(directory, &PARAMETERS)?,
        &postconf(directory, &["-M"])?,
        directory,
    );
    let asked = Asked {
        takes_srs_domain: takes_srs_domain(&config, &setup, directory),
        header_rules: header_rules(&setup),
    };
    let findings = examine(&config, &setup, &asked);
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

/// Postfix's own programmes, which are not where those of every user are.
fn command(name: &str, directory: Option<&Path>) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin")).stdin(Stdio::null());
    if let Some(directory) = directory {
        command.arg("-c").arg(directory);
    }
    command
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

/// In one of the lists of domains, or in a table in one of them.
fn takes_srs_domain(config: &Config, setup: &Setup, directory: Option<&Path>) -> bool {
    let domain = config.srs.settings.domain.to_string();
    let lists =
        ["mydestination", "relay_domains", "virtual_alias_domains", "virtual_mailbox_domains"];
    lists.iter().flat_map(|list| setup.list(list)).any(|word| {
        if word.eq_ignore_ascii_case(&domain) {
            return true;
        }
        if let Some(file) = word.starts_with('/').then_some(word) {
            let text = fs::read_to_string(file).unwrap_or_default();
            return text
                .split([',', ' ', '\t', '\n'])
                .any(|word| word.eq_ignore_ascii_case(&domain));
        }
        let is_table = word.contains(':');
        is_table && {
            let asked = command("postmap", directory).args(["-q", &domain, word]).output();
            asked.is_ok_and(|answer| answer.status.success())
        }
    })
}

/// Rules that take away or replace what DKIM signs, in the tables of patterns.
fn header_rules(setup: &Setup) -> Vec<(String, usize, String)> {
    let mut rules = Vec::new();
    for parameter in ["header_checks", "mime_header_checks", "smtp_header_checks"] {
        for table in setup.list(parameter) {
            let Some((kind, file)) = table.split_once(':') else { continue };
            if !matches!(kind, "regexp" | "pcre") {
                continue;
            }
            let text = fs::read_to_string(file).unwrap_or_default();
            for (at, line) in text.lines().enumerate() {
                let lower = line.trim_start().to_lowercase();
                let changes = ["ignore", "replace", "strip"].iter().any(|action| {
                    lower.split_ascii_whitespace().skip(1).any(|word| word == *action)
                });
                let pattern = lower.split_ascii_whitespace().next().unwrap_or_default();
                let names = SIGNED.iter().any(|field| pattern.contains(field));
                if !lower.starts_with('#') && changes && names {
                    rules.push((file.to_owned(), at + 1, line.trim().to_owned()));
                }
            }
        }
    }
    rules
}
