//! `onward init`: the first configuration and its secret.

mod ask;
mod questions;
mod text;

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_store},
    doctor, files,
    unit::{STATE_DIR, Unit, is_taken, obstacles, stays_taken},
};
use crate::{
    address::{Domain, Mailbox},
    admin::{Store, aliases, domains, srs_keys},
    alias::{Alias, AliasAddress},
    config::{Config, DEFAULT_FILE, ListenAddress, Machine},
    tls::self_signed,
};
use ask::Prompt;
use questions::Questions;
use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Writes a first configuration and secret; never overwrites
///
/// Asks for what the options leave open when stdin is a terminal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of this machine, as its MX record will have it
    #[arg(long, value_name = "NAME", value_parser = Domain::parse)]
    hostname: Option<Domain>,
    /// The domain whose mail is forwarded
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    domain: Option<Domain>,
    /// The domain of rewritten reverse-paths, of its own [default: srs. before the domain]
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    srs_domain: Option<Domain>,
    /// Who gets postmaster@ and abuse@
    #[arg(long, value_name = "ADDRESS", value_parser = Mailbox::parse)]
    postmaster: Option<Mailbox>,
    /// The first alias
    #[arg(long, value_name = "ADDRESS", value_parser = Mailbox::parse, requires = "to")]
    alias: Option<Mailbox>,
    /// Where it leads
    #[arg(long, value_name = "MAILBOX", value_parser = Mailbox::parse, requires = "alias")]
    to: Option<Mailbox>,
    /// Where to listen: systemd:NAME, host:port or unix:/path [default: systemd:smtp where the units are installed, else
    /// 0.0.0.0:25]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<ListenAddress>,
    /// Where everything that is kept lies [default: /var/lib/onward]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Enable and start the units at the end
    #[arg(long)]
    enable: bool,
    /// Ask nothing, take the defaults
    #[arg(long, short)]
    yes: bool,
    /// Look at DNS at the end, as `onward doctor` does; without it only where questions are asked
    #[arg(long)]
    doctor: bool,
}

/// What goes into the configuration.
#[derive(Clone)]
struct Answers {
    hostname: Domain,
    domain: Domain,
    srs_domain: Domain,
    postmaster: Option<Mailbox>,
    listen: ListenAddress,
    state_dir: PathBuf,
    secret_file: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    alias: Option<(Mailbox, Mailbox)>,
}

/// `onward init`.
///
/// # Errors
/// When a file is already there or cannot be written, or an answer is missing.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config_file = std::path::absolute(context.config_file()).map_err(Failure::new)?;
    let secret_file = config_file.with_file_name("srs.secret");
    let certificate = config_file.with_file_name("tls.crt");
    let key = config_file.with_file_name("tls.key");
    files::must_not_exist(&config_file)?;
    // A package makes one, and addresses may be about that it has signed.
    let has_secret = secret_file.exists();
    if has_secret {
        srs_keys::keyring(&secret_file)?;
    }
    for file in [&certificate, &key] {
        files::must_not_exist(file)?;
    }
    let unit = Unit::of(&config_file);
    if args.enable && !unit.is_there {
        let what =
            "--enable is for the units of systemd, which are not installed or do not run this file";
        return Err(Failure::Usage(what.to_owned()));
    }
    if has_secret && let Some(user) = unit.user {
        files::share(&secret_file, user)?;
    }
    let interactive = !args.yes && std::io::stdin().is_terminal();
    let (looks, enables) = (args.doctor || interactive, args.enable);
    let questions = Questions { config_file: &config_file, prompt: Prompt { interactive } };
    let answers = questions.ask(args, [secret_file, certificate, key], unit.is_there)?;
    let onward = match config_file.to_str() {
        Some(DEFAULT_FILE) => "onward".to_owned(),
        _ => format!("onward --config {}", config_file.display()),
    };
    let taken = match enables {
        true => stays_taken(&answers.listen),
        false => is_taken(&answers.listen),
    };
    if taken && enables {
        return Err(Failure::new(format_args!(
            "another program has the port of {}, and nothing is written: stop it for good first, or go beside it \
             (docs/POSTFIX.md). With the same answers:\n  {onward} init --yes --enable {}",
            answers.listen,
            text::options(&answers)
        )));
    }
    let listen = std::slice::from_ref(&answers.listen);
    let mut warnings = match unit.is_there {
        true => obstacles(listen, &answers.state_dir),
        false => Vec::new(),
    };
    if enables && !warnings.is_empty() {
        return Err(Failure::new(format_args!(
            "nothing is written, as the service would not start (without --enable it is): {}",
            warnings.join("; ")
        )));
    }
    let config = text::config(&answers);
    // What is written must pass `onward check`, whatever was answered.
    let parsed =
        Config::parse(&config, &config_file, &Machine::default()).map_err(Failure::Config)?;

    let daemon = unit.state_directory(&answers.state_dir)?;
    // Before the files: after a failure `onward init` can be run again.
    block_on(with_store(&parsed, Purpose::Change, async |store| host(&answers, store).await))?;
    let mut secret = srs_keys::new_secret()?;
    secret.push('\n');
    let own = self_signed(&answers.hostname)
        .map_err(|error| Failure::new(format_args!("cannot make a certificate: {error}")))?;
    let mut files = vec![
        (answers.key.as_path(), own.key.as_str(), 0o600),
        (&answers.certificate, own.certificate.as_str(), 0o644),
        (&config_file, config.as_str(), 0o644),
    ];
    if !has_secret {
        files.insert(0, (&answers.secret_file, secret.as_str(), 0o600));
    }
    files::write_all_new(&files, daemon)?;

    let mut out = context.out();
    writeln!(out, "wrote {}", config_file.display())?;
    let what = if has_secret { "kept" } else { "wrote" };
    writeln!(out, "{what} {}", answers.secret_file.display())?;
    let (certificate, key) = (answers.certificate.display(), answers.key.display());
    writeln!(out, "wrote {certificate} and {key}: self-signed, for opportunistic TLS")?;
    writeln!(out, "{} is hosted", answers.domain)?;
    let start = match unit.is_there {
        true => Unit::enable(listen),
        false => format!("{onward} serve"),
    };
    if taken {
        warnings.push(format!(
            "another program has the port of {}: stop it for good first (a Postfix: systemctl disable --now postfix), or \
             keep it and go beside it (docs/POSTFIX.md)",
            answers.listen
        ));
    }
    write!(out, "{}", text::next_steps(&answers, &onward, &start, &warnings))?;
    if enables {
        Unit::enable_now(listen)?;
        writeln!(out, "\nenabled and started: {onward} status")?;
    }
    if looks {
        writeln!(out, "\nAs it is now (`{onward} doctor` looks again):")?;
        doctor::first_look(&parsed, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn host(answers: &Answers, store: &Store) -> Result<(), Failure> {
    domains::add(store, &answers.domain).await?;
    if let Some((alias, to)) = &answers.alias {
        let alias = Alias::forward(AliasAddress::Exact(alias.clone()), [to.to_string().as_str()])
            .map_err(|error| Failure::new(format_args!("--alias: {error}")))?;
        if aliases::get(store, alias.address()).await?.is_none() {
            aliases::add(store, &alias).await?;
        }
    }
    Ok(())
}
