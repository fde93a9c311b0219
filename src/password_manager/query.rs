/// Most parameters that are looked at.
const MAX_PARAMETERS: usize = 50;
/// Longest query that is looked at, in octets.
const MAX_QUERY: usize = 8 << 10;

/// What stands behind `?`, as clients write it: some encode, some do not, and some encode a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query, whatever it is. A `%` without two digits behind it is itself, a `+` stays one, and what is not UTF-8 is
    /// replaced.
    pub fn read(query: &str) -> Self {
        if query.len() > MAX_QUERY {
            return Self::default();
        }
        let pairs = query.split('&').take(MAX_PARAMETERS).filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(pairs.collect())
    }

    /// The first value of a parameter; `None` where it is absent.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, where it is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// A number; `None` where it is absent or none.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.value(name)?.parse().ok()
    }
}

fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((octet, behind)) = rest.split_first() {
        let encoded = (*octet == b'%').then(|| behind.split_at_checked(2)).flatten();
        let encoded = encoded.and_then(|(digits, behind)| Some((hex(digits)?, behind)));
        let (octet, behind) = encoded.unwrap_or((*octet, behind));
        octets.push(octet);
        rest = behind;
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16);
    match digits {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_or_not() {
        for (query, value) in [
            ("hostname=shop.example", Some("shop.example")),
            ("hostname=b%C3%BCcher.example", Some("bücher.example")),
            ("hostname=bücher.example", Some("bücher.example")),
            ("hostname=my shop", Some("my shop")),
            ("hostname=my%20shop", Some("my shop")),
            ("hostname=50%", Some("50%")),
            ("hostname=50%zz%4", Some("50%zz%4")),
            ("hostname=%25%", Some("%%")),
            ("hostname=%ff", Some("\u{fffd}")),
            ("hostname=%+1x", Some("%+1x")),
            ("hostname=a+b", Some("a+b")),
            ("hostname=a=b", Some("a=b")),
            ("x=1&hostname=a&hostname=b", Some("a")),
            ("hostname=", Some("")),
            ("hostname", Some("")),
            ("host%6eame=a", Some("a")),
            ("", None),
            ("&&", None),
            ("mode=word", None),
        ] {
            assert_eq!(Query::read(query).value("hostname"), value, "{query}");
        }
        assert_eq!(Query::read("hostname=").text("hostname"), None);
        let long = format!("hostname={}", "a".repeat(MAX_QUERY));
        assert_eq!(Query::read(&long), Query::default());
        let many = format!("{}hostname=a", "x&".repeat(MAX_PARAMETERS));
        assert_eq!(Query::read(&many).value("hostname"), None);
    }

    #[test]
    fn names_in_brackets_and_numbers() {
        for query in ["filter[search]=x&page[number]=2", "filter%5Bsearch%5D=x&page%5Bnumber%5D=2"]
        {
            let query = Query::read(query);
            assert_eq!(query.value("filter[search]"), Some("x"));
            assert_eq!(query.number("page[number]"), Some(2));
        }
        for wrong in ["n=", "n=x", "n=-1", "n=99999999999999999999999"] {
            assert_eq!(Query::read(wrong).number("n"), None, "{wrong}");
        }
    }
}
