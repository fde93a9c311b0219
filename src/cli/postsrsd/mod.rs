//! `onward import-postsrsd`: a configuration that goes on where PostSRSd stops.

mod confuse;
mod settings;
mod shell;

use super::{Context, Failure, files};
use crate::config::{Config, Machine};
use settings::Settings;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

const DEFAULTS: &str = "/etc/default/postsrsd";
const CONFS: [&str; 2] = ["/etc/postsrsd.conf", "/etc/postsrsd/postsrsd.conf"];

/// Writes a configuration and secret from those of PostSRSd; never overwrites
///
/// With the secrets taken over, bounces to addresses that PostSRSd made still come back. What has no
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
    /// Only print what would be written
    #[arg(long)]
    plan: bool,
}

/// `onward import-postsrsd`.
///
/// # Errors
/// When the settings cannot be read or understood, or a file is already there.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut settings = read(&args)?;
    if let Some(domain) = args.domain {
        settings.domain = Some(domain);
    }
    let config_file = std::path::absolute(context.config_file()).map_err(Failure::new)?;
    let secret_file = config_file.with_file_name("srs.secret");
    let secrets_of = args.secrets.or_else(|| settings.secrets.clone()).ok_or_else(|| {
        Failure::new("the settings do not say where the secrets are; --secrets FILE says it")
    })?;
    let secrets =
        fs::read_to_string(&secrets_of).map_err(|error| Failure::file(&secrets_of, error))?;
    let state_dir = args.state_dir.unwrap_or_else(|| PathBuf::from("/var/lib/onward"));
    let config = settings.config(&secret_file, &state_dir)?;
    // What is written must pass `onward check`.
    Config::parse(&config, &config_file, &Machine::default()).map_err(|error| {
        Failure::new(format_args!("not written, as these settings make no configuration: {error}"))
    })?;
    let mut out = context.out();
    if args.plan {
        write!(out, "{config}")?;
    } else {
        for file in [&config_file, &secret_file] {
            files::must_not_exist(file)?;
        }
        files::make_private_directory(&state_dir)?;
        let written: [(&Path, &str, u32); 2] =
            [(&secret_file, &secrets, 0o600), (&config_file, &config, 0o644)];
        files::write_all_new(&written, None)?;
        writeln!(out, "wrote {} and {}", config_file.display(), secret_file.display())?;
        writeln!(
            out,
            "next: stop postsrsd, and `onward serve`; its users are Postfix's tables as before"
        )?;
    }
    let comment = if args.plan { "# " } else { "" };
    for note in &settings.notes {
        writeln!(out, "{comment}not taken over: {note}")?;
    }
    Ok(ExitCode::SUCCESS)
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
