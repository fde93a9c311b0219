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
