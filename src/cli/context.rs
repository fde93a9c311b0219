use crate::{
    admin::{self, Place, Store},
    alias::AliasError,
    config::{Config, ConfigError, DEFAULT_FILE},
    log::{self, Level, printable},
};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::runtime::Runtime;

/// The exit code for arguments that ask for nothing sensible, as clap has it.
const USAGE: u8 = 2;

/// What the service manager is told of a daemon that no further start helps, as sysexits.h has it (EX_CONFIG).
const CONFIGURATION: u8 = 78;

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    config_file: PathBuf,
    log: Option<Level>,
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// One line for stderr.
    Message(String),
    /// The same, about the arguments.
    Usage(String),
    /// The findings of a configuration, one line each.
    Config(ConfigError),
    /// Of a service whose configuration has to be changed before another start.
    Lasting(Box<Failure>),
    /// The reader of stdout went away, as `head` does. Nothing to say.
    OutputClosed,
}

impl Context {
    /// `config_file` as `--config` or `$ONWARD_CONFIG` names it, `log` as `--log` or `$ONWARD_LOG`.
    pub fn new(config_file: Option<PathBuf>, log: Option<Level>) -> Self {
        Self { config_file: config_file.unwrap_or_else(|| DEFAULT_FILE.into()), log }
    }

    /// Logs as much as the configuration says, where nothing else says how much.
    pub fn log_as_configured(&self, config: &Config) {
        if let (None, Some(level)) = (self.log, Level::named(&config.log_level)) {
            log::set_level(level);
        }
    }

    /// The configuration file in force.
    pub fn config_file(&self) -> &Path {
        &self.config_file
    }

    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn config(&self) -> Result<Config, Failure> {
        let config = Config::load(&self.config_file).map_err(Failure::Config)?;
        let zones = config.dnsbl.iter().flat_map(|list| list.zone.secrets());
        log::hide(zones.map(String::as_str));
        Ok(config)
    }

    /// Where results go.
    pub fn out(&self) -> io::StdoutLock<'static> {
        io::stdout().lock()
    }
}

impl Failure {
    /// A failure that one line explains.
    pub fn new(message: impl Display) -> Self {
        Self::Message(message.to_string())
    }

    /// A failure with the file it is about.
    pub fn file(path: &Path, error: impl Display) -> Self {
        Self::new(format_args!("{}: {error}", path.display()))
    }

    /// Says on stderr what happened and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if matches!(self, Self::OutputClosed) {
            return ExitCode::SUCCESS;
        }
        // There is nowhere left to complain about stderr.
        let _ = writeln!(io::stderr().lock(), "{self}");
        match self {
            Self::Usage(_) => ExitCode::from(USAGE),
            Self::Lasting(_) => ExitCode::from(CONFIGURATION),
            _ => ExitCode::FAILURE,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) | Self::Usage(message) => {
                // What was asked for may be in it, and a message may have several lines.
                let lines: Vec<String> = message.split('\n').map(printable).collect();
                write!(f, "onward: {}", lines.join("\n"))
            }
            Self::Config(error) => write!(f, "{error}"),
            Self::Lasting(failure) => write!(f, "{failure}"),
            Self::OutputClosed => f.write_str("the reader of the results went away"),
        }
    }
}

/// For errors of writing results; those of files are told with the file's name instead.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new(format_args!("cannot write the result: {error}")),
        }
    }
}

impl From<admin::Error> for Failure {
    fn from(error: admin::Error) -> Self {
        match error {
            admin::Error::Request(what) => Self::Usage(what),
            admin::Error::Output(error) => error.into(),
            error => Self::new(error),
        }
    }
}

impl From<AliasError> for Failure {
    fn from(error: AliasError) -> Self {
        Self::new(error)
    }
}

/// Runs `work` to its end. What it leaves behind, such as a look-up that never ends, ends with the process.
///
/// # Errors
/// That of `work`, or when the system has no means to run it.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Of several threads, as large messages are checked on one that holds up no other.
    let runtime = Runtime::new().map_err(Failure::new)?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// What a command does with the store: one that only reads brings no older database up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Change,
}

impl Purpose {
    /// To change, where that is wanted.
    pub(super) fn changes(changes: bool) -> Self {
        if changes { Self::Change } else { Self::Read }
    }
}

/// Runs `work` on the store of a configuration, made when it does not exist, and closes it.
///
/// # Errors
/// That of `work`, or when the store cannot be opened.
pub(super) async fn with_store<T>(
    config: &Config,
    purpose: Purpose,
    work: impl AsyncFnOnce(&Store) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let store = match purpose {
        Purpose::Read => admin::open_to_read(&Place::of(config)).await?,
        Purpose::Change => admin::open(&Place::of(config)).await?,
    };
    let done = work(&store).await;
    store.close().await;
    done
}

/// As [`with_store`], but makes nothing: `work` is given `None` when nothing was ever kept there.
///
/// # Errors
/// As [`with_store`].
pub(super) async fn with_existing_store<T>(
    config: &Config,
    purpose: Purpose,
    work: impl AsyncFnOnce(Option<&Store>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let store = match purpose {
        Purpose::Read => admin::open_existing_to_read(&Place::of(config)).await?,
        Purpose::Change => admin::open_existing(&Place::of(config)).await?,
    };
    let done = work(store.as_ref()).await;
    if let Some(store) = store {
        store.close().await;
    }
    done
}

/// Says on stderr what is done all the same.
pub(super) fn warn(warnings: &[impl Display]) -> Result<(), Failure> {
    let mut err = io::stderr().lock();
    let plain = |warning: &_| printable(&ToString::to_string(warning));
    warnings.iter().try_for_each(|warning| writeln!(err, "onward: warning: {}", plain(warning)))?;
    Ok(())
}

/// Says on stderr what to do next, or to know.
pub(super) fn note(what: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stderr().lock(), "onward: {what}")?)
}

/// Writes an answer of `--json`, on a line of its own.
pub(super) fn write_json(out: &mut impl Write, answer: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, answer)?;
    writeln!(out)
}
