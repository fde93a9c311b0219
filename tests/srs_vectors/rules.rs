//! The deliberate differences.

use crate::{Case, Op, Ours, content, taken_literally};
use onward::{
    address::{Domain, MAX_LOCAL_PART, Mailbox},
    srs::{ReverseError, is_srs_shaped},
};

/// Why ours differs, and in how many of the vectors.
pub(crate) struct Rule {
    pub(crate) difference: &'static str,
    pub(crate) because: &'static str,
    pub(crate) times: usize,
    pub(crate) applies: fn(&Case) -> bool,
}

/// In this order; the first that applies counts.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        difference: "forward: the sender is no address, or one longer than we take",
        because: "it is refused with 501 before it gets here",
        times: 89,
        applies: |case| {
            let input = case.vector.input.as_str();
            let garbage = matches!(
                input,
                "user@" | "@example.com" | "a@b@c.example" | "user name@example.com"
            );
            let dot = input.ends_with('.');
            let long = input.len() > MAX_LOCAL_PART && !case.output().is_empty();
            case.vector.op == Op::Forward
                && matches!(case.ours, Ours::NotAnAddress(_))
                && (garbage || dot || long)
        },
    },
    Rule {
        difference: "forward: the result would be longer than 64 octets",
        because: "receivers may refuse it; a token stands for the sender",
        times: 64,
        applies: |case| {
            let local = case.output().rsplit_once('@').map_or(0, |(local, _)| local.len());
            case.ours == Ours::TooLong && local > MAX_LOCAL_PART
        },
    },
    Rule {
        difference: "forward: an address literal as HOST is left without quotes",
        because: "brackets may stand in a local part only inside quotes",
        times: 29,
        applies: |case| {
            let Ours::Rewritten(ours) = &case.ours else { return false };
            case.vector.input.ends_with(']') && content(ours) == case.output()
        },
    },
    Rule {
        difference: "forward: quotes of the sender's local part end up in the middle",
        because: "a quoted string is the whole local part or none of it",
        times: 20,
        applies: |case| {
            let Some(literal) = taken_literally(&case.vector.input) else { return false };
            let Ours::Rewritten(theirs) = case.run(&literal) else { return false };
            case.vector.input.starts_with('"')
                && content(&theirs) == case.output()
                && case.comes_back()
        },
    },
    Rule {
        difference: "forward: a quoted @ is taken for the one before the domain, or refused",
        because: "the last @ is the one: a domain has none",
        times: 17,
        applies: |case| {
            let sender = Mailbox::parse(&case.vector.input);
            case.vector.op == Op::Forward
                && sender.is_ok_and(|sender| sender.local().as_str().contains('@'))
                && case.comes_back()
        },
    },
    Rule {
        difference: "forward: a U-label is kept as HOST",
        because: "the A-label is the same domain, and needs no SMTPUTF8",
        times: 40,
        applies: |case| {
            let Ours::Rewritten(ours) = &case.ours else { return false };
            let (local, domain) = case.vector.input.rsplit_once('@').unwrap();
            let a_label = format!("{local}@{}", Domain::parse(domain).unwrap());
            !domain.is_ascii()
                && case.output().contains(domain)
                && case.run(&Mailbox::parse(&a_label).unwrap()) == Ours::Rewritten(ours.clone())
        },
    },
    Rule {
        difference: "forward: SRS0 without a separator is taken for an SRS0 address",
        because: "it is somebody's name",
        times: 16,
        applies: |case| case.vector.input.starts_with("SRS0@") && case.comes_back(),
    },
    Rule {
        difference: "forward: a malformed SRS1 sender is refused or bent",
        because: "it is an address like another, and its bounces must go to it",
        times: 49,
        applies: |case| {
            let malformed = ["SRS1=abc@", "SRS1==@", "SRS1=h=host.example@"];
            malformed.iter().any(|start| case.vector.input.starts_with(start)) && case.comes_back()
        },
    },
    Rule {
        difference: "forward: always-rewrite rewrites senders of the SRS domain itself",
        because: "they pass SPF as they are, and would only get longer",
        times: 16,
        applies: |case| {
            case.vector.config.always_rewrite
                && case.ours == Ours::Unchanged
                && case.vector.output.is_some()
        },
    },
    Rule {
        difference: "both ways: PostSRSd's database mode",
        because: "only its database knows whose address a key is",
        times: 28,
        applies: |case| {
            let key = |text: &str| text.to_ascii_uppercase().contains("=G3=1=");
            match case.vector.op {
                Op::Forward => case.vector.config.database && key(case.output()),
                Op::Reverse => {
                    key(&case.vector.input) && case.ours == Ours::Refused(ReverseError::Malformed)
                }
            }
        },
    },
    Rule {
        difference: "reverse: whatever follows the right tag is ignored",
        because: "a tag is right in full or not at all",
        times: 16,
        applies: |case| {
            let length = case.rewriter.settings().tag_length;
            case.ours == Ours::Refused(ReverseError::BadTag)
                && case.tag().len() > length
                && case.right_for(&case.vector.input.replace(case.tag(), &case.tag()[..length]))
        },
    },
    Rule {
        difference: "reverse: a tag shorter than those written is accepted down to a minimum",
        because: "the length written is the length relied on",
        times: 10,
        applies: |case| {
            let least = case.vector.config.hash_min.unwrap_or(4);
            case.ours == Ours::Refused(ReverseError::BadTag)
                && (least..case.rewriter.settings().tag_length).contains(&case.tag().len())
                && case.vector.output.is_some()
        },
    },
    Rule {
        difference: "reverse: quotes in the middle, as these tools write them, are read",
        because: "no such address passes a mail server; quoted as a whole it would be read",
        times: 140,
        applies: |case| {
            let Some(literal) = taken_literally(&case.vector.input) else { return false };
            let unquoted = matches!(case.ours, Ours::NotAnAddress(_));
            match (case.run(&literal), &case.vector.output) {
                (Ours::Reversed(theirs), Some(output)) => unquoted && content(&theirs) == *output,
                // Refused by both, by ours for its syntax.
                (Ours::Refused(_), None) => unquoted && case.vector.input.contains("=\""),
                _ => false,
            }
        },
    },
    Rule {
        difference: "reverse: an address without a domain is read",
        because: "a recipient has one",
        times: 20,
        applies: |case| {
            let input = &case.vector.input;
            !input.contains('@')
                && (case.right_for(&format!("{input}@{}", case.vector.srs_domain))
                    || case.vector.error.as_deref().is_some_and(|e| e.contains("SRS0 address")))
        },
    },
    Rule {
        difference: "reverse: a space or another @domain after the address is ignored",
        because: "it makes it no address",
        times: 40,
        applies: |case| {
            let input = case.vector.input.as_str();
            let cut = input.strip_suffix(' ').or(input.strip_suffix("@x.example"));
            // Mail::SRS refuses the second domain too, for its tag.
            let theirs = |cut| case.right_for(cut) || case.vector.error.is_some();
            matches!(case.ours, Ours::NotAnAddress(_)) && cut.is_some_and(theirs)
        },
    },
    Rule {
        difference: "reverse: an SRS address in quotes is not recognised",
        because: "the quotes are no part of a local part's content",
        times: 60,
        applies: |case| {
            let Ok(recipient) = Mailbox::parse(&case.vector.input) else { return false };
            case.vector.input.starts_with('"')
                && is_srs_shaped(recipient.local())
                && matches!(case.ours, Ours::Reversed(_))
        },
    },
    Rule {
        difference: "reverse: - and _ in the tag are refused by tools before PostSRSd 2.2.6",
        because: "both alphabets are read, so that either can be left behind",
        times: 48,
        applies: |case| {
            case.vector.version != "2.4.0"
                && case.tag().contains(['-', '_'])
                && matches!(case.ours, Ours::Reversed(_))
        },
    },
];
