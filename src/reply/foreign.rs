//! Replies that come from a destination and go, made harmless, to the client.

use super::{Class, Reply, Status, printable, words};
use crate::address::Mailbox;
use std::fmt;

/// Longest text of a destination that is passed on, in octets.
const MAX_TEXT: usize = 300;

/// A reply as a destination gave it; its text is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignReply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status code, if the text began with one.
    pub status: Option<Status>,
    /// The text, lines joined by spaces.
    pub text: String,
}

/// The reply as it came, on one line: for the journal and the log of the operator.
impl fmt::Display for ForeignReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        write!(f, " {}", printable(&self.text, MAX_TEXT * 2))
    }
}

impl ForeignReply {
    /// The reply for our client: code and enhanced status code are the destination's, the text
    /// bounded, printable and without what `hidden` names.
    ///
    /// A 4xx becomes 451 (a 421 of theirs must not announce the end of our own session) with their
    /// enhanced status code; a 5xx keeps its code.
    pub fn for_client(&self, hidden: &Hidden) -> Reply {
        let (code, class) = match Class::of(self.code) {
            Some(Class::Positive) => (250, 2),
            Some(Class::Permanent) => (self.code, 5),
            _ => (451, 4),
        };
        let (subject, detail) = match self.status {
            Some(Status(_, subject, detail)) => (subject, detail),
            None if class == 4 => (4, 0),
            None => (0, 0),
        };
        let text = hidden.mask(&self.text);
        Reply::with_text(code, (class, subject, detail), &format!("Destination: {text}"))
    }

    /// The reply as a report tells whoever wrote of it: code, enhanced status code, and of the text what is known to
    /// be harmless, without words of `names`; else `instead`. Nobody vouches for such a text, so that taking names
    /// out is not enough.
    pub fn in_known_words(&self, names: &[&str], instead: &str) -> Reply {
        let words = names.iter().flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
        let hidden: Vec<String> = words.map(str::to_lowercase).collect();
        let known = words::known(&self.text, &hidden);
        let Status(class, subject, detail) = self.status.unwrap_or(Status(5, 0, 0));
        let text = if known.is_empty() { instead } else { &known };
        Reply::with_text(self.code, (class, subject, detail), text)
    }

    /// The reply that [`Reply::to_keep`] was made of.
    pub fn as_kept(&self) -> Reply {
        let Status(class, subject, detail) = self.status.unwrap_or(Status(5, 0, 0));
        Reply::with_text(self.code, (class, subject, detail), &self.text)
    }
}

/// Names that must not show in a reply: the destination's mailboxes, domain and host.
#[derive(Debug, Clone, Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    /// Hides `mailboxes`: each as a whole, its domain, and the words of its local part, also without
    /// what follows a `+`.
    pub fn mailboxes<'a>(mailboxes: impl IntoIterator<Item = &'a Mailbox>) -> Self {
        let mut words = Vec::new();
        for mailbox in mailboxes {
            words.push(mailbox.domain().to_key());
            let local = printable(&mailbox.local().to_key(), usize::MAX);
            for word in local.split_whitespace() {
                words.extend(word.split_once('+').map(|(base, _)| base.to_owned()));
                words.push(word.to_owned());
            }
        }
        Self(words)
    }

    /// Hides a further name, such as the host that answered.
    pub fn and(mut self, name: &str) -> Self {
        self.0.push(name.to_lowercase());
        self
    }

    /// Whatever holds an `@`, in any of its encodings, goes whole: providers quote addresses in many forms.
    fn mask(&self, text: &str) -> String {
        let text = match printable(text, MAX_TEXT * 2) {
            // The stump of a word that was cut might be that of a name.
            cut if cut.len() == MAX_TEXT * 2 => {
                cut.rsplit_once(' ').map_or_else(String::new, |(whole, _)| whole.to_owned())
            }
            whole => whole,
        };
        let mut words: Vec<&String> = self.0.iter().filter(|w| !w.is_empty()).collect();
        words.sort_by_key(|w| std::cmp::Reverse(w.len()));
        let masked: Vec<String> = text
            .split_whitespace()
            .map(|token| {
                let folded = token.to_ascii_lowercase();
                let address = ["@", "%40", "=40", "+40"].iter().any(|at| folded.contains(at));
                if address || words.iter().any(|word| has_word(&folded, word)) {
                    "(hidden)".to_owned()
                } else {
                    token.to_owned()
                }
            })
            .collect();
        printable(&masked.join(" "), MAX_TEXT)
    }
}

/// True when `word` stands in `token` with no letter or digit on either side.
fn has_word(token: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
    token.match_indices(word).any(|(at, _)| {
        let before = token.get(..at).and_then(|s| s.chars().next_back());
        let after = token.get(at + word.len()..).and_then(|s| s.chars().next());
        is_edge(before) && is_edge(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: u16, status: Option<Status>, text: &str) -> String {
        let bob = Mailbox::parse("bob.smith@sink.test").unwrap();
        let hidden = Hidden::mailboxes([&bob]).and("mx1.sink.test");
        ForeignReply { code, status, text: text.into() }.for_client(&hidden).to_string()
    }

    #[test]
    fn codes_are_kept_and_classes_agree() {
        assert_eq!(shown(550, Some(Status(5, 7, 515)), "no"), "550 5.7.515 Destination: no");
        assert_eq!(shown(550, Some(Status(4, 1, 1)), "no"), "550 5.1.1 Destination: no");
        assert_eq!(shown(552, None, "no"), "552 5.0.0 Destination: no");
        assert_eq!(shown(421, Some(Status(4, 7, 28)), "no"), "451 4.7.28 Destination: no");
        assert_eq!(shown(450, None, "no"), "451 4.4.0 Destination: no");
    }

    #[test]
    fn nothing_of_the_destination_shows() {
        for text in [
            "<bob.smith@sink.test>: user unknown",
            "user BOB.SMITH unknown",
            "bob.smith=40sink.test unknown",
            "rejected by mx1.sink.test",
            "mailbox (bob.smith) is full",
            "see https://x.example/?rcpt=bob.smith%40sink.test",
            "no mailbox in sink.test.",
        ] {
            let reply = shown(550, None, text).to_lowercase();
            assert!(!reply.contains("bob") && !reply.contains("sink"), "{reply}");
            assert!(reply.contains("(hidden)"), "{reply}");
        }
    }

    #[test]
    fn parts_of_a_local_part_do_not_show_either() {
        let hidden = |mailbox: &str, text: &str| {
            let hidden = Hidden::mailboxes([&Mailbox::parse(mailbox).unwrap()]);
            ForeignReply { code: 550, status: None, text: text.into() }.for_client(&hidden)
        };
        for (mailbox, text) in [
            ("bob+lists@sink.test", "no user bob"),
            ("\"bob smith\"@sink.test", "no user 'smith'"),
            ("bøb@sink.test", "no user bøb"),
        ] {
            let reply = hidden(mailbox, text);
            assert!(reply.text().ends_with("(hidden)"), "{reply}");
        }
        let reply = hidden("robert@sink.test", &format!("{} robert", "x ".repeat(299)));
        assert!(!reply.text().contains("ro"), "{reply}");
    }

    #[test]
    fn hostile_text_is_tamed() {
        assert_eq!(shown(550, None, "a\r\n250 ok\0\u{e9}"), "550 5.0.0 Destination: a??250 ok??");
        assert!(shown(550, None, &"x ".repeat(5000)).len() < 400);
    }
}
