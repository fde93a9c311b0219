//! `onward doctor`: what is wrong around us, and how it is mended.

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_existing_store, with_store, write_json},
    progress::Bar,
    received,
    screen::{Output, Screen, Tone, paint},
};
use crate::{
    admin::doctor::{self, Asked, Finding, Severity},
    config::Config,
    dnsbl::Zone,
    log,
};
use std::{
    io::{self, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

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
    /// Read a message as it arrived at Gmail, Outlook, iCloud or elsewhere ("show original"), and say what SPF, DKIM, DMARC
    /// and ARC came to there and here, what differs and what mends it; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["postfix", "round_trip", "connect", "dnsbl", "addresses"])]
    received: Option<PathBuf>,
    /// An address that our mail leaves from, where it cannot be found out (behind NAT)
    #[arg(long = "address", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// A list to ask about our addresses, such as zen.spamhaus.org
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
    dnsbl: Vec<Zone>,
    /// A host whose port 25 must be reached from here
    #[arg(long, value_name = "HOST")]
    connect: Option<String>,
    /// Try a bounce, and a forged one, at the MX of the SRS domain; no message is sent
    #[arg(long)]
    round_trip: bool,
    /// The port of that MX
    #[arg(long, hide = true, default_value_t = 25)]
    port: u16,
    /// One JSON object a line; of --received, one
    #[arg(long)]
    json: bool,
}

/// `onward doctor`.
///
/// # Errors
/// When either configuration cannot be read.
pub fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    if let Some(file) = &args.received {
        return block_on(with_existing_store(&config, Purpose::Read, async |store| {
            received::run(&config, store, file, args.json, context).await
        }));
    }
    log::hide(args.dnsbl.iter().flat_map(Zone::secrets).map(String::as_str));
    let bar = Bar::of("looking at DNS, hosts and the configuration", args.json);
    let findings = match args.postfix {
        true => block_on(with_existing_store(&config, Purpose::Read, async |store| {
            let file = context.config_file();
            Ok(doctor::postfix(&config, file, store, args.config_dir.as_deref()).await?)
        }))?,
        false => site(&config, &asked(args))?,
    };
    bar.clear();
    let mut out = context.out();
    let screen = out.screen();
    for finding in &findings {
        match args.json {
            true => write_json(&mut out, finding)?,
            false => write(&mut out, finding, screen)?,
        }
    }
    let is_ill = findings.iter().any(|finding| finding.severity == Severity::Error);
    if !args.json {
        match (findings.is_empty(), is_ill) {
            (true, _) if args.postfix => {
                writeln!(out, "nothing is wrong between Postfix and Onward")?;
            }
            (true, _) => writeln!(out, "nothing is wrong")?,
            (_, true) if args.postfix => {
                writeln!(out, "behind the commands: onward reload, postfix reload")?
            }
            (false, false) if args.postfix => {
                writeln!(out, "no errors; behind the commands: onward reload, postfix reload")?;
            }
            (false, false) => writeln!(out, "no errors")?,
            (_, true) => {
                writeln!(out, "once mended, DNS may take its time: look again in an hour")?
            }
        }
    }
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn write(out: &mut impl Write, finding: &Finding, screen: Option<Screen>) -> io::Result<()> {
    let tone = match finding.severity {
        Severity::Error => Tone::Wrong,
        Severity::Warning => Tone::Waits,
        Severity::Hint => Tone::Usual,
    };
    let text = finding.to_string();
    let (severity, rest) = text.split_once(' ').unwrap_or((&text, ""));
    writeln!(out, "{} {rest}", paint(severity, tone, screen))
}

/// What is wrong with a new configuration, for people.
///
/// # Errors
/// When the store cannot be read, or `out` not written.
pub(super) fn first_look(config: &Config, out: &mut impl Output) -> Result<(), Failure> {
    let screen = out.screen();
    let found = site(config, &Asked::default())?.into_iter();
    // The daemon is started behind this.
    for finding in found.filter(|finding| finding.id != "daemon") {
        write(out, &finding, screen)?;
    }
    Ok(())
}

fn site(config: &Config, asked: &Asked) -> Result<Vec<Finding>, Failure> {
    block_on(with_store(config, Purpose::Read, async |store| {
        Ok(doctor::site(config, store, asked).await?)
    }))
}

fn asked(args: &Args) -> Asked {
    Asked {
        addresses: args.addresses.clone(),
        dnsbl: args.dnsbl.clone(),
        connect: args.connect.clone(),
        round_trip: args.round_trip.then_some(args.port),
    }
}
