//! `onward doctor`: what is wrong around us, and how it is mended.

#[path = "../admin/doctor/postfix/endpoint.rs"]
mod endpoint;
#[path = "../admin/doctor/finding.rs"]
mod finding;
#[path = "../admin/doctor/postfix/machine.rs"]
mod machine;
#[path = "../admin/doctor/postfix/mod.rs"]
mod postfix;
#[path = "../admin/doctor/postfix/setup.rs"]
mod setup;
#[path = "../admin/doctor/site/mod.rs"]
mod site;

use super::{Context, Failure};
use crate::{address::Domain, config::Config};
use finding::{Finding, Severity};
use machine::{Here, command};
use postfix::examine;
use setup::{Printed, Scope, Setup};
use site::Asked;
use std::{
    io::Write,
    net::IpAddr,
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

/// Finds what is wrong around us, with the records and commands that mend it
///
/// Looks at DNS and this machine, or at Postfix. Changes nothing. Exits 1 when there is an error.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look at Postfix instead, and at what is between it and Onward
    #[arg(long)]
    postfix: bool,
    /// Postfix's configuration directory [default: that of its default instance]
    #[arg(long, value_name = "DIR", requires = "postfix")]
    config_dir: Option<PathBuf>,
    /// An address that our mail leaves from, where it cannot be found out (behind NAT)
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// A list to ask about our addresses, such as zen.spamhaus.org
    #[arg(long, value_name = "ZONE", value_parser = Domain::parse)]
    dnsbl: Vec<Domain>,
    /// A host whose port 25 must be reached from here
    #[arg(long, value_name = "HOST")]
    connect: Option<String>,
    /// Try a bounce, and a forged one, at the MX of the SRS domain; no message is sent
    #[arg(long)]
    round_trip: bool,
    /// The port of that MX
    #[arg(long, hide = true, default_value_t = 25)]
    port: u16,
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
    let findings = match args.postfix {
        true => of_postfix(&config, args.config_dir.as_deref())?,
        false => of_site(&config, args)?,
    };
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
            (true, _) if args.postfix => {
                writeln!(out, "nothing is wrong between Postfix and Onward")?;
            }
            (true, _) => writeln!(out, "nothing is wrong")?,
            (_, true) if args.postfix => writeln!(out, "behind the commands: postfix reload")?,
            (false, false) if args.postfix => {
                writeln!(out, "no errors; behind the commands: postfix reload")?;
            }
            (false, false) => writeln!(out, "no errors")?,
            (_, true) => {
                writeln!(out, "once mended, DNS may take its time: look again in an hour")?
            }
        }
    }
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is wrong with a new configuration, for people.
///
/// # Errors
/// When the store cannot be read, or `out` not written.
pub(super) fn first_look(config: &Config, out: &mut impl Write) -> Result<(), Failure> {
    for finding in site_findings(config, &Asked::default())? {
        writeln!(out, "{finding}")?;
    }
    Ok(())
}

fn site_findings(config: &Config, asked: &Asked) -> Result<Vec<Finding>, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::new)?;
    let facts = runtime.block_on(site::gather(config, asked))?;
    Ok(site::examine(config, &facts))
}

fn of_site(config: &Config, args: &Args) -> Result<Vec<Finding>, Failure> {
    let asked = Asked {
        addresses: args.addresses.clone(),
        dnsbl: args.dnsbl.clone(),
        connect: args.connect.clone(),
    };
    let mut findings = site_findings(config, &asked)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::new)?;
    runtime.block_on(async {
        if args.round_trip {
            findings.extend(site::round_trip(config, args.port).await);
            findings.sort_by_key(|finding| finding.severity);
        }
        Ok(findings)
    })
}

fn of_postfix(config: &Config, directory: Option<&Path>) -> Result<Vec<Finding>, Failure> {
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
    Ok(examine(config, &setup, &Here { config_dir: directory, mail_owner }))
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
