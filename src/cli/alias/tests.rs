mod apply;
mod rules;

use super::*;
use crate::{address::Domain, cli::tried::store_in};
use clap::Parser;
use std::{fs, path::Path};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// A state directory with `x.test` and `z.test` hosted.
struct Bench {
    state: tempfile::TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let store = store_in(state.path());
        block_on(async {
            for domain in ["x.test", "z.test"] {
                store.add_domain(&Domain::parse(domain).unwrap()).await.unwrap();
            }
            Ok(())
        })
        .unwrap();
        Self { state, store }
    }

    /// What the command prints, or why it fails. Words are split at spaces, `_` stands for one.
    fn run(&mut self, line: &str) -> Result<String, String> {
        let words = line.split(' ').map(|word| word.replace('_', " "));
        let args = Line::try_parse_from(["alias".to_owned()].into_iter().chain(words))
            .map_err(|error| format!("usage: {error}"))?;
        let mut out = Vec::new();
        let postmaster = Mailbox::parse("me@y.test").unwrap();
        block_on(execute(args.args, &self.store, Some(&postmaster), &mut out))
            .map_err(|failure| format!("{failure:?}"))?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// What the command prints, without what came of the mail of an alias.
    fn ok(&mut self, line: &str) -> String {
        let text = self.run(line).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("  0 forwarded, "));
        let counted = regex::Regex::new(r#","counters":\{[^}]*\}"#).unwrap();
        lines.map(|line| format!("{}\n", counted.replace(line, ""))).collect()
    }

    fn file(&self, text: &str) -> String {
        let path = self.state.path().join("aliases.jsonl");
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn adding_and_listing() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.ok("add Bob@x.test b@y.test c@y.test"),
        "added Bob@x.test -> b@y.test, c@y.test\n"
    );
    bench.ok(r"add /^s-(.+)@x\.test$/ $1@y.test");
    bench.ok("add *@x.test --reject No_more");
    bench.ok("add late@z.test --defer");
    bench.ok("add hole@z.test --discard");
    bench.ok("disable hole@z.test");
    assert_eq!(
        bench.ok("list"),
        "*@x.test rejects: No more\n\
         Bob@x.test -> b@y.test, c@y.test\n\
         hole@z.test discards (disabled)\n\
         late@z.test defers: This address does not accept mail now, try again later\n\
         /^s-(.+)@x\\.test$/ -> $1@y.test\n"
    );
    assert_eq!(
        bench.ok("list --domain X.test --json"),
        "{\"address\":\"*@x.test\",\"kind\":\"catch-all\",\"destinations\":[],\"enabled\":true,\
         \"action\":\"reject\",\"text\":\"No more\"}\n\
         {\"address\":\"Bob@x.test\",\"kind\":\"exact\",\"destinations\":[\"b@y.test\",\"c@y.test\"],\
         \"enabled\":true}\n\
         {\"address\":\"/^s-(.+)@x\\\\.test$/\",\"kind\":\"regex\",\"destinations\":[\"$1@y.test\"],\
         \"enabled\":true}\n"
    );
    assert_eq!(
        bench.ok("list --json").lines().last().unwrap(),
        "{\"address\":\"/^s-(.+)@x\\\\.test$/\",\"kind\":\"regex\",\"destinations\":[\"$1@y.test\"],\
         \"enabled\":true}"
    );
    assert_eq!(bench.ok("enable HOLE@z.test"), "enabled hole@z.test\n");
    assert_eq!(bench.ok("remove hole@z.test"), "removed hole@z.test discards\n");
    assert!(!bench.ok("list").contains("hole"));
}

#[test]
fn refusals_say_what_to_do() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test b@z.test");
    bench.ok("add *@z.test c@x.test");
    for (line, says) in [
        ("add a@new.test b@y.test", "onward domain add new.test"),
        ("add A@X.test b@y.test", "a@x.test -> b@z.test; --replace puts"),
        ("add c@x.test a@x.test", "form a loop: c@x.test -> a@x.test -> b@z.test -> c@x.test"),
        ("add srs0=x=y=z@x.test b@y.test", "form of an SRS address"),
        ("add /(/ b@y.test", "unclosed group"),
        (
            "add /x/ a@y.test",
            "not begin with ^, so it matches parts of addresses; write it as /^sales-",
        ),
        (r"add /@x\.test$/ a@y.test", "write /^.*@x"),
        (r"add /^(.+)@(x|z)\.test$/ $1@y.test", "make an alias for each domain"),
        (
            r"add /^(.+)=(.+)@x\.test$/ $1@$2",
            "its domain is the sender's choice; write the domain out",
        ),
        (r"add /^(.+)@x\.test$/ me@$1", "its domain is the sender's choice"),
        (r"add /.*/ --discard", "matches parts of addresses"),
        (r"add /^(.+)@new\.test$/ $1@y.test", "onward domain add new.test"),
        (r"add /^x@x\.test$/ $1@y.test", "no group of that number"),
        ("add b@x.test nowhere", "local-part@domain"),
        ("add sal*@x.test b@y.test", r"'/^sal.*@x\\.test$/'"),
        ("add sal*@x.test b@y.test --replace", "is no pattern"),
        ("remove nobody@x.test", "there is no alias nobody@x.test"),
        ("show nobody@x.test", "there is no alias nobody@x.test"),
        ("disable *@x.test", "there is no alias *@x.test"),
        ("list --domain new.test", "not hosted"),
        ("add b@x.test", "usage: "),
        ("add b@x.test c@y.test --discard", "usage: "),
        ("add b@x.test --reject --defer", "usage: "),
    ] {
        let error = bench.run(line).unwrap_err();
        assert!(error.contains(says), "{line}: {error}");
    }
    assert_eq!(bench.ok("list").lines().count(), 2);
}

#[test]
fn enabling_can_close_a_loop() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test b@x.test");
    bench.ok("disable a@x.test");
    bench.ok("add b@x.test a@x.test");
    assert!(bench.run("enable a@x.test").unwrap_err().contains("form a loop"));
    assert_eq!(bench.ok("list").lines().next().unwrap(), "a@x.test -> b@x.test (disabled)");
}

#[test]
fn show_follows_the_aliases() {
    let mut bench = Bench::new();
    bench.ok("add all@x.test b@x.test c@y.test none@z.test postmaster@x.test");
    bench.ok("add b@x.test b1@y.test b2@y.test");
    assert_eq!(
        bench.ok("show ALL@x.test"),
        "all@x.test -> b@x.test, c@y.test, none@z.test, postmaster@x.test\n  \
         leads to b1@y.test\n  leads to b2@y.test\n  leads to c@y.test\n  leads to me@y.test\n  \
         not to none@z.test: 550 5.1.1 No such address here\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&bench.ok("show all@x.test --json")).unwrap();
    assert_eq!(json["leads_to"][3], "me@y.test");
    assert_eq!(json["refused"][0]["address"], "none@z.test");
    assert_eq!(json["kind"], "exact");

    bench.ok(r"add /^(.)@z\.test$/ $1@y.test b@x.test");
    assert_eq!(
        bench.ok(r"show /^(.)@z\.test$/").lines().skip(1).collect::<Vec<_>>(),
        ["  leads to b1@y.test", "  leads to b2@y.test", "  leads to $1@y.test, as matched"]
    );
    bench.ok("add *@z.test --reject gone");
    assert!(bench.ok("show *@z.test").ends_with("  refused: 550 5.7.1 gone\n"));
    bench.ok("add abuse@x.test a@y.test");
    bench.ok("disable abuse@x.test");
    assert!(bench.ok("show abuse@x.test").ends_with("  leads to me@y.test\n"));
    bench.ok("disable b@x.test");
    assert!(bench.ok("show b@x.test").ends_with("  refused: 550 5.1.1 No such address here\n"));
}

#[test]
fn what_is_exported_can_be_applied() {
    let mut bench = Bench::new();
    for line in [
        "add bob@x.test b@y.test",
        "add *@x.test --reject No_more",
        "add late@z.test --defer",
        "add hole@z.test --discard",
        "disable hole@z.test",
        r"add /^b@x\.test$/ b@y.test",
        r"add /^a@x\.test$/ a@y.test",
    ] {
        bench.ok(line);
    }
    let export = bench.ok("export");
    let file = bench.file(&export);
    assert_eq!(bench.ok(&format!("apply {file}")), "", "nothing differs");

    let mut other = Bench::new();
    assert_eq!(other.ok(&format!("apply {file}")).lines().count(), 6);
    assert_eq!(other.ok("export"), export);
}

#[test]
fn an_address_may_begin_with_a_hyphen() {
    let mut bench = Bench::new();
    bench.ok("add -x@x.test me@y.test");
    assert_eq!(
        bench.ok("set -x@x.test --spam mark"),
        "changed -x@x.test -> me@y.test (spam: mark)\n"
    );
    assert!(bench.ok("show -x@x.test --json").starts_with("{\"address\":\"-x@x.test\""));
    assert_eq!(bench.ok("disable -x@x.test"), "disabled -x@x.test\n");
    assert_eq!(bench.ok("add --replace -x@x.test -- -y@y.test").lines().count(), 1);
    assert_eq!(
        bench.ok("replace-destination -y@y.test -z@y.test"),
        "changed 1 alias: -y@y.test -> -z@y.test\n"
    );
    for slip in ["show --jsno", "remove --all"] {
        let error = bench.run(slip).unwrap_err();
        assert!(error.contains("no such option"), "{slip}: {error}");
    }
    assert_eq!(bench.ok("remove -x@x.test"), "removed -x@x.test -> -z@y.test\n");
}

#[test]
fn what_no_alias_can_have_is_a_failure() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test me@y.test");
    let error = bench.run("set --where domain=x.test --allow *").unwrap_err();
    assert!(error.contains("everybody is allowed who is not blocked"), "{error}");
    bench.ok("add *@z.test me@y.test");
    let error = bench.run("set --where domain=z.test --keep-tag=true").unwrap_err();
    assert!(error.contains("nothing is changed"), "{error}");
    bench.ok("add b@z.test me@y.test");
    assert_eq!(bench.ok("set --where domain=z.test --keep-tag=true"), "changed 1 alias\n");
}

#[test]
fn a_destination_like_that_of_a_regex_is_refused_whichever_way_it_comes() {
    let mut bench = Bench::new();
    let says = "$1 stands for what a group of a regex matched, and there is no regex here";
    let line = r#"{"address":"a@x.test","destinations":["$1@y.test"]}"#;
    let (file, csv) = (bench.file(line), bench.state.path().join("a.csv"));
    fs::write(&csv, "address,destinations\na@x.test,$1@y.test\n").unwrap();
    let mut refused = vec![bench.run("add a@x.test $1@y.test").unwrap_err()];
    refused.push(bench.run(&format!("apply {file}")).unwrap_err());
    assert!(refused.iter().all(|error| error.contains(says)), "{refused:?}");
    for import in
        [format!("import --from onward {file}"), format!("import --from csv {}", csv.display())]
    {
        assert!(bench.run(&import).unwrap_err().contains("nothing is changed"));
    }
    assert_eq!(bench.ok("list"), "");
    bench.ok(r"add /^(a)@x\.test$/ $1@y.test");
}

#[test]
fn a_field_that_is_null_is_named() {
    let mut bench = Bench::new();
    for (line, says) in [
        (r#"{"address":"a@x.test","destinations":null}"#, "destinations: invalid type: null"),
        (r#"{"address":"a@x.test","destinations":["b@y.test"],"allow":null}"#, "allow: invalid"),
        (r#"{"address":"a@x.test","destinations":["b@y.test", 7]}"#, "destinations[1]: invalid"),
        (r#"{"address":"a@x.test"} x"#, "trailing characters"),
    ] {
        let file = bench.file(line);
        let error = bench.run(&format!("apply {file}")).unwrap_err();
        assert!(error.contains(says) && error.contains("jsonl:1"), "{error}");
    }
    let file = bench.file(r#"{"address":"a@x.test","destinations":["b@y.test"],"note":null}"#);
    bench.ok(&format!("apply {file}"));
}

#[test]
fn an_alias_has_a_word_of_its_own_on_tags() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test p@y.test");
    assert!(!bench.ok("export").contains("keep_tag"), "as it ever was");
    assert_eq!(
        bench.ok("add b@x.test p@y.test --keep-tag"),
        "added b@x.test -> p@y.test (keeps the tag)\n"
    );
    assert_eq!(
        bench.ok("set a@x.test --keep-tag=false"),
        "changed a@x.test -> p@y.test (drops the tag)\n"
    );
    let export = bench.ok("export");
    assert!(
        export.contains("\"enabled\":true,\"keep_tag\":false}")
            && export.contains("\"enabled\":true,\"keep_tag\":true}"),
        "{export}"
    );
    let file = bench.file(&export);
    assert_eq!(bench.ok(&format!("apply {file}")), "", "nothing changes");
    assert_eq!(bench.ok("set a@x.test --keep-tag=default"), "changed a@x.test -> p@y.test\n");
    assert_eq!(
        bench.ok(&format!("apply {file}")),
        "~ a@x.test -> p@y.test (drops the tag) (was: a@x.test -> p@y.test)\n"
    );
    assert_eq!(bench.ok("export"), export);

    bench.ok("add *@x.test p@y.test");
    for (line, says) in [
        ("set nobody@x.test --keep-tag", "there is no alias"),
        ("set *@x.test --keep-tag", "has tags to keep"),
        ("add c@x.test --discard --keep-tag", "has tags to keep"),
        ("set a@x.test", "usage"),
        ("set a@x.test --keep-tag=maybe", "usage"),
    ] {
        let refused = bench.run(line).unwrap_err();
        assert!(refused.contains(says), "{line}: {refused}");
    }
}

#[test]
fn an_alias_is_replaced_where_that_is_said() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test a@y.test");
    assert!(bench.run("add a@x.test b@y.test").unwrap_err().contains("--replace"));
    assert_eq!(
        bench.ok("add a@x.test b@y.test --replace"),
        "replaced a@x.test -> b@y.test (was: a@x.test -> a@y.test)\n"
    );
    assert_eq!(bench.ok("add c@x.test b@y.test --replace"), "added c@x.test -> b@y.test\n");
    assert_eq!(bench.ok("list"), "a@x.test -> b@y.test\nc@x.test -> b@y.test\n");
}
