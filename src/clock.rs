//! The clock and the randomness of this machine; the layers below take both as arguments.

use crate::{
    message::MessageId,
    time::{Millis, UnixTime},
};
use std::{
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use zeroize::Zeroizing;

/// The time of the system's clock, to the second.
pub fn now() -> UnixTime {
    millis().unix_time()
}

/// The time of the system's clock, to the millisecond.
pub fn millis() -> Millis {
    Millis::EPOCH + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time that the clock had when the process began, going on evenly from there: a clock that is set
/// while messages wait makes none of them old.
pub fn steady_millis() -> Millis {
    static BEGIN: OnceLock<(Instant, Millis)> = OnceLock::new();
    let (began, at) = BEGIN.get_or_init(|| (Instant::now(), millis()));
    *at + began.elapsed()
}

/// 32 bits by chance; the same ones where the system has none.
pub fn random() -> u32 {
    getrandom::u32().unwrap_or(1 << 31)
}

/// Octets by chance that nobody guesses.
///
/// # Errors
/// When the system has none.
pub fn secret<const LENGTH: usize>() -> Result<Zeroizing<[u8; LENGTH]>, getrandom::Error> {
    let mut octets = Zeroizing::new([0; LENGTH]);
    getrandom::fill(&mut *octets)?;
    Ok(octets)
}

/// A new message id.
pub fn message_id() -> MessageId {
    let mut random = [0; 4];
    if getrandom::fill(&mut random).is_err() {
        // Without a random source the process counts: unique on this node at least.
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        random = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes();
    }
    MessageId::new(millis(), random)
}
