use super::{Action, Field, Score, Symbol, Verdict};
use serde_json::{Map, Value};

/// Longest answer that is read, in octets.
pub const MAX_ANSWER: usize = 1 << 20;
/// Symbols that are kept.
const SYMBOLS: usize = 5;
/// Longest name of a symbol.
const MAX_NAME: usize = 64;
/// Most symbols that an answer may have.
const MAX_SYMBOLS: usize = 5_000;
/// Fields that are taken.
const MAX_FIELDS: usize = 50;
/// Octets of all of them.
const MAX_FIELD_OCTETS: usize = 32 << 10;
/// Longest message for the client.
const MAX_MESSAGE: usize = 200;
/// Whatever rspamd adds: these are ours.
const MARKS: [&str; 4] = ["X-Spam", "X-Spam-Flag", "X-Spam-Score", "X-Spam-Status"];

/// What rspamd answers about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it thinks of the message.
    pub verdict: Verdict,
    /// What the client is to be told, in printable ASCII.
    pub message: Option<String>,
    /// The header fields that it adds, of those that may be added.
    pub fields: Vec<Field>,
}

/// Why an answer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// More than [`MAX_ANSWER`].
    #[error("the answer has more than {MAX_ANSWER} octets")]
    TooLong,
    /// No JSON object.
    #[error("the answer is no JSON object")]
    NotJson,
    /// It does not say what is to be done.
    #[error("the answer has no action")]
    NoAction,
    /// An action that nobody here knows.
    #[error("the answer has the action {0:?}, which is not known here")]
    UnknownAction(String),
    /// It does not say how the message scores.
    #[error("the answer has no score")]
    NoScore,
    /// More than [`MAX_SYMBOLS`].
    #[error("the answer has more than {MAX_SYMBOLS} symbols")]
    TooManySymbols,
}

impl Answer {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// When it is none of rspamd's.
    pub fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        if body.len() > MAX_ANSWER {
            return Err(AnswerError::TooLong);
        }
        let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
            return Err(AnswerError::NotJson);
        };
        let action = answer.get("action").and_then(Value::as_str).ok_or(AnswerError::NoAction)?;
        let action = Action::parse(action)
            .ok_or_else(|| AnswerError::UnknownAction(printable(action, MAX_NAME)))?;
        let score = |of: &Map<String, Value>, key| of.get(key)?.as_f64().map(Score::from);
        let empty = Map::new();
        let below = |of: &'_ Map<String, Value>, key| of.get(key)?.as_object().cloned();
        let symbols = answer.get("symbols").and_then(Value::as_object).unwrap_or(&empty);
        if symbols.len() > MAX_SYMBOLS {
            return Err(AnswerError::TooManySymbols);
        }
        let mut symbols: Vec<Symbol> = symbols
            .iter()
            .filter_map(|(name, symbol)| {
                let score = score(symbol.as_object()?, "score")?;
                (score.weight() > 0).then(|| Symbol { name: printable(name, MAX_NAME), score })
            })
            .collect();
        symbols.sort_by_key(|symbol| std::cmp::Reverse(symbol.score.weight()));
        symbols.truncate(SYMBOLS);
        let message = below(&answer, "messages").and_then(|messages| {
            let text = messages.get("smtp_message")?.as_str()?;
            Some(printable(text, MAX_MESSAGE)).filter(|text| !text.is_empty())
        });
        let milter = below(&answer, "milter");
        let added = milter.as_ref().and_then(|milter| milter.get("add_headers")?.as_object());
        Ok(Self {
            verdict: Verdict {
                action,
                score: score(&answer, "score").ok_or(AnswerError::NoScore)?,
                required: score(&answer, "required_score"),
                symbols,
            },
            message,
            fields: added.map(fields).unwrap_or_default(),
        })
    }

    /// The fields that mark the message: ours, which say whose verdict it is and in which words programs look for it,
    /// and behind them those of rspamd.
    pub fn marks(&self) -> String {
        let Verdict { score, required, symbols, .. } = &self.verdict;
        let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
        let tests = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let required = required.map(|of| format!(" required={of}")).unwrap_or_default();
        let values = [
            "Yes".to_owned(),
            "YES".to_owned(),
            score.to_string(),
            format!("Yes, score={score}{required} tests={tests}"),
        ];
        let ours = MARKS.iter().zip(&values).filter_map(|(name, value)| Field::new(name, value));
        let is_ours = |field: &&Field| MARKS.iter().any(|name| field.is_named(name));
        let theirs = self.fields.iter().filter(|field| !is_ours(field)).cloned();
        ours.chain(theirs).map(|field| field.to_string()).collect()
    }
}

/// The fields of `milter.add_headers`: each name has a value, or several, and each of those is a text or has one.
fn fields(added: &Map<String, Value>) -> Vec<Field> {
    let mut octets = 0;
    let values = added.iter().flat_map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        values.iter().map(move |value| (name, value))
    });
    let fields = values.filter_map(|(name, value)| {
        let text = value.as_str().or_else(|| value.get("value")?.as_str())?;
        Field::new(name, text)
    });
    let room = |field: &Field| {
        octets += field.to_string().len();
        octets <= MAX_FIELD_OCTETS
    };
    fields.take(MAX_FIELDS).take_while(room).collect()
}

/// Printable ASCII on one line, at most `max` octets.
fn printable(text: &str, max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    text.chars().take(max).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_rspamd() {
        let body = br#"{"is_skipped":false,"score":7.0,"required_score":15.0,"action":"add header","symbols":{
            "A":{"name":"A","score":0.0,"metric_score":0.0,"options":["ip=192.0.2.1"]},
            "B":{"score":1.5},"C":{"score":-4.25},"D":{"score":6},"E":{"score":0.5},"F":{"score":0.6},"G":{"score":0.7}},
            "messages":{"smtp_message":"Looks\r\nbad \u00e9"},"message-id":"undef","milter":{"add_headers":{
            "X-Spamd-Bar":{"value":"+++","order":-1},"X-Spam":"perhaps","X-Two":[{"value":"1"},"2",3],
            "From":{"value":"ceo@example.org"}},"remove_headers":{"X-Spam":0},"body_block":true}}"#;
        let answer = Answer::parse(body).unwrap();
        assert_eq!(
            answer.verdict.to_string(),
            "add header, 7.00 of 15.00: D 6.00, C -4.25, B 1.50, G 0.70, F 0.60"
        );
        assert_eq!(answer.message.as_deref(), Some("Looks bad ?"));
        assert_eq!(
            answer.marks(),
            "X-Spam: Yes\r\nX-Spam-Flag: YES\r\nX-Spam-Score: 7.00\r\n\
             X-Spam-Status: Yes, score=7.00 required=15.00 tests=D, C, B, G, F\r\n\
             X-Spamd-Bar: +++\r\nX-Two: 1\r\nX-Two: 2\r\n"
        );
        let json = serde_json::to_string(&answer.verdict).unwrap();
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), answer.verdict);
        let least = Answer::parse(br#"{"action":"no action","score":0}"#).unwrap();
        assert_eq!(least.verdict.to_string(), "no action, 0.00");
        assert!(least.marks().ends_with("X-Spam-Status: Yes, score=0.00 tests=none\r\n"));
    }

    #[test]
    fn what_is_no_answer() {
        for (body, error) in [
            ("", AnswerError::NotJson),
            ("pong", AnswerError::NotJson),
            ("[]", AnswerError::NotJson),
            (r#"{"action":"reject","score":1"#, AnswerError::NotJson),
            (r#"{"error":"cannot parse"}"#, AnswerError::NoAction),
            (r#"{"action":7,"score":1}"#, AnswerError::NoAction),
            (r#"{"action":"reject"}"#, AnswerError::NoScore),
            (r#"{"action":"reject","score":"1"}"#, AnswerError::NoScore),
            ("{\"action\":\"x\\r\\ny\",\"score\":1}", AnswerError::UnknownAction("x y".into())),
        ] {
            assert_eq!(Answer::parse(body.as_bytes()), Err(error), "{body}");
        }
        let deep = format!("{}{}", r#"{"symbols":"#, "[".repeat(100_000));
        assert_eq!(Answer::parse(deep.as_bytes()), Err(AnswerError::NotJson));
        assert_eq!(Answer::parse(&vec![b' '; MAX_ANSWER + 1]), Err(AnswerError::TooLong));
        let many: Vec<String> = (0..=MAX_SYMBOLS).map(|n| format!("\"S{n}\":{{}}")).collect();
        let many = format!(r#"{{"action":"reject","score":1,"symbols":{{{}}}}}"#, many.join(","));
        assert_eq!(Answer::parse(many.as_bytes()), Err(AnswerError::TooManySymbols));
    }

    #[test]
    fn what_is_kept_of_an_answer_is_bounded() {
        let (name, many) = ("S".repeat(1000), vec!["\"x\""; 1000].join(","));
        let long = vec![format!("\"{}\"", "word ".repeat(1600)); 50].join(",");
        for values in [&many, &long] {
            let body = format!(
                r#"{{"action":"reject","score":1e308,"required_score":null,"symbols":{{"{name}":{{"score":1}}}},
                "messages":{{"smtp_message":"{name}"}},"milter":{{"add_headers":{{"X-A":[{values}]}}}}}}"#
            );
            let answer = Answer::parse(body.as_bytes()).unwrap();
            assert_eq!(answer.message.as_deref().map(str::len), Some(MAX_MESSAGE));
            assert_eq!(answer.verdict.symbols[0].name.len(), MAX_NAME);
            assert!(answer.fields.len() <= MAX_FIELDS);
            assert!(answer.marks().len() < MAX_FIELD_OCTETS + 1000, "{}", answer.marks().len());
        }
    }
}
