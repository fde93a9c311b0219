//! Why a message was refused, for somebody who has never heard of SMTP.

use crate::reply::Reply;
use std::sync::LazyLock;

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
        let why = match is_for_now {
            true => "it could not be taken at that moment",
            false => "it was not acceptable",
        };
        Self { is_for_now, why: why.to_owned(), reason: Reason::Other }
    }
}

/// Texts of our own replies, or how they begin, and what they mean.
static KNOWN: LazyLock<[(String, Reason, &str); 17]> = LazyLock::new(|| {
    use Reason::{Authentication, Filter, Form, Other, Rate, Recipient, Relaying};
    let text = |reply: Reply| reply.text().to_owned();
    [
        (
            text(Reply::no_such_alias()),
            Recipient,
            "the alias is switched off, expired, or did not exist",
        ),
        (text(Reply::relaying_denied()), Relaying, "it was for a domain that is not here"),
        (text(Reply::alias_unsafe()), Other, "the alias is set up wrongly"),
        (text(Reply::alias_cycle()), Other, "the aliases form a loop"),
        (text(Reply::no_postmaster()), Recipient, "nobody gets the mail of the postmaster yet"),
        (
            text(Reply::spf_failed()),
            Authentication,
            "the sender's domain does not let that server send for it (SPF)",
        ),
        (text(Reply::spf_broken()), Authentication, "the sender's domain has a broken SPF record"),
        (text(Reply::dkim_failed()), Authentication, "it has no valid signature (DKIM)"),
        (
            text(Reply::dmarc_failed()),
            Authentication,
            "it was not from the domain that it says it is from (DMARC)",
        ),
        (
            text(Reply::dmarc_by_spf_only()),
            Authentication,
            "only SPF says who sent it, which a forward loses",
        ),
        (text(Reply::unauthenticated()), Authentication, "nothing proves who sent it"),
        (text(Reply::filter_finds_spam()), Filter, "the spam filter takes it for spam"),
        ("Refused by the spam filter".to_owned(), Filter, "the spam filter refuses it"),
        (
            "Try again later, says the spam filter".to_owned(),
            Filter,
            "the spam filter wants to see it again",
        ),
        (
            "Too many messages to this address".to_owned(),
            Rate,
            "more came to the alias than it may get in that time",
        ),
        ("Too many messages".to_owned(), Rate, "its sender sends too much"),
        (text(Reply::mail_loop()), Form, "it goes round in a loop"),
    ]
});

/// The rule of the owner that a record of the journal names in its `detail`, in words that go behind "because". What strangers
/// wrote stands in details too: only words of ours and what may be a pattern of the owner's are taken.
pub fn rule(detail: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b" .,:;@*_+-/'".contains(&b);
    detail.split("; ").find_map(|part| {
        let part = part.split(", as ").next().unwrap_or(part);
        let (behind, rest) = [
            ("refused as the alias ", "the alias "),
            ("refused by the alias's block ", "of the alias's block "),
            ("refused by the domain's block ", "of the domain's block "),
            ("refused by the block ", "of the block "),
            ("put off by the alias's limit of ", "of the alias's limit of "),
        ]
        .into_iter()
        .find_map(|(told, words)| Some((words, part.strip_prefix(told)?)))?;
        let is_rule = rest.len() <= 300 && rest.bytes().all(is_plain) && !rest.contains("//");
        is_rule.then(|| format!("{behind}{rest}"))
    })
}

/// Whether a reply is a matter of the protocol: each of several recipients is asked for again by itself.
pub fn is_asked_again(reply: &str) -> bool {
    ["452 4.5.3", "451 4.5.3"].iter().any(|own| reply.starts_with(own))
}

/// Why the client was answered `reply`, as the journal has it; `rule` is the rule of the owner that decided, where one did
/// and the journal names it. `by_destination`: the reply is that of the mailbox's provider.
pub fn reason(reply: &str, rule: Option<&str>, by_destination: bool) -> Refusal {
    let mut words = reply.splitn(3, ' ');
    let code = words.next().unwrap_or_default();
    let is_for_now = code.starts_with('4');
    let (status, text) = match (words.next(), words.next()) {
        (Some(status), Some(text)) => (status, text),
        (Some(text), None) => ("", text),
        _ => ("", ""),
    };
    let said = |reason, why: &str| Refusal { is_for_now, why: why.to_owned(), reason };
    if let Some(rule) = rule {
        return said(Reason::Rule, rule);
    }
    if by_destination {
        let how = of_destination(status, is_for_now);
        return said(Reason::Destination, &format!("the mailbox behind the alias {how}"));
    }
    let known = KNOWN.iter().find(|(known, ..)| text.starts_with(known.as_str()));
    if let Some((_, reason, why)) = known {
        return said(*reason, why);
    }
    if text.starts_with("Too many ") {
        return said(Reason::Rate, "more came than may come in that time");
    }
    if text.contains(" does not vouch for this message") {
        let why = "it says that it is from a domain of yours, and nothing proves that";
        return said(Reason::Authentication, why);
    }
    match status {
        "5.7.1" | "4.7.1" if text.contains(" is listed ") => {
            said(Reason::Listed, "its sender is on a block list")
        }
        "5.7.1" => said(Reason::Rule, "a rule does not let it in"),
        "4.2.1" => said(Reason::Rule, "the alias puts mail off"),
        "5.3.4" => said(Reason::Form, "it is too large"),
        "5.6.0" => said(Reason::Form, "it is malformed"),
        "4.5.3" => said(Reason::Other, "it was for several people, and is sent to each by itself"),
        _ if status.starts_with("5.1.") => said(Reason::Recipient, "its address leads nowhere"),
        _ if status.starts_with("4.4.") => {
            said(Reason::Destination, "the mailbox behind the alias was not ready")
        }
        _ => Refusal::other(is_for_now),
    }
}

fn of_destination(status: &str, is_for_now: bool) -> &'static str {
    match (status, is_for_now) {
        ("5.1.1" | "5.1.10" | "5.1.2" | "5.2.1", _) => "does not exist, or is switched off",
        ("5.2.2" | "4.2.2", _) => "is full",
        ("5.3.4" | "5.2.3", _) => "does not take messages as large as this",
        ("5.7.20" | "5.7.23" | "5.7.24" | "5.7.25" | "5.7.26", _) => {
            "refuses it, as nothing proves who sent it"
        }
        ("5.7.1" | "5.7.0", _) => "refuses it by its own rules, as spam for one",
        (_, true) => "was not ready",
        _ => "refuses it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("x@y.test from <\"; refused by the block http://evil\"@a.test>", None),
            ("", None),
        ] {
            assert_eq!(rule(detail).as_deref(), expected, "{detail}");
        }
    }

    #[test]
    fn the_rule_of_the_owner_says_it_best() {
        let told = reason("550 5.7.1 no", Some("the alias blocks *.bad.test"), true);
        assert_eq!(told.why, "the alias blocks *.bad.test");
    }
}
