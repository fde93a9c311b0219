//! Domain-specs and their macros (RFC 7208 §7).

/// A domain-spec, or a macro-string, that parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Macro(Macro),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    letter: char,
    /// So many parts from the right; `None`: all.
    keep: Option<usize>,
    reverse: bool,
    delimiters: String,
    /// An upper-case letter: the value is escaped for a URL.
    escape: bool,
}

/// What macros stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) local: &'a str,
    /// The domain of the sender.
    pub(super) sender_domain: &'a str,
    /// The domain being evaluated.
    pub(super) domain: &'a str,
    pub(super) ip: std::net::IpAddr,
    pub(super) helo: &'a str,
    /// The validated name of the client, or `unknown`.
    pub(super) validated: &'a str,
}

/// Longest name that an expansion gives (RFC 7208 §7.3).
const MAX_NAME: usize = 253;
/// More parts than any value has; larger numbers mean the same.
const MAX_KEEP: usize = 1_000;

impl MacroString {
    /// A macro-string; `None` when the grammar does not know it. The letters c, r and t are for
    /// explanations only (§7.2).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '%' => match rest.next()? {
                    '%' => literal.push('%'),
                    '_' => literal.push(' '),
                    '-' => literal.push_str("%20"),
                    '{' => {
                        let (inside, after) = rest.as_str().split_once('}')?;
                        if !literal.is_empty() {
                            parts.push(Part::Literal(std::mem::take(&mut literal)));
                        }
                        parts.push(Part::Macro(Macro::parse(inside)?));
                        rest = after.chars();
                    }
                    _ => return None,
                },
                '!'..='~' => literal.push(c),
                _ => return None,
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Some(Self(parts))
    }

    /// A domain-spec: it ends in a macro, or in a dot and a top label (§7.1).
    pub(super) fn domain_spec(text: &str) -> Option<Self> {
        let parsed = Self::parse(text)?;
        let ends_in_macro = matches!(parsed.0.last()?, Part::Macro(_));
        let bare = text.strip_suffix('.').unwrap_or(text);
        let top_label = bare.rsplit_once('.').map(|(_, label)| label);
        (ends_in_macro || top_label.is_some_and(is_top_label)).then_some(parsed)
    }

    /// True when the validated name of the client must be found out first.
    pub(super) fn needs_validated_name(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Macro(Macro { letter: 'p', .. })))
    }

    /// True when it ends in a name that the client gives itself, by HELO or in its own reverse zone: what is asked
    /// there is answered by whomever the client likes. With a literal at its end the owner of that answers.
    pub(super) fn is_chosen_by_client(&self) -> bool {
        matches!(self.0.last(), Some(Part::Macro(Macro { letter: 'h' | 'p', .. })))
    }

    /// The name it stands for; of one that is too long, labels on the left are left out.
    pub(super) fn expand(&self, values: &Values<'_>) -> String {
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => name.push_str(literal),
                Part::Macro(letter) => name.push_str(&letter.expand(values)),
            }
        }
        let whole = name.strip_suffix('.').unwrap_or(&name);
        let mut short = whole;
        while short.len() > MAX_NAME
            && let Some((_, shorter)) = short.split_once('.')
        {
            short = shorter;
        }
        short.to_owned()
    }
}

impl Macro {
    fn parse(inside: &str) -> Option<Self> {
        let mut rest = inside.chars();
        let letter = rest.next()?;
        if !matches!(letter.to_ascii_lowercase(), 's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'v' | 'h') {
            return None;
        }
        let rest = rest.as_str();
        let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.strip_suffix(after_digits)?;
        let keep = match digits {
            "" => None,
            // More digits than a number has say "all" as well.
            digits => Some(digits.parse().unwrap_or(MAX_KEEP)),
        };
        let (reverse, delimiters) = match after_digits.strip_prefix(['r', 'R']) {
            Some(delimiters) => (true, delimiters),
            None => (false, after_digits),
        };
        let is_delimiter = |c: char| matches!(c, '.' | '-' | '+' | ',' | '/' | '_' | '=');
        if keep == Some(0) || !delimiters.chars().all(is_delimiter) {
            return None;
        }
        let delimiters = if delimiters.is_empty() { "." } else { delimiters }.to_owned();
        Some(Self {
            letter: letter.to_ascii_lowercase(),
            keep,
            reverse,
            delimiters,
            escape: letter.is_ascii_uppercase(),
        })
    }

    fn expand(&self, values: &Values<'_>) -> String {
        let value = match self.letter {
            's' => format!("{}@{}", values.local, values.sender_domain),
            'l' => values.local.to_owned(),
            'o' => values.sender_domain.to_owned(),
            'd' => values.domain.to_owned(),
            'i' => dotted(values.ip),
            'p' => values.validated.to_owned(),
            'v' => if values.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            _ => values.helo.to_owned(),
        };
        let mut parts: Vec<&str> = value.split(|c| self.delimiters.contains(c)).collect();
        if self.reverse {
            parts.reverse();
        }
        let skip = self.keep.map_or(0, |keep| parts.len().saturating_sub(keep));
        let text = parts.split_off(skip).join(".");
        if self.escape { escaped(&text) } else { text }
    }
}

/// An IPv6 address as its nibbles (§7.3).
fn dotted(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(v4) => v4.to_string(),
        std::net::IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect::<Vec<_>>().join(".")
        }
    }
}

/// All but the unreserved characters of RFC 3986 §2.3.
fn escaped(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let escape = |b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(escape).collect()
}

/// Letters, digits and inner hyphens, not digits alone.
fn is_top_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let is_inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let is_edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    bytes.iter().all(is_inner)
        && is_edge(bytes.first())
        && is_edge(bytes.last())
        && !bytes.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7208 §7.4.
    #[test]
    fn expansions() {
        let values = |ip: &str| Values {
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            ip: ip.parse().unwrap(),
            helo: "h.example",
            validated: "unknown",
        };
        for (text, ip, name) in [
            ("%{s}", "192.0.2.3", "strong-bad@email.example.com"),
            ("%{d4}", "192.0.2.3", "email.example.com"),
            ("%{d2}", "192.0.2.3", "example.com"),
            ("%{dr}", "192.0.2.3", "com.example.email"),
            ("%{d2r}", "192.0.2.3", "example.email"),
            ("%{l-}", "192.0.2.3", "strong.bad"),
            ("%{lr-}", "192.0.2.3", "bad.strong"),
            ("%{l1r-}", "192.0.2.3", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com"),
            ("%{p}.%{h}%%%_%-.x", "192.0.2.3", "unknown.h.example% %20.x"),
            ("%{S}.x", "192.0.2.3", "strong-bad%40email.example.com.x"),
            (
                "%{ir}.%{v}.x",
                "2001:db8::cb01",
                "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.x",
            ),
        ] {
            let parsed = MacroString::domain_spec(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(parsed.expand(&values(ip)), name, "{text}");
        }
        let long = MacroString::parse(&format!("{}%{{d}}", "a.".repeat(200))).unwrap();
        let name = long.expand(&values("192.0.2.3"));
        assert!(name.len() <= MAX_NAME && name.ends_with("a.email.example.com"), "{name}");
    }

    #[test]
    fn what_the_grammar_does_not_know() {
        for text in ["", "com", "a.1", "a.b-", "a.-b", "a..", "a b.c", "%{c}.x.y", "%{d", "%{d0}.a"]
        {
            assert_eq!(MacroString::domain_spec(text), None, "{text}");
        }
        for text in ["%", "%x", "%{}", "%{x}", "%{d1x}", "%{d;}", "é", "a\tb"] {
            assert_eq!(MacroString::parse(text), None, "{text}");
        }
    }
}
