//! Commands that look again and again, until Ctrl-C or until nobody reads any more.

use super::Failure;
use std::{
    io::{self, IsTerminal, Write},
    pin::Pin,
    time::Duration,
};
use tokio::{signal::ctrl_c, time::sleep};

/// The pauses between looks.
///
/// Until the first of them Ctrl-C ends the process as it ends any; from then on it is heard here,
/// in a pause or, when it came during a look, at the end of that look.
pub(super) struct Pauses {
    pause: Duration,
    /// One listener for all pauses: one for each would not hear what came between two of them.
    interrupt: Pin<Box<dyn Future<Output = io::Result<()>>>>,
}

impl Pauses {
    pub(super) fn of(pause: Duration) -> Self {
        Self { pause, interrupt: Box::pin(ctrl_c()) }
    }

    /// Waits for the next look; false when there is to be none, by Ctrl-C.
    pub(super) async fn next(&mut self) -> bool {
        tokio::select! {
            _ = &mut self.interrupt => false,
            () = sleep(self.pause) => true,
        }
    }
}

/// Puts the cursor of a terminal at the beginning, and clears what is behind it.
const CLEAR: &[u8] = b"\x1b[H\x1b[J";

/// Shows `screen` in the place of the one before; one below the other where stdout is no terminal.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn show(out: &mut impl Write, screen: &[u8]) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        out.write_all(CLEAR)?;
    }
    out.write_all(screen)?;
    Ok(out.flush()?)
}
