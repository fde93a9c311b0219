use super::*;

#[test]
fn apply_prints_what_it_changes() {
    let mut bench = Bench::new();
    for line in [
        "add a@x.test a@y.test",
        "add b@x.test b@y.test",
        r"add /^a@x\.test$/ a@y.test",
        r"add /^b@x\.test$/ b@y.test",
    ] {
        bench.ok(line);
    }
    let file = bench.file(
        r#"
        {"address":"b@x.test","destinations":["b2@y.test"],"enabled":false}
        {"address":"c@x.test","kind":"exact","action":"discard"}
        {"address":"/^b@x\\.test$/","destinations":["b@y.test"]}
        {"address":"/^new@x\\.test$/","destinations":["n@y.test"]}
        {"address":"/^a@x\\.test$/","destinations":["a@y.test"]}
        "#,
    );
    let changes = "- a@x.test -> a@y.test\n\
         + /^new@x\\.test$/ -> n@y.test\n\
         + c@x.test discards\n\
         ~ b@x.test -> b2@y.test (disabled) (was: b@x.test -> b@y.test)\n\
         ~ the order of the regexes\n";
    let before = bench.ok("export");
    assert_eq!(bench.ok(&format!("apply {file} --plan")), changes);
    assert_eq!(bench.ok("export"), before);
    assert_eq!(bench.ok(&format!("apply {file}")), changes);
    assert_eq!(
        bench.ok("list"),
        "b@x.test -> b2@y.test (disabled)\nc@x.test discards\n\
         /^b@x\\.test$/ -> b@y.test\n/^new@x\\.test$/ -> n@y.test\n/^a@x\\.test$/ -> a@y.test\n"
    );
    assert_eq!(bench.ok(&format!("apply {file}")), "");
}

#[test]
fn a_bad_file_changes_nothing_and_names_its_line() {
    let mut bench = Bench::new();
    bench.ok("add a@x.test a@y.test");
    let good = r#"{"address":"b@x.test","destinations":["b@y.test"]}"#;
    for (bad, says) in [
        (r#"{"address":"c@x.test""#, ":2: EOF while parsing"),
        (r#"{"address":"c@x.test","destination":[]}"#, ":2: unknown field `destination`"),
        (r#"{"address":"c@x.test"}"#, ":2: an alias forwards to at least one"),
        (r#"{"address":"c","destinations":["b@y.test"]}"#, ":2: \"c\" is no alias address"),
        (r#"{"address":"/c/","kind":"exact","destinations":["b@y.test"]}"#, "the kind \"regex\""),
        (
            r#"{"address":"/.*/","destinations":["b@y.test"]}"#,
            ":2: the regex /.*/ is not usable: it does not begin",
        ),
        (
            r#"{"address":"/^(.)@x[.]test$/","destinations":["a@$1"]}"#,
            ":2: \"a@$1\" is no destination: its domain",
        ),
        (r#"{"address":"c@x.test","action":"discard","text":"x"}"#, "rejects or defers"),
        (r#"{"address":"c@x.test","action":"reject","destinations":["b@y.test"]}"#, "forwards"),
        (r#"{"address":"B@X.test","destinations":["c@y.test"]}"#, "B@X.test is there twice"),
        (r#"{"address":"b@new.test","destinations":["c@y.test"]}"#, "onward domain add new.test"),
        (r#"{"address":"*@x.test","destinations":["c@x.test"]}"#, "form a loop"),
        (
            r#"{"address":"sal*@x.test","destinations":["c@y.test"]}"#,
            ":2: sal*@x.test is no pattern",
        ),
        (r#"{"address":"SRS1=a@x.test","destinations":["c@y.test"]}"#, "SRS address"),
    ] {
        let file = bench.file(&format!("{good}\n{bad}\n"));
        let error = bench.run(&format!("apply {file}")).unwrap_err().replace("\\\"", "\"");
        assert!(error.contains(says), "{error}");
        assert_eq!(bench.ok("list"), "a@x.test -> a@y.test\n", "{bad}");
    }
    let missing = Path::new(&bench.file("")).with_file_name("missing");
    assert!(
        bench.run(&format!("apply {}", missing.display())).unwrap_err().contains("No such file")
    );
}

#[test]
fn an_empty_file_removes_nothing_unless_that_is_said() {
    let mut bench = Bench::new();
    for n in 0..3 {
        bench.ok(&format!("add a{n}@x.test a@y.test"));
    }
    let before = bench.ok("export");
    let one = before.lines().next().unwrap().to_owned();
    for text in ["", "\n \n", &one] {
        let file = bench.file(text);
        let refused = bench.run(&format!("apply {file}")).unwrap_err();
        assert!(refused.contains("of the 3 aliases would be removed"), "{refused}");
        assert!(refused.contains("--delete does it"), "{refused}");
        let planned = bench.ok(&format!("apply {file} --plan"));
        assert!(planned.lines().count() >= 2 && planned.starts_with("- a"), "{planned}");
        assert_eq!(bench.ok("export"), before);
    }
    let file = bench.file("");
    assert!(bench.run(&format!("apply {file} --plan --delete")).unwrap_err().contains("usage"));
    assert_eq!(bench.ok(&format!("apply {file} --delete")).lines().count(), 3);
    assert_eq!(bench.ok("list"), "");
}
