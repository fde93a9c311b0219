use std::iter::Peekable;

/// What a host says that it found out about a message: an Authentication-Results field (RFC 8601 §2.2), or the
/// ARC-Authentication-Results field of the same form (RFC 8617 §4.1.1).
///
/// Read as the large providers write it, which is not always as the grammar has it. All texts are without control
/// characters, and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthResults {
    /// Who found it; `None` where the field does not say, as those of Outlook.com.
    pub authserv_id: Option<String>,
    /// One for each method, in the order of the field.
    pub results: Vec<MethodResult>,
}

/// The result of one method, such as `spf` or `dkim`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodResult {
    /// In lower case, without its version.
    pub method: String,
    /// In lower case.
    pub result: String,
    /// All comments, with a blank between two.
    pub comment: String,
    /// Such as `smtp.mailfrom`, in lower case, and the value.
    pub properties: Vec<(String, String)>,
}

/// Longest field that is read, in octets: what is behind is left out.
const MAX_FIELD: usize = 16 << 10;
const MAX_RESULTS: usize = 64;
const MAX_PROPERTIES: usize = 32;
/// Longest text of a word or of comments, in characters.
const MAX_TEXT: usize = 320;

impl AuthResults {
    /// Reads the value of a field, of either kind.
    pub fn read(value: &[u8]) -> Self {
        let value = String::from_utf8_lossy(value.get(..MAX_FIELD).unwrap_or(value));
        let tokens = tokens(&value);
        let mut parts = tokens.split(|token| *token == Token::Semicolon).peekable();
        // The instance of an ARC set.
        parts.next_if(|part| matches!(part, [Token::Word(word), ..] if word.starts_with("i=")));
        let named = parts.next_if(|part| !part.iter().any(is_result));
        let authserv_id = named.and_then(|part| part.iter().find_map(Token::word));
        let authserv_id = authserv_id.map(str::to_owned);
        let results = parts.filter_map(MethodResult::of).take(MAX_RESULTS).collect();
        Self { authserv_id, results }
    }

    /// The results of one method, in the order of the field.
    pub fn of<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a MethodResult> {
        self.results.iter().filter(move |result| result.method == method)
    }
}

impl MethodResult {
    /// The value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    fn of(part: &[Token]) -> Option<Self> {
        let mut found = Self::default();
        for token in part {
            match token {
                Token::Comment(text) => {
                    let blank = if found.comment.is_empty() { "" } else { " " };
                    found.comment = bounded(&[found.comment.as_str(), blank, text].concat());
                }
                Token::Word(word) => {
                    let Some((name, value)) = word.split_once('=') else { continue };
                    let name = name.to_ascii_lowercase();
                    if found.method.is_empty() {
                        found.method = name.split('/').next().unwrap_or_default().to_owned();
                        found.result = value.to_ascii_lowercase();
                    } else if found.properties.len() < MAX_PROPERTIES {
                        found.properties.push((name, value.to_owned()));
                    }
                }
                Token::Semicolon => {}
            }
        }
        (!found.method.is_empty()).then_some(found)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// Quotes are taken off.
    Word(String),
    Comment(String),
    Semicolon,
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Comment(_) | Self::Semicolon => None,
        }
    }
}

fn is_result(token: &Token) -> bool {
    token.word().is_some_and(|word| word.contains('='))
}

fn tokens(value: &str) -> Vec<Token> {
    let mut chars = value.chars().peekable();
    let mut tokens: Vec<Token> = Vec::new();
    while let Some(first) = chars.peek().copied() {
        match first {
            ';' => {
                chars.next();
                tokens.push(Token::Semicolon);
            }
            '(' => tokens.push(Token::Comment(comment(&mut chars))),
            blank if blank.is_whitespace() => {
                chars.next();
            }
            _ => {
                let word = word(&mut chars);
                // Blanks may stand around the sign: `spf = pass`.
                match tokens.last_mut() {
                    Some(Token::Word(last)) if joins(last, &word) => {
                        *last = bounded(&[last.as_str(), &word].concat());
                    }
                    _ => tokens.push(Token::Word(word)),
                }
            }
        }
    }
    tokens
}

fn joins(last: &str, word: &str) -> bool {
    let lacks_value = last.split_once('=').is_some_and(|(_, value)| value.is_empty());
    lacks_value && !word.contains('=') || !last.contains('=') && word.starts_with('=')
}

fn word(chars: &mut Peekable<impl Iterator<Item = char>>) -> String {
    let (mut word, mut quoted) = (String::new(), false);
    while let Some(c) = chars.next_if(|c| quoted || !(c.is_whitespace() || ";(".contains(*c))) {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => word.extend(chars.next()),
            c => word.push(c),
        }
    }
    bounded(&word)
}

/// Comments may stand in comments.
fn comment(chars: &mut Peekable<impl Iterator<Item = char>>) -> String {
    let (mut text, mut depth) = (String::new(), 0_usize);
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                depth += 1;
                if depth > 1 {
                    text.push(c);
                }
            }
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
                text.push(c);
            }
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    bounded(&text)
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> (Option<String>, Vec<String>) {
        let AuthResults { authserv_id, results } = AuthResults::read(value.as_bytes());
        let text = |it: MethodResult| {
            let properties = it.properties.iter().map(|(name, value)| format!(" {name}={value}"));
            let comment =
                if it.comment.is_empty() { String::new() } else { format!(" ({})", it.comment) };
            format!("{}={}{comment}{}", it.method, it.result, properties.collect::<String>())
        };
        (authserv_id, results.into_iter().map(text).collect())
    }

    fn some(id: &str) -> Option<String> {
        Some(id.to_owned())
    }

    #[test]
    fn as_gmail_writes_it() {
        let value = " i=2; mx.google.com;\r\n       dkim=pass header.i=@sender.test header.s=a header.b=AbC+/=;\r\n\
            \x20      arc=pass (i=1 spf=pass spfdomain=sender.test);\r\n       spf=pass (google.com: domain of \
            srs0=x=y@example.org designates 192.0.2.10 as permitted sender) smtp.mailfrom=\"SRS0=x=y@example.org\";\r\n\
            \x20      dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=sender.test\r\n";
        let results = [
            "dkim=pass header.i=@sender.test header.s=a header.b=AbC+/=",
            "arc=pass (i=1 spf=pass spfdomain=sender.test)",
            "spf=pass (google.com: domain of srs0=x=y@example.org designates 192.0.2.10 as permitted sender) \
             smtp.mailfrom=SRS0=x=y@example.org",
            "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=sender.test",
        ];
        assert_eq!(told(value), (some("mx.google.com"), results.map(str::to_owned).into()));
    }

    #[test]
    fn as_outlook_writes_it_without_a_name() {
        let value = " spf=pass (sender IP is 192.0.2.10)\r\n smtp.mailfrom=example.org; dkim=pass (signature was \
            verified)\r\n header.d=sender.test;dmarc=pass action=none\r\n header.from=sender.test;compauth=pass reason=100\r\n";
        let results = [
            "spf=pass (sender IP is 192.0.2.10) smtp.mailfrom=example.org",
            "dkim=pass (signature was verified) header.d=sender.test",
            "dmarc=pass action=none header.from=sender.test",
            "compauth=pass reason=100",
        ];
        assert_eq!(told(value), (None, results.map(str::to_owned).into()));
    }

    #[test]
    fn whatever_else_the_grammar_allows() {
        for (value, id, results) in [
            ("mx.example.org; none", some("mx.example.org"), &[][..]),
            ("\"mx.example.org\" 1;none", some("mx.example.org"), &[]),
            ("(a (b) \\) c) mx.test ; SPF/1 = Pass", some("mx.test"), &["spf=pass"]),
            (
                "mx.test; dmarc=pass(p=REJECT) header.from=a.test;",
                some("mx.test"),
                &["dmarc=pass (p=REJECT) header.from=a.test"],
            ),
            (
                "mx.test; dkim=neutral reason=\"a; b\\\"\"",
                some("mx.test"),
                &["dkim=neutral reason=a; b\""],
            ),
            ("mx.test; dkim= header.d=a.test", some("mx.test"), &["dkim= header.d=a.test"]),
            ("", None, &[]),
            (";;;", None, &[]),
            ("mx.test; a=(", some("mx.test"), &["a="]),
            ("mx.test; a=\"\u{1b}[2J\"", some("mx.test"), &["a= [2j"]),
        ] {
            let results = results.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(told(value), (id, results), "{value}");
        }
    }

    #[test]
    fn whatever_there_is_of_it_is_bounded() {
        let many = AuthResults::read(format!("x;{}", "a=b;".repeat(10_000)).as_bytes());
        assert_eq!(many.results.len(), MAX_RESULTS);
        let many = AuthResults::read(format!("x; a=b {}", "c=d ".repeat(10_000)).as_bytes());
        assert_eq!(many.results[0].properties.len(), MAX_PROPERTIES);
        let long = AuthResults::read(format!("x; a={}", "(".repeat(100_000)).as_bytes());
        assert!(long.results[0].comment.len() <= MAX_TEXT);
    }
}
