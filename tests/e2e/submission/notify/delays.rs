//! That a recipient has to wait is told once.

use super::{Dsn, scene, send};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;

/// The host sleeps, so it is asked by one message for all; of the other one the delay is told all the same.
#[test]
fn a_delay_is_told_once_even_over_a_crash() {
    let change = |onward: crate::support::onward::Builder| {
        onward.config("submission.delay_notice = \"1s\"").config("spool.retry = [\"1s\"]")
    };
    let Some(mut scene) = scene(&[], change) else { return };
    scene.friend.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send("ENVID=1", &["<bob@friend.test>", "<never@friend.test> NOTIFY=NEVER"]);
    scene.send("ENVID=2", &["<ann@friend.test> NOTIFY=DELAY ORCPT=rfc822;ann"]);
    scene.send("ENVID=3", &["<joe@friend.test> NOTIFY=SUCCESS,FAILURE"]);
    scene.home.wait_for_messages(2);
    let mut told: Vec<Dsn> = scene.told();
    told.sort_by_key(|dsn| dsn.field(0, "Original-Envelope-Id").unwrap().to_owned());
    let [first, second] = &told[..] else { panic!("{} DSNs", told.len()) };
    assert_eq!(first.recipients(), ["rfc822; bob@friend.test delayed"]);
    assert_eq!(second.recipients(), ["rfc822; ann@friend.test delayed"]);
    assert_eq!(second.field(1, "Original-Recipient"), Some("rfc822; ann"));
    assert!(first.first.starts_with("Delayed: bob@friend.test: 4"), "{}", first.first);
    assert!(first.field(1, "Status").unwrap().starts_with('4'));
    assert!(first.field(1, "Will-Retry-Until").is_some());

    // The DSNs themselves are done with.
    wait_until("three messages", || (scene.queue().len() == 3).then_some(()));
    scene.onward.kill_9();
    scene.onward.serve();
    let tried = scene.friend.connections().len();
    scene.friend.wait_for_connections(tried + 4);
    assert_eq!(scene.home.count(), 2);
    scene.friend.accept_all();
    scene.settle();
    assert_eq!(scene.friend.count(), 3);
    // Of those that were told of, success was not asked for; of the third nothing else.
    let told = scene.told();
    let last: Vec<_> = told.iter().skip(2).flat_map(Dsn::recipients).collect();
    assert_eq!(last, ["rfc822; joe@friend.test relayed"]);
}

/// What strangers send to aliases is forwarded as ever: nobody is told of a delay, as none of them asked.
#[test]
fn strangers_are_not_told_of_delays() {
    let dns = crate::support::dns::Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let change = |onward: crate::support::onward::Builder| {
        onward
            .config("submission.delay_notice = \"1s\"")
            .config("delivery.budget = \"2s\"")
            .dns(&dns)
    };
    let Some(scene) = scene(&[], change) else { return };
    scene.others.on(Step::Rcpt, Action::reply("450 4.2.0 later"));
    let mut client = scene.onward.session();
    let text = b"From: <alice@spf.test>\r\n\r\nhello";
    client.transaction("alice@spf.test", &["sales@example.org"], text).expect("250 2.0.0");
    // The account's message, which is younger, is told of.
    scene.send("", &["<sales@example.org>"]);
    scene.home.wait_for_message();
    let waiting = scene.queue();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert_eq!(Dsn::only(scene.told()).recipients(), ["rfc822; sales@example.org delayed"]);
    scene.others.accept_all();
    scene.settle();
    assert_eq!(scene.home.count(), 1);
}

/// Who has stolen a password has the owner told nothing of what is held, until the owner lets that go on.
#[test]
fn what_is_held_is_told_of_once_it_goes_on() {
    let change =
        |onward: crate::support::onward::Builder| onward.config("submission.delay_notice = \"1s\"");
    let Some(scene) = scene(&[], change) else { return };
    scene.friend.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    let other = "sales@example.org";
    scene.onward.run(&["account", "add", "you@example.org", "--as", other]);
    let password =
        scene.onward.run(&["account", "password", "add", "you@example.org", "--label", "x"]);
    let mut client = scene.session_of("you@example.org", password.trim());
    scene.send("", &["<bob@friend.test>"]);
    scene.onward.run(&["account", "disable", "me@example.org"]);
    send(&mut client, other, "", &["<ann@friend.test>"]);
    scene.others.wait_for_message();
    assert_eq!(scene.home.count(), 0);
    scene.onward.run(&["account", "enable", "me@example.org"]);
    scene.home.wait_for_message();
    assert_eq!(Dsn::only(scene.told()).recipients(), ["rfc822; bob@friend.test delayed"]);
}
