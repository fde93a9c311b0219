//! JSON as the APIs of services answer it, one answer or several behind each other.

use super::{MAX_ITEMS, taken::Taking};
use serde_json::{Deserializer, Value};

const OTHERS: &str = "the other pages are files of their own, or follow in this one";

/// The answers of a file; what is none is said.
pub(super) fn documents(text: &str, taking: &mut Taking<'_>) -> Vec<Value> {
    taking.counts_items();
    let mut documents = Vec::new();
    for (at, document) in (1..).zip(Deserializer::from_str(text).into_iter::<Value>()) {
        match document {
            Ok(document) => documents.push(document),
            Err(error) => {
                taking.problem(at, format!("this is no JSON: {error}"));
                break;
            }
        }
    }
    documents
}

/// The items of an answer: itself, or what stands under the first of `names` that it has. `None` where there is neither
/// a list nor one item under them.
pub(super) fn under<'a>(document: &'a Value, names: &[&str]) -> Option<Vec<&'a Value>> {
    let found = match document {
        Value::Array(_) => document,
        _ => names.iter().find_map(|name| document.get(name))?,
    };
    match found {
        Value::Array(items) => Some(items.iter().take(MAX_ITEMS).collect()),
        Value::Object(_) => Some(vec![found]),
        _ => None,
    }
}

/// The text under `name`; of what is not there, or is no text, none.
pub(super) fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether it is on: a boolean, or 0 or 1; `None` where it is something else.
pub(super) fn flag(item: &Value, name: &str, absent: bool) -> Option<bool> {
    match item.get(name) {
        None | Some(Value::Null) => Some(absent),
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Some(_) => None,
    }
}

/// The same of an answer that only says which page it is.
pub(super) fn page_of(place: usize, number: u64, last: u64, taking: &mut Taking<'_>) {
    let subject = format!("page {number} of {last} is in this file:");
    taking.note_of(place, &subject, OTHERS);
}

/// Says that an answer is one page of several, whose others are not in the file.
pub(super) fn page(place: usize, has: usize, of: Option<u64>, taking: &mut Taking<'_>) {
    if let Some(of) = of
        && of > has as u64
    {
        taking.note_of(place, &format!("{has} of {of} are in this file:"), OTHERS);
    }
}
