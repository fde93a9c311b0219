mod kept;
mod rules;
mod tags;

use super::*;
use crate::{
    address::Domain,
    alias::{Action, Alias, AliasAddress, Counted, Key},
    time::UnixTime,
};
use proptest::prelude::*;
use std::{
    cell::RefCell,
    collections::HashMap,
    convert::Infallible,
    future::{Future, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Aliases of `x.test` and `z.test`, which are hosted.
#[derive(Default)]
struct Table {
    aliases: HashMap<Key, Alias>,
    patterns: Vec<Alias>,
    postmaster: Option<Mailbox>,
    keep_tag: bool,
    unusable: RefCell<Vec<String>>,
    now: UnixTime,
    /// Messages that aliases have taken.
    taken: HashMap<Key, u64>,
}

impl Table {
    fn has_taken(&self, key: &Key, most: u64) -> bool {
        self.taken.get(key).is_some_and(|taken| *taken >= most)
    }
}

impl Lookup for Table {
    type Error = Infallible;
    fn is_hosted(&self, domain: &Domain) -> Result<bool, Infallible> {
        Ok(["x.test", "z.test"].contains(&domain.to_key().as_str()))
    }
    fn alias(&self, key: &Key) -> impl Future<Output = Result<Option<Counted>, Infallible>> + Send {
        let counted = |alias: &Alias| {
            let most = alias.rules().max_messages;
            let is_used_up = most.is_some_and(|most| self.has_taken(key, most));
            Counted { alias: alias.clone(), is_used_up }
        };
        ready(Ok(self.aliases.get(key).map(counted)))
    }
    fn patterns(&self) -> &[Alias] {
        &self.patterns
    }
    fn keep_tag(&self) -> bool {
        self.keep_tag
    }
    fn now(&self) -> UnixTime {
        self.now
    }
    fn is_used_up(
        &self,
        key: &Key,
        most: u64,
    ) -> impl Future<Output = Result<bool, Infallible>> + Send {
        ready(Ok(self.has_taken(key, most)))
    }
    fn postmaster(&self) -> Option<&Mailbox> {
        self.postmaster.as_ref()
    }
    fn unusable(&self, _: &Mailbox, text: &str, _: &str) {
        self.unusable.borrow_mut().push(text.to_owned());
    }
}

/// What a future gives that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// One alias a line: `ADDRESS DEST…`, or `!reject`, `!defer`, `!discard`; a leading `#` disables.
/// `postmaster: ADDRESS` sets the postmaster, `keep_tag` keeps tags, as ` keep=true` behind a line does for one.
fn table(text: &str) -> Table {
    let mut table = Table::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(postmaster) = line.strip_prefix("postmaster: ") {
            table.postmaster = Some(Mailbox::parse(postmaster).unwrap());
            continue;
        }
        if line == "keep_tag" {
            table.keep_tag = true;
            continue;
        }
        let (line, keep_tag) = match line.split_once(" keep=") {
            Some((line, keep)) => (line, Some(keep == "true")),
            None => (line, None),
        };
        let (enabled, line) = line.strip_prefix('#').map_or((true, line), |rest| (false, rest));
        let (address, rest) = line.split_once(' ').unwrap();
        let address = AliasAddress::parse(address).unwrap();
        let alias = match rest {
            "!reject" => Alias::reject(address, "gone").unwrap(),
            "!defer" => Alias::defer(address, "later").unwrap(),
            "!discard" => Alias::discard(address).unwrap(),
            destinations => Alias::forward(address, destinations.split(' ')).unwrap(),
        };
        let alias = alias.with_enabled(enabled).with_keep_tag(keep_tag).unwrap();
        match alias.address() {
            AliasAddress::Regex(_) => table.patterns.push(alias),
            address => drop(table.aliases.insert(address.key(), alias)),
        }
    }
    table
}

/// `a b`, `a b | dropped…`, `discard`, or the reply.
fn outcome(found: Resolution) -> String {
    match found.expansion {
        Expansion::Discard => "discard".into(),
        Expansion::Answer { alias, .. } => format!("an answer of {alias}"),
        Expansion::Refuse(reply) => reply.to_string(),
        Expansion::Deliver { mailboxes, dropped, .. } => {
            let mut words: Vec<String> = mailboxes.iter().map(ToString::to_string).collect();
            for Dropped { address, reply, .. } in dropped {
                words.push(format!("| {address} {}", reply.code()));
            }
            words.join(" ")
        }
    }
}

fn expanded(aliases: &str, recipient: &str) -> String {
    let recipient = Mailbox::parse(recipient).unwrap();
    outcome(now(expand(&recipient, &table(aliases), ExpansionLimits::default())).unwrap())
}

const NO_ALIAS: &str = "550 5.1.1 No such address here";
const LOOP: &str = "554 5.4.6 The aliases of this address form a loop";

#[test]
fn which_alias_answers() {
    let all = r"
        bob@x.test exact@y.test
        bob+news@x.test tagged@y.test
        /^sales-(.+)@x\.test$/ $1@y.test
        /^sales-.*@z\.test$/ second@y.test
        /^sal.*@x\.test$/ third@y.test
        *@x.test all@y.test";
    for (recipient, leads_to) in [
        ("bob@x.test", "exact@y.test"),
        ("BOB@X.TEST", "exact@y.test"),
        ("bob+other@x.test", "exact@y.test"),
        ("bob+News@x.test", "tagged@y.test"),
        ("bob+news+more@x.test", "exact@y.test"),
        ("sales-EU@x.test", "eu@y.test"),
        ("sales-eu+a@x.test", "eu+a@y.test"),
        ("salt@x.test", "third@y.test"),
        ("ann@x.test", "all@y.test"),
        ("+bob@x.test", "all@y.test"),
        ("sales-eu@z.test", "second@y.test"),
        ("ann@z.test", NO_ALIAS),
        ("bob@y.test", "550 5.7.1 Relaying denied: this domain is not hosted here"),
        ("sales-eu@y.test", "550 5.7.1 Relaying denied: this domain is not hosted here"),
    ] {
        assert_eq!(expanded(all, recipient), leads_to, "{recipient}");
    }
}

#[test]
fn a_disabled_alias_stops_the_search() {
    let catch_all = "*@x.test all@y.test";
    for disabled in [
        "#bob@x.test a@y.test",
        "#bob+t@x.test a@y.test\nbob@x.test b@y.test",
        "#/^bob.*@x\\.test$/ c@y.test",
    ] {
        let aliases = format!("{disabled}\n{catch_all}");
        assert_eq!(expanded(&aliases, "bob+t@x.test"), NO_ALIAS, "{disabled}");
        assert_eq!(expanded(&aliases, "ann@x.test"), "all@y.test");
    }
    assert_eq!(expanded("#*@x.test a@y.test", "bob@x.test"), NO_ALIAS);
}

#[test]
fn chains_and_members() {
    for (aliases, leads_to) in [
        // Order kept, the same mailbox once, whatever its case.
        ("a@x.test p@y.test q@y.test P@Y.test", "p@y.test q@y.test"),
        ("a@x.test b@z.test r@y.test\nb@z.test p@y.test q@y.test", "p@y.test q@y.test r@y.test"),
        // A diamond is no cycle.
        (
            "a@x.test b@x.test c@x.test\nb@x.test d@x.test\nc@x.test d@x.test\nd@x.test p@y.test",
            "p@y.test",
        ),
        // Chains pass through tags, regexes and catch-alls too.
        (
            "a@x.test b+t@x.test\nb@x.test s-1@x.test\n/^s-(.)@x\\.test$/ r$1@z.test\n*@z.test p@y.test",
            "p@y.test",
        ),
        // Refused members are dropped while another takes the mail.
        ("a@x.test b@x.test p@y.test", "p@y.test | b@x.test 550"),
        ("a@x.test b@x.test p@y.test\n#b@x.test q@y.test", "p@y.test | b@x.test 550"),
        ("a@x.test b@x.test p@y.test\nb@x.test !reject", "p@y.test | b@x.test 550"),
        // None takes it: the first refusal.
        ("a@x.test b@x.test c@x.test\nb@x.test !reject", "550 5.7.1 gone"),
        ("a@x.test b@x.test c@x.test\nc@x.test !reject", NO_ALIAS),
        ("a@x.test b@x.test c@x.test\nb@x.test !discard\nc@x.test !reject", "550 5.7.1 gone"),
        // One that defers defers all.
        ("a@x.test p@y.test b@x.test\nb@x.test !defer", "450 4.2.1 later"),
        ("a@x.test c@x.test b@x.test\nb@x.test !defer", "450 4.2.1 later"),
        (
            "a@x.test p@y.test postmaster@x.test",
            "451 4.3.5 No postmaster is configured here yet, try again later",
        ),
        // Discard.
        ("a@x.test b@x.test\nb@x.test !discard", "discard"),
        ("a@x.test b@x.test p@y.test\nb@x.test !discard", "p@y.test"),
        ("a@x.test !reject", "550 5.7.1 gone"),
        ("a@x.test !defer", "450 4.2.1 later"),
        // Cycles, also through a tag, a catch-all, a mailbox that would get it, and growing ones.
        ("a@x.test a@x.test", LOOP),
        ("a@x.test A@X.test p@y.test", LOOP),
        ("a@x.test b@z.test\nb@z.test a@x.test", LOOP),
        ("a@x.test p@y.test b@z.test\nb@z.test a@x.test", LOOP),
        ("a@x.test a+t@x.test", LOOP),
        ("a@x.test b@z.test\n*@z.test c@z.test", LOOP),
        ("/^(.+)@x\\.test$/ $1a@x.test", LOOP),
    ] {
        assert_eq!(expanded(aliases, "a@x.test"), leads_to, "{aliases}");
    }
}

#[test]
fn limits() {
    let chain = |aliases: usize| {
        let mut text: String =
            (1..aliases).map(|n| format!("a{n}@x.test a{}@x.test\n", n + 1)).collect();
        text.push_str(&format!("a{aliases}@x.test p@y.test\n"));
        expanded(&text, "a1@x.test")
    };
    assert_eq!(chain(10), "p@y.test");
    assert_eq!(chain(11), LOOP);

    let fan = |second: usize| {
        let list = |prefix: &str, n: usize| {
            (0..n).map(|i| format!(" {prefix}{i}@y.test")).collect::<String>()
        };
        let text = format!("a@x.test{} b@x.test\nb@x.test{}", list("p", 50), list("q", second));
        expanded(&text, "a@x.test")
    };
    assert_eq!(fan(50).split(' ').count(), 100);
    let too_many = "554 5.4.6 The aliases of this address lead to too many mailboxes";
    assert_eq!(fan(51), too_many);

    // Every alias of a level names all of the next: 20^9 paths, few addresses.
    let mut dense = String::new();
    for level in 0..9 {
        for n in 0..20 {
            dense.push_str(&format!("l{level}n{n}@x.test"));
            (0..20).for_each(|next| dense.push_str(&format!(" l{}n{next}@x.test", level + 1)));
            dense.push('\n');
        }
    }
    assert_eq!(expanded(&dense, "l0n0@x.test"), NO_ALIAS);

    let wide: String = (0..100).map(|n| format!(" w{n}@x.test")).collect();
    let mut text = format!("a@x.test{wide}\n");
    for n in 0..100 {
        let more: String = (0..100).map(|m| format!(" v{n}v{m}@x.test")).collect();
        text.push_str(&format!("w{n}@x.test{more}\n"));
    }
    assert_eq!(expanded(&text, "a@x.test"), too_many);
}

#[test]
fn role_addresses() {
    let own = "postmaster@x.test own@y.test";
    let all = "*@x.test all@y.test";
    let me = "postmaster: me@y.test";
    for (aliases, leads_to) in [
        (vec![own, all, me], "own@y.test"),
        (vec!["#postmaster@x.test own@y.test", all, me], "me@y.test"),
        (vec![all, me], "me@y.test"),
        (vec![all], "all@y.test"),
        (vec!["#postmaster@x.test own@y.test", all], "all@y.test"),
        (vec![r"/^post.*@x\.test$/ r@y.test", all], "r@y.test"),
        (vec![me], "me@y.test"),
        (vec![], "451 4.3.5 No postmaster is configured here yet, try again later"),
        // The configured postmaster is an alias itself.
        (vec!["postmaster: me@x.test", "me@x.test p@y.test"], "p@y.test"),
        (vec!["postmaster: me@x.test", "me@x.test postmaster@x.test"], LOOP),
        (vec!["postmaster: postmaster@x.test", own], "own@y.test"),
        (vec!["postmaster: postmaster@x.test", all], "all@y.test"),
    ] {
        assert_eq!(expanded(&aliases.join("\n"), "PostMaster@x.test"), leads_to, "{aliases:?}");
    }
    assert_eq!(expanded(me, "abuse@z.test"), "me@y.test");
    assert_eq!(
        expanded("postmaster: postmaster@x.test", "abuse@x.test"),
        expanded("", "abuse@x.test")
    );
    assert_eq!(expanded(me, "webmaster@x.test"), NO_ALIAS);
}

#[test]
fn a_template_that_gives_no_mailbox_is_refused_and_told() {
    let aliases = table("/^(.+)@x\\.test$/ $1@y.test p@y.test\n/^(.+)@z\\.test$/ $1@y.test");
    let run = |recipient| {
        let recipient = Mailbox::parse(recipient).unwrap();
        outcome(now(expand(&recipient, &aliases, ExpansionLimits::default())).unwrap())
    };
    assert_eq!(run("\"a@b\"@x.test"), "p@y.test | a@b@y.test 550");
    assert_eq!(run("\"a b\"@z.test"), NO_ALIAS);
    assert_eq!(*aliases.unusable.borrow(), ["a@b@y.test", "a b@y.test"]);
}

#[test]
fn cycles_are_shown() {
    let chain = |aliases: &str, start: &str| {
        let start = [Mailbox::parse(start).unwrap()];
        now(find_cycle(&start, &table(aliases), ExpansionLimits::default()))
            .unwrap()
            .map(|chain| chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(" > "))
    };
    let aliases =
        "a@x.test b@x.test\nb@x.test d@x.test c@x.test\nd@x.test !defer\nc@x.test b@x.test";
    assert_eq!(chain(aliases, "a@x.test").unwrap(), "b@x.test > c@x.test > b@x.test");
    assert_eq!(chain(aliases, "d@x.test"), None);
    assert_eq!(chain(aliases, "p@y.test"), None);
}

#[test]
fn mail_for_a_mailbox_that_need_not_be_hosted() {
    let to = |address: &str| {
        let start = [Mailbox::parse(address).unwrap()];
        let aliases = table("a@x.test p@y.test");
        outcome(now(expand_all(&start, &aliases, ExpansionLimits::default())).unwrap())
    };
    assert_eq!(to("me@y.test"), "me@y.test");
    assert_eq!(to("a@x.test"), "p@y.test");
    assert_eq!(to("b@x.test"), NO_ALIAS);
}

proptest! {
    /// Whatever the aliases, an expansion ends, keeps its limits and hands out no hosted address.
    #[test]
    fn any_graph(edges in proptest::collection::vec((0u8..12, proptest::collection::vec(0u8..16, 1..5)), 0..14)) {
        let name = |n: &u8| if *n < 12 { format!("n{n}@x.test") } else { format!("n{n}@y.test") };
        let text: String = edges
            .iter()
            .map(|(from, to)| {
                let to: Vec<String> = to.iter().map(name).collect();
                format!("{} {}\n", name(from), to.join(" "))
            })
            .collect();
        let table = table(&text);
        for n in 0..12 {
            let start = Mailbox::parse(&name(&n)).unwrap();
            let limits = ExpansionLimits { depth: 20, ..ExpansionLimits::default() };
            let cycle = now(find_cycle(std::slice::from_ref(&start), &table, limits)).unwrap();
            match now(expand(&start, &table, limits)).unwrap().expansion {
                Expansion::Deliver { mailboxes, .. } => {
                    prop_assert!(cycle.is_none());
                    prop_assert!(mailboxes.iter().all(|m| m.domain().as_str() == "y.test"));
                    let unique: HashSet<String> = mailboxes.iter().map(Mailbox::to_key).collect();
                    prop_assert_eq!(unique.len(), mailboxes.len());
                }
                Expansion::Refuse(reply) => prop_assert_eq!(cycle.is_some(), reply.code() == 554),
                Expansion::Discard | Expansion::Answer { .. } => {
                    prop_assert!(false, "nothing discards or answers here");
                }
            }
        }
    }
}
