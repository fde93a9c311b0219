//! Why a message was refused, for somebody who has never heard of SMTP.

use super::why::Why;
use crate::address::Mailbox;

/// Why messages were not taken, in few kinds: what is counted by them has few rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The address leads nowhere.
    Recipient,
    /// A rule of the alias, or a block.
    Rule,
    /// Nothing proves who sent it: SPF, DKIM, DMARC, or a From of ours.
    Authentication,
    /// The spam filter.
    Filter,
    /// A list in DNS.
    Listed,
    /// More came than may come in that time.
    Rate,
    /// The recipient is not in a domain of ours.
    Relaying,
    /// It is too large, malformed, or goes round in a loop.
    Form,
    /// The mailbox's provider.
    Destination,
    /// Whatever else.
    Other,
}

impl Reason {
    /// All there are, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Recipient,
        Self::Rule,
        Self::Authentication,
        Self::Filter,
        Self::Listed,
        Self::Rate,
        Self::Relaying,
        Self::Form,
        Self::Destination,
        Self::Other,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Rule => "rule",
            Self::Authentication => "authentication",
            Self::Filter => "filter",
            Self::Listed => "listed",
            Self::Rate => "rate",
            Self::Relaying => "relaying",
            Self::Form => "form",
            Self::Destination => "destination",
            Self::Other => "other",
        }
    }
}

/// Why messages were not taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refusal {
    /// The sender was asked to come again later.
    pub is_for_now: bool,
    /// In words.
    pub why: String,
    /// Of what kind that is.
    pub reason: Reason,
}

impl Refusal {
    /// For whatever is not told apart.
    pub(super) fn other(is_for_now: bool) -> Self {
        let why = if is_for_now { Why::OtherForNow } else { Why::Other };
        Self { is_for_now, why: why.in_words(), reason: Reason::Other }
    }
}

/// The rule of the owner that a record of the journal names in its `detail`, in words that go behind "because". What strangers
/// wrote stands in details too: only words of ours and what may be a pattern of the owner's are taken.
pub fn rule(detail: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b" .,:;@*_+-/'[]".contains(&b);
    detail.split("; ").find_map(|part| {
        let part = part.split(", as ").next().unwrap_or(part);
        let (behind, rest, otherwise) = [
            ("refused as the alias ", "the alias ", ""),
            ("refused as another domain's alias ", "another domain's alias ", ""),
            ("refused by the alias's block ", "of the alias's block ", "of a block of the alias"),
            (
                "refused by the domain's block ",
                "of the domain's block ",
                "of a block of the domain",
            ),
            ("refused by the block ", "of the block ", "of a block for all domains"),
            ("put off by the alias's limit of ", "of the alias's limit of ", ""),
        ]
        .into_iter()
        .find_map(|(told, words, otherwise)| Some((words, part.strip_prefix(told)?, otherwise)))?;
        let is_rule = rest.len() <= 300 && rest.bytes().all(is_plain) && !rest.contains("//");
        match is_rule {
            true => Some(format!("{behind}{rest}")),
            // A block of an address in quotes, which may hold anything.
            false => Some(otherwise.to_owned())
                .filter(|words| rest.starts_with('"') && !words.is_empty()),
        }
    })
}

/// The author by whom the owner's rule decided that a record names in its `detail`, where it did not go by the reverse-path.
pub fn author(detail: &str) -> Option<&str> {
    detail.split("; ").filter(|part| part.starts_with("refused by ")).find_map(|part| {
        let (_, author) = part.rsplit_once(", as From is ")?;
        Mailbox::parse(author).is_ok().then_some(author)
    })
}

/// Whether a reply is a matter of the protocol: each of several recipients is asked for again by itself.
pub fn is_asked_again(reply: &str) -> bool {
    ["452 4.5.3", "451 4.5.3"].iter().any(|own| reply.starts_with(own))
}

/// Why the client was answered `reply`, as the journal has it; `rule` is the rule of the owner that decided, where one did
/// and the journal names it. `by_destination`: the reply is that of the mailbox's provider.
pub fn reason(reply: &str, rule: Option<&str>, by_destination: bool) -> Refusal {
    let is_for_now = reply.starts_with('4');
    let (why, reason) = match rule {
        Some(rule) => (rule.to_owned(), Reason::Rule),
        None => {
            let why = Why::of(reply, by_destination);
            (why.in_words(), why.reason())
        }
    };
    Refusal { is_for_now, why, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    fn why(reply: impl ToString) -> String {
        reason(&reply.to_string(), None, false).why
    }

    #[test]
    fn replies_of_ours() {
        assert!(why(Reply::no_such_alias()).contains("switched off"));
        assert!(why(Reply::dmarc_failed()).contains("DMARC"));
        assert!(why(Reply::own_from("x.test")).contains("a domain of yours"));
        assert!(why(Reply::filter_finds_spam()).contains("spam"));
        assert!(why(Reply::filter_rejects(Some("http://evil.test/"))).contains("spam filter"));
        assert!(why(Reply::listed("192.0.2.1", "bl.test", None)).contains("block list"));
        let late = Reply::too_many_for_address("5/1h", std::time::Duration::from_secs(9));
        assert!(why(&late).contains("the alias"), "{}", why(&late));
        assert!(reason(&late.to_string(), None, false).is_for_now);
    }

    #[test]
    fn kinds_of_reasons() {
        let of = |reply: Reply| reason(&reply.to_string(), None, false).reason;
        let minute = std::time::Duration::from_mins(1);
        for (reply, expected) in [
            (Reply::no_such_alias(), Reason::Recipient),
            (Reply::relaying_denied(), Reason::Relaying),
            (Reply::dmarc_failed(), Reason::Authentication),
            (Reply::own_from("x.test"), Reason::Authentication),
            (Reply::filter_rejects(None), Reason::Filter),
            (Reply::listed("192.0.2.1", "bl.test", None), Reason::Listed),
            (Reply::too_many_messages("192.0.2.1", "5/1h", minute), Reason::Rate),
            (Reply::too_many_for_domain("5/1h", minute), Reason::Rate),
            (Reply::mail_loop(), Reason::Form),
        ] {
            assert_eq!(of(reply.clone()), expected, "{reply}");
        }
        assert_eq!(reason("550 5.1.1 no", None, true).reason, Reason::Destination);
        assert_eq!(reason("550 5.7.1 x", Some("the rule"), true).reason, Reason::Rule);
        assert_eq!(reason("", None, false).reason, Reason::Other);
        let words: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::as_str).into();
        assert_eq!(words.len(), Reason::ALL.len());
    }

    #[test]
    fn nothing_is_in_the_words_of_strangers() {
        for reply in [
            "550 5.7.1 click http://evil.test/",
            "550 5.9.99 click http://evil.test/",
            "550 click",
            "",
            "451 4.4.1 http://evil.test/",
            "junk http://evil.test/ x y",
        ] {
            for by_destination in [false, true] {
                let told = reason(reply, None, by_destination).why;
                assert!(!told.contains("evil") && !told.contains("click"), "{reply}: {told}");
            }
        }
    }

    #[test]
    fn the_rule_that_the_journal_names() {
        for (detail, expected) in [
            ("refused as the alias is switched off", Some("the alias is switched off")),
            (
                "refused by the alias's block @a.test, as it is from \"http://evil\"@a.test",
                Some("of the alias's block @a.test"),
            ),
            (
                "5 recipients refused within a minute; refused by the block *.a.test for all domains, as From is b@a.test",
                Some("of the block *.a.test for all domains"),
            ),
            ("put off by the alias's limit of 30/1h", Some("of the alias's limit of 30/1h")),
            (
                "refused by the alias's block @[192.0.2.1], as it is from a@[192.0.2.1]",
                Some("of the alias's block @[192.0.2.1]"),
            ),
            (
                "refused by the domain's block \"a; b\"@a.test, as it is from \"a; b\"@a.test",
                Some("of a block of the domain"),
            ),
            ("x@y.test from <\"; refused by the block http://evil\"@a.test>", None),
            ("", None),
        ] {
            assert_eq!(rule(detail).as_deref(), expected, "{detail}");
        }
    }

    #[test]
    fn who_is_blocked_by_from_is_told_so() {
        for (detail, expected) in [
            ("refused by the alias's block @a.test, as From is b@a.test", Some("b@a.test")),
            ("refused by the alias's block @a.test, as it is from b@a.test", None),
            (
                "x; refused by the block *.a.test for all domains, as From is b@c.a.test",
                Some("b@c.a.test"),
            ),
            ("refused by the alias's block @a.test, as From is http://evil.test", None),
            ("to x, as From is b@a.test", None),
        ] {
            assert_eq!(author(detail), expected, "{detail}");
        }
        let busy = reason(&Reply::last_messages_under_way().to_string(), None, false);
        assert!(busy.is_for_now && busy.why.contains("under way"), "{busy:?}");
    }

    #[test]
    fn the_rule_of_the_owner_says_it_best() {
        let told = reason("550 5.7.1 no", Some("the alias blocks *.bad.test"), true);
        assert_eq!(told.why, "the alias blocks *.bad.test");
    }
}
