//! `onward serve`: the daemon in the foreground, until SIGTERM or SIGINT.

mod manager;

use super::{Context, Failure, context::block_on, init};
use crate::{
    admin::running::Running,
    config::{Config, Protocol},
    daemon::{Command, Daemon},
    outbound::OutboundLimits,
    web,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

/// Descriptors for listeners, databases, name servers and the runtime.
const OWN_FILES: u64 = 100;
/// Without a watchdog there is nothing to be in time for.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// Runs the daemon, in the foreground until SIGTERM or SIGINT
///
/// Exits 1 when it cannot start; as a service of systemd 78 where the configuration has to be changed first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Let milters decide and tell the log, and change and refuse nothing
    #[arg(long)]
    shadow: bool,
    /// Write a configuration where there is none yet, as `onward init --yes` does: by its environment variables alone
    #[arg(long)]
    init: bool,
}

/// `onward serve`.
///
/// # Errors
/// When the daemon cannot start; nothing was accepted then.
pub fn run(args: &Args, ctx: &Context) -> Result<ExitCode, Failure> {
    if args.init {
        init::by_environment(ctx).map_err(lasting)?;
    }
    let config = configure(args, ctx).map_err(lasting)?;
    let has_tables = config.listen.iter().any(|listen| !listen.protocol.takes_mail());
    let tables = if has_tables { config.limits.map_connections } else { 0 };
    write_no_core();
    raise_descriptor_limit(config.limits.connections + tables);
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let inherited = manager::inherited().map_err(|error| failed(&error))?;
    block_on(async {
        // Before anything listens, so that no signal finds the default action.
        let on = |kind| signal(kind).map_err(|error| failed(&error));
        let (terminate, interrupt) = (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
        let signals = [terminate, interrupt, on(SignalKind::hangup())?];
        let state_dir = config.state_dir.clone();
        let daemon = Daemon::bind(config, inherited).await.map_err(|error| {
            let is_lasting = error.is_of_configuration();
            let failure = failed(&error);
            if is_lasting { lasting(failure) } else { failure }
        })?;
        let daemon = daemon.with_web(Arc::new(web::Web::default()));
        let running = Running::begin(&state_dir);
        let status = format!("listening on {}", daemon.listening().join(", "));
        manager::ready(&status);
        let (commands, heard) = mpsc::channel(1);
        let attend = attend(signals, commands, &running, || configure(args, ctx));
        tokio::join!(daemon.run(heard), attend);
        Ok(ExitCode::SUCCESS)
    })
}

fn lasting(failure: Failure) -> Failure {
    match manager::starts_us() {
        true => Failure::Lasting(Box::new(failure)),
        false => failure,
    }
}

fn configure(args: &Args, ctx: &Context) -> Result<Config, Failure> {
    let mut config = ctx.config()?;
    for listen in config.listen.iter_mut().filter(|listen| listen.protocol == Protocol::Milter) {
        listen.milter.shadow |= args.shadow;
    }
    ctx.log_as_configured(&config);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// Tells the daemon what the signals mean, and the service manager how it is.
async fn attend(
    [mut terminate, mut interrupt, mut hangup]: [Signal; 3],
    commands: mpsc::Sender<Command>,
    running: &Running,
    configure: impl Fn() -> Result<Config, Failure>,
) {
    // Half of it, as sd_watchdog_enabled(3) advises.
    let pulse = manager::watchdog().map_or(NEVER, |interval| interval / 2);
    let mut next = Instant::now();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                manager::reloading();
                let reloaded = match configure() {
                    Ok(config) => {
                        let config = Box::new(config);
                        ask(&commands, |answer| Command::Reload(config, answer)).await
                    }
                    Err(failure) => Err(failure.to_string()),
                };
                match &reloaded {
                    Ok(()) => {
                        tracing::info!("configuration read again");
                        manager::ready("reloaded");
                    }
                    Err(why) => {
                        tracing::error!(why, "the configuration stays as it was");
                        manager::ready("the new configuration was refused; the old one is in force");
                    }
                }
                running.reloaded(&reloaded);
            }
            () = sleep_until(next) => {
                next = Instant::now() + pulse;
                match ask(&commands, Command::IsWell).await {
                    Ok(()) => manager::well(),
                    Err(why) => {
                        tracing::error!(why, "not well");
                        manager::ill(&why);
                    }
                }
            }
        }
    }
    manager::stopping();
    let _ = commands.send(Command::Stop).await;
}

type Answer = oneshot::Sender<Result<(), String>>;

async fn ask(
    commands: &mpsc::Sender<Command>,
    command: impl FnOnce(Answer) -> Command,
) -> Result<(), String> {
    let gone = || "the daemon is gone".to_owned();
    let (answer, answered) = oneshot::channel();
    commands.send(command(answer)).await.map_err(|_| gone())?;
    answered.await.map_err(|_| gone())?
}

/// Memory holds mail, keys and passwords: none of it goes into a file when the daemon crashes.
fn write_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may write memory into a core file");
    }
}

/// A session takes a descriptor, and so does a connection to a destination: the soft limit of most
/// systems, 1024, is less than the default limits here may need.
fn raise_descriptor_limit(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let wanted = connections as u64 + OutboundLimits::default().in_use as u64 + OWN_FILES;
    if let Some(current) = current.filter(|current| *current < wanted) {
        tracing::warn!(
            "only {current} descriptors are allowed and the limits of connections may need {wanted}: raise \
             the limit (LimitNOFILE= in a systemd unit) or lower limits.connections"
        );
    }
}
