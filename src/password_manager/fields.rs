use super::Fault;
use serde::{
    Deserializer as _,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// Longest name of a field that is told back.
const MAX_TOLD: usize = 40;
/// Most fields of a request.
const MAX_FIELDS: usize = 100;

/// The fields of a request: a JSON object, in which each stands once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// When it is empty, no JSON or no object, or has a field twice.
    pub fn read(body: &[u8]) -> Result<Self, FieldsError> {
        if body.trim_ascii().is_empty() {
            return Err(FieldsError::Empty);
        }
        let mut problem = None;
        let mut reader = serde_json::Deserializer::from_slice(body);
        let fields = reader.deserialize_any(Object { problem: &mut problem });
        let fields = fields.and_then(|fields| reader.end().map(|()| fields));
        match (fields, problem) {
            (_, Some(problem)) => Err(problem),
            (Ok(fields), None) => Ok(Self(fields)),
            // What serde says of a wrong type has the value in it.
            (Err(error), None) if error.is_data() => Err(FieldsError::NoObject),
            (Err(error), None) => {
                Err(FieldsError::NoJson { line: error.line(), column: error.column() })
            }
        }
    }

    /// A text; `None` where it is absent or null.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, field: &'static str) -> Result<Option<&str>, Fault> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::of_field(field, format!("The {field} field must be a string."))),
        }
    }

    /// A list of texts or numbers; empty where it is absent or null.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(&self, field: &'static str) -> Result<&[Value], Fault> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Fault::of_field(field, format!("The {field} field must be a list."))),
        }
    }

    /// True where the field is there, be it null.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }
}

/// Why a body is no request; the message is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// Nothing is there.
    #[error("request body cannot be empty: it is a JSON object")]
    Empty,
    /// It is not JSON.
    #[error("the request body is no JSON, from line {line}, column {column} on")]
    NoJson {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It is JSON, and no object.
    #[error("the request body is no JSON object")]
    NoObject,
    /// A field twice.
    #[error("the field {0:?} is there twice")]
    Twice(String),
    /// More fields than any request has.
    #[error("the request body has more than {MAX_FIELDS} fields")]
    TooMany,
}

impl From<FieldsError> for Fault {
    fn from(error: FieldsError) -> Self {
        Self::new(400, error.to_string())
    }
}

/// Takes an object, and says where it is none in a way that tells nothing of what it holds.
struct Object<'a> {
    problem: &'a mut Option<FieldsError>,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = BTreeMap<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.contains_key(&name) {
                let told = name.chars().take(MAX_TOLD).collect();
                *self.problem = Some(FieldsError::Twice(told));
                return Err(de::Error::custom("twice"));
            }
            if fields.len() >= MAX_FIELDS {
                *self.problem = Some(FieldsError::TooMany);
                return Err(de::Error::custom("too many"));
            }
            let value = map.next_value_seed(Shallow)?;
            fields.insert(name, value);
        }
        Ok(fields)
    }
}

/// A value as it is, but for what is in an object: no request has such, and nothing is kept of it.
struct Shallow;

impl<'de> DeserializeSeed<'de> for Shallow {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shallow {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<S: de::SeqAccess<'de>>(self, mut seq: S) -> Result<Value, S::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Shallow)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Value, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(serde_json::Map::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read() {
        let fields =
            Fields::read(br#" {"a": "x", "b": null, "c": [1, "y"], "d": {"e": 1}} "#).unwrap();
        assert_eq!(fields.text("a"), Ok(Some("x")));
        assert_eq!(fields.text("b"), Ok(None));
        assert_eq!(fields.text("z"), Ok(None));
        assert_eq!(fields.list("c").unwrap().len(), 2);
        assert_eq!(fields.list("z").unwrap().len(), 0);
        assert!(fields.has("b") && !fields.has("z"));
        let fault = fields.text("c").unwrap_err();
        assert_eq!((fault.status, fault.field), (422, Some("c")));
        assert!(fields.text("d").is_err() && fields.list("a").is_err());
    }

    #[test]
    fn others_are_not() {
        for (body, error) in [
            (&b""[..], FieldsError::Empty),
            (b" \r\n", FieldsError::Empty),
            (b"\"secret\"", FieldsError::NoObject),
            (b"[1]", FieldsError::NoObject),
            (b"null", FieldsError::NoObject),
            (b"17", FieldsError::NoObject),
            (br#"{"a":1,"b":2,"a":3}"#, FieldsError::Twice("a".to_owned())),
        ] {
            assert_eq!(Fields::read(body), Err(error), "{}", body.escape_ascii());
        }
        let deep = [vec![b'['; 1_000], vec![b']'; 1_000]].concat();
        let deep = [br#"{"a":"#, &deep[..], b"}"].concat();
        let many: Vec<String> = (0..=MAX_FIELDS).map(|n| format!("\"f{n}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        assert_eq!(Fields::read(many.as_bytes()), Err(FieldsError::TooMany));
        for body in [
            &b"domain=example.org"[..],
            b"{",
            br#"{"a":1} x"#,
            br#"{"a":1}{}"#,
            br#"{"a":"\xff"}"#,
            b"{\"a\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
            br#"{a:1}"#,
            br#"{"a":NaN}"#,
            &deep,
        ] {
            let error = Fields::read(body).unwrap_err();
            assert!(
                matches!(error, FieldsError::NoJson { .. }),
                "{}: {error:?}",
                body.escape_ascii()
            );
            assert_eq!(Fault::from(error).status, 400);
        }
    }
}
