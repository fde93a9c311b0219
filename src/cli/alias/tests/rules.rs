//! `--spam`, `--allow`, `--no-allow`.

use super::*;

#[test]
fn an_alias_has_rules_of_its_own() {
    let mut bench = Bench::new();
    let regex = r"/^s-(.+)@x\.test$/";
    for alias in ["a@x.test", "*@x.test", regex] {
        bench.ok(&format!("add {alias} p@y.test"));
    }
    for text in [bench.ok("export"), bench.ok("show a@x.test --json")] {
        assert!(!text.contains("spam") && !text.contains("allow"), "as it ever was: {text}");
    }
    for alias in ["a@x.test", "*@x.test", regex] {
        assert_eq!(
            bench.ok(&format!("set {alias} --spam mark --allow @Shop.test --allow *.shop.test")),
            format!("changed {alias} -> p@y.test (spam: mark) (allows @Shop.test, *.shop.test)\n")
        );
        assert_eq!(
            bench.ok(&format!("set {alias} --spam default --allow a@b.test --no-allow @shop.test")),
            format!("changed {alias} -> p@y.test (allows *.shop.test, a@b.test)\n")
        );
    }
    bench.ok("set a@x.test --spam refuse --keep-tag");
    assert_eq!(
        bench.ok("show a@x.test"),
        "a@x.test -> p@y.test (keeps the tag)\n  spam: refuse\n  allows *.shop.test\n  \
         allows a@b.test\n  leads to p@y.test\n"
    );
    let fields = "\"keep_tag\":true,\"spam\":\"refuse\",\"allow\":[\"*.shop.test\",\"a@b.test\"]";
    for line in ["show a@x.test --json", "list --json", "export"] {
        assert!(bench.ok(line).contains(fields), "{line}");
    }

    // What is exported is applied again, and imported, as it was.
    let export = bench.ok("export");
    let file = bench.file(&export);
    assert_eq!(bench.ok(&format!("apply {file}")), "");
    bench.ok("set a@x.test --spam default --no-allow a@b.test");
    assert_eq!(
        bench.ok(&format!("apply {file} --plan")),
        "~ a@x.test -> p@y.test (keeps the tag) (spam: refuse) (allows *.shop.test, a@b.test) (was: \
         a@x.test -> p@y.test (keeps the tag) (allows *.shop.test))\n"
    );
    bench.ok(&format!("import --from onward --replace {file}"));
    assert_eq!(bench.ok("export"), export);
    bench.ok("disable a@x.test");
    bench.ok("enable a@x.test");
    assert_eq!(bench.ok("export"), export);

    assert_eq!(
        bench.ok("add b@x.test p@y.test --spam refuse --allow a@b.test"),
        "added b@x.test -> p@y.test (spam: refuse) (allows a@b.test)\n"
    );
    for (line, says) in [
        ("set nobody@x.test --spam mark", "there is no alias nobody@x.test; see onward alias list"),
        ("set a@x.test --no-allow @c.test", "whom it allows: onward alias show 'a@x.test'"),
        ("set a@x.test --allow shop.test", "@shop.example for all of the domain"),
        ("set a@x.test --allow news*@shop.test", "usage"),
        ("set a@x.test --spam drop", "usage"),
        ("set a@x.test", "usage"),
    ] {
        let refused = bench.run(line).unwrap_err();
        assert!(refused.contains(says), "{line}: {refused}");
    }
    let many: String = (0..99).map(|n| format!(" --allow @{n}.test")).collect();
    let refused = bench.run(&format!("set *@x.test{many}")).unwrap_err();
    assert!(refused.contains("at most 100 senders"), "{refused}");
    assert!(bench.ok("list").contains("(allows *.shop.test, a@b.test)"), "nothing is changed");

    let bad =
        bench.file(r#"{"address":"c@x.test","destinations":["p@y.test"],"allow":["shop.test"]}"#);
    let refused = bench.run(&format!("apply {bad}")).unwrap_err();
    assert!(refused.contains(":1: ") && refused.contains("names no sender"), "{refused}");
    let bad = bench.file(r#"{"address":"c@x.test","destinations":["p@y.test"],"spam":"drop"}"#);
    assert!(bench.run(&format!("apply {bad}")).unwrap_err().contains("mark or refuse"));
}

#[test]
fn each_word_is_set_shown_exported_and_taken_away() {
    let mut bench = Bench::new();
    for alias in ["a@x.test", "*@x.test", r"/^s-(.+)@x\.test$/"] {
        bench.ok(&format!("add {alias} p@y.test"));
        let plain = bench.ok("export");
        let set = "--note shop --expires 2999-12-31 --max-messages 5 --block * --block @bad.test --allow @good.test --limit \
                   30/1h --digest weekly";
        assert_eq!(
            bench.ok(&format!("set {alias} {set}")),
            format!(
                "changed {alias} -> p@y.test (allows @good.test) (blocks *, @bad.test) (limit: 30/1h) (at most 5 messages) \
                 (until 3000-01-01T00:00:00Z) (digest: weekly) (note: shop)\n"
            )
        );
        let shown = bench.ok(&format!("show {alias}"));
        for line in [
            "note: shop",
            "allows @good.test",
            "blocks *",
            "blocks @bad.test",
            "limit: 30/1h",
            "takes 5 messages",
            "until 3000-01-01T00:00:00Z",
            "digest: weekly",
        ] {
            assert!(shown.contains(&format!("\n  {line}\n")), "{line}: {shown}");
        }
        let fields = "\"allow\":[\"@good.test\"],\"block\":[\"*\",\"@bad.test\"],\"limit\":\"30/1h\",\"max_messages\":5,\
                      \"expires\":\"3000-01-01T00:00:00Z\",\"digest\":\"weekly\",\"note\":\"shop\"";
        for line in [format!("show {alias} --json"), "export".into(), "list --json".into()] {
            let text = bench.ok(&line);
            assert!(text.contains(fields), "{line}: {text}");
        }
        let export = bench.ok("export");
        let file = bench.file(&export);
        let taken = "--note= --expires none --max-messages none --no-block * --no-block *@BAD.test --no-allow @good.test \
                     --limit default --digest default";
        assert_eq!(
            bench.ok(&format!("set {alias} {taken}")),
            format!("changed {alias} -> p@y.test\n")
        );
        assert_eq!(bench.ok("export"), plain);
        let plan = bench.ok(&format!("apply {file} --plan"));
        assert!(plan.starts_with("~ ") && plan.contains("(note: shop) (was: "), "{plan}");
        bench.ok(&format!("apply {file}"));
        assert_eq!(bench.ok("export"), export);
        bench.ok(&format!("set {alias} {taken}"));
    }

    for (line, says) in [
        ("set a@x.test --expires 2020-01-01", "that is over"),
        ("set a@x.test --expires 0s", "that is over"),
        ("set a@x.test --expires 2999-12-31T12:00:00", "with a zone such as +01:00"),
        ("set a@x.test --max-messages 0", "a number from 1"),
        ("set a@x.test --limit 30", "it is 30/1h"),
        ("set a@x.test --allow *", "* is for block"),
        ("set a@x.test --no-block @c.test", "whom it blocks: onward alias show 'a@x.test'"),
        ("set a@x.test --digest hourly", "hourly"),
        ("set a@x.test --note a\u{202e}b", "at most 500 characters"),
    ] {
        let refused = bench.run(line).unwrap_err();
        assert!(refused.contains(says) || refused.contains("usage"), "{line}: {refused}");
    }
    // A backup may hold what is over; what listings say of its use is left out.
    let over = "{\"address\":\"o@x.test\",\"destinations\":[\"p@y.test\"],\"expires\":\"2020-01-01T00:00:00Z\",\
                \"counters\":{\"forwarded\":3}}";
    let file = bench.file(over);
    bench.ok(&format!("import --from onward {file}"));
    let shown = bench.ok("show o@x.test");
    assert!(shown.contains("  until 2020-01-01T00:00:00Z\n"), "{shown}");
    assert!(shown.contains("refused: 550 5.1.1"), "{shown}");
    for (field, says) in [
        ("\"expires\":\"2999-12-31\"", "is no time"),
        ("\"max_messages\":0", "from 1 to"),
        ("\"block\":[\"nobody\"]", "names no sender"),
        ("\"allow\":[\"*\"]", "* is for block"),
        ("\"limit\":\"often\"", "it is 30/1h"),
        ("\"digest\":\"hourly\"", "off, daily or weekly"),
        ("\"note\":\"a\\u0007\"", "at most 500 characters"),
    ] {
        let bad = bench
            .file(&format!("{{\"address\":\"c@x.test\",\"destinations\":[\"p@y.test\"],{field}}}"));
        let refused = bench.run(&format!("apply {bad}")).unwrap_err();
        assert!(refused.contains(":1: ") && refused.contains(says), "{field}: {refused}");
    }
}
