use crate::address::{AddressError, Domain};
use std::fmt;

/// Lists whose names have a key in front: all labels before one, which says which list, and this.
const WITH_KEYS: [&str; 2] = [".dq.spamhaus.net", ".mail.abusix.zone"];
/// A label as long as this, where it is not of the registered domain, is taken for a key.
const LONG: usize = 16;
/// Shortest key: what is shorter stands in any text, and could be kept out of none.
const SHORTEST: usize = 4;

/// The name of a list. Prints without its key: only [`Zone::to_ask`] gives that away, to be asked and never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Zone {
    name: String,
    shown: String,
    secrets: Vec<String>,
}

/// Why a text names no list. It does not repeat the text, which may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// No domain name.
    #[error("is no domain name: {0}")]
    Name(#[from] AddressError),
    /// `{` and `}` do not enclose a whole label.
    #[error("has braces that do not stand around a whole label")]
    Braces,
    /// It could be kept out of no text.
    #[error("has a key of fewer than {SHORTEST} characters, which cannot be kept secret")]
    ShortKey,
    /// What is shown would show it.
    #[error("has a key that stands in another label too, where it would be shown")]
    Repeated,
    /// Nothing would be left to show.
    #[error("has no label that may be shown")]
    AllSecret,
}

impl Zone {
    /// Reads the name of a list. What stands in braces is a key, as in `{0123abcd}.bl.example.net`; so are, without
    /// braces, the first labels of a name that is known to have one, and labels of 16 characters or more before the
    /// last two.
    ///
    /// # Errors
    /// When the text is no domain name.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let mut in_braces = Vec::new();
        let mut plain = Vec::new();
        for label in text.split('.') {
            let inner = label.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            in_braces.push(inner.is_some());
            plain.push(inner.unwrap_or(label));
        }
        let name = plain.join(".");
        if name.contains(['{', '}']) {
            return Err(ZoneError::Braces);
        }
        let name = Domain::parse(&name)?;
        if name.literal().is_some() {
            return Err(ZoneError::Name(AddressError::DomainSyntax));
        }
        let name = name.to_key();
        let labels: Vec<&str> = name.split('.').collect();
        let known = WITH_KEYS.iter().find(|end| name.ends_with(**end));
        let keys = known.map_or(0, |end| labels.len().saturating_sub(end.matches('.').count() + 1));
        let is_secret = |at: usize, label: &str| {
            in_braces.get(at).is_some_and(|is| *is)
                || at < keys
                || (at + 2 < labels.len() && label.len() >= LONG)
        };
        let (mut shown, mut secrets) = (Vec::new(), Vec::new());
        for (at, label) in labels.iter().enumerate() {
            match is_secret(at, label) {
                false => shown.push(*label),
                true => secrets.push((*label).to_owned()),
            }
        }
        if shown.is_empty() {
            return Err(ZoneError::AllSecret);
        }
        if secrets.iter().any(|secret| secret.len() < SHORTEST) {
            return Err(ZoneError::ShortKey);
        }
        let zone = Self { shown: shown.join("."), name, secrets };
        match zone.is_told_by(&zone.shown) {
            true => Err(ZoneError::Repeated),
            false => Ok(zone),
        }
    }

    /// Without its key.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What must never be shown, in lower case.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The name by which `labels` are asked for, key and all.
    pub fn to_ask(&self, labels: &str) -> String {
        format!("{labels}.{}", self.name)
    }

    /// True when a text holds the key, in whatever case, be it within a word: who withholds one too many loses little.
    pub fn is_told_by(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.secrets.iter().any(|secret| text.contains(secret.as_str()))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_and_never_shown() {
        for (text, shown, secrets) in [
            ("zen.spamhaus.org", "zen.spamhaus.org", &[][..]),
            ("b.BarracudaCentral.org", "b.barracudacentral.org", &[]),
            ("combined.mail.abusix.zone", "combined.mail.abusix.zone", &[]),
            ("K3y4.zen.dq.spamhaus.net", "zen.dq.spamhaus.net", &["k3y4"]),
            ("abcdefghijk.zen.dq.spamhaus.net", "zen.dq.spamhaus.net", &["abcdefghijk"]),
            (
                "a1b2c3d4.wxyz.combined.mail.abusix.zone",
                "combined.mail.abusix.zone",
                &["a1b2c3d4", "wxyz"],
            ),
            (
                "multi.0123456789abcdef.df.example.com",
                "multi.df.example.com",
                &["0123456789abcdef"],
            ),
            ("{0123abcd}.bl.example.net", "bl.example.net", &["0123abcd"]),
            ("bl.{0123abcd}.example.net", "bl.example.net", &["0123abcd"]),
        ] {
            let zone = Zone::parse(text).unwrap();
            assert_eq!(zone.to_string(), shown, "{text}");
            assert_eq!(zone.secrets(), secrets, "{text}");
            let whole = text.replace(['{', '}'], "").to_ascii_lowercase();
            assert_eq!(zone.to_ask("2.0.0.127"), format!("2.0.0.127.{whole}"));
            let shown = format!("{zone} {zone:?}");
            assert!(!zone.is_told_by(&shown), "{shown}");
            assert_eq!(zone.is_told_by(&text.to_ascii_uppercase()), !secrets.is_empty());
        }
    }

    #[test]
    fn what_is_no_name_is_refused_without_being_repeated() {
        for text in
            ["", "a b.test", "[127.0.0.1]", "192.0.2.1", "{a.test", "{a}b.c.test", "{}.a.test"]
        {
            let error = Zone::parse(text).unwrap_err().to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
        assert_eq!(Zone::parse("{one}.{two}"), Err(ZoneError::AllSecret));
    }

    #[test]
    fn a_key_that_could_not_be_kept_out_of_texts_is_refused() {
        for text in ["{k3y}.bl.example.net", "{a}.bl.example.net", "k3y.zen.dq.spamhaus.net"] {
            assert_eq!(Zone::parse(text), Err(ZoneError::ShortKey), "{text}");
        }
        for text in ["{abcd}.bl.abcd.net", "{list}.my-LIST.example.net"] {
            assert_eq!(Zone::parse(text), Err(ZoneError::Repeated), "{text}");
        }
        let zone = Zone::parse("{qz7x}.bl.example.net").unwrap();
        for text in ["key QZ7X", "https://x.test/qz7x/a", "?key=qz7x", "idqz7x1"] {
            assert!(zone.is_told_by(text), "{text}");
        }
        assert!(!zone.is_told_by("see https://bl.example.net/192.0.2.1"));
    }
}
