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
