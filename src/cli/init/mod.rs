//! `onward init`: the first configuration and its secret.

mod ask;
mod questions;
mod text;

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_store},
    doctor, files,
    progress::Bar,
    unit::{STATE_DIR, Unit, is_taken, obstacles, stays_taken},
};
use crate::{
    address::{Domain, Mailbox},
    admin::{
        Store, aliases,
        dkim_keys::{self, DkimKey, DkimKeySource, KeyKind, NewDkimKey},
        domains,
        keystore::Keys,
        setup::{self, OwnAddress, Setup},
        srs_keys,
    },
    alias::{Alias, AliasAddress},
    clock,
    config::{Config, DEFAULT_FILE, ListenAddress, Machine},
    dnsbl::Zone,
    tls::self_signed,
};
use ask::Prompt;
use clap::Parser;
use questions::Questions;
use std::{
    io::{IsTerminal, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

/// The list that an address must not be on before mail leaves from it.
const LIST: &str = "zen.spamhaus.org";

/// Writes a first configuration, keys and the DNS records; never overwrites
///
/// Asks for what the options leave open when stdin is a terminal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of this machine, as its MX record will have it
    #[arg(long, value_name = "NAME", value_parser = Domain::parse, env = "ONWARD_HOSTNAME", hide_env_values = true)]
    hostname: Option<Domain>,
    /// The domain whose mail is forwarded
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse, env = "ONWARD_DOMAIN", hide_env_values = true)]
    domain: Option<Domain>,
    /// The domain of rewritten reverse-paths, of its own [default: srs. before the domain]
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse, env = "ONWARD_SRS_DOMAIN", hide_env_values = true)]
    srs_domain: Option<Domain>,
    /// Who gets postmaster@ and abuse@
    #[arg(long, value_name = "ADDRESS", value_parser = Mailbox::parse, env = "ONWARD_POSTMASTER", hide_env_values = true)]
    postmaster: Option<Mailbox>,
    /// The first alias
    #[arg(long, value_name = "ADDRESS", value_parser = Mailbox::parse, requires = "to")]
    #[arg(env = "ONWARD_ALIAS", hide_env_values = true)]
    alias: Option<Mailbox>,
    /// Where it leads
    #[arg(long, value_name = "MAILBOX", value_parser = Mailbox::parse, requires = "alias")]
    #[arg(env = "ONWARD_TO", hide_env_values = true)]
    to: Option<Mailbox>,
    /// Have the certificate issued and renewed by Let's Encrypt, who asks at port 80; you agree to its terms
    #[arg(long, env = "ONWARD_ACME", hide_env_values = true)]
    acme: bool,
    /// Listen for mail programs of accounts too, at ports 587 and 465
    #[arg(long, env = "ONWARD_SUBMISSION", hide_env_values = true)]
    submission: bool,
    /// Have the page and the API at port 443 too, by TLS
    #[arg(long, env = "ONWARD_WEB", hide_env_values = true)]
    web: bool,
    /// Print a record that asks others to report how TLS goes
    #[arg(long, env = "ONWARD_TLS_RPT", hide_env_values = true)]
    tls_rpt: bool,
    /// Print a record, and the page that belongs to it, by which others send by TLS alone
    #[arg(long, env = "ONWARD_MTA_STS", hide_env_values = true)]
    mta_sts: bool,
    /// An address of this machine as the world knows it, where that cannot be found out (behind NAT)
    #[arg(
        long = "address",
        value_name = "IP",
        env = "ONWARD_ADDRESS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    addresses: Vec<IpAddr>,
    /// Where to listen: systemd:NAME, host:port or unix:/path [default: systemd:smtp where the units are installed, else
    /// 0.0.0.0:25]
    #[arg(long, value_name = "ADDRESS", env = "ONWARD_LISTEN", hide_env_values = true)]
    listen: Option<ListenAddress>,
    /// Where everything that is kept lies [default: /var/lib/onward]
    #[arg(long, value_name = "DIR", env = "ONWARD_STATE_DIR", hide_env_values = true)]
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

/// What the environment says, where there are no arguments.
#[derive(Debug, clap::Parser)]
#[command(name = "onward init")]
struct ByEnvironment {
    #[command(flatten)]
    args: Args,
}

/// A listener beside the one for mail from everywhere.
#[derive(Clone)]
struct Further {
    address: ListenAddress,
    /// What it is for, and the keys that say so.
    what: &'static str,
    keys: &'static str,
}

/// What goes into the configuration.
#[derive(Clone)]
struct Answers {
    hostname: Domain,
    domain: Domain,
    srs_domain: Domain,
    postmaster: Option<Mailbox>,
    listen: ListenAddress,
    further: Vec<Further>,
    state_dir: PathBuf,
    secret_file: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    alias: Option<(Mailbox, Mailbox)>,
    /// The certificate is issued; where its authority asks, if not at the default.
    acme: Option<Option<ListenAddress>>,
    tls_rpt: bool,
    mta_sts: bool,
    addresses: Vec<IpAddr>,
}

/// The first configuration by the environment alone, as a container has it, where there is none yet.
///
/// # Errors
/// As [`run`].
pub(super) fn by_environment(context: &Context) -> Result<(), Failure> {
    if context.config_file().symlink_metadata().is_ok() {
        return Ok(());
    }
    let told = ByEnvironment::try_parse_from(["onward init", "--yes"]).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        Failure::Usage(first.trim_start_matches("error: ").to_owned())
    })?;
    run(told.args, context).map(drop)
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
    let zone_file = config_file.with_file_name("dns.zone");
    for file in [&certificate, &key, &zone_file] {
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
    let own = own_addresses(&args, looks)?;
    let questions =
        Questions { config_file: &config_file, prompt: Prompt { interactive }, own: &own };
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
    let listen: Vec<_> = [&answers.listen]
        .into_iter()
        .chain(answers.further.iter().map(|further| &further.address))
        .chain(answers.acme.iter().flatten())
        .cloned()
        .collect();
    let listen = listen.as_slice();
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
    let keys = block_on(signing_keys(&answers))?;
    let setup = answers.setup(&keys);
    let zone = setup.zone();
    let mut secret = srs_keys::new_secret()?;
    secret.push('\n');
    let own_certificate =
        match answers.acme {
            Some(_) => None,
            None => Some(self_signed(&answers.hostname).map_err(|error| {
                Failure::new(format_args!("cannot make a certificate: {error}"))
            })?),
        };
    let mut files = Vec::new();
    if let Some(own) = &own_certificate {
        files.push((answers.key.as_path(), own.key.as_str(), 0o600));
        files.push((answers.certificate.as_path(), own.certificate.as_str(), 0o644));
    }
    files.push((zone_file.as_path(), zone.as_str(), 0o644));
    files.push((config_file.as_path(), config.as_str(), 0o644));
    if !has_secret {
        files.insert(0, (&answers.secret_file, secret.as_str(), 0o600));
    }
    files::write_all_new(&files, daemon)?;

    let mut out = context.out();
    writeln!(out, "wrote {}", config_file.display())?;
    let what = if has_secret { "kept" } else { "wrote" };
    writeln!(out, "{what} {}", answers.secret_file.display())?;
    writeln!(out, "wrote {}: all that DNS needs, as a zone file", zone_file.display())?;
    match answers.acme {
        Some(_) => writeln!(out, "Let's Encrypt issues the certificate, once its name is in DNS")?,
        None => {
            let (certificate, key) = (answers.certificate.display(), answers.key.display());
            writeln!(out, "wrote {certificate} and {key}: self-signed, for opportunistic TLS")?;
        }
    }
    for DkimKey { domain, selector, .. } in &keys {
        writeln!(out, "the key {selector} signs for {domain}")?;
    }
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
    for OwnAddress { ip, listed, .. } in &own {
        for list in listed {
            warnings
                .push(format!("{ip} is on the list {list}: its operator says how it gets off it"));
        }
    }
    write!(out, "{}", text::next_steps(&answers, &setup, &onward, &start, &warnings))?;
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

/// The addresses of this machine. Their names are asked for where somebody looks, or none is given.
fn own_addresses(args: &Args, looks: bool) -> Result<Vec<OwnAddress>, Failure> {
    let zones: Vec<Zone> = Zone::parse(LIST).into_iter().filter(|_| looks).collect();
    let asks = looks || args.hostname.is_none();
    let bar = Bar::of("asking DNS about this machine", false);
    let own = block_on(async { Ok(setup::own_addresses(&args.addresses, asks, &zones).await?) });
    bar.clear();
    own
}

/// The keys that sign for both domains; what is missing is made.
async fn signing_keys(answers: &Answers) -> Result<Vec<DkimKey>, Failure> {
    let kept = Keys::in_files(&answers.secret_file, &answers.state_dir);
    let mut domains = vec![&answers.srs_domain];
    domains.extend((answers.domain != answers.srs_domain).then_some(&answers.domain));
    let mut keys = Vec::new();
    for domain in domains {
        let mut known = dkim_keys::list(&kept).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        known.retain(|key| key.state == "active" && key.domain == domain.to_key());
        if known.is_empty() {
            let new = NewDkimKey {
                domain: domain.clone(),
                selector: None,
                source: DkimKeySource::New(KeyKind::Rsa),
                is_staged: false,
            };
            known.push(dkim_keys::add(&kept, &new).await?);
        }
        keys.extend(known);
    }
    Ok(keys)
}

impl Answers {
    fn takes_submissions(&self) -> bool {
        self.further.iter().any(|listener| listener.keys.contains("submission"))
    }

    fn serves_page(&self) -> bool {
        self.further.iter().any(|listener| listener.keys.contains("http"))
    }

    /// What DNS is to know.
    fn setup<'a>(&'a self, keys: &'a [DkimKey]) -> Setup<'a> {
        Setup {
            hostname: &self.hostname,
            domain: &self.domain,
            srs_domain: &self.srs_domain,
            addresses: &self.addresses,
            keys,
            has_postmaster: self.postmaster.is_some(),
            tls_rpt: self.tls_rpt,
            mta_sts: self.mta_sts.then(clock::now),
        }
    }
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
