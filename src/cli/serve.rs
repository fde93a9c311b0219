//! `onward serve`: the daemon in the foreground, until SIGTERM or SIGINT.

use super::{Context, Failure};
use crate::{config::Protocol, daemon::Daemon, net::OutboundLimits};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Descriptors for listeners, databases, name servers and the runtime.
const OWN_FILES: u64 = 100;

/// Runs the daemon, in the foreground until SIGTERM or SIGINT
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Let milters decide and tell the log, and change and refuse nothing
    #[arg(long)]
    shadow: bool,
}

/// `onward serve`.
///
/// # Errors
/// When the daemon cannot start; nothing was accepted then.
pub fn run(args: &Args, ctx: &Context) -> Result<ExitCode, Failure> {
    let mut config = ctx.config()?;
    for listen in config.listen.iter_mut().filter(|listen| listen.protocol == Protocol::Milter) {
        listen.milter.shadow |= args.shadow;
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let has_tables = config.listen.iter().any(|listen| listen.protocol != Protocol::Smtp);
    let tables = if has_tables { config.limits.map_connections } else { 0 };
    raise_descriptor_limit(config.limits.connections + tables);
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(&error))?;
    runtime.block_on(async {
        // Before anything listens, so that no signal finds the default action.
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(&error))?;
        let mut hangup = signal(SignalKind::hangup()).map_err(|error| failed(&error))?;
        let daemon = Daemon::bind(config).await.map_err(|error| failed(&error))?;
        daemon
            .run(async move {
                loop {
                    tokio::select! {
                        _ = terminate.recv() => break,
                        _ = interrupt.recv() => break,
                        _ = hangup.recv() => tracing::warn!(
                            "SIGHUP: aliases and secrets are followed as they change; a changed \
                             configuration needs a restart"
                        ),
                    }
                }
            })
            .await;
        Ok(ExitCode::SUCCESS)
    })
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
