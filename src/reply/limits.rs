//! What is beyond a limit, and its reply: it names the limit and, where that is known, when to come again.

use super::Reply;
use std::time::Duration;

impl Reply {
    /// `limits.connections`.
    pub const fn too_many_connections() -> Self {
        Self::new(421, (4, 3, 2), "Too many connections, try again later")
    }
    /// `limits.messages_per_client`; `client` is an address or a network, and its own.
    pub fn too_many_messages(client: &str, rate: &str, wait: Duration) -> Self {
        let text = format!("Too many messages from {client} ({rate}), {}", again_in(wait));
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// `limits.dns_questions_per_client`; `client` as above.
    pub fn too_many_questions(client: &str, rate: &str, wait: Duration) -> Self {
        let again = again_in(wait);
        let text = format!("Too many DNS questions because of {client} ({rate}), {again}");
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// `limits.messages_per_alias`, or the limit of the alias itself.
    pub fn too_many_for_address(rate: &str, wait: Duration) -> Self {
        let text = format!("Too many messages to this address ({rate}), {}", again_in(wait));
        Self::with_text(450, (4, 2, 1), &text)
    }
    /// `limits.new_aliases_per_domain`.
    pub fn too_many_new_aliases(wait: Duration) -> Self {
        let text = format!("Too many new addresses of this domain, {}", again_in(wait));
        Self::with_text(450, (4, 2, 1), &text)
    }
    /// `limits.messages_per_domain`.
    pub fn too_many_for_domain(rate: &str, wait: Duration) -> Self {
        let text = format!("Too many messages to this domain ({rate}), {}", again_in(wait));
        Self::with_text(450, (4, 2, 1), &text)
    }
    /// `limits.unknown_recipients_per_client` and `limits.forged_srs_per_client`; `is_last` closes the session.
    pub fn too_many_refused_recipients(
        client: &str,
        rate: &str,
        wait: Duration,
        is_last: bool,
    ) -> Self {
        let text =
            format!("Too many refused recipients from {client} ({rate}), {}", again_in(wait));
        match is_last {
            true => Self::with_text(421, (4, 7, 0), &text),
            false => Self::with_text(450, (4, 7, 1), &text),
        }
    }
    /// `limits.connections_per_client`; `client` is an address or a network, and its own.
    pub fn too_many_connections_of(client: &str, most: usize) -> Self {
        let text = format!("Too many connections from {client} ({most}), try again later");
        Self::with_text(421, (4, 3, 2), &text)
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
    /// `limits.data_rate`.
    pub const fn too_slow() -> Self {
        Self::new(421, (4, 4, 2), "The message comes too slowly, closing")
    }
    /// `limits.early_talker`: a client that speaks before it is greeted (RFC 5321 §3.1).
    pub const fn early_talker() -> Self {
        Self::new(554, (5, 5, 1), "Commands before the greeting, closing")
    }
    /// `limits.early_talker`: commands behind EHLO or HELO, before its reply (RFC 2920 §3.1).
    pub const fn unasked_pipelining() -> Self {
        Self::new(554, (5, 5, 1), "Commands before the reply to EHLO, closing")
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

/// When something that is exceeded will have room again, in words.
pub(super) fn again_in(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    format!("try again in {seconds} s")
}
