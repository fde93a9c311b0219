//! What an account may send, whatever happens to the daemon; and what it is told.

use super::{Host, log_in, submit};
use crate::metrics::{get, value};
use crate::support::receiver::Action;
use crate::support::wait_until;
use serde_json::Value;

fn send(host: &Host, to: &str) -> String {
    let mut me = log_in("127.0.0.1", host.implicit, "me@example.org", &host.password).unwrap();
    submit(&mut me, "hello@example.org", to, "")
}

fn sends(host: &Host, to: &str) {
    let reply = send(host, to);
    assert!(reply.starts_with("250"), "{to}: {reply}");
}

fn is_over(host: &Host, to: &str, what: &str) {
    let reply = send(host, to);
    assert!(reply.starts_with(&format!("450 4.7.1 Too many {what} of this account (")), "{reply}");
}

/// The daemon is killed when what was used is written down, and starts again.
fn kill(host: &mut Host, messages: u64, new: u64) {
    wait_until("what was used to be written down", || {
        let shown = host.onward.run(&["account", "show", "me@example.org", "--json"]);
        let used = &serde_json::from_str::<Value>(&shown).unwrap()["used"];
        (used["messages"] == messages && used["new_recipients"] == new).then_some(())
    });
    host.onward.kill_9();
    host.onward.serve();
}

#[test]
fn neither_a_crash_nor_a_reload_gives_an_account_new_limits() {
    let mut host = Host::start_with(|builder| {
        builder
            .config("submission.messages_per_account = \"5/1h\"")
            .config("submission.new_recipients_per_account = \"2/1d\"")
    });
    sends(&host, "a@sink.test");
    sends(&host, "b@sink.test");
    kill(&mut host, 2, 2);
    is_over(&host, "c@sink.test", "new recipients");
    sends(&host, "A@SINK.test");
    sends(&host, "b@sink.test");
    kill(&mut host, 4, 2);
    sends(&host, "b@sink.test");
    is_over(&host, "b@sink.test", "messages");
    kill(&mut host, 5, 2);
    is_over(&host, "b@sink.test", "messages");

    let change = |host: &mut Host, limit: &str| {
        host.onward.change_config(|config| {
            config.set_text("submission.messages_per_account", limit);
        });
        host.onward.run(&["reload"]);
    };
    change(&mut host, "6/1h");
    sends(&host, "a@sink.test");
    is_over(&host, "a@sink.test", "messages");
    change(&mut host, "1/1h");
    is_over(&host, "a@sink.test", "messages");
    let shown = host.onward.run(&["account", "show", "me@example.org"]);
    assert!(shown.contains(" messages of 1/1h, "), "{shown}");
}

#[test]
fn a_burst_goes_on_where_it_was_before_a_crash() {
    let mut host = Host::start_with(|builder| builder);
    let refuse = |n: usize| {
        let reply = send(&host, &format!("nobody{n}@example.org"));
        assert!(reply.starts_with("550 5.1.1"), "{n}: {reply}");
    };
    (0..19).for_each(refuse);
    sends(&host, "a@sink.test");
    kill(&mut host, 1, 1);
    assert!(send(&host, "nobody@example.org").starts_with("550 5.1.1"));
    host.onward.wait_for_log("account frozen");
    let reply = send(&host, "a@sink.test");
    assert!(reply.starts_with("450 4.7.1 This account is frozen: 20 of 2"), "{reply}");
}

#[test]
fn every_mistyped_address_is_told_of() {
    let mut http = None;
    let host = Host::start_with(|builder| {
        let (builder, address) = builder.listen("http", &[]);
        http = Some(address);
        builder.config("spool.max_notices = \"1/1d\"")
    });
    host.sink.rule(|at| {
        let refuses = at.recipient.starts_with("mistyped");
        refuses.then(|| Action::reply("550 5.1.1 Nobody of that name"))
    });
    for number in 0..5 {
        sends(&host, &format!("mistyped{number}@sink.test"));
    }
    let told = host.sink.wait_for_messages(5);
    for number in 0..5 {
        let name = format!("mistyped{number}@sink.test");
        let of = told.iter().filter(|one| String::from_utf8_lossy(&one.data).contains(&name));
        assert_eq!(of.count(), 1, "{name}");
    }
    let trace = host.onward.wait_for_trace(&["--account", "me@example.org"], 5);
    assert!(trace.iter().all(|one| one["account"] == "me@example.org"), "{trace:#?}");
    assert_eq!(
        host.onward
            .run(&["trace", "--account", "me@example.org"])
            .matches("  account me@example.org\n")
            .count(),
        5
    );

    assert!(log_in("127.0.0.1", host.implicit, "me@example.org", "wrong").is_none());
    host.onward.run(&["account", "disable", "me@example.org"]);
    assert!(log_in("127.0.0.1", host.implicit, "me@example.org", &host.password).is_none());
    let page = get(http.unwrap(), "GET /metrics");
    for (metric, count) in [
        ("onward_logins_total{result=\"ok\"}", 5.0),
        ("onward_logins_total{result=\"wrong\"}", 1.0),
        ("onward_logins_total{result=\"disabled\"}", 1.0),
        ("onward_logins_total{result=\"put_off\"}", 0.0),
        ("onward_submitted_total{outcome=\"spooled\"}", 5.0),
        ("onward_notices_total{result=\"sent\"}", 5.0),
        ("onward_notices_total{result=\"over_limit\"}", 0.0),
    ] {
        assert!((value(&page, metric) - count).abs() < 0.1, "{metric}: {page}");
    }
}
