//! What is read of a request: JSON and queries, in which nothing is passed over.

use super::problem::{FieldError, Kind, Problem};
use hyper::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Media types of bodies.
const MEDIA_TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// The object in a body of JSON.
///
/// # Errors
/// When it is no JSON or says that it is none, when it is no object, or a field stands there twice.
pub(crate) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = said.split(';').next().unwrap_or_default().trim();
    if !MEDIA_TYPES.iter().any(|kind| kind.eq_ignore_ascii_case(essence)) {
        let said =
            if said.is_empty() { "it says nothing".into() } else { format!("it is {said:?}") };
        return Err(Problem::new(
            Kind::MediaType,
            format!("Content-Type has to be application/json, and {said}"),
        ));
    }
    // Of a body in another coding, nothing can be read.
    if let Some(coding) = headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        return Err(Problem::new(
            Kind::MediaType,
            format!("Content-Encoding is {coding:?}, and has to be left out"),
        ));
    }
    match read(body)? {
        Value::Object(object) => Ok(object),
        other => Err(Problem::new(
            Kind::Fields,
            format!("the body has to be a JSON object, and it is {}", kind_of(&other)),
        )),
    }
}

/// What the fields of an object say.
///
/// # Errors
/// Which field holds what is not accepted.
pub(crate) fn fields<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| {
        let path = error.path().to_string();
        Problem::fields(vec![fault(&path, &error.into_inner().to_string())])
    })
}

/// What a query says: of one parameter one value.
///
/// # Errors
/// Which parameter is not known, stands there twice, or holds what is not accepted.
pub(crate) fn query<T: DeserializeOwned>(query: Option<&str>) -> Result<T, Problem> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded(query.unwrap_or_default()).ok_or_else(|| {
            Problem::new(Kind::Malformed, "the query is no UTF-8 in percent encoding")
        })?;
    let mut object = Map::new();
    for (name, value) in pairs {
        if object.insert(name.clone(), Value::String(value)).is_some() {
            let error = FieldError::new(&name, "stands there twice", "one value");
            return Err(Problem::fields(vec![error]));
        }
    }
    fields(object)
}

/// Pairs of names and values of a query; `None` where that is not UTF-8 in percent encoding.
fn serde_urlencoded(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((percent_decoded(name, true)?, percent_decoded(value, true)?))
    });
    decoded.collect()
}

/// Text behind percent encoding; `None` where it is none. `plus`: it stands for a blank, as in queries.
pub(crate) fn percent_decoded(text: &str, plus: bool) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' if plus => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

/// The value of a body.
fn read(body: &[u8]) -> Result<Value, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize::<_, Strict>(&mut reader);
    let value = read.map_err(|error| {
        let path = error.path().to_string();
        let text = error.into_inner().to_string();
        match text.strip_prefix(TWICE) {
            Some(rest) => {
                let name = rest.split(" at line ").next().unwrap_or(rest);
                let field = if path == "." { name.to_owned() } else { path };
                Problem::field(&field, "stands there twice", "one value")
            }
            None => Problem::new(Kind::Malformed, format!("the body is no JSON: {text}")),
        }
    })?;
    reader
        .end()
        .map_err(|error| Problem::new(Kind::Malformed, format!("the body is no JSON: {error}")))?;
    Ok(value.0)
}

/// What says that a field stands there twice.
const TWICE: &str = "twice: ";

/// Any JSON in which no name of an object stands twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if object.contains_key(&name) {
                map.next_value::<IgnoredAny>()?;
                return Err(Error::custom(format_args!("{TWICE}{name}")));
            }
            let Strict(value) = map.next_value()?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// Makes of what serde says which field is meant, what is wrong, and what is accepted.
pub(crate) fn fault(path: &str, text: &str) -> FieldError {
    let text = text.split(" at line ").next().unwrap_or(text);
    let quoted = || text.split('`').nth(1).unwrap_or_default();
    let beside = |name: &str| match path {
        "." | "" | "?" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let (message, accepted) = match text.split_once(", expected ") {
        Some((message, accepted)) => (message, accepted.replace('`', "")),
        None => (text, String::new()),
    };
    if text.starts_with("unknown field") {
        // serde's path may or may not name the field itself.
        let name = quoted();
        let field =
            if path.split('.').next_back() == Some(name) { path.into() } else { beside(name) };
        let accepted = accepted.strip_prefix("one of ").unwrap_or(&accepted).to_owned();
        return FieldError::new(&field, "there is no such field", &accepted);
    }
    if text.starts_with("missing field") {
        return FieldError::new(&beside(quoted()), "is missing", &accepted);
    }
    let field = if path == "." { "" } else { path };
    FieldError::new(field, message.replace('`', "\""), &accepted)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        name: String,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        list: Vec<String>,
    }

    fn asked(kind: &'static str, body: &str) -> Result<Asked, Problem> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        object(&headers, body.as_bytes()).and_then(fields)
    }

    #[test]
    fn what_is_wrong_with_a_body() {
        let json = "application/json";
        let Asked { name, count, list } =
            asked("Application/JSON; charset=utf-8", "{\"name\":\"x\",\"count\":7}").unwrap();
        assert_eq!((name.as_str(), count, list.len()), ("x", Some(7), 0));
        for (kind, body, status, field, accepted) in [
            ("text/plain", "{}", 415, "", ""),
            (json, "", 400, "", ""),
            (json, "{", 400, "", ""),
            (json, "{} x", 400, "", ""),
            (json, "[]", 422, "", ""),
            (json, "null", 422, "", ""),
            (json, "{}", 422, "name", ""),
            (json, "{\"name\":7}", 422, "name", "a string"),
            (json, "{\"name\":\"x\",\"count\":-1}", 422, "count", "u32"),
            (json, "{\"name\":\"x\",\"list\":[\"a\",7]}", 422, "list[1]", "a string"),
            (json, "{\"name\":\"x\",\"nmae\":7}", 422, "nmae", "name, count, list"),
            (json, "{\"name\":\"x\",\"name\":\"x\"}", 422, "name", "one value"),
            (json, "{\"name\":\"x\",\"list\":[{\"a\":1,\"a\":2}]}", 422, "list[0]", "one value"),
        ] {
            let problem = asked(kind, body).unwrap_err();
            assert_eq!(problem.kind.status(), status, "{body}: {problem:?}");
            let error = problem.errors.first();
            assert_eq!(error.map_or("", |error| &error.field), field, "{body}: {problem:?}");
            let told = error.and_then(|error| error.accepted.clone()).unwrap_or_default();
            assert_eq!(told, accepted, "{body}: {problem:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(asked(json, &deep).unwrap_err().kind.status(), 400);
    }

    #[test]
    fn queries() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Asked {
            q: Option<String>,
        }
        let asked = |text| query::<Asked>(Some(text)).map(|asked| asked.q);
        assert_eq!(asked("q=a+b%40c").unwrap().as_deref(), Some("a b@c"));
        assert_eq!(asked("").unwrap(), None);
        assert_eq!(asked("q=1&q=2").unwrap_err().errors[0].field, "q");
        assert_eq!(asked("p=1").unwrap_err().errors[0].field, "p");
        assert_eq!(asked("q=%ff").unwrap_err().kind.status(), 400);
        assert_eq!(asked("q=%4").unwrap_err().kind.status(), 400);
        assert_eq!(percent_decoded("a+b", false).as_deref(), Some("a+b"));
    }
}
