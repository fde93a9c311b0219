//! What mail came to, as a column.

use crate::alias::{Counters, Reason};
use std::collections::BTreeMap;

/// How many messages were refused by why, as JSON.
pub(super) fn refused_column(counters: &Counters) -> serde_json::Result<String> {
    let words = counters.refused_by.iter().map(|(reason, count)| (reason.as_str(), count));
    serde_json::to_string(&words.collect::<BTreeMap<_, _>>())
}

/// What [`refused_column`] wrote.
pub(super) fn refused_from(json: &str) -> Result<BTreeMap<Reason, u64>, String> {
    let words: BTreeMap<String, u64> = match json {
        "{}" => BTreeMap::new(),
        json => serde_json::from_str(json).map_err(|error| error.to_string())?,
    };
    words.iter().map(|(word, count)| Ok((word.parse::<Reason>()?, *count))).collect()
}
