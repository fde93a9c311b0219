//! Changes of many aliases at once, and how far long commands are.

use crate::support::onward::Onward;
use crate::support::peer;
use std::fmt::Write;
use std::fs;

fn some() -> Onward {
    Onward::builder()
        .domain("example.org")
        .domain("other.test")
        .alias("a@example.org", &["old@mailbox.test"])
        .alias("b@example.org", &["x@mailbox.test", "OLD@mailbox.test", "new@mailbox.test"])
        .alias("c@other.test", &["x@mailbox.test"])
        .alias("*@other.test", &["old@mailbox.test"])
        .build()
}

#[test]
fn a_destination_takes_the_place_of_another() {
    let onward = some();
    let before = onward.run(&["alias", "list"]);
    let replace = |more: &[&str]| {
        let names = ["alias", "replace-destination", "old@mailbox.test", "new@mailbox.test"];
        onward.cli(&[&names[..], more].concat())
    };
    let plan = replace(&["--plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert_eq!(plan.stdout.lines().count(), 3, "{}", plan.stdout);
    let line = "~ b@example.org -> x@mailbox.test, new@mailbox.test (was: b@example.org -> \
                x@mailbox.test, OLD@mailbox.test, new@mailbox.test)";
    assert!(plan.stdout.lines().any(|found| found == line), "{}", plan.stdout);
    assert_eq!(onward.run(&["alias", "list"]), before, "a plan changes nothing");
    let json = replace(&["--plan", "--json"]).stdout;
    for line in json.lines() {
        let change: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(change["change"], "replace");
        assert!(change["alias"]["address"] == change["was"]["address"]);
    }
    assert_eq!(json.lines().count(), 3);

    let done = replace(&[]);
    assert_eq!(done.stdout, "changed 3 aliases: old@mailbox.test -> new@mailbox.test\n");
    let after = onward.run(&["alias", "list"]);
    assert!(!after.to_lowercase().contains("old@"), "{after}");
    assert!(after.contains("b@example.org -> x@mailbox.test, new@mailbox.test\n"), "{after}");
    let again = replace(&[]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert!(again.stderr.contains("no alias leads to old@mailbox.test"), "{}", again.stderr);
}

#[test]
fn what_cannot_take_the_place_is_refused_and_nothing_changes() {
    let onward = some();
    let before = onward.run(&["alias", "export"]);
    for (new, says) in [
        ("OLD@Mailbox.test", "nothing to do"),
        ("$1@mailbox.test", "$1"),
        ("a@example.org", "loop"),
        ("nonsense", "local-part@domain"),
    ] {
        let refused = onward.cli(&["alias", "replace-destination", "old@mailbox.test", new]);
        assert_ne!(refused.code, Some(0), "{new}");
        assert!(refused.stderr.contains(says), "{new}: {}", refused.stderr);
        assert_eq!(onward.run(&["alias", "export"]), before, "{new}");
    }
}

#[test]
fn words_for_all_aliases_that_a_condition_fits() {
    let onward = some();
    let set = |arguments: &[&str]| onward.cli(&[&["alias", "set"], arguments].concat());
    let plan = set(&["--where", "domain=OTHER.test", "--disable", "--plan"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert_eq!(plan.stdout.lines().count(), 2, "{}", plan.stdout);
    assert!(!onward.run(&["alias", "list"]).contains("disabled"));
    let done = set(&["--where", "domain=other.test", "--disable"]);
    assert_eq!(done.stdout, "changed 2 aliases\n", "{}", done.stderr);
    assert_eq!(onward.run(&["alias", "list"]).matches("(disabled)").count(), 2);
    let one =
        set(&["--where", "enabled=false", "--where", "destination=X@mailbox.test", "--enable"]);
    assert_eq!(one.stdout, "changed 1 alias\n", "{}", one.stderr);

    // Only some can have it; the others are named.
    let tags = set(&["--where", "destination=old@mailbox.test", "--keep-tag"]);
    assert_eq!(tags.stdout, "changed 2 aliases\n");
    assert!(tags.stderr.contains("*@other.test stays as it is"), "{}", tags.stderr);
    let new = set(&["--where", "unused-since=1h", "--spam", "mark"]);
    assert_eq!(new.stdout, "changed 0 aliases\n", "they are not there for so long");
    let none = set(&["--where", "text=nowhere", "--spam", "mark"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "changed 0 aliases\n"));
    assert!(none.stderr.contains("it holds for no alias"), "{}", none.stderr);

    for (arguments, says) in [
        (&["--where", "domain=", "--disable"][..], "as domain=example.org"),
        (&["--where", "colour=red", "--disable"], "the keys are"),
        (&["--where", "unused-since=2999-01-01", "--disable"], "still to come"),
        (&["--where", "domain=example.org"], "required"),
        (&["a@example.org", "--where", "domain=example.org", "--disable"], "cannot be used with"),
        (&["a@example.org", "--plan", "--spam", "mark"], "--where"),
        (&["--spam", "mark"], "required"),
    ] {
        let refused = set(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(says), "{arguments:?}: {}", refused.stderr);
    }
}

/// On a terminal a long import says how far it is; to whoever pipes it, nothing but the answer.
#[test]
fn a_terminal_sees_how_far_a_long_import_is() {
    let onward = Onward::builder().domain("example.org").build();
    let file = onward.state_dir().join("aliases.csv");
    let mut lines = "alias,forward\n".to_owned();
    for n in 0..20_000 {
        writeln!(lines, "name{n},me{}@mailbox.test", n % 7).unwrap();
    }
    fs::write(&file, lines).unwrap();
    let path = file.to_str().unwrap();
    let arguments = ["import", "improvmx", path, "--domain", "example.org"];
    let piped = onward.cli(&[&arguments[..], &["--plan"]].concat());
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);
    assert_eq!(piped.stdout.lines().count(), 20_000);
    assert!(!piped.stderr.contains("aliases checked"), "{}", piped.stderr);

    let (program, config) = (onward.program(), onward.config_path());
    let config = config.to_str().unwrap();
    let on_terminal = |more: &str| {
        let command = format!(
            "ONWARD_CONFIG='{config}' TERM=xterm '{program}' {} {more}",
            arguments.map(|word| format!("'{word}'")).join(" ")
        );
        peer::run("script", &["-qec", &command, "/dev/null"])
    };
    let Some(json) = on_terminal("--plan --json") else { return };
    assert!(json.success, "{}", json.output);
    assert!(!json.output.contains(" aliases "), "scripts see the answer only");
    let Some(seen) = on_terminal("") else { return };
    assert!(seen.success, "{}", seen.output);
    let is_far = |line: &str| line.contains("of 20000 aliases") && line.contains('%');
    assert!(seen.output.split(['\r', '\n']).any(is_far), "nothing of 20000 aliases is told");
    assert_eq!(onward.run(&["alias", "export"]).lines().count(), 20_000);
}
