//! What is said to those who log in, and to those who have to (RFC 4954).

use super::{Reply, limits::again_in};
use std::time::Duration;

impl Reply {
    /// 334: the client is to answer `challenge`, which is base64.
    pub fn challenge(challenge: &str) -> Self {
        Self::plain(334, challenge)
    }
    /// The client is who it says.
    pub const fn logged_in() -> Self {
        Self::new(235, (2, 7, 0), "Authentication successful")
    }
    /// Whatever is wrong with name or password: the same for an account that does not exist.
    pub const fn login_refused() -> Self {
        Self::new(535, (5, 7, 8), "Authentication credentials invalid")
    }
    /// Whether they are right cannot be told now.
    pub const fn login_unavailable() -> Self {
        Self::new(454, (4, 7, 0), "Accounts cannot be looked up now, try again later")
    }
    /// AUTH or MAIL in plaintext, where only accounts may send (RFC 3207 §4).
    pub const fn needs_tls() -> Self {
        Self::new(530, (5, 7, 0), "Must issue a STARTTLS command first")
    }
    /// MAIL without AUTH, where only accounts may send.
    pub const fn needs_login() -> Self {
        Self::new(530, (5, 7, 0), "Authentication required")
    }
    /// A mechanism that EHLO did not name.
    pub const fn unknown_mechanism() -> Self {
        Self::new(504, (5, 5, 4), "Mechanism not offered: PLAIN or LOGIN")
    }
    /// The client said `*`.
    pub const fn auth_cancelled() -> Self {
        Self::new(501, (5, 7, 0), "Authentication cancelled")
    }
    /// What the client said is not base64, or not what its mechanism says.
    pub const fn auth_malformed() -> Self {
        Self::new(501, (5, 5, 2), "Cannot decode the response")
    }
    /// A response beyond RFC 4954 §4.
    pub const fn auth_line_too_long() -> Self {
        Self::new(500, (5, 5, 6), "Authentication exchange line is too long")
    }
    /// Octets behind a line of AUTH, before its reply (RFC 4954 §4).
    pub const fn text_behind_auth() -> Self {
        Self::new(421, (4, 7, 0), "Commands before the reply to AUTH, closing")
    }
    /// Failed logins of one session.
    pub const fn too_many_logins() -> Self {
        Self::new(421, (4, 7, 0), "Too many failed logins, closing")
    }
    /// Failed logins from one client, or on one account: nothing is looked at before that time.
    pub fn login_put_off(wait: Duration) -> Self {
        Self::with_text(421, (4, 7, 0), &format!("Too many failed logins, {}", again_in(wait)))
    }
}
