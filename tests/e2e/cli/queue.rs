//! `onward queue`, beside a daemon that runs and one that does not.

mod changes;
mod large;

use super::spooling::{ALIAS, ALICE, BUSY, OTHER, Scene, message, scene, to};
use crate::support::dns::Dns;
use crate::support::receiver::Receiver;
use serde_json::Value;

#[test]
fn an_empty_spool() {
    let scene = scene(|onward| onward);
    let listed = scene.onward.cli(&["queue", "list"]);
    assert_eq!((listed.code, listed.stdout.as_str()), (Some(0), ""));
    assert_eq!(listed.stderr, "onward: no message that waits matches\n");
    let json = scene.onward.cli(&["queue", "list", "--json"]);
    assert_eq!((json.code, json.stdout.as_str(), json.stderr.as_str()), (Some(0), "", ""));
    for change in ["retry", "drop"] {
        let changed = scene.onward.cli(&["queue", change, "--all"]);
        assert_eq!((changed.code, changed.stdout.as_str()), (Some(1), ""));
        assert!(changed.stderr.ends_with("no message that waits matches\n"), "{changed:?}");
    }
}

#[test]
fn before_the_first_start() {
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    let onward = crate::support::onward::Onward::builder().dns(&dns).build();
    drop(sink);
    assert_eq!(onward.run(&["queue", "list"]), "");
    assert_eq!(onward.cli(&["queue", "show", "X"]).code, Some(1));
    assert_eq!(onward.cli(&["queue", "drop", "X"]).code, Some(1));
    assert!(!onward.state_dir().join("onward.db").exists(), "looking makes nothing");
}

/// Two messages that wait, one a destination.
fn two() -> (Scene, String, String) {
    let scene = scene(|onward| onward);
    let (hello, other) = (scene.spool(ALIAS, "to hello"), scene.spool(OTHER, "to other"));
    (scene, hello, other)
}

#[test]
fn list_tells_what_waits_and_why() {
    let (scene, hello, other) = two();
    let listed = scene.onward.run(&["queue", "list"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[0])[..6], ["ID", "STATE", "SIZE", "AGE", "TRIES", "NEXT"]);
    let first = words(lines[1]);
    assert_eq!((first[0].as_str(), first[1].as_str()), (hello.as_str(), "queued"));
    assert!(first[5].starts_with("3h") || first[5].starts_with("4h"), "{listed}");
    assert!(lines[1].contains(&format!("{ALICE} -> {ALIAS}: 451 4.2.1 ")), "{listed}");
    assert!(lines[1].contains("busy now"), "{listed}");
    assert!(lines[2].starts_with(&other), "the oldest first: {listed}");
}

#[test]
fn the_objects_of_list() {
    let (scene, hello, _) = two();
    let object = scene.queue(&[]).remove(0);
    let mut fields: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let promised =
        ["arrived", "attempts", "from", "id", "legs", "next_attempt", "size", "state", "to"];
    assert_eq!(fields, promised);
    assert_eq!(object["id"], hello);
    assert_eq!(object["from"], ALICE);
    assert_eq!(object["to"], serde_json::json!([ALIAS]));
    assert_eq!((&object["state"], &object["attempts"]), (&"queued".into(), &1.into()));
    let size = object["size"].as_u64().unwrap() as usize;
    assert!((message("to hello").len()..2_000).contains(&size), "{object}");
    let time = |field: &str| object[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let wait = time("next_attempt").duration_since(time("arrived")).as_secs();
    assert!((3 * 3600..5 * 3600).contains(&wait), "{object}");
    let leg = &object["legs"][0];
    assert_eq!((&leg["to"], &leg["destination"]), (&ALIAS.into(), &"bob@sink.test".into()));
    assert!(leg["reply"].as_str().unwrap().ends_with(&BUSY[10..]), "{leg}");
}

#[test]
fn filters() {
    let (scene, hello, other) = two();
    let both = [hello.as_str(), other.as_str()];
    let expect = |arguments: &[&str], ids: &[&str]| {
        assert_eq!(scene.ids(arguments), ids, "{arguments:?}");
    };
    expect(&[], &both);
    for to in ["sink.test", "@SINK.test", "Bob@sink.test"] {
        expect(&["--destination", to], &both[..1]);
    }
    expect(&["--destination", "example.org"], &[]);
    expect(&["--from", ALICE], &both);
    expect(&["--from", "spf.test"], &both);
    expect(&["--from", "<>"], &[]);
    expect(&["--older-than", "0s"], &both);
    expect(&["--older-than", "1h"], &[]);
    expect(&["--state", "queued", "--destination", "late.test"], &both[1..]);
    expect(&["--state", "uncertain"], &[]);
    expect(&[&hello.to_lowercase()], &both[..1]);
    expect(&[&other, &hello, &other], &both);
    expect(&[&hello, "--destination", "late.test"], &[]);

    let some = scene.onward.cli(&["queue", "list", &hello, "WRONG", "--json"]);
    assert_eq!((some.code, some.stdout.lines().count()), (Some(1), 1));
    assert!(some.stderr.contains("no message WRONG waits"), "{}", some.stderr);
    assert!(!some.stderr.contains(&hello), "{}", some.stderr);
    for wrong in [
        &["list", "--state", "dropped"][..],
        &["list", "--destination", "a b"],
        &["list", "--older-than", "old"],
        &["drop"],
        &["retry", "--all", &hello],
        &["show"],
    ] {
        let usage = scene.onward.cli(&[&["queue"], wrong].concat());
        assert_eq!((usage.code, usage.stdout.as_str()), (Some(2), ""), "{wrong:?}: {usage:?}");
    }
    expect(&[], &both);
}

#[test]
fn show() {
    let (scene, hello, _) = two();
    let shown = scene.onward.run(&["queue", "show", &hello.to_lowercase()]);
    for part in [
        &format!("{hello}  queued\n")[..],
        "by      127.0.0.1 (client.test)",
        "from    alice@spf.test, who is told when it fails",
        "hello@example.org -> bob@sink.test: queued",
        &scene.onward.srs_forward(ALICE),
        "busy now (1 attempt)",
        &format!("onward trace --id {hello}"),
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let object = scene.onward.run(&["queue", "show", &hello, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&object).unwrap(), scene.queue(&[&hello])[0]);

    let absent = scene.onward.cli(&["queue", "show", "WRONG"]);
    assert_eq!((absent.code, absent.stdout.as_str()), (Some(1), ""));
    assert!(absent.stderr.contains("onward trace --id WRONG"), "{}", absent.stderr);

    let bytes = scene.onward.run(&["queue", "show", &hello, "--message"]);
    scene.destination_is_back();
    scene.onward.run(&["queue", "retry", &hello]);
    assert_eq!(String::from_utf8(scene.sink.wait_for_message().data).unwrap(), bytes);
}

#[test]
fn a_stopped_daemon_can_be_asked_as_well() {
    let (mut scene, hello, other) = two();
    assert!(scene.onward.terminate().success());
    assert_eq!(scene.ids(&[]), [hello.as_str(), other.as_str()]);
    assert_eq!(scene.ids(&["--destination", "late.test"]), [other.as_str()]);
    assert!(scene.onward.run(&["queue", "show", &other]).contains("carol@late.test"));
}

/// Of a builder that other tests change, too.
#[test]
fn a_notice_of_our_own_has_no_sender() {
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    sink.on_recipient("bob@sink.test", crate::support::receiver::Action::reply(BUSY));
    let onward = to(&sink, &dns).route("spf.test", "127.0.0.1:1").start();
    let scene = Scene { onward, sink, _dns: dns };
    let id = scene.spool(ALIAS, "to be refused");
    let refusal = crate::support::receiver::Action::reply("550 5.1.1 gone");
    scene.sink.on_recipient("bob@sink.test", refusal);
    scene.onward.run(&["queue", "retry", &id]);
    scene.wait_for_outcome(&id, "failed");
    let notice = scene.queue(&["--from", "<>"]).remove(0);
    assert_eq!((&notice["from"], &notice["to"]), (&"<>".into(), &serde_json::json!([ALICE])));
    let shown = scene.onward.run(&["queue", "show", notice["id"].as_str().unwrap()]);
    assert!(shown.contains("by      Onward itself"), "{shown}");
}
