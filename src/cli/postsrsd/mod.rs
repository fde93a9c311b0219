//! `onward import-postsrsd`: a configuration that goes on where PostSRSd stops.

mod confuse;
mod settings;
mod shell;
mod way;

use super::{
    Context, Failure,
    unit::{STATE_DIR, Unit, obstacles},
};
use crate::config::{Config, ListenAddress, Machine};
use settings::{Settings, SocketUnit};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};
use way::Way;

const DEFAULTS: &str = "/etc/default/postsrsd";
const CONFS: [&str; 2] = ["/etc/postsrsd.conf", "/etc/postsrsd/postsrsd.conf"];

/// Writes a configuration and secret from those of PostSRSd; never overwrites
///
/// A secret that is there already, as a package makes one, is kept behind those of PostSRSd, to verify. With the secrets taken over, bounces to addresses that PostSRSd made still come back. What has no
/// counterpart is named. Without an option the files of PostSRSd are looked for where it has them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The settings of PostSRSd 1 [default: /etc/default/postsrsd]
    #[arg(long, value_name = "FILE", conflicts_with = "conf")]
    defaults: Option<PathBuf>,
    /// The settings of PostSRSd 2 [default: /etc/postsrsd.conf]
    #[arg(long, value_name = "FILE")]
    conf: Option<PathBuf>,
    /// The SRS domain, where the settings do not say it
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// The secrets, where they are not where the settings say
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Where everything that is kept lies [default: /var/lib/onward]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Only print what would be written, and what stands in its way; exits 1 where something does
    #[arg(long)]
    plan: bool,
}

/// `onward import-postsrsd`.
///
/// # Errors
/// When the settings cannot be read or understood, or something stands in the way of what is to be written.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut settings = read(&args)?;
    if let Some(domain) = args.domain {
        settings.domain = Some(domain);
    }
    let config_file = std::path::absolute(context.config_file()).map_err(Failure::new)?;
    let secret_file = config_file.with_file_name("srs.secret");
    let unit = Unit::of(&config_file);
    let sockets = match unit.is_there {
        true => settings.through_systemd(),
        false => Vec::new(),
    };
    if settings.domain.is_none() {
        return Err(Failure::new(no_domain()));
    }
    let secrets_of = args.secrets.or_else(|| settings.secrets.clone()).ok_or_else(|| {
        Failure::new("the settings do not say where the secrets are; --secrets FILE says it")
    })?;
    let state_dir = args.state_dir.unwrap_or_else(|| PathBuf::from(STATE_DIR));
    let config = settings.config(&secret_file, &state_dir)?;
    // What is written must pass `onward check`.
    let parsed = Config::parse(&config, &config_file, &Machine::default()).map_err(|error| {
        Failure::new(format_args!("not written, as these settings make no configuration: {error}"))
    })?;
    let listen: Vec<ListenAddress> =
        parsed.listen.into_iter().map(|listen| listen.address).collect();
    let way = Way { config_file: &config_file, secret_file: &secret_file, state_dir: &state_dir };
    let secrets = way.secrets(&secrets_of);
    let hindrances = way.hindrances(secrets.as_ref().err(), &sockets);
    let (mut warnings, is_taken) = way::taken(&listen);
    if unit.is_there {
        warnings.extend(obstacles(&listen, &state_dir));
    }

    let mut out = context.out();
    let comment = if args.plan { "# " } else { "" };
    if args.plan {
        write!(out, "{config}")?;
        for socket in sockets.iter().filter_map(SocketUnit::drop_in) {
            let (file, text) = socket;
            writeln!(out, "# {}:\n# {}", file.display(), text.trim_end().replace('\n', "\n# "))?;
        }
    } else {
        let secrets = secrets?;
        if let Some(first) = hindrances.first() {
            return Err(Failure::new(first));
        }
        let daemon = unit.state_directory(&state_dir)?;
        let kept = way.write(&config, &secrets, &sockets, daemon)?;
        writeln!(out, "wrote {} and {}", config_file.display(), secret_file.display())?;
        if kept > 0 {
            let file = secret_file.display();
            let secrets = if kept == 1 { "1 secret" } else { &format!("{kept} secrets") };
            writeln!(out, "kept {secrets} that {file} had, to verify; those of PostSRSd sign")?;
        }
    }
    for note in &settings.notes {
        writeln!(out, "{comment}not taken over: {note}")?;
    }
    for warning in &warnings {
        writeln!(out, "{comment}warning: {warning}")?;
    }
    for hindrance in &hindrances {
        writeln!(out, "# stands in the way: {hindrance}")?;
    }
    if !args.plan {
        write!(out, "{}", way::next_steps(&unit, &listen, &sockets))?;
    }
    let is_barred = !hindrances.is_empty() || (args.plan && is_taken);
    Ok(if is_barred { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// With the domain that PostSRSd takes then, which its init script asks of Postfix.
fn no_domain() -> String {
    let asked = Command::new("postconf").args(["-h", "mydomain"]).output();
    let answer = asked.ok().filter(|answer| answer.status.success());
    let domain = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    match domain.filter(|domain| !domain.is_empty()) {
        Some(domain) => format!(
            "the settings do not say the SRS domain, and PostSRSd takes that of Postfix (postconf -h mydomain) then: \
             --domain {domain}"
        ),
        None => "the settings do not say the SRS domain; --domain DOMAIN says it".to_owned(),
    }
}

fn read(args: &Args) -> Result<Settings, Failure> {
    let is_there = |path: &str| Path::new(path).is_file().then(|| PathBuf::from(path));
    let conf = || CONFS.into_iter().find_map(is_there);
    let (file, is_of_1) = match (args.defaults.clone(), args.conf.clone()) {
        (Some(file), _) => (file, true),
        (_, Some(file)) => (file, false),
        (None, None) => match (is_there(DEFAULTS), conf()) {
            (Some(_), Some(conf)) => {
                return Err(Failure::Usage(format!(
                    "{DEFAULTS} and {} are both there; --defaults FILE or --conf FILE says which",
                    conf.display()
                )));
            }
            (Some(file), None) => (file, true),
            (None, Some(file)) => (file, false),
            (None, None) => {
                return Err(Failure::new(
                    "no settings of PostSRSd where it has them; --defaults FILE (PostSRSd 1) or --conf FILE \
                     (PostSRSd 2) names them",
                ));
            }
        },
    };
    let text = fs::read_to_string(&file).map_err(|error| Failure::file(&file, error))?;
    let settings = if is_of_1 { Settings::of_1(&text) } else { Settings::of_2(&text) };
    settings.map_err(|what| Failure::file(&file, what))
}
