//! What the log is told of a change by the page or by the API.

use crate::{address::Domain, alias::SenderPattern};
use std::fmt::Display;

/// Tells the log what somebody changed, and who: `by` names a session, a token, or whom a proxy names.
pub(super) fn tell(by: &dyn Display, what: &'static str, of: &dyn Display) {
    tracing::info!(%of, %by, "{what}");
}

/// A block, as the log has it.
pub(super) fn block(pattern: &SenderPattern, domain: Option<&Domain>) -> String {
    let of = domain.map_or_else(|| "all".to_owned(), Domain::to_key);
    format!("{pattern} for {of}")
}
