//! The dialect of addy.io, as Bitwarden, Keyguard and addy's own browser extension speak it.

mod listing;
mod new_alias;
mod resource;
mod route;

pub use listing::{Listing, MAX_LISTED, Page};
pub use new_alias::{MAX_DESCRIPTION, NewAlias, description};
pub use resource::{alias_id, domain_options, id, resource, token_details};
pub use route::Route;

use super::Fault;
use serde_json::{Value, json};

/// The body of an answer that says no.
pub(super) fn error(fault: &Fault) -> Value {
    match fault.field {
        Some(field) => json!({ "message": fault.message, "errors": { field: [fault.message] } }),
        None => json!({ "message": fault.message }),
    }
}
