use crate::{alias::Ways, store::sqlite::error::unreadable};
use rusqlite::Result;

/// How mail got to its mailboxes, as a JSON object; nothing where it stayed with the aliases of one domain.
pub(in crate::store::sqlite) fn ways_text(ways: &Ways) -> String {
    match ways.is_empty() {
        true => String::new(),
        false => serde_json::to_string(ways).unwrap_or_default(),
    }
}

/// What [`ways_text`] wrote.
pub(in crate::store::sqlite) fn ways_of(text: &str) -> Result<Ways> {
    match text {
        "" => Ok(Ways::default()),
        text => serde_json::from_str(text).map_err(unreadable),
    }
}
