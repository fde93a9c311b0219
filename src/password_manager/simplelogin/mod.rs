//! The dialect of SimpleLogin, as Bitwarden and SimpleLogin's own browser extension speak it.

mod listing;
mod new_alias;
mod resource;
mod route;

pub use listing::{Listing, MAX_LISTED, PAGE};
pub use new_alias::{CustomAlias, NewAlias, note, options_v4, options_v5};
pub use resource::{list, resource, user_info};
pub use route::Route;

/// The number of the alias that a path names: 17 of `/api/aliases/17/toggle`. Our own paths name addresses there.
pub fn alias_id(path: &str) -> Option<u32> {
    let rest = path.strip_prefix("/api/aliases/")?;
    let digits = rest.split('/').next().unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    // A number that is too big is one, and of no alias.
    is_number.then(|| digits.parse().unwrap_or_default())
}
