//! What waits of an account that must not send any more.

use super::{Host, log_in, password_of, submit};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use serde_json::Value;

fn waiting(host: &Host, of: &[&str]) -> Vec<Value> {
    let listed = host.onward.run(&[&["queue", "list", "--json"], of].concat());
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A host whose sink defers all that comes, and a message of me@example.org that was tried; gives its id.
fn deferred() -> (Host, String) {
    let host = Host::start_with(|builder| {
        builder
            .alias("shop@example.org", &["bob@sink.test"])
            .config("spool.retry = [\"1s\"]")
            .run_first(&["account", "add", "third@example.org", "--as", "shop@example.org"])
    });
    host.sink.on(Step::Rcpt, Action::reply("450 4.2.1 later"));
    let mut me = log_in("127.0.0.1", host.implicit, "me@example.org", &host.password).unwrap();
    let reply = submit(&mut me, "hello@example.org", "friend@sink.test", "");
    assert!(reply.starts_with("250"), "{reply}");
    let id = wait_until("a try", || {
        let [one] = &waiting(&host, &[])[..] else { return None };
        let is_tried = one["attempts"].as_u64() > Some(0) && one["state"] == "queued";
        is_tried.then(|| one["id"].as_str().unwrap().to_owned())
    });
    (host, id)
}

/// A message of another account is sent, and has arrived: whatever was due before it would have.
fn another_arrives(host: &Host) {
    let password = password_of(&host.onward, "third@example.org", "desk");
    let mut you = log_in("127.0.0.1", host.implicit, "third@example.org", &password).unwrap();
    let before = host.sink.count();
    let reply = submit(&mut you, "shop@example.org", "friend@sink.test", "X-Of: you\r\n");
    assert!(reply.starts_with("250"), "{reply}");
    let arrived = host.sink.wait_for_messages(before + 1);
    assert_eq!(arrived[before].header("X-Of").as_deref(), Some("you"));
    host.onward.run(&["account", "password", "revoke", "third@example.org", "--label", "desk"]);
}

#[test]
fn it_is_held_until_the_account_is_enabled_over_a_crash_too() {
    let (mut host, id) = deferred();
    host.onward.run(&["account", "disable", "me@example.org"]);
    host.sink.accept_all();
    another_arrives(&host);
    let held = waiting(&host, &["--account", "me@example.org"]);
    assert_eq!((&held[0]["held"], &held[0]["id"]), (&"disabled".into(), &id.as_str().into()));
    let list = host.onward.run(&["queue", "list"]);
    assert!(list.contains(&format!("{id:<16}  held ")), "{list}");
    let shown = host.onward.run(&["queue", "show", &id]);
    assert!(
        shown.contains("the account that sent it is disabled (onward account show "),
        "{shown}"
    );
    let retried = host.onward.cli(&["queue", "retry", &id]);
    assert_eq!(retried.code, Some(1), "{retried:?}");
    assert!(retried.stderr.contains(&format!("{id} is held, as the account")), "{retried:?}");

    host.onward.kill_9();
    host.onward.serve();
    another_arrives(&host);
    assert_eq!(host.sink.count(), 2);
    host.onward.run(&["account", "enable", "me@example.org"]);
    assert_eq!(host.sink.wait_for_messages(3)[2].header("X-Of"), None);
    wait_until("the end of the spool", || waiting(&host, &[]).is_empty().then_some(()));
}

#[test]
fn of_a_removed_account_it_is_held_until_it_is_dropped_or_too_old() {
    let (mut host, id) = deferred();
    let account = waiting(&host, &[])[0]["account"].as_str().unwrap().to_owned();
    host.onward.run(&["account", "remove", "me@example.org"]);
    host.sink.accept_all();
    another_arrives(&host);
    assert_eq!(waiting(&host, &["--account", &account])[0]["held"], "removed");
    let traced = host.onward.wait_for_trace(&["--account", &account], 1);
    assert_eq!(traced[0]["account"], account.as_str(), "it has no name any more");
    // Too old, its sender is told why it never left.
    host.onward.change_config(|config| config.set_text("spool.max_age", "1s"));
    host.onward.run(&["reload"]);
    another_arrives(&host);
    let arrived = host.sink.wait_for_messages(3);
    let told = arrived.iter().map(|one| String::from_utf8_lossy(&one.data));
    let told = told.filter(|text| text.contains("the account that sent it is removed"));
    assert_eq!(told.count(), 1);
    wait_until("the end of the spool", || waiting(&host, &[]).is_empty().then_some(()));
    wait_until("the end in the journal", || {
        let end = host.onward.wait_for_trace(&["--id", &id], 1);
        (end[0]["outcome"] == "failed").then_some(())
    });
}

#[test]
fn it_is_dropped_by_account() {
    let (host, _) = deferred();
    host.onward.run(&["account", "disable", "me@example.org"]);
    let dropped = host.onward.run(&["queue", "drop", "--account", "me@example.org"]);
    assert_eq!(dropped, "dropped: 1 message\n");
    host.sink.accept_all();
    host.onward.run(&["account", "enable", "me@example.org"]);
    another_arrives(&host);
    assert_eq!(host.sink.count(), 1);
}
