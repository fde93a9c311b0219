//! The command line: one file a command.
//!
//! Results go to stdout, diagnostics to stderr. Exit 0: done; 1: refused or failed, one line says
//! why; 2: usage.

pub mod account;
mod again;
pub mod alias;
mod argument;
pub mod backup;
pub mod block;
pub mod check;
pub mod complete;
mod context;
pub mod digest;
pub mod dkim;
pub mod doctor;
pub mod domain;
pub mod explain;
mod files;
pub mod import;
mod imported;
pub mod init;
pub mod postsrsd;
mod progress;
pub mod provider;
pub mod queue;
mod received;
pub mod reload;
mod screen;
pub mod serve;
mod shown_once;
mod size;
pub mod srs;
pub mod status;
pub mod store;
mod table;
mod time;
pub mod tls;
pub mod token;
pub mod trace;
pub mod trial;
#[cfg(test)]
mod tried;
mod unit;
pub mod web;
mod wrap;

pub use context::{Context, Failure};

use crate::log;
use clap::{CommandFactory, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// In help, the options of every command stand behind those of the command.
const LAST: usize = 900;

/// Forwards the mail of your domains' addresses, and returns the bounces to whoever wrote.
#[derive(Debug, Parser)]
#[command(name = "onward", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// The configuration file [default: /etc/onward/onward.toml]
    #[arg(long, global = true, value_name = "FILE", env = "ONWARD_CONFIG", hide_env_values = true)]
    #[arg(display_order = LAST)]
    config: Option<PathBuf>,
    /// How much goes to the log on stderr [default: info]
    #[arg(long, global = true, value_name = "LEVEL", env = "ONWARD_LOG", hide_env_values = true)]
    #[arg(display_order = LAST)]
    log: Option<log::Level>,
    /// How the log looks on stderr [default: text]
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "ONWARD_LOG_FORMAT",
        hide_env_values = true
    )]
    #[arg(display_order = LAST)]
    log_format: Option<log::Format>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    ImportPostsrsd(postsrsd::Args),
    Try(trial::Args),
    Serve(serve::Args),
    Reload(reload::Args),
    Check(check::Args),
    Domain(domain::Args),
    Alias(alias::Args),
    Import(import::Args),
    Block(block::Args),
    Account(account::Args),
    Token(token::Args),
    Web(web::Args),
    Srs(srs::Args),
    Dkim(dkim::Args),
    Queue(queue::Args),
    Provider(provider::Args),
    Trace(trace::Args),
    Digest(digest::Args),
    Tls(tls::Args),
    Explain(explain::Args),
    Doctor(doctor::Args),
    Status(status::Args),
    Backup(backup::Args),
    Store(store::Args),
    Completions(complete::CompletionsArgs),
    Known(complete::known::Args),
    Man(complete::ManArgs),
}

/// Runs the command that the arguments of the process name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The demonstration says itself what happens.
    let quiet = matches!(cli.command, Command::Try(_));
    let level = cli.log.unwrap_or(if quiet { log::Level::Warn } else { log::Level::Info });
    log::start(level, cli.log_format.unwrap_or(log::Format::Text));
    let context = Context::new(cli.config, cli.log);
    let done = match cli.command {
        Command::Init(args) => init::run(args, &context),
        Command::ImportPostsrsd(args) => postsrsd::run(args, &context),
        Command::Try(args) => trial::run(&args, &context),
        Command::Serve(args) => serve::run(&args, &context),
        Command::Reload(args) => reload::run(args, &context),
        Command::Check(args) => check::run(args, &context),
        Command::Domain(args) => domain::run(args, &context),
        Command::Alias(args) => alias::run(args, &context),
        Command::Import(args) => import::run(args, &context),
        Command::Block(args) => block::run(args, &context),
        Command::Account(args) => account::run(args, &context),
        Command::Token(args) => token::run(args, &context),
        Command::Web(args) => web::run(args, &context),
        Command::Srs(args) => srs::run(args, &context),
        Command::Dkim(args) => dkim::run(args, &context),
        Command::Queue(args) => queue::run(args, &context),
        Command::Provider(args) => provider::run(args, &context),
        Command::Trace(args) => trace::run(args, &context),
        Command::Digest(args) => digest::run(args, &context),
        Command::Tls(args) => tls::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Doctor(args) => doctor::run(&args, &context),
        Command::Status(args) => status::run(args, &context),
        Command::Backup(args) => backup::run(args, &context),
        Command::Store(args) => store::run(&args, &context),
        Command::Completions(args) => complete::completions(args, Cli::command(), &context),
        Command::Known(args) => complete::known::run(args, &context),
        Command::Man(args) => complete::man(args, Cli::command(), &context),
    };
    done.unwrap_or_else(|failure| failure.report())
}
