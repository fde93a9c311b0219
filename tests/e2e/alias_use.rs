//! What came of the mail to aliases is counted, senders are blocked for all or a domain, and addresses become aliases.

use crate::support::client::Reply;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use serde_json::Value;
use std::thread;

const MESSAGE: &[u8] = b"From: alice@sender.test\r\n\r\nhello\r\n";

fn send(onward: &Onward, from: &str, to: &[&str]) -> Reply {
    let mut client = onward.session();
    client.mail(from).expect_code(250);
    for to in to {
        let reply = client.rcpt(to);
        if reply.code != 250 {
            return reply;
        }
    }
    client.data(MESSAGE)
}

/// The counters of an alias, once they are `wanted`.
#[track_caller]
fn wait_for_counters(onward: &Onward, alias: &str, wanted: &str) -> Value {
    let wanted: Value = serde_json::from_str(wanted).unwrap();
    wait_until(format!("{alias} has {wanted}"), || {
        let shown: Value =
            serde_json::from_str(&onward.run(&["alias", "show", alias, "--json"])).unwrap();
        let counters = &shown["counters"];
        let is_it =
            wanted.as_object().unwrap().iter().all(|(name, value)| counters[name] == *value);
        is_it.then(|| counters.clone())
    })
}

#[test]
fn what_comes_to_an_alias_is_counted_and_outlives_the_daemon() {
    let sink = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(&sink.route())
        .alias("off@example.org", &["bob@sink.test"])
        .alias("two@example.org", &["bob@sink.test", "carol@sink.test"])
        .run_first(&["alias", "disable", "off@example.org"])
        .run_first(&["alias", "set", "hello@example.org", "--block", "@shop.test"])
        .start();
    send(&onward, "a@sender.test", &["Hello@example.org", "hello+tag@example.org"]).expect("250");
    send(&onward, "a@sender.test", &["two@example.org"]).expect("250");
    send(&onward, "a@shop.test", &["hello@example.org"]).expect("550 5.7.1");
    send(&onward, "a@sender.test", &["off@example.org"]).expect("550 5.1.1");
    sink.on(Step::FinalDot, Action::reply("554 5.6.0 no"));
    send(&onward, "a@sender.test", &["hello@example.org"]).expect("554 5.6.0");
    sink.on(Step::FinalDot, Action::reply("451 4.2.1 later"));
    send(&onward, "a@sender.test", &["hello@example.org"]).expect_code(451);
    let hello = r#"{"forwarded":1,"refused":2,"refused_by":{"block":1,"destination":1}}"#;
    let counters = wait_for_counters(&onward, "hello@example.org", hello);
    assert!(counters["last_use"].as_str().unwrap().ends_with('Z'), "{counters}");
    let off = r#"{"forwarded":0,"refused":1,"refused_by":{"disabled":1}}"#;
    wait_for_counters(&onward, "off@example.org", off);
    wait_for_counters(&onward, "two@example.org", r#"{"forwarded":1,"refused":0}"#);

    // What was written down is there after a crash, and all of it after a stop.
    onward.kill_9();
    onward.serve();
    sink.accept_all();
    send(&onward, "a@sender.test", &["hello@example.org"]).expect("250");
    onward.terminate();
    let listed = onward.run(&["alias", "list", "--json", "--find", "hello@"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["counters"]["forwarded"], 2, "{listed}");
    assert_eq!(listed["address"], "hello@example.org");
    let shown = onward.run(&["alias", "show", "hello@example.org"]);
    assert!(
        shown.contains("2 forwarded, 2 refused (block: 1, destination: 1), last used 20"),
        "{shown}"
    );
    assert!(!onward.run(&["alias", "export"]).contains("counters"));

    for (arguments, found) in [
        (&["--disabled"][..], "off@example.org -> bob@sink.test (disabled)\n"),
        (&["--to", "carol@sink.test"], "two@example.org -> bob@sink.test, carol@sink.test\n"),
        (&["--unused-since", "1h"], ""),
        (&["--find", "nowhere"], ""),
    ] {
        assert_eq!(onward.run(&[&["alias", "list"], arguments].concat()), found, "{arguments:?}");
    }
}

#[test]
fn a_block_counts_within_a_second_for_all_or_a_domain() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .domain("other.test")
        .alias("x@other.test", &["bob@sink.test"])
        .run_first(&["alias", "set", "hello@example.org", "--allow", "friend@shop.test"])
        .start();
    let code = |from: &str, to: &str| send(&onward, from, &[to]).code;
    onward.run(&["block", "add", "@shop.test", "--note", "sends too much"]);
    onward.run(&["block", "add", "*.spam.test", "--domain", "other.test"]);
    wait_until("the blocks", || (code("a@b.spam.test", "x@other.test") == 550).then_some(()));
    send(&onward, "a@shop.test", &["hello@example.org"]).expect("550 5.7.1");
    assert_eq!(code("friend@shop.test", "hello@example.org"), 250, "the alias allows him");
    assert_eq!(code("friend@shop.test", "x@other.test"), 550);
    assert_eq!(code("a@b.spam.test", "hello@example.org"), 250, "another domain");
    assert_eq!(code("a@shop.test", "postmaster@example.org"), 250, "a role");
    let records = onward.wait_for_trace(&["--from", "a@shop.test", "--to", "hello@example.org"], 1);
    let detail = records[0]["detail"].as_str().unwrap();
    assert!(detail.contains("@shop.test for all domains"), "{detail}");
    let blocked = r#"{"refused_by":{"block":1}}"#;
    wait_for_counters(&onward, "hello@example.org", blocked);
    onward.run(&["block", "remove", "@shop.test"]);
    wait_until("the end of the block", || {
        (code("a@shop.test", "x@other.test") == 250).then_some(())
    });
    onward.run(&["domain", "remove", "other.test", "--with-aliases"]);
    assert_eq!(onward.run(&["block", "list"]), "");
}

#[test]
fn the_first_mail_that_is_taken_makes_an_alias() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .alias("*@example.org", &["all@sink.test"])
        .run_first(&[
            "domain",
            "set",
            "example.org",
            "--auto-create",
            "shop-.*",
            "--to",
            "new@sink.test",
        ])
        .config("limits.new_aliases_per_domain = \"3/1d\"")
        .start();
    let explain = |to: &str| {
        onward.cli(&["explain", to, "--from", "a@sender.test", "--ip", "127.0.0.1"]).stdout
    };
    let aliases = || onward.run(&["alias", "list", "--find", "shop-"]);
    let told = explain("shop-one+tag@example.org");
    assert!(told.contains("makes    the alias shop-one@example.org"), "{told}");
    assert!(told.contains("leads to new@sink.test"), "{told}");
    // What is not taken makes nothing.
    sink.on(Step::FinalDot, Action::reply("554 5.6.0 no"));
    send(&onward, "a@sender.test", &["shop-one@example.org"]).expect("554 5.6.0");
    assert_eq!(aliases(), "");
    sink.accept_all();

    // Two at once make one.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                send(&onward, "a@sender.test", &["Shop-One+tag@example.org"]).expect("250")
            });
        }
    });
    let made = aliases();
    let start = "shop-one@example.org -> new@sink.test (note: made by the first mail, from a@sender.test, at 20";
    assert!(made.starts_with(start) && made.lines().count() == 1, "{made}");
    let records = onward.wait_for_trace(&["--to", "Shop-One+tag@example.org"], 2);
    let made = |record: &&Value| {
        record["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("made the alias shop-one@example.org")
    };
    assert_eq!(records.iter().filter(made).count(), 1, "{records:#?}");
    assert!(!explain("shop-one@example.org").contains("makes"));
    wait_for_counters(&onward, "shop-one@example.org", r#"{"forwarded":2}"#);

    onward.run(&["alias", "disable", "shop-one@example.org"]);
    wait_until("the end of the alias", || {
        (send(&onward, "a@sender.test", &["shop-one@example.org"]).code == 550).then_some(())
    });
    // Others answer as before, and roles are nobody's to make.
    for to in ["other@example.org", "shop-a*@example.org", "hello@example.org", "abuse@example.org"]
    {
        send(&onward, "a@sender.test", &[to]).expect("250");
    }
    for to in ["shop-2@example.org", "shop-3@example.org"] {
        send(&onward, "", &[to]).expect("250");
    }
    send(&onward, "a@sender.test", &["shop-4@example.org"]).expect("450 4.2.1");
    send(&onward, "a@sender.test", &["shop-3@example.org"]).expect("250");
    assert_eq!(aliases().lines().count(), 3);
    onward.run(&["domain", "set", "example.org", "--no-auto-create"]);
    wait_until("the catch-all", || {
        (send(&onward, "a@sender.test", &["shop-4@example.org"]).code == 250).then_some(())
    });
    assert_eq!(aliases().lines().count(), 3);
    let to: Vec<String> = sink.messages().into_iter().flat_map(|message| message.to).collect();
    assert_eq!(to.iter().filter(|to| *to == "new@sink.test").count(), 5);
}
