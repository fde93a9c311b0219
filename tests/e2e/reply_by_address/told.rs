//! What the command line says of answers by address.

use super::*;
use serde_json::Value;

#[test]
fn the_alias_says_so_wherever_it_is_written_down() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let onward = &site.onward;
    let shown: Value =
        serde_json::from_str(&onward.run(&["alias", "show", "hello@example.org", "--json"]))
            .unwrap();
    assert_eq!(shown["reply_by_address"], true);
    assert!(onward.run(&["alias", "show", "hello@example.org"]).contains("answered by address"));
    assert!(
        onward
            .run(&["alias", "list"])
            .contains("hello@example.org -> jo@home.test (reply by address)")
    );
    let exported = onward.run(&["alias", "export"]);
    let file = site.onward.state_dir().join("aliases.jsonl");
    std::fs::write(&file, &exported).unwrap();
    onward.run(&["alias", "set", "hello@example.org", "--no-reply-by-address"]);
    assert!(!onward.run(&["alias", "show", "hello@example.org"]).contains("answered"));
    onward.run(&["alias", "apply", file.to_str().unwrap()]);
    assert_eq!(onward.run(&["alias", "export"]), exported);
    onward.run(&["domain", "add", "two.test"]);
    let keyless =
        onward.cli(&["alias", "add", "hi@two.test", "jo@home.test", "--reply-by-address"]);
    assert!(keyless.stderr.contains("onward dkim key add two.test"), "{}", keyless.stderr);
    for bad in [
        ["alias", "add", "*@example.org", "x@home.test", "--reply-by-address"],
        ["alias", "add", "a+b@example.org", "x@home.test", "--reply-by-address"],
    ] {
        let output = onward.cli(&bad);
        assert!(
            output.code == Some(1) && output.stderr.contains("answered by address"),
            "{output:?}"
        );
    }
}

#[test]
fn explain_knows_what_would_become_of_an_answer() {
    let Some(site) = Site::start(|builder| builder) else { return };
    let explain = |to: &str, from: &str, ip: &str| -> Value {
        let output = site.onward.cli(&["explain", "--json", to, "--from", from, "--ip", ip]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    };
    let fine = explain(BOB, "jo@home.test", "127.0.0.3");
    assert_eq!(fine["verdict"], "answered", "{fine}");
    assert_eq!(fine["answers"], "bob@friend.test as hello@example.org");
    assert_eq!(fine["destinations"][0]["mailbox"], "bob@friend.test");
    assert_eq!(fine["srs_from"], "hello@example.org");
    let forged = explain(BOB, "jo@home.test", "127.0.0.4");
    assert_eq!(forged["verdict"], "refused");
    assert!(forged["reply"].as_str().unwrap().starts_with("550 5.7.1 "), "{forged}");
    let text = site.onward.cli(&["explain", BOB, "--from", "jo@home.test", "--ip", "127.0.0.3"]);
    assert!(text.stdout.contains("sent on as an answer of the alias"), "{}", text.stdout);
    assert_eq!(site.friend.count(), 0);
}
