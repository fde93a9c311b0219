//! `onward store`: the store that machines share.

mod migrate;
mod secrets;

use super::{Context, Failure, context::block_on};
use crate::admin::{
    Place,
    upgrade::{plan, upgrade},
};
use std::{io::Write, process::ExitCode};

/// Sees to the store that machines share, of [store] in the configuration
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Brings the database up to date that an older version made
    ///
    /// Older versions cannot use it any more behind that. All nodes are stopped first.
    Upgrade {
        /// Say what would be done, and do nothing
        #[arg(long)]
        plan: bool,
    },
    Migrate(migrate::Args),
    Secrets(secrets::Args),
}

/// `onward store`.
///
/// # Errors
/// When nothing is shared, the database cannot be used, or nodes serve from it.
pub fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    match &args.command {
        Command::Upgrade { plan } => run_upgrade(*plan, context),
        Command::Migrate(args) => migrate::run(args, context),
        Command::Secrets(args) => secrets::run(args, context),
    }
}

fn run_upgrade(only_plans: bool, context: &Context) -> Result<ExitCode, Failure> {
    let place = Place::of(&context.config()?);
    let steps = block_on(async {
        Ok(if only_plans { plan(&place).await? } else { upgrade(&place).await? })
    })?;
    let mut out = context.out();
    for step in &steps {
        let done = if only_plans { "would be done" } else { "done" };
        writeln!(out, "step {}: {} ({done})", step.version, step.does)?;
    }
    if steps.is_empty() {
        writeln!(out, "the database is up to date")?;
    }
    Ok(ExitCode::SUCCESS)
}
