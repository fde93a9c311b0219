use serde_json::{Map, Value};
use std::fmt;
use tracing::{
    Event,
    field::{Field, Visit},
};

/// A record as one line: `time`, `level`, `message`, and its values under their names.
pub(super) fn line(event: &Event<'_>, now: jiff::Timestamp) -> String {
    let mut object = Map::new();
    object.insert("time".to_owned(), format!("{now:.3}").into());
    let level = event.metadata().level().as_str().to_ascii_lowercase();
    object.insert("level".to_owned(), level.into());
    event.record(&mut Fields(&mut object));
    let mut line = Value::Object(object).to_string();
    line.push('\n');
    line
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string());
    }
}
