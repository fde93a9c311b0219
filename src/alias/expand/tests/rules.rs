//! Whose rules count.

use super::*;
use crate::alias::{Owner, Rules, SpamAction};

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
    let rules = |found: Resolution| match found.expansion {
        Expansion::Deliver { .. } => {
            found.named.map_or_else(Rules::default, |named| named.rules.clone())
        }
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
        match now(expand(&mailbox, &aliases, ExpansionLimits::default())).unwrap().expansion {
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

#[test]
fn an_alias_that_has_ended_is_as_one_that_is_switched_off_wherever_it_stands() {
    let mut aliases = table(
        "postmaster: me@y.test\na@x.test b@x.test r@y.test\nb@x.test p@y.test\nc@x.test b@x.test\nd@x.test p@y.test\n\
         abuse@x.test p@y.test\n*@x.test all@y.test\n*@z.test p@y.test\n/^s-.*@x\\.test$/ p@y.test",
    );
    let expires = Rules { expires: Some(UnixTime::new(100)), ..Rules::default() };
    let burner = Rules { max_messages: Some(2), ..Rules::default() };
    for (address, rules) in [
        ("b@x.test", &expires),
        ("d@x.test", &burner),
        ("abuse@x.test", &expires),
        ("*@z.test", &burner),
    ] {
        let key = AliasAddress::parse(address).unwrap().key();
        let alias = aliases.aliases.remove(&key).unwrap();
        aliases.aliases.insert(key, alias.with_rules(rules.clone()).unwrap());
    }
    let pattern = aliases.patterns.remove(0).with_rules(expires.clone()).unwrap();
    aliases.patterns.push(pattern);
    let run = |aliases: &Table, recipient: &str| {
        let recipient = Mailbox::parse(recipient).unwrap();
        let found = now(expand(&recipient, aliases, ExpansionLimits::default())).unwrap();
        let ended = found.ended.map_or_else(String::new, |ended| format!(" ({ended})"));
        let holds = match found.holds {
            Holds::Always => String::new(),
            Holds::Until(end) => format!(" until {}", end.as_secs()),
        };
        format!("{}{ended}{holds}", outcome(found))
    };
    aliases.now = UnixTime::new(99);
    for (recipient, wanted) in [
        ("a@x.test", "p@y.test r@y.test until 100"),
        ("b+t@x.test", "p@y.test until 100"),
        ("d@x.test", "p@y.test"),
        ("abuse@x.test", "p@y.test until 100"),
        ("s-1@x.test", "p@y.test until 100"),
        ("n@z.test", "p@y.test"),
        ("n@x.test", "all@y.test"),
    ] {
        assert_eq!(run(&aliases, recipient), wanted, "{recipient}");
    }
    aliases.now = UnixTime::new(100);
    for address in ["d@x.test", "*@z.test"] {
        aliases.taken.insert(AliasAddress::parse(address).unwrap().key(), 2);
    }
    let expired = format!("{NO_ALIAS} (expired at 1970-01-01T00:01:40Z)");
    let used = format!("{NO_ALIAS} (has taken its 2 messages)");
    for (recipient, wanted) in [
        // Of several destinations, the others still get it.
        ("a@x.test", "r@y.test | b@x.test 550"),
        // The alias that was named has not ended itself.
        ("c@x.test", NO_ALIAS),
        ("b@x.test", &expired),
        ("b+t@x.test", &expired),
        ("s-1@x.test", &expired),
        ("d@x.test", &used),
        ("n@z.test", &used),
        ("abuse@x.test", "me@y.test"),
    ] {
        assert_eq!(run(&aliases, recipient), wanted, "{recipient}");
    }
}

/// What mail passes of other domains is known of each mailbox, and which aliases there have a say.
#[test]
fn ways_through_aliases_of_other_domains() {
    let aliases = table(
        "postmaster: root@y.test\na@x.test b@x.test c@z.test own@y.test\nb@x.test near@y.test\n\
         c@z.test far@y.test d@z.test\nd@z.test e@x.test\ne@x.test back@y.test\nf@x.test g@z.test\n#g@z.test p@y.test\n\
         h@x.test i@x.test\n#i@x.test p@y.test",
    );
    let of = |recipient: &str| {
        let recipient = Mailbox::parse(recipient).unwrap();
        now(expand(&recipient, &aliases, ExpansionLimits::default())).unwrap()
    };
    let own = Domain::parse("x.test").unwrap();
    let seen = |recipient: &str| {
        let Expansion::Deliver { mailboxes, ways, .. } = of(recipient).expansion else {
            panic!("{recipient} is delivered")
        };
        let hides = |it: &&Mailbox| {
            Owner::now(std::slice::from_ref(&own))
                .hidden(&it.to_string(), &[recipient], Some(&ways))
                .is_some()
        };
        let hidden: Vec<String> = mailboxes.iter().filter(hides).map(ToString::to_string).collect();
        hidden.join(" ")
    };
    assert_eq!(seen("a@x.test"), "far@y.test back@y.test");
    assert_eq!(seen("b@x.test"), "");
    assert_eq!(seen("postmaster@x.test"), "root@y.test", "whom the operator named");
    let Expansion::Deliver { passed, .. } = of("a@x.test").expansion else { panic!("delivered") };
    let passed: Vec<_> = passed
        .iter()
        .map(|it| {
            let behind: Vec<_> = it.mailboxes.iter().map(ToString::to_string).collect();
            format!("{} to {}", it.address, behind.join(" "))
        })
        .collect();
    let expected = ["e@x.test to back@y.test", "c@z.test to far@y.test back@y.test"];
    assert_eq!(passed, expected, "where mail comes from another domain");
    // What has ended behind an alias is named, but not which of another domain.
    let behind = |recipient: &str| of(recipient).behind.unwrap().to_string();
    assert_eq!(behind("f@x.test"), "another domain's alias that it leads to has ended");
    assert_eq!(behind("h@x.test"), "the alias i@x.test that it leads to is switched off");
    assert_eq!(of("i@x.test").behind, None, "that is the one");
}
