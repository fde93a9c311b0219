//! Regex aliases by which a sender could choose where mail goes: refused on entry, and never followed where a
//! database has them from before.

use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use serde_json::Value;

const MESSAGE: &[u8] = b"From: alice@sender.test\r\nSubject: hi\r\n\r\nhello\r\n";

/// As the version before wrote them.
fn keep(onward: &Onward, rows: &[(&str, &str)]) {
    let database = rusqlite::Connection::open(onward.state_dir().join("onward.db")).unwrap();
    for (position, (regex, destinations)) in rows.iter().enumerate() {
        database
            .execute(
                "INSERT INTO aliases (domain, local, address, action, destinations, text, enabled, position)
                 VALUES ('', ?1, '/' || ?1 || '/', 'forward', ?2, '', 1, ?3)",
                (regex, destinations, position as i64),
            )
            .unwrap();
    }
}

#[test]
fn an_open_relay_cannot_be_added_by_any_way() {
    let onward = Onward::builder().domain("example.org").domain("example.net").build();
    let relay = r#"{"address":"/^(.+)=(.+)@example\\.org$/","destinations":["$1@$2"]}"#;
    let table = "/^(.+)@example\\.(org|net)$/ $1@sink.test\n/^(.+)@example\\.org$/ me@$1\n";
    let [records, patterns] = [("a.json", relay), ("b.pcre", table)].map(|(name, text)| {
        let path = onward.state_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let choice = "its domain is the sender's choice; write the domain out, as $1@example.net";
    for (arguments, says) in [
        (vec!["alias", "add", r"/^(.+)=(.+)@example\.org$/", "$1@$2"], vec![choice]),
        (vec!["alias", "add", r"/^(.+)@example\.org$/", "me@$1"], vec![choice]),
        (
            vec!["alias", "add", r"/^(.+)@example\.(org|net)$/", "$1@sink.test"],
            vec!["several domains", "an alias for each domain"],
        ),
        (
            vec!["alias", "add", r"/@example\.org$/", "a@sink.test"],
            vec![r"write /^.*@example\.org$/"],
        ),
        (vec!["alias", "apply", &records], vec!["a.json:1: ", choice]),
        (vec!["alias", "import", "--from", "onward", &records], vec!["a.json:1: ", choice]),
        (
            vec!["alias", "import", "--from", "postfix-pcre", &patterns],
            vec!["b.pcre:1: ", "several domains", "b.pcre:2: ", choice],
        ),
    ] {
        let output = onward.cli(&arguments);
        assert_eq!(output.code, Some(1), "{arguments:?}: {output:?}");
        for text in says {
            assert!(output.stderr.contains(text), "{arguments:?}: {}", output.stderr);
        }
    }
    assert_eq!(onward.run(&["alias", "list"]), "");
}

#[test]
fn one_that_is_kept_from_before_relays_nothing_and_loses_nothing() {
    let sink = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(sink.name()).route("*", sink.name()).build();
    keep(
        &onward,
        &[
            (r"^(.+)=(.+)@example\.org$", "$1@$2"),
            (r"^me-(.+)@example\.org$", "bob@sink.test\nme@$1"),
            ("wide", "bob@sink.test"),
            (r"^sales-(.+)@example\.org$", "$1@sink.test"),
        ],
    );
    onward.serve();
    let mut client = onward.session();
    client.mail("alice@sender.test").expect_code(250);
    for victim in ["v=victim.test", "me-victim.test", "x-wide-x"] {
        client.rcpt(&format!("{victim}@example.org")).expect("451 4.3.5");
    }
    client.rcpt("sales-v%victim.test@example.org").expect("550 5.1.1");
    client.rcpt("\"sales-v@victim.test\"@example.org").expect("550 5.1.1");
    client.rcpt("sales-eu@example.org").expect_code(250);
    client.data(MESSAGE).expect_code(250);
    let message = sink.wait_for_message();
    assert_eq!(message.to, ["eu@sink.test"]);
    assert_eq!(sink.transactions(), 1, "nothing else left");

    let told =
        onward.wait_for_log(r"the alias /^(.+)=(.+)@example\.org$/ -> $1@$2 is not followed");
    assert!(told.contains("ERROR") && told.contains("write the domain out"), "{told}");
    onward.wait_for_log("the alias /wide/ -> bob@sink.test is not followed");
    let status: Value = serde_json::from_str(&onward.run(&["status", "--json"])).unwrap();
    let named = status["unsafe_aliases"].as_array().unwrap();
    assert_eq!(named.len(), 3, "{status}");
    assert_eq!(named[2]["address"], "/wide/");
    assert!(
        onward.run(&["status"]).contains("unsafe    /wide/ -> bob@sink.test is not followed: ")
    );
    let doctor = onward.cli(&["doctor", "--json"]).stdout;
    assert_eq!(doctor.matches("\"id\":\"unsafe-alias\"").count(), 3, "{doctor}");

    // It can be switched off and removed, and not on again.
    onward.run(&["alias", "disable", "/wide/"]);
    let output = onward.cli(&["alias", "enable", "/wide/"]);
    assert!(output.stderr.contains("matches parts of addresses"), "{output:?}");
    onward.run(&["alias", "remove", "/wide/"]);
    // A change tells nothing twice.
    let count = onward.log().iter().filter(|line| line.contains("is not followed")).count();
    assert_eq!(count, 3);
}
