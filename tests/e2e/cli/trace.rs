use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver};
use serde_json::Value;
use std::fs;

const ALICE: &str = "alice@sender.test";
const SECRET: &str = "what the body says is nobody's business";

/// The promise to scripts: these fields, and no others.
#[track_caller]
fn expect_fields(object: &Value, names: &[&str]) {
    let mut fields: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let mut names = names.to_vec();
    fields.sort_unstable();
    names.sort_unstable();
    assert_eq!(fields, names);
}

#[track_caller]
fn expect_time(time: &Value) {
    let time = time.as_str().unwrap();
    let parsed: jiff::Timestamp = time.parse().unwrap();
    assert!(time.contains('T') && time.ends_with('Z'), "RFC 3339: {time}");
    let age = jiff::Timestamp::now().duration_since(parsed).as_secs();
    assert!((0..600).contains(&age), "{age} s old");
}

fn expect_record(record: &Value, attempts: usize) {
    let fields = [
        "id", "time", "client", "from", "srs_from", "to", "outcome", "reply", "attempts", "auth",
        "tls", "note",
    ];
    expect_fields(record, &fields);
    expect_time(&record["time"]);
    assert_eq!(record["client"], "127.0.0.1");
    let all = record["attempts"].as_array().unwrap();
    assert_eq!(all.len(), attempts, "{record}");
    for attempt in all {
        expect_fields(attempt, &["time", "host", "reply", "ms", "tls"]);
        expect_time(&attempt["time"]);
        assert!(attempt["ms"].is_u64());
    }
}

#[test]
fn a_forwarded_a_deferred_and_a_refused_message_and_a_refused_recipient() {
    let receiver = Receiver::smtp()
        .on_recipient("busy@sink.test", Action::reply("450 4.2.1 busy now"))
        .on_recipient("gone@sink.test", Action::reply("550 5.1.1 <gone@sink.test> unknown"))
        .start();
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .alias("busy@example.org", &["busy@sink.test"])
        .alias("gone@example.org", &["gone@sink.test"])
        .route("sink.test", receiver.name())
        .start();
    let message = format!("From: <{ALICE}>\r\nSubject: a subject\r\n\r\n{SECRET}\r\n");
    let mut client = onward.session();
    let mut send = |to: &str| client.transaction(ALICE, &[to], message.as_bytes());
    let accepted = send("hello@example.org").expect("250 2.0.0");
    send("busy@example.org").expect("451 4.2.1");
    send("gone@example.org").expect("550 5.1.1");
    client.mail(ALICE).expect_code(250);
    client.rcpt("nobody@example.org").expect("550 5.1.1");
    client.rcpt("somebody@elsewhere.test").expect("550 5.7.1");

    let all = onward.wait_for_trace(&["--from", ALICE], 5);
    let of = |to: &str| {
        let one = onward.wait_for_trace(&["--to", to], 1).remove(0);
        assert!(all.contains(&one));
        assert_eq!((&one["from"], &one["to"]), (&ALICE.into(), &serde_json::json!([to])));
        one
    };
    let forwarded = of("hello@example.org");
    expect_record(&forwarded, 1);
    assert_eq!(forwarded["outcome"], "forwarded");
    assert_eq!(forwarded["srs_from"], onward.srs_forward(ALICE));
    assert_eq!(forwarded["reply"], accepted.text());
    let id = forwarded["id"].as_str().unwrap();
    assert!(accepted.text().contains(id), "the 250 names the id");
    let attempt = &forwarded["attempts"][0];
    assert!(attempt["host"].as_str().unwrap().contains(receiver.name()), "{attempt}");
    assert!(attempt["reply"].as_str().unwrap().starts_with("250 2.0.0 taken as"), "{attempt}");
    assert_eq!(onward.wait_for_trace(&["--id", id], 1)[0], forwarded);
    // Found by whom it went to and as whom it left, too.
    assert_eq!(onward.wait_for_trace(&["--to", "bob@sink.test"], 1)[0], forwarded);
    let srs = onward.srs_forward(ALICE);
    assert_eq!(onward.wait_for_trace(&["--from", &srs], 3)[0], forwarded);
    assert!(receiver.messages()[0].header("Received").unwrap().contains(id));

    let deferred = of("busy@example.org");
    expect_record(&deferred, 1);
    assert_eq!(deferred["outcome"], "deferred");
    assert!(deferred["reply"].as_str().unwrap().starts_with("451 4.2.1 "), "{deferred}");
    assert_eq!(deferred["attempts"][0]["reply"], "450 4.2.1 busy now");

    let refused = of("gone@example.org");
    expect_record(&refused, 1);
    assert_eq!(refused["outcome"], "refused");
    assert_eq!(refused["attempts"][0]["reply"], "550 5.1.1 <gone@sink.test> unknown");

    for (to, reply) in
        [("nobody@example.org", "550 5.1.1 "), ("somebody@elsewhere.test", "550 5.7.1 ")]
    {
        let refused = of(to);
        expect_record(&refused, 0);
        assert_eq!((&refused["outcome"], &refused["srs_from"]), (&"refused".into(), &Value::Null));
        assert!(refused["reply"].as_str().unwrap().starts_with(reply), "{refused}");
    }
    onward.wait_for_trace(&["--since", "1h"], 5);
    let tomorrow = jiff::Timestamp::now() + jiff::Span::new().hours(24);
    onward.wait_for_trace(&["--since", &tomorrow.to_string()], 0);
    keeps_no_bodies(&onward);
}

fn keeps_no_bodies(onward: &Onward) {
    for file in fs::read_dir(onward.state_dir()).unwrap() {
        let path = file.unwrap().path();
        let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!content.contains(SECRET), "a body in {path:?}");
        assert!(!content.contains("a subject"), "a subject in {path:?}");
        assert!(!content.contains("the secret of the tests"), "the SRS secret in {path:?}");
    }
    assert!(!onward.log().join("\n").contains(SECRET));
}
