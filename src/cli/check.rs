//! `onward check`: what is wrong with the configuration, or what it means.

use super::{Context, Failure, context::block_on};
use crate::admin::{
    check::{Meaning, alias_map_faults, database},
    relays::{RelayStatus, try_logins},
    spam_filter::{FilterStatus, ping},
};
use std::{io::Write, process::ExitCode};

/// Says what is wrong with the configuration, or what will listen where
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Log in at each smart host that a route has a username for, send nothing, and say whether it lets us in
    #[arg(long)]
    login: bool,
}

/// `onward check`.
///
/// # Errors
/// Everything that is wrong.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let meaning = block_on(async { Ok(Meaning::of(&config).await?) })?;
    let (faults, filter, database) = block_on(async {
        Ok((alias_map_faults(&config).await, ping(&config).await?, database(&config).await?))
    })?;
    let mut out = context.out();
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<11}{text}");

    line("config", &format!("{} is valid", context.config_file().display()))?;
    line("hostname", &meaning.hostname)?;
    line("state", &meaning.state_dir)?;
    line("store", &meaning.store)?;
    if let Some(database) = database {
        line("", &database)?;
    }
    let lines = [
        ("postmaster", meaning.postmaster.as_slice()),
        ("listen", &meaning.listen),
        ("srs", std::slice::from_ref(&meaning.srs)),
        ("route", &meaning.routes),
        ("tls", &meaning.tls),
        ("dns", meaning.dns.as_slice()),
        ("dnsbl", &meaning.lists),
        ("delivery", meaning.delivery.as_slice()),
        ("filter", meaning.filter.as_slice()),
        ("warning", &meaning.warnings),
    ];
    for (name, texts) in lines {
        for text in texts {
            line(name, text)?;
        }
    }
    if let Some(FilterStatus { address, problem: Some(problem) }) = filter {
        line("filter", &format!("{address} does not answer now: {problem}"))?;
    }
    for fault in faults {
        line("alias map", &fault.to_string())?;
    }
    if !args.login {
        return Ok(ExitCode::SUCCESS);
    }
    let statuses = block_on(async { Ok(try_logins(&config).await?) })?;
    if statuses.is_empty() {
        line("login", "no route has a username")?;
    }
    let is_let_in = statuses.iter().all(|status| status.problem.is_none());
    for RelayStatus { relay, answered, problem, .. } in statuses {
        let told = match (problem, answered) {
            (Some(problem), _) => format!("{relay} does not let us in: {problem}"),
            (None, answered) => format!("{relay} lets us in: {}", answered.unwrap_or_default()),
        };
        line("login", &told)?;
    }
    Ok(if is_let_in { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
