//! postsrsd.conf of PostSRSd 2, in the syntax of libConfuse: `name = value`, `name = { a, b }`.

use std::collections::BTreeMap;

/// Name → values: one, or those of a list. Later ones win; `+=` adds.
///
/// # Errors
/// Names the line that is not understood.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut words = Words { rest: text, line: 1 };
    while let Some(name) = words.next()? {
        let Word::Text(name) = name else { return Err(words.wrong("a name is expected")) };
        let adds = match words.next()? {
            Some(Word::Equals) => false,
            Some(Word::Adds) => true,
            _ => return Err(words.wrong(&format!("an equals sign is expected behind {name}"))),
        };
        let values = match words.next()? {
            Some(Word::Text(value)) => vec![value],
            Some(Word::Open) => words.list()?,
            _ => return Err(words.wrong(&format!("{name} has no value"))),
        };
        let known = settings.entry(name).or_default();
        if !adds {
            known.clear();
        }
        known.extend(values);
    }
    Ok(settings)
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Text(String),
    Equals,
    Adds,
    Open,
    Close,
    Comma,
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("{}: {what}", self.line)
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Some(Word::Text(value)) => values.push(value),
                Some(Word::Comma) => {}
                Some(Word::Close) => return Ok(values),
                _ => return Err(self.wrong("a list is not closed")),
            }
        }
    }

    fn take(&mut self, octets: usize) -> &str {
        let (taken, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip(&mut self) -> Result<(), String> {
        loop {
            let blanks = self.rest.len() - self.rest.trim_start().len();
            self.take(blanks);
            if self.rest.starts_with('#') || self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                let end =
                    self.rest.find("*/").ok_or_else(|| self.wrong("a comment is not closed"))?;
                self.take(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Option<Word>, String> {
        self.skip()?;
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let sign = match first {
            '=' => Some((Word::Equals, 1)),
            '+' if self.rest.starts_with("+=") => Some((Word::Adds, 2)),
            '{' => Some((Word::Open, 1)),
            '}' => Some((Word::Close, 1)),
            ',' => Some((Word::Comma, 1)),
            _ => None,
        };
        if let Some((word, octets)) = sign {
            self.take(octets);
            return Ok(Some(word));
        }
        if matches!(first, '"' | '\'') {
            return self.quoted(first).map(Some);
        }
        let is_end = |c: char| c.is_whitespace() || "={},#\"'".contains(c);
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let text = self.take(end).to_owned();
        Ok(Some(Word::Text(text)))
    }

    fn quoted(&mut self, quote: char) -> Result<Word, String> {
        let mut text = String::new();
        let mut rest = self.rest.char_indices().skip(1);
        while let Some((at, c)) = rest.next() {
            match c {
                '\\' if quote == '"' => text.extend(rest.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.take(at + 1);
                    return Ok(Word::Text(text));
                }
                c => text.push(c),
            }
        }
        Err(self.wrong("a quote is not closed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file() {
        let settings = read(
            "# comment\ndomains = {\"example.com\", 'b.test' , c.test}\nsrs-domain = \"srs.test\"\n\
             separator = \"=\" // more\nhash-length = 4\nalways-rewrite = off\n/* a\nb */\n\
             domains += {d.test}\nempty = {}\nsocketmap = unix:/var/spool/postfix/srs\n",
        )
        .unwrap();
        let value = |name: &str| settings[name].join(" ");
        assert_eq!(value("domains"), "example.com b.test c.test d.test");
        assert_eq!(value("srs-domain"), "srs.test");
        assert_eq!((value("separator"), value("hash-length")), ("=".into(), "4".into()));
        assert_eq!((value("always-rewrite"), value("empty")), ("off".into(), String::new()));
        assert_eq!(value("socketmap"), "unix:/var/spool/postfix/srs");
        for (bad, line) in
            [("a", "1"), ("\na = {b", "2"), ("a = \"b", "1"), ("a\nb", "2"), ("= b", "1")]
        {
            let error = read(bad).unwrap_err();
            assert!(error.starts_with(&format!("{line}: ")), "{bad:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text(text in "[a={},+/*\"' \n\\\\é#-]{0,60}") {
            let _ = read(&text);
        }
    }
}
