//! Whose rules count.

use super::*;
use crate::alias::SpamAction;

#[test]
fn the_rules_of_the_alias_that_the_sender_wrote_to_count() {
    let mut aliases =
        table("postmaster: b@x.test\nb@x.test p@y.test\na@x.test b@x.test\n*@x.test b@x.test");
    let mark = Rules { spam: Some(SpamAction::Mark), ..Rules::default() };
    let refuse = Rules { spam: Some(SpamAction::Refuse), ..Rules::default() };
    for (address, rules) in [("b@x.test", &mark), ("*@x.test", &refuse)] {
        let key = AliasAddress::parse(address).unwrap().key();
        let alias = aliases.aliases.remove(&key).unwrap();
        aliases.aliases.insert(key, alias.with_rules(rules.clone()).unwrap());
    }
    let rules = |expansion| match expansion {
        Expansion::Deliver { rules, .. } => Rules::clone(&rules),
        other => panic!("{other:?}"),
    };
    let limits = ExpansionLimits::default();
    for (recipient, wanted) in [
        ("b@x.test", &mark),
        ("b+t@x.test", &mark),
        ("z@x.test", &refuse),
        ("a@x.test", &Rules::default()),
        ("abuse@x.test", &Rules::default()),
    ] {
        let mailbox = Mailbox::parse(recipient).unwrap();
        let found = rules(now(expand(&mailbox, &aliases, limits)).unwrap());
        assert_eq!(found, *wanted, "{recipient}");
    }
    let postmaster = Mailbox::parse("b@x.test").unwrap();
    assert!(rules(now(expand_all(&[postmaster], &aliases, limits)).unwrap()).is_empty());
}

#[test]
fn an_answer_by_address_is_one_for_aliases_that_asked_for_it() {
    let mut aliases = table(
        "a@x.test b@x.test\nb@x.test p@y.test\nc@x.test p@y.test\nd@x.test a+u=v.test@x.test p@y.test\n\
         a+own=v.test@x.test q@y.test\n#e@x.test p@y.test\nf@x.test p@y.test\nkeep_tag",
    );
    let opted = Rules { reply_by_address: true, ..Rules::default() };
    for address in ["a@x.test", "e@x.test"] {
        let key = AliasAddress::parse(address).unwrap().key();
        let alias = aliases.aliases.remove(&key).unwrap();
        aliases.aliases.insert(key, alias.with_rules(opted.clone()).unwrap());
    }
    let of = |recipient: &str| {
        let mailbox = Mailbox::parse(recipient).unwrap();
        let list = |mailboxes: Vec<Mailbox>| {
            mailboxes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        match now(expand(&mailbox, &aliases, ExpansionLimits::default())).unwrap() {
            Expansion::Answer { alias, mailboxes } => format!("{alias} from {}", list(mailboxes)),
            Expansion::Deliver { mailboxes, .. } => list(mailboxes),
            Expansion::Refuse(reply) => reply.to_string(),
            Expansion::Discard => "discarded".to_owned(),
        }
    };
    for (recipient, wanted) in [
        ("a+u=v.test@x.test", "a@x.test from p@y.test"),
        ("A+U+w=z=v.test@X.test", "a@x.test from p@y.test"),
        ("a+tag@x.test", "p+tag@y.test"),
        ("a+u=v@x.test", "p+u=v@y.test"),
        // An address of its own comes first.
        ("a+own=v.test@x.test", "q@y.test"),
        ("c+u=v.test@x.test", "p+u=v.test@y.test"),
        // What an alias leads to is no answer.
        ("d@x.test", "p@y.test"),
    ] {
        assert_eq!(of(recipient), wanted, "{recipient}");
    }
    assert!(of("e+u=v.test@x.test").contains("5.1.1"));
}
