use crate::alias::Ways;

/// How mail got to its mailboxes, as a JSON object; nothing where it stayed with the aliases of one domain.
pub(super) fn ways_text(ways: &Ways) -> String {
    match ways.is_empty() {
        true => String::new(),
        false => serde_json::to_string(ways).unwrap_or_default(),
    }
}

/// What [`ways_text`] wrote.
pub(super) fn ways_of(text: &str) -> serde_json::Result<Ways> {
    match text {
        "" => Ok(Ways::default()),
        text => serde_json::from_str(text),
    }
}
