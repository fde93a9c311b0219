//! `onward status`: up or not, answering or not, what waits and what failed.

use super::spooling::{ALIAS, OTHER, scene};
use crate::support::client::Client;
use crate::support::onward::{Onward, Output};
use crate::support::port::free_address;
use crate::support::receiver::Action;
use serde_json::{Value, json};
use std::net::TcpListener;

fn json(onward: &Onward, code: i32) -> Value {
    let output = onward.cli(&["status", "--json"]);
    assert_eq!(output.code, Some(code), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

#[track_caller]
fn expect(output: &Output, code: i32, lines: &[String]) {
    assert_eq!(output.code, Some(code), "{output:?}");
    assert_eq!(output.stdout.lines().collect::<Vec<_>>(), lines, "{output:?}");
    assert_eq!(output.stderr, "");
}

#[test]
fn before_the_first_start() {
    let onward = Onward::builder().build();
    let lines = [
        "daemon    does not run".to_owned(),
        format!("listen    smtp on {} does not answer: the daemon does not run", onward.address()),
        "spool     0 messages".to_owned(),
        "failed    0 messages within a day".to_owned(),
    ];
    expect(&onward.cli(&["status"]), 1, &lines);
    std::fs::remove_dir(onward.state_dir()).expect("looking makes nothing");
    expect(&onward.cli(&["status"]), 1, &lines);
}

#[test]
fn a_daemon_with_nothing_to_do() {
    let onward = Onward::builder().start();
    let lines = [
        "daemon    runs".to_owned(),
        format!("listen    smtp on {} answers", onward.address()),
        "spool     0 messages".to_owned(),
        "failed    0 messages within a day".to_owned(),
    ];
    expect(&onward.cli(&["status"]), 0, &lines);
    let address = onward.address().to_string();
    let expected = json!({
        "running": true,
        "listen": [
            { "protocol": "smtp", "address": address, "answers": true, "problem": null },
        ],
        "spool": { "messages": 0, "octets": 0, "oldest": null, "destinations": [] },
        "failed_last_day": 0,
        "dkim_broken_last_day": 0,
    });
    assert_eq!(json(&onward, 0), expected);
}

#[test]
fn what_waits_and_what_failed() {
    let mut scene = scene(|onward| onward);
    for to in [ALIAS, OTHER, OTHER] {
        scene.spool(to, "waits");
    }
    let status = json(&scene.onward, 0);
    assert_eq!(status["spool"]["messages"], 3);
    assert!(status["spool"]["octets"].as_u64().unwrap() > 100, "{status}");
    let destinations = json!([
        { "domain": "late.test", "messages": 2 },
        { "domain": "sink.test", "messages": 1 },
    ]);
    assert_eq!(status["spool"]["destinations"], destinations);
    let oldest = status["spool"]["oldest"].as_str().unwrap();
    assert_eq!(oldest, scene.queue(&[])[0]["arrived"]);

    let text = scene.onward.run(&["status"]);
    assert!(text.contains("spool     3 messages, ") && text.contains("the oldest "), "{text}");
    assert!(text.contains("\n          2 for late.test\n          1 for sink.test\n"), "{text}");

    scene.sink.on_recipient("bob@sink.test", Action::reply("550 5.1.1 gone"));
    let id = scene.ids(&["--destination", "sink.test"]).remove(0);
    scene.onward.run(&["queue", "retry", &id]);
    scene.wait_for_outcome(&id, "failed");
    assert_eq!(json(&scene.onward, 0)["failed_last_day"], 1);
    assert!(scene.onward.run(&["status"]).contains("failed    1 message within a day\n"));

    assert!(scene.onward.terminate().success());
    let stopped = json(&scene.onward, 1);
    assert_eq!((&stopped["running"], &stopped["failed_last_day"]), (&false.into(), &1.into()));
    assert_eq!(stopped["spool"]["destinations"][0], destinations[0]);
}

#[test]
fn a_daemon_that_hangs() {
    let onward = Onward::builder().start();
    onward.signal("STOP");
    let output = onward.cli(&["status"]);
    onward.signal("CONT");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.starts_with("daemon    runs\n"), "{output:?}");
    assert!(output.stdout.contains(" does not answer: nothing within 2 s\n"), "{output:?}");
    assert_eq!(onward.cli(&["status"]).code, Some(0));
}

#[test]
fn a_daemon_that_turns_clients_away() {
    let onward = Onward::builder()
        .config("limits.connections = 1")
        .config("limits.connections_per_client = 1")
        .start();
    let only = onward.session();
    let output = onward.cli(&["status"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains(" does not answer: 421 4.3.2 "), "{output:?}");
    only.quit().expect_code(221);
}

#[test]
fn listeners_of_every_kind() {
    let builder = Onward::builder();
    let socket = builder.directory().join("smtp.socket");
    let (absent, foreign) = (free_address(), free_address());
    let table = format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"unix:{}\"", socket.display());
    let (builder, behind_proxy) =
        builder.toml(&table).listen("smtp", &["proxy_protocol = [\"192.0.2.1\"]"]);
    let mut onward = builder.start();
    let lines = onward.run(&["status"]);
    assert_eq!(lines.matches(" answers\n").count(), 3, "{lines}");
    assert!(lines.contains(&socket.display().to_string()), "{lines}");
    assert!(Client::try_connect(behind_proxy).is_ok());

    // Configured since, and not served: nobody is there, and somebody else.
    let _somebody_else = TcpListener::bind(foreign).unwrap();
    for address in [absent, foreign] {
        let table = ["protocol = \"smtp\"".to_owned(), format!("address = \"{address}\"")];
        onward.change_config(|config| config.push("listen", &table));
    }
    let status = json(&onward, 1);
    let problem = |address: String| {
        let all = status["listen"].as_array().unwrap();
        let found = all.iter().find(|listen| listen["address"] == address).unwrap();
        assert_eq!(found["answers"], found["problem"].is_null());
        found["problem"].as_str().unwrap_or("none").to_owned()
    };
    assert!(problem(absent.to_string()).contains("refused"), "{status}");
    assert_eq!(problem(foreign.to_string()), "nothing within 2 s");
    assert_eq!(problem(onward.address().to_string()), "none");
}
