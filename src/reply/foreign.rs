//! Replies that come from a destination and go, made harmless, to the client.

use super::{
    CODES, Class, Reply, Status,
    hidden::{Hidden, MAX_TEXT, WHOSE},
    words,
};
use std::fmt::{self, Write};

/// A reply as a destination gave it; its text is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignReply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status code, if the text began with one.
    pub status: Option<Status>,
    /// The text, lines separated by `\n`.
    pub text: String,
}

/// The reply as it came, on one line: for the journal and the log of the operator.
impl fmt::Display for ForeignReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        f.write_str(" ")?;
        self.text.chars().take(MAX_TEXT * 2).try_for_each(|c| {
            f.write_char(match c {
                '\n' => ' ',
                ' '..='~' => c,
                _ => '?',
            })
        })
    }
}

impl ForeignReply {
    /// The reply as it came, on one line, as a text of its own.
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(CODES + self.text.len());
        // Writing to a String cannot fail.
        let _ = write!(line, "{self}");
        line
    }

    /// The reply for our client: code and enhanced status code are the destination's, the text in its lines,
    /// bounded, printable and without what `hidden` names.
    ///
    /// A code that is one provider's own tells who that is: where `hidden` has it so, of those only the subject is left.
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
            Some(Status(_, subject, detail)) => (subject, hidden.detail(detail)),
            None if class == 4 => (4, 0),
            None => (0, 0),
        };
        let text = hidden.mask(&self.text);
        Reply::with_lines(code, (class, subject, detail), &format!("{WHOSE}{text}"))
    }

    /// The reply without what `hidden` names.
    pub fn without(&self, hidden: &Hidden) -> Self {
        Self { text: hidden.mask(&self.text), ..*self }
    }

    /// The reply as a report tells whoever wrote of it: code, enhanced status code, and of the text what is known to
    /// be harmless, without words that stand in it as one of `names`; else `instead`. Nobody vouches for such a text,
    /// so that taking names out is not enough.
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
        Reply::with_lines(self.code, (class, subject, detail), &self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::Mailbox,
        reply::{hidden::has_word, words::is_common},
    };
    use proptest::prelude::*;

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
        let reply = hidden("robert@sink.test", &format!("{} robert", "x ".repeat(505)));
        assert!(!reply.text().contains("ro"), "{reply}");
    }

    #[test]
    fn words_of_the_language_stay_where_they_are_no_names() {
        let shown = |mailbox: &str, text: &str| {
            let hidden = Hidden::mailboxes([&Mailbox::parse(mailbox).unwrap()]);
            let reply = ForeignReply { code: 552, status: None, text: text.into() };
            reply.for_client(&hidden).text().to_owned()
        };
        for (mailbox, text, expected) in [
            ("full@sink.test", "Mailbox full", "Mailbox full"),
            ("user@sink.test", "No such user here.", "No such user here."),
            (
                "mail@sink.test",
                "see https://help.test/mail/?p=Quota",
                "see https://help.test/mail/?p=Quota",
            ),
            ("user@sink.test", "<user>: no such user", "(hidden) no such user"),
            (
                "info@sink.test",
                "no mailbox 'info' for more info",
                "no mailbox (hidden) for more info",
            ),
            ("info@sink.test", "https://x.test/?for=info&a=b", "(hidden)"),
            ("alice@sink.test", "Alice is unknown", "(hidden) is unknown"),
            (
                "full@sink.test",
                "Quota exceeded (mailbox is full)",
                "Quota exceeded (mailbox is full)",
            ),
            ("user@sink.test", "user unknown: mailbox full", "user unknown: mailbox full"),
            ("mailbox@sink.test", "user unknown: mailbox full", "user unknown: mailbox full"),
            ("unknown@sink.test", "user unknown: mailbox full", "user unknown: mailbox full"),
            ("mailbox@sink.test", "\"Mailbox full\"", "\"Mailbox full\""),
            ("info@sink.test", "info: user unknown", "(hidden) user unknown"),
            ("info@sink.test", "550-5.1.1 info: user unknown", "550-5.1.1 (hidden) user unknown"),
            ("info@sink.test", "no info @ sink.test", "no (hidden) (hidden) (hidden)"),
            ("info@sink.test", "no info at sink.test", "no (hidden) at (hidden)"),
            ("\"user mail\"@sink.test", "no \"user mail\" here", "no (hidden) (hidden) here"),
        ] {
            assert_eq!(shown(mailbox, text), format!("Destination: {expected}"), "{mailbox}");
        }
    }

    /// What providers say, naming nobody.
    const SAID: [&str; 10] = [
        "Mailbox full",
        "user unknown: mailbox full",
        "Quota exceeded (mailbox for user is full)",
        "The email account that you tried to reach is over quota.",
        "Requested action not taken: mailbox unavailable",
        "No such user here; account disabled",
        "<(hidden)>: Recipient address rejected: User unknown in virtual mailbox table",
        "\"Mailbox is full\"",
        "system error; mail for this domain is not accepted",
        "recipient's mailbox has exceeded its limit!",
    ];
    /// How a mailbox is named, `X` for its local part.
    const NAMED: [&str; 16] = [
        "<X>",
        "<X>:",
        "<X@sink.test>",
        "'X'",
        "\"X\",",
        "`X'",
        "(X)",
        "[X]",
        "{X}",
        "X@sink.test",
        "user=X",
        "rcpt:X",
        "X+tag",
        "X=40sink.test",
        "X @ sink.test",
        "X at sink.test",
    ];

    fn masked(mailbox: &str, text: &str) -> String {
        let hidden = Hidden::mailboxes([&Mailbox::parse(mailbox).unwrap()]).and("mx1.sink.test");
        let reply = ForeignReply { code: 552, status: None, text: text.to_owned() };
        reply.for_client(&hidden).text().strip_prefix(WHOSE).unwrap_or_default().to_owned()
    }

    fn is_in(local: &str, text: &str) -> bool {
        has_word(&text.to_ascii_lowercase(), local)
    }

    proptest! {
        /// Whatever the mailbox is called, a reason stays readable.
        #[test]
        fn words_stay(said in 0..SAID.len(), name in 0_usize..1000, host in 0_usize..1000) {
            let words: Vec<&str> = SAID.iter().flat_map(|said| said.split(|c: char| !c.is_alphanumeric()))
                .filter(|word| !word.is_empty() && is_common(&word.to_lowercase())).collect();
            let (name, host) = (words[name % words.len()], words[host % words.len()]);
            let (mailbox, said) = (format!("{name}@{host}.test"), SAID[said]);
            prop_assert_eq!(masked(&mailbox, said), said);
            let reply = ForeignReply { code: 552, status: None, text: said.replace("<(hidden)>: ", "") };
            let told = reply.in_known_words(&[&mailbox], "");
            prop_assert!(!told.text().contains("(hidden)"), "{mailbox}: {told}");
        }

        /// Whatever stands around it, a mailbox that is named does not show, nor a name that is no word.
        #[test]
        fn names_do_not(
            said in 0..SAID.len(), at in 0_usize..12, form in 0..NAMED.len(),
            local in prop_oneof!["[a-z]{2,8}(\\.[a-z]{2,8})?", Just("info".to_owned()), Just("full".to_owned())],
        ) {
            let mut words: Vec<&str> = SAID[said].split(' ').filter(|word| !is_in(&local, word)).collect();
            let named = NAMED[form].replace('X', &local);
            words.insert(at.min(words.len()), &named);
            let mailbox = format!("{local}@sink.test");
            let text = masked(&mailbox, &words.join(" "));
            prop_assert!(!is_in(&local, &text) && !is_in("sink.test", &text), "{mailbox}: {text}");
            let plain = masked(&mailbox, &format!("no {local}, {local}: {local}."));
            prop_assert!(is_common(&local) || !is_in(&local, &plain), "{mailbox}: {plain}");
            let reply = ForeignReply { code: 552, status: None, text: words.join(" ") };
            let told = reply.in_known_words(&[&mailbox], "");
            prop_assert!(!is_in(&local, told.text()), "{mailbox}: {told}");
        }
    }

    #[test]
    fn a_refusal_of_many_lines_is_passed_on_whole_with_its_link() {
        let text = "Gmail has detected that this message does not meet IPv6 sending\n\
                    guidelines regarding PTR records and authentication. Please review\n \
                    https://support.google.com/mail/?p=IPv6AuthError for more information\n\
                    . a1b2c3-x1y2 - gsmtp";
        let bob = Mailbox::parse("bob.smith@gmail.com").unwrap();
        let hidden = Hidden::mailboxes([&bob]).and("gmail-smtp-in.l.google.com");
        let reply = ForeignReply { code: 550, status: Some(Status(5, 7, 1)), text: text.into() };
        let mut wire = Vec::new();
        reply.for_client(&hidden).write_to(&mut wire);
        assert_eq!(
            String::from_utf8(wire).unwrap(),
            "550-5.7.1 Destination: Gmail has detected that this message does not meet IPv6 sending\r\n\
             550-5.7.1 guidelines regarding PTR records and authentication. Please review\r\n\
             550-5.7.1 https://support.google.com/mail/?p=IPv6AuthError for more information\r\n\
             550 5.7.1 . a1b2c3-x1y2 - gsmtp\r\n"
        );
        assert_eq!(reply.for_client(&hidden).to_keep().as_kept(), reply.for_client(&hidden));
    }

    #[test]
    fn lines_of_a_reply_have_512_octets_at_most() {
        for text in ["x".repeat(5000), "xyz ".repeat(1000), "x\n".repeat(1000)] {
            let reply = ForeignReply { code: 550, status: Some(Status(5, 999, 999)), text };
            let mut wire = Vec::new();
            reply.for_client(&Hidden::default()).write_to(&mut wire);
            let wire = String::from_utf8(wire).unwrap();
            assert!(wire.split_inclusive("\r\n").all(|line| line.len() <= 512), "{wire}");
        }
    }

    #[test]
    fn hostile_text_is_tamed() {
        assert_eq!(shown(550, None, "a\r\n250 ok\0\u{e9}"), "550 5.0.0 Destination: a? / 250 ok??");
        assert!(shown(550, None, &"x ".repeat(5000)).len() < 1100);
    }
}
