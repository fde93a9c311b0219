use crate::{
    admin::{
        Place,
        migrate::{Copied, Planned, migrate, plan},
    },
    cli::{
        Context, Failure,
        context::{block_on, write_json},
        progress::Bar,
    },
};
use serde::Serialize;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Moves all that is kept from the state directory into the database of [store], or back
///
/// Domains, aliases, accounts, tokens, what is remembered, the spool and the journal are copied, and compared on both sides
/// afterwards. Nothing is deleted: the old store stays where it is, marked so that nobody serves from it any more. While a
/// daemon serves from the old store, all that is there is copied already, and the daemon goes on; stop it and run this
/// again, which copies what changed since and moves. Whatever ends this in the midst, run it again. docs/NODES.md says it
/// step by step.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// From the database back into the state directory; all nodes are stopped first
    #[arg(long)]
    to_sqlite: bool,
    /// Say what is there to be copied, and do nothing
    #[arg(long)]
    plan: bool,
    /// One JSON object a table
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct CopiedRow {
    table: &'static str,
    rows: u64,
    checksum: String,
}

#[derive(Serialize)]
struct PlannedRow {
    table: &'static str,
    from: u64,
    to: u64,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let place = Place::of(&config);
    let database = place.database().map(ToString::to_string).unwrap_or_default();
    let directory = place.state_dir().display().to_string();
    let (from, to) = match args.to_sqlite {
        true => (database, directory),
        false => (directory, database),
    };
    let mut out = context.out();
    if args.plan {
        let planned = block_on(async { Ok(plan(&config, args.to_sqlite).await?) })?;
        print_plan(&mut out, &planned, args.json)?;
        if !args.json {
            let first = if planned.is_served { "beside what is served meanwhile, " } else { "" };
            writeln!(out, "{first}all would be copied from {from} to {to}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let bar = Bar::new(args.json).counting("rows");
    let progress = bar.progress();
    let moved = block_on(async { Ok(migrate(&config, args.to_sqlite, &progress).await?) })?;
    bar.clear();
    print(&mut out, &moved.tables, args.json)?;
    if !moved.is_over {
        return Err(Failure::new(format_args!(
            "{from} is served from, and still is: what was there is copied. Stop all that serves (systemctl stop onward) and run this \
             again; it copies what changed since, and moves"
        )));
    }
    if !args.json {
        writeln!(
            out,
            "moved from {from} to {to}, and the same on both sides; nothing is served from {from} any more"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut impl Write, tables: &[Copied], is_json: bool) -> io::Result<()> {
    for Copied { table, sum } in tables {
        if is_json {
            let checksum = sum.to_string();
            write_json(out, &CopiedRow { table, rows: sum.rows, checksum })?;
        } else if sum.rows > 0 {
            let checksum: String = sum.to_string().chars().take(16).collect();
            writeln!(out, "{table:20} {:>10} rows, checksum {checksum}", sum.rows)?;
        }
    }
    Ok(())
}

fn print_plan(out: &mut impl Write, planned: &Planned, is_json: bool) -> io::Result<()> {
    for (table, from, to) in planned.tables.iter().copied() {
        if is_json {
            write_json(out, &PlannedRow { table, from, to })?;
        } else if from > 0 || to > 0 {
            writeln!(out, "{table:20} {from:>10} rows, {to:>10} where they would go")?;
        }
    }
    Ok(())
}
