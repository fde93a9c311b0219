//! What lists in DNS say of a client or a domain, and its reply: it names the list, and says where to turn.

use super::Reply;

impl Reply {
    /// `[[dnsbl]]` with `action = "refuse"`. `zone` is the list without its key, `reason` what it says itself.
    pub fn listed(who: &str, zone: &str, reason: Option<&str>) -> Self {
        Self::with_text(550, (5, 7, 1), &text(who, zone, reason))
    }
    /// ... with `action = "defer"`.
    pub fn listed_for_now(who: &str, zone: &str, reason: Option<&str>) -> Self {
        Self::with_text(450, (4, 7, 1), &text(who, zone, reason))
    }
    /// True for [`Reply::listed`] and [`Reply::listed_for_now`].
    pub fn tells_listing(&self) -> bool {
        self.to_string().ends_with(ADVICE)
    }
}

/// Where to turn.
const ADVICE: &str = ": ask there, or write to postmaster here";

fn text(who: &str, zone: &str, reason: Option<&str>) -> String {
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{who} is listed at {zone}{reason}{ADVICE}")
}
