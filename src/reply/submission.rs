//! What accounts are told of what they send.

use super::Reply;
use crate::account::{Counted, Hold};
use std::time::Duration;

impl Reply {
    /// The account's message is on our disk.
    pub fn submitted(id: &str) -> Self {
        Self::with_text(250, (2, 0, 0), &format!("{id} accepted, on its way"))
    }
    /// MAIL FROM of somebody else; `allowed` is what the account may use.
    pub fn not_your_reverse_path(address: &str, allowed: &str) -> Self {
        let text =
            format!("MAIL FROM:<{address}> is not yours: this account may send as {allowed}");
        Self::with_text(553, (5, 7, 1), &text)
    }
    /// A field that names somebody else as its sender; `allowed` as above.
    pub fn not_your_sender(field: &'static str, address: &str, allowed: &str) -> Self {
        let text = format!("{field}: {address} is not yours: this account may send as {allowed}");
        Self::with_text(553, (5, 7, 1), &text)
    }
    /// A null reverse-path with anything but a disposition notification.
    pub const fn null_for_notifications_only() -> Self {
        Self::new(
            553,
            (5, 7, 1),
            "MAIL FROM:<> is for disposition notifications (RFC 8098) only: use an address of the account",
        )
    }
    /// A recipient at an address literal.
    pub const fn no_literals() -> Self {
        Self::new(550, (5, 1, 2), "Mail from here goes to domains, not to address literals")
    }
    /// Nobody would know that the message is from `domain`.
    pub fn no_signing_key(domain: &str) -> Self {
        let text = format!(
            "{domain} has no DKIM key here, so mail of it would not be believed: its operator makes one with \
             \"onward dkim key add {domain}\""
        );
        Self::with_text(554, (5, 7, 5), &text)
    }
    /// An answer by address of whoever is not shown to be a mailbox of the alias. The same for all, so that it tells
    /// nobody which mailbox that is.
    pub const fn answer_not_proven() -> Self {
        Self::new(
            550,
            (5, 7, 1),
            "This address is for answers of the alias's own mailbox: From must be the mailbox and nobody else, and pass \
             DMARC by SPF, or by a DKIM signature over all that is sent on; this address must stand in To or Cc; to reach \
             the alias, write to it without the + and what follows",
        )
    }
    /// A null reverse-path with an answer.
    pub const fn answer_is_no_bounce() -> Self {
        Self::new(
            550,
            (5, 7, 1),
            "Bounces and notifications are no answers: MAIL FROM:<> is not for this address",
        )
    }
    /// One of the rates of `[submission]`, of a mailbox that answers; `what` is counted.
    pub fn answers_over_rate(what: &str, rate: &str, wait: Duration) -> Self {
        let text =
            format!("Too many {what} of this mailbox ({rate}), {}", super::limits::again_in(wait));
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// The account is frozen.
    pub fn account_frozen(reason: &str) -> Self {
        let text = format!("This account is frozen: {reason}; ask the operator of this server");
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// What an account sent waits, and did not leave, as the account must not send any more.
    pub fn account_held(hold: Hold) -> Self {
        let text = format!("Held back, as the account that sent it is {hold}");
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// The account was disabled or removed since it logged in.
    pub const fn account_disabled() -> Self {
        Self::new(535, (5, 7, 8), "This account may not send any more")
    }
    /// One of the rates of `[submission]`; `what` is counted.
    pub fn account_over_rate(what: Counted, rate: &str, wait: Duration) -> Self {
        let text =
            format!("Too many {what} of this account ({rate}), {}", super::limits::again_in(wait));
        Self::with_text(450, (4, 7, 1), &text)
    }
}
