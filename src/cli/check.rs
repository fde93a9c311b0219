//! `onward check`: what is wrong with the configuration, or what it means.

use super::{Context, Failure};
use crate::admin::check::Meaning;
use std::{io::Write, process::ExitCode};

/// Says what is wrong with the configuration, or what will listen where
#[derive(Debug, clap::Args)]
pub struct Args {}

/// `onward check`.
///
/// # Errors
/// Everything that is wrong.
pub fn run(_: Args, context: &Context) -> Result<ExitCode, Failure> {
    let meaning = Meaning::of(&context.config()?)?;
    let mut out = context.out();
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<11}{text}");

    line("config", &format!("{} is valid", context.config_file().display()))?;
    line("hostname", &meaning.hostname)?;
    line("state", &meaning.state_dir)?;
    let lines = [
        ("postmaster", meaning.postmaster.as_slice()),
        ("listen", &meaning.listen),
        ("srs", std::slice::from_ref(&meaning.srs)),
        ("route", &meaning.routes),
        ("tls", &meaning.tls),
        ("dns", meaning.dns.as_slice()),
        ("delivery", meaning.delivery.as_slice()),
        ("warning", &meaning.warnings),
    ];
    for (name, texts) in lines {
        for text in texts {
            line(name, text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
