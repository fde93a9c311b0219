//! Commands that look again and again, until Ctrl-C or until nobody reads any more.

use super::Failure;
use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

/// Puts the cursor of a terminal at the beginning, and clears what is behind it.
const CLEAR: &[u8] = b"\x1b[H\x1b[J";

/// Waits for the next look; false when there is to be none, by Ctrl-C.
pub(super) async fn next(pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        _ = tokio::signal::ctrl_c() => false,
    }
}

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
