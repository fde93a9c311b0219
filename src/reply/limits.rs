//! What is beyond a limit, and its reply.

use super::Reply;

impl Reply {
    /// `limits.connections`, in all or per client.
    pub const fn too_many_connections() -> Self {
        Self::new(421, (4, 3, 2), "Too many connections, try again later")
    }
    /// `limits.errors`.
    pub const fn too_many_errors() -> Self {
        Self::new(421, (4, 7, 0), "Too many errors, closing")
    }
    /// A dialogue that goes on and on without a message.
    pub const fn too_many_commands() -> Self {
        Self::new(421, (4, 7, 0), "Too many commands without a message, closing")
    }
    /// A browser or a TLS client on this port.
    pub const fn not_smtp() -> Self {
        Self::new(421, (4, 7, 0), "This is an SMTP server, closing")
    }
    /// `limits.command_timeout`, `data_timeout` or `session_timeout`.
    pub const fn timeout() -> Self {
        Self::new(421, (4, 4, 2), "Timeout, closing")
    }
    /// The daemon is stopping.
    pub const fn shutting_down() -> Self {
        Self::new(421, (4, 3, 2), "Shutting down, try again later")
    }
    /// `limits.message_memory`.
    pub const fn out_of_memory() -> Self {
        Self::new(452, (4, 3, 1), "Too much mail in transit, try again later")
    }
}
