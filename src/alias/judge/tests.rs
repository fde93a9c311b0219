use super::*;
use proptest::prelude::*;

/// Blocks of `x.test` and of all domains, as patterns.
#[derive(Debug, Default)]
struct Lists {
    domain: Vec<SenderPattern>,
    all: Vec<SenderPattern>,
}

impl Blocks for Lists {
    fn of_domain(&self, domain: &Domain, sender: &Mailbox) -> Option<SenderPattern> {
        assert_eq!(domain.as_str(), "x.test");
        self.domain.iter().find(|pattern| pattern.matches(sender)).cloned()
    }
    fn of_all(&self, sender: &Mailbox) -> Option<SenderPattern> {
        self.all.iter().find(|pattern| pattern.matches(sender)).cloned()
    }
    fn any_for(&self, _: &Domain) -> bool {
        !self.domain.is_empty() || !self.all.is_empty()
    }
}

fn patterns(texts: &str) -> Vec<SenderPattern> {
    texts.split_whitespace().map(|text| SenderPattern::parse(text).unwrap()).collect()
}

fn sender(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

/// `allow | block | domain | all`, each patterns between blanks.
fn lists(text: &str) -> (Rules, Lists) {
    let lists: Vec<_> = text.split('|').map(patterns).collect();
    let [allow, block, domain, all] = lists.try_into().unwrap();
    (Rules { allow, block, ..Rules::default() }, Lists { domain, all })
}

/// `-` for a sender that is let in, else where and by what: `RCPT the alias's block @a.test, as …`.
fn judged(text: &str, reverse_path: &str, authors: &str) -> String {
    let (rules, blocks) = lists(text);
    let domain = Domain::parse("x.test").unwrap();
    let judge = Judge { rules: &rules, domain: Some(&domain), blocks: &blocks };
    let reverse_path = Some(reverse_path).filter(|path| !path.is_empty()).map(sender);
    let authors: Vec<_> = authors.split_whitespace().map(sender).collect();
    if let Some(blocked) = judge.recipient(reverse_path.as_ref()) {
        return format!("RCPT {blocked}");
    }
    match judge.message(reverse_path.as_ref(), &authors) {
        Some(blocked) => {
            assert!(judge.waits_for_author(), "{text}");
            format!("DATA {blocked}")
        }
        None => "-".to_owned(),
    }
}

#[test]
fn the_first_list_that_names_the_sender_decides() {
    let (from_path, from_author) = (", as it is from s@a.test", ", as From is s@a.test");
    for (lists, rule) in [
        ("|||", None),
        ("s@a.test | s@a.test | s@a.test | s@a.test", None),
        ("@a.test | s@a.test | @a.test | *", None),
        ("*.test | @a.test | |", None),
        ("@b.test | s@a.test | @a.test | *.test", Some("the alias's block s@a.test")),
        ("| @a.test | @a.test |", Some("the alias's block @a.test")),
        ("| @b.test | *.test | @a.test", Some("the domain's block *.test")),
        ("| @b.test | @b.test | *", Some("the block * for all domains")),
    ] {
        let wanted =
            |stage, named| rule.map_or("-".into(), |rule| format!("{stage} {rule}{named}"));
        assert_eq!(judged(lists, "s@a.test", "s@a.test"), wanted("RCPT", from_path), "{lists}");
        let has_star = lists.ends_with("| *");
        if !has_star {
            assert_eq!(
                judged(lists, "o@c.org", "s@a.test"),
                wanted("DATA", from_author),
                "{lists}"
            );
        }
        // A bounce is judged by its author alone.
        assert_eq!(judged(lists, "", "s@a.test"), wanted("DATA", from_author), "{lists}");
    }
}

#[test]
fn everybody_is_all_but_those_that_are_allowed() {
    let everybody = "the alias's block *, as it allows nobody who sent it";
    for (lists, path, author, wanted) in [
        ("| * ||", "s@a.test", "s@a.test", format!("RCPT {everybody}")),
        ("| * ||", "", "s@a.test", format!("RCPT {everybody}")),
        ("@a.test | * ||", "s@a.test", "s@a.test", "-".into()),
        ("@a.test | * ||", "s@a.test", "o@c.test", "-".into()),
        ("@a.test | * ||", "bounces@mailer.test", "s@a.test", "-".into()),
        ("@a.test | * ||", "o@c.test", "o@c.test", format!("DATA {everybody}")),
        ("@a.test | * ||", "", "o@c.test", format!("DATA {everybody}")),
        ("@a.test | * ||", "", "s@a.test", "-".into()),
        // Nobody gets in behind an author who is allowed.
        ("@a.test | * ||", "o@c.test", "s@a.test o@c.test", format!("DATA {everybody}")),
        ("@a.test | * ||", "o@c.test", "", format!("DATA {everybody}")),
        // A block that names the sender decides for itself.
        (
            "@a.test | * @m.test ||",
            "s@m.test",
            "s@a.test",
            "RCPT the alias's block @m.test, as it is from s@m.test".into(),
        ),
        (
            "@a.test | * @m.test ||",
            "s@a.test",
            "s@m.test",
            "DATA the alias's block @m.test, as From is s@m.test".into(),
        ),
        (
            "@a.test | * | @m.test |",
            "s@a.test",
            "s@m.test",
            "DATA the domain's block @m.test, as From is s@m.test".into(),
        ),
        (
            "@a.test | * | @m.test |",
            "s@m.test",
            "s@a.test",
            "RCPT the domain's block @m.test, as it is from s@m.test".into(),
        ),
        ("@a.test | * | @m.test |", "o@c.test", "s@m.test", format!("DATA {everybody}")),
    ] {
        assert_eq!(judged(lists, path, author), wanted, "{lists} {path} {author}");
    }
}

#[test]
fn role_addresses_are_closed_by_their_own_alias_alone() {
    let (rules, blocks) = lists("| @own.test | @a.test | @a.test");
    let judge = Judge { rules: &rules, domain: None, blocks: &blocks };
    assert_eq!(judge.recipient(Some(&sender("s@a.test"))), None);
    assert_eq!(judge.message(None, &[sender("s@a.test")]), None);
    assert!(judge.recipient(Some(&sender("s@own.test"))).is_some());
    let (rules, _) = lists("|||");
    assert!(!Judge { rules: &rules, domain: None, blocks: &blocks }.waits_for_author());
}

fn any_list() -> impl Strategy<Value = String> {
    let one = prop::sample::select(vec![
        "s@a.test", "@a.test", "*.a.test", "t@b.test", "@b.test", "*.test",
    ]);
    prop::collection::vec(one, 0..3).prop_map(|all| all.join(" "))
}

proptest! {
    /// A line of lists, walked by hand, says the same.
    #[test]
    fn as_walked_by_hand(
        allow in any_list(),
        (block, star) in (any_list(), any::<bool>()),
        domain in any_list(),
        all in any_list(),
        path in prop::sample::select(vec!["", "s@a.test", "u@a.test", "s@c.a.test", "t@b.test", "v@org.example"]),
        author in prop::sample::select(vec!["s@a.test", "u@a.test", "s@c.a.test", "t@b.test", "v@org.example"]),
    ) {
        let star = if star { " *" } else { "" };
        let text = format!("{allow}|{block}{star}|{domain}|{all}");
        let found = judged(&text, path, author);
        let means = |list: &str, who: &str| {
            !who.is_empty() && patterns(list).iter().any(|pattern| pattern.matches(&sender(who)))
        };
        let is_blocked = |who: &str| {
            !means(&allow, who) && [&block, &domain, &all].iter().any(|list| means(list, who))
        };
        let everybody = !star.is_empty() && !means(&allow, path) && !means(&allow, author);
        prop_assert_eq!(found != "-", is_blocked(path) || is_blocked(author) || everybody, "{}", found);
        let at_recipient = is_blocked(path) || !star.is_empty() && allow.is_empty();
        prop_assert_eq!(found.starts_with("RCPT"), at_recipient, "{}", found);
    }

    /// Who is allowed is never blocked for himself.
    #[test]
    fn the_allowed_get_in(block in any_list(), domain in any_list(), all in any_list()) {
        let text = format!("s@a.test|{block} *|{domain}|{all}");
        prop_assert_eq!(judged(&text, "s@a.test", "s@a.test"), "-");
        prop_assert_eq!(judged(&text, "", "s@a.test"), "-");
    }
}

#[test]
fn what_a_journal_has_of_a_rule_is_read_back() {
    let sender = Mailbox::parse("\"a; b, as c\"@shop.test").unwrap();
    for (scope, pattern) in [
        (Scope::Alias, "@shop.test"),
        (Scope::Domain, "*.shop.test"),
        (Scope::Global, "news@shop.test"),
    ] {
        for named in [NamedBy::ReversePath, NamedBy::From] {
            let plain = Mailbox::parse("news@shop.test").unwrap();
            for (sender, told) in [(&sender, "\"a"), (&plain, "news@shop.test")] {
                let blocked = Blocked {
                    scope,
                    pattern: SenderPattern::parse(pattern).unwrap(),
                    sender: Some((sender.clone(), named)),
                };
                let printed = Rule::Blocked(blocked).to_string();
                let expected = ToldRule::Blocked {
                    scope,
                    pattern: pattern.to_owned(),
                    sender: Some((told.to_owned(), named)),
                };
                assert_eq!(ToldRule::read(&printed), Some(expected), "{printed}");
            }
        }
    }
    let everybody = Rule::Blocked(Blocked::everybody()).to_string();
    let read = ToldRule::read(&format!("{everybody}; and more"));
    let ToldRule::Blocked { pattern, sender: None, .. } = read.unwrap() else { panic!() };
    assert_eq!(pattern, "*");
    for ended in [Ended::Disabled, Ended::UsedUp(5)] {
        let read = ToldRule::read(&Rule::Ended(ended).to_string());
        assert_eq!(read, Some(ToldRule::Ended(ended.to_string())));
    }
    let limit = Rule::Limit(crate::rate::parse_rate("30/1h").unwrap());
    assert_eq!(ToldRule::read(&limit.to_string()), Some(ToldRule::Limit("30/1h".to_owned())));
    for none in ["", "made the alias a@b.test", "refused by the alias's block x", "x; refused by "]
    {
        assert_eq!(ToldRule::read(none), None, "{none}");
    }
}
