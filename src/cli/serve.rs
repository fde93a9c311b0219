//! `onward serve`: the daemon in the foreground, until SIGTERM or SIGINT.

use super::{Context, Failure};
use crate::daemon::Daemon;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Serves.
///
/// # Errors
/// When the daemon cannot start; nothing was accepted then.
pub fn run(ctx: &Context) -> Result<ExitCode, Failure> {
    let config = ctx.config()?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
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
