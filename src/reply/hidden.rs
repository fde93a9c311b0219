//! What of a destination's text would tell a stranger where an alias leads.

use super::{
    naming::{decoded, is_edge, is_name},
    printable,
    words::is_common,
};
use crate::{address::Mailbox, verdict::organizational};

/// Longest text of a destination that is passed on, in octets: Gmail explains a refusal in nine lines, the
/// last of which has the link.
pub(super) const MAX_TEXT: usize = 1024;
/// Longest line of it. RFC 5321 §4.5.3.1.5 wants no more than 512 octets with code and line end.
const MAX_LINE: usize = 480;
/// Goes before the text of a destination.
pub(super) const WHOSE: &str = "Destination: ";
/// Shortest part of a local part that is hidden wherever it stands: shorter ones are parts of other words.
const MIN_PART: usize = 3;

/// Names that must not show in a reply: the destination's mailboxes, domain and host.
#[derive(Debug, Clone, Default)]
pub struct Hidden {
    /// Hidden wherever they stand.
    names: Vec<String>,
    /// Local parts that are words of the language too: hidden where they are marked as a name.
    words: Vec<String>,
    /// Names of providers, in lower case and in order: hidden wherever they stand.
    providers: &'static [&'static str],
    /// What only one provider says is hidden: ids and codes of its own.
    hides_codes: bool,
}

/// Beginnings of words of letters and digits that everybody uses.
const COMMON_CODES: [&str; 8] = ["rfc", "ipv4", "ipv6", "utf8", "tls", "ssl", "sha", "8bit"];
/// The highest detail of an enhanced status code that is registered, for any subject (RFC 5248); those above are a
/// provider's own.
const REGISTERED: u16 = 30;

impl Hidden {
    /// Hides `mailboxes`: each as a whole, its domain and the registered one above, and the words of its local part,
    /// also without what follows a `+`. "Mailbox full" stays readable where the mailbox is `full@…`.
    pub fn mailboxes<'a>(mailboxes: impl IntoIterator<Item = &'a Mailbox>) -> Self {
        let mut hidden = Self::default();
        for mailbox in mailboxes {
            hidden.local_part(mailbox);
            let domain = mailbox.domain().to_key();
            if mailbox.domain().literal().is_none() {
                hidden.names.push(organizational(&domain));
                // As a reply in UTF-8 has it.
                let (unicode, _) = idna::domain_to_unicode(&domain);
                hidden.names.push(printable(&unicode, usize::MAX));
            }
            hidden.names.push(domain);
        }
        hidden
    }

    /// Hides the local parts of `mailboxes`, as [`Hidden::mailboxes`] does, and not their domains.
    pub fn local_parts<'a>(mailboxes: impl IntoIterator<Item = &'a Mailbox>) -> Self {
        let mut hidden = Self::default();
        mailboxes.into_iter().for_each(|mailbox| hidden.local_part(mailbox));
        hidden
    }

    fn local_part(&mut self, mailbox: &Mailbox) {
        let local = printable(&mailbox.local().to_key(), usize::MAX);
        // Of several words none is marked by itself.
        let is_phrase = local.contains(char::is_whitespace);
        for word in local.split_whitespace() {
            let base = word.split_once('+').map(|(base, _)| base);
            for word in base.into_iter().chain([word]).filter(|word| !word.is_empty()) {
                let is_word = is_common(word) && !is_phrase;
                let list = if is_word { &mut self.words } else { &mut self.names };
                list.push(word.to_owned());
            }
        }
        self.parts(&local);
    }

    /// `bob.smith` is "Bob Smith", `smith.bob` and `bobsmith` too.
    fn parts(&mut self, local: &str) {
        let parts: Vec<&str> = local
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '?')
            .filter(|part| !part.is_empty())
            .collect();
        if parts.len() < 2 || is_common(local) {
            return;
        }
        self.names.push(parts.concat());
        for part in parts.into_iter().filter(|part| part.contains(|c: char| !c.is_ascii_digit())) {
            let is_word = part.len() < MIN_PART || is_common(part);
            let list = if is_word { &mut self.words } else { &mut self.names };
            list.push(part.to_owned());
        }
    }

    /// Hides a further name, such as the host that answered.
    pub fn and(mut self, name: &str) -> Self {
        self.names.push(name.to_lowercase());
        self
    }

    /// Hides names of providers, which come in lower case and in order, wherever they stand.
    pub fn and_providers(self, names: &'static [&'static str]) -> Self {
        Self { providers: names, ..self }
    }

    /// Hides what only one provider says: its ids, and codes of letters and digits.
    pub fn and_codes(self) -> Self {
        Self { hides_codes: true, ..self }
    }

    /// The detail of an enhanced status code, where it does not tell whose it is.
    pub(super) fn detail(&self, detail: u16) -> u16 {
        if self.hides_codes && detail > REGISTERED { 0 } else { detail }
    }

    /// Whatever holds an `@`, in any of its encodings, goes whole: providers quote addresses in many forms.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        // What is cut off is cut behind the masking: the stump of a name would not be found.
        let mut room = MAX_TEXT;
        let text: Vec<String> = text.split('\n').map(|line| printable(line, usize::MAX)).collect();
        let text: Vec<Vec<&str>> =
            text.iter().map(|line| line.split_whitespace().collect()).collect();
        for (number, tokens) in text.iter().enumerate() {
            let before = number.checked_sub(1).and_then(|before| text.get(before)?.last());
            let after = text.get(number + 1).and_then(|line| line.first());
            for (at, token) in tokens.iter().enumerate() {
                let is_broken = at == 0 && self.spans(before, Some(token))
                    || at + 1 == tokens.len() && self.spans(Some(token), after);
                let is_hidden = is_broken || self.shows_in(tokens, at);
                let token = if is_hidden { "(hidden)" } else { token };
                let token = token.get(..MAX_LINE).unwrap_or(token);
                if token.len() >= room {
                    return lines.join("\n");
                }
                room -= token.len() + 1;
                let first = if lines.len() > 1 { 0 } else { WHOSE.len() };
                match lines.last_mut() {
                    Some(last) if last.is_empty() => last.push_str(token),
                    Some(last) if first + last.len() + token.len() < MAX_LINE => {
                        last.push(' ');
                        last.push_str(token);
                    }
                    _ => lines.push(token.to_owned()),
                }
            }
            if lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(String::new());
            }
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    fn shows_in(&self, tokens: &[&str], at: usize) -> bool {
        let Some(token) = tokens.get(at).map(|token| token.to_ascii_lowercase()) else {
            return true;
        };
        let meant = decoded(&token);
        let spelt = tokens.iter().enumerate();
        let spelt: Vec<&str> =
            spelt.map(|(number, token)| if number == at { &*meant } else { *token }).collect();
        [&token, &meant]
            .iter()
            .any(|token| token.contains('@') || self.has_name(token) || self.tells_provider(token))
            || [tokens, &spelt]
                .iter()
                .any(|tokens| self.words.iter().any(|word| is_name(tokens, at, word)))
    }

    /// A name that is broken over two lines.
    fn spans(&self, before: Option<&&str>, after: Option<&&str>) -> bool {
        let (Some(before), Some(after)) = (before, after) else { return false };
        let lower = |token: &str| decoded(&token.to_ascii_lowercase());
        let (before, after) = (lower(before), lower(after));
        let whole = format!("{before}{after}");
        let is_broken = |name: &String| {
            has_word(&whole, name) && !has_word(&before, name) && !has_word(&after, name)
        };
        self.names.iter().any(is_broken)
    }

    /// Whether a token, in lower case, tells who has the mailbox.
    fn tells_provider(&self, token: &str) -> bool {
        let is_named = |name: &str| self.providers.binary_search(&name).is_ok();
        let is_code = |word: &str| {
            self.hides_codes
                && word.contains(|c: char| c.is_ascii_digit())
                && word.contains(|c: char| c.is_ascii_alphabetic())
                && !COMMON_CODES.iter().any(|common| word.starts_with(common))
        };
        let is_edge = |c: char| !c.is_ascii_alphanumeric();
        token.split(is_edge).any(|word| is_named(word) || is_code(word))
            || token.split(|c: char| is_edge(c) && c != '.').any(|host| {
                let host = host.trim_matches('.');
                host.match_indices('.').any(|(at, _)| {
                    let start = host.get(..at).and_then(|it| it.rfind('.')).map_or(0, |it| it + 1);
                    host.get(start..).is_some_and(is_named)
                })
            })
    }

    fn has_name(&self, token: &str) -> bool {
        self.names.iter().any(|name| has_word(token, name))
    }
}

/// True when `word` stands in `token` with no letter or digit beside it.
pub(super) fn has_word(token: &str, word: &str) -> bool {
    !word.is_empty()
        && token.match_indices(word).any(|(at, _)| {
            let before = token.get(..at).and_then(|s| s.chars().next_back());
            let after = token.get(at + word.len()..).and_then(|s| s.chars().next());
            is_edge(before, after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(mailbox: &str, text: &str) -> String {
        Hidden::mailboxes([&Mailbox::parse(mailbox).unwrap()]).mask(text)
    }

    #[test]
    fn a_name_in_other_spelling_does_not_show() {
        for text in [
            "https://x.test/?to%3Dbob.smith%26a=1",
            "rejected: %3Cbob.smith%3E",
            "https://x.test/?to=bob%2Esmith",
            "https://x.test/?to=bob%252Esmith",
            "=3Cbob.smith=3E unknown",
            "&lt;bob.smith&gt; unknown",
            "bob.smith&#64;x unknown",
            "bob.smith&#x40;x unknown",
            "bob.smith&commat;x unknown",
            "no mail for%20mail.sink.test",
            "Mailbox of Bob Smith is full",
            "user smith.bob unknown",
            "user BobSmith unknown",
            "no domain sink.test here",
            "<bob.sm\nith> unknown",
            "no mail.sink\n.test here",
            "mailbox of bob.\nsmith",
        ] {
            let text = masked("bob.smith@mail.sink.test", text).to_lowercase();
            for part in ["bob", "smith", "sink", "ith>"] {
                assert!(!text.contains(part), "{text}");
            }
            assert!(text.contains("(hidden)"), "{text}");
        }
        assert_eq!(masked("info@sink.test", "&lt;info&gt; unknown"), "(hidden) unknown");
        assert_eq!(masked("info@sink.test", "x?to%3Dinfo unknown"), "(hidden) unknown");
        let text =
            masked("bob@b\u{fc}cher.test", "no B\u{fc}cher.test, no xn--bcher-kva.test here");
        assert_eq!(text, "no (hidden) no (hidden) here");
    }

    #[test]
    fn what_is_only_like_a_part_stays() {
        for (mailbox, text) in [
            ("no.reply@sink.test", "no reply from user"),
            ("de.light.550@sink.test", "550 see https://help.de/550?a=20"),
            ("non-existent@sink.test", "non existent user"),
            ("bob.smith@sink.co.uk", "see https://help.co.uk/x?p=100%25&a=b%"),
            ("bob@[192.0.2.1]", "see 2.1 and 5.2.1"),
            ("bob@sink.test", "user=3Dad is\nfull"),
        ] {
            assert_eq!(masked(mailbox, text), text, "{mailbox}");
        }
    }
}
