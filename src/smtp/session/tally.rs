//! What counts against a session.

/// Commands that a session may give without sending a message, refused ones and accepted recipients aside.
const MAX_COMMANDS: u32 = 1000;
/// Transactions that a session may open and leave without a message: each may have DNS asked.
const MAX_LEFT: u32 = 20;

/// What a client has done since its last message, and what was refused since it came.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Refused commands.
    pub(super) errors: u32,
    /// Commands since the last message.
    pub(super) commands: u32,
    /// Transactions since the last message that ended without one.
    pub(super) left: u32,
}

impl Tally {
    /// True when it goes on and on without a message.
    pub(super) fn is_idle_talk(&self) -> bool {
        self.commands > MAX_COMMANDS || self.left > MAX_LEFT
    }

    /// A message came.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { errors: self.errors, ..Self::default() };
    }
}
