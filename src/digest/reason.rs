//! Why a message was refused, for somebody who has never heard of SMTP.

use crate::{address::Mailbox, reply::Reply};

/// Why messages were not taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refusal {
    /// The sender was asked to come again later.
    pub is_for_now: bool,
    /// In words.
    pub why: String,
}

impl Refusal {
    /// For whatever is not told apart.
    pub(super) fn other(is_for_now: bool) -> Self {
        let why = match is_for_now {
            true => "it could not be taken at that moment",
            false => "it was not acceptable",
        };
        Self { is_for_now, why: why.to_owned() }
    }
}

/// Texts of our own replies, or how they begin, and what they mean.
fn known() -> [(String, &'static str); 17] {
    let text = |reply: Reply| reply.text().to_owned();
    [
        (text(Reply::no_such_alias()), "the alias is switched off, expired, or did not exist"),
        (text(Reply::alias_unsafe()), "the alias is set up wrongly"),
        (text(Reply::alias_cycle()), "the aliases form a loop"),
        (text(Reply::no_postmaster()), "nobody gets the mail of the postmaster yet"),
        (
            text(Reply::spf_failed()),
            "the sender's domain does not let that server send for it (SPF)",
        ),
        (text(Reply::spf_broken()), "the sender's domain has a broken SPF record"),
        (text(Reply::dkim_failed()), "it has no valid signature (DKIM)"),
        (text(Reply::dmarc_failed()), "it was not from the domain that it says it is from (DMARC)"),
        (text(Reply::dmarc_by_spf_only()), "only SPF says who sent it, which a forward loses"),
        (text(Reply::unauthenticated()), "nothing proves who sent it"),
        (text(Reply::filter_finds_spam()), "the spam filter takes it for spam"),
        ("Refused by the spam filter".to_owned(), "the spam filter refuses it"),
        (
            "Try again later, says the spam filter".to_owned(),
            "the spam filter wants to see it again",
        ),
        (
            text(Reply::last_messages_under_way()),
            "as many messages were under way as the alias still takes",
        ),
        (
            "Too many messages to this address".to_owned(),
            "more came to the alias than it may get in that time",
        ),
        ("Too many messages".to_owned(), "its sender sends too much"),
        (text(Reply::mail_loop()), "it goes round in a loop"),
    ]
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
    let said = |why: &str| Refusal { is_for_now, why: why.to_owned() };
    if let Some(rule) = rule {
        return said(rule);
    }
    if by_destination {
        return said(&format!(
            "the mailbox behind the alias {}",
            of_destination(status, is_for_now)
        ));
    }
    if let Some((_, why)) = known().iter().find(|(known, _)| text.starts_with(known.as_str())) {
        return said(why);
    }
    if text.contains(" does not vouch for this message") {
        return said("it says that it is from a domain of yours, and nothing proves that");
    }
    match status {
        "5.7.1" if text.contains(" is listed ") => said("its sender is on a block list"),
        "4.7.1" if text.contains(" is listed ") => said("its sender is on a block list"),
        "5.7.1" => said("a rule does not let it in"),
        "4.2.1" => said("the alias puts mail off"),
        "5.3.4" => said("it is too large"),
        "5.6.0" => said("it is malformed"),
        "4.5.3" => said("it was for several people, and is sent to each by itself"),
        _ if status.starts_with("5.1.") => said("its address leads nowhere"),
        _ if status.starts_with("4.4.") => said("the mailbox behind the alias was not ready"),
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
