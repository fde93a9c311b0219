//! Several recipients, several destinations: each gets the message once.

use super::{ALIAS, ALICE, MALLORY, scene};
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;

/// `both@example.org`: bob at the sink, and carol at a second receiver.
fn both() -> (super::Scene, Receiver) {
    let other = Receiver::smtp().start();
    let scene = scene(|onward| {
        onward
            .route("other.test", other.name())
            .alias("both@example.org", &["bob@sink.test", "carol@other.test"])
            .alias("carol@example.org", &["carol@other.test"])
    });
    (scene, other)
}

#[test]
fn two_destinations_of_one_alias_one_of_them_down_for_an_authenticated_sender() {
    let (mut scene, other) = both();
    other.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send(ALICE, &["both@example.org"]).expect("250 2.0.0");
    assert_eq!(scene.sink.count(), 1);
    assert_eq!(scene.queue().len(), 1);
    scene.onward.kill_9();
    scene.onward.serve();
    other.accept_all();
    assert_eq!(other.wait_for_message().to, ["carol@other.test"]);
    scene.wait_for_outcome("both@example.org", "forwarded");
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!((scene.sink.count(), other.count()), (1, 1), "nobody twice");
}

#[test]
fn two_destinations_of_one_alias_one_of_them_down_for_anybody_else() {
    let (mut scene, other) = both();
    other.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send(MALLORY, &["both@example.org"]).expect("451 ");
    assert_eq!((scene.sink.count(), scene.queue().len()), (1, 0));
    scene.onward.kill_9();
    scene.onward.serve();
    scene.send(MALLORY, &["both@example.org"]).expect("451 ");
    other.accept_all();
    scene.send(MALLORY, &["both@example.org"]).expect("250 2.0.0");
    assert_eq!((scene.sink.count(), other.count()), (1, 1), "nobody twice");
}

/// Who is authenticated may mix destination groups: a DSN can tell what one reply cannot.
#[test]
fn a_second_group_is_for_authenticated_senders() {
    let (scene, other) = both();
    scene._dns.txt("all.test", "v=spf1 +all");
    let mut client = scene.onward.session();
    for (from, answer) in [
        (MALLORY, "452 4.5.3"),
        ("", "452 4.5.3"),
        ("anybody@all.test", "452 4.5.3"),
        (ALICE, "250 2.1.5"),
    ] {
        client.mail(from).expect_code(250);
        client.rcpt(ALIAS).expect("250 2.1.5");
        client.rcpt("carol@example.org").expect(answer);
        client.command("RSET").expect_code(250);
    }
    scene.send(ALICE, &[ALIAS, "carol@example.org"]).expect("250 2.0.0");
    assert_eq!((scene.sink.count(), other.count()), (1, 1));
}

#[test]
fn of_two_recipients_one_is_deferred() {
    let (scene, other) = both();
    other.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[ALIAS, "carol@example.org"]).expect("250 2.0.0");
    assert_eq!(scene.sink.count(), 1);
    assert_eq!(scene.queue()[0]["to"], serde_json::json!(["carol@example.org"]));
    other.accept_all();
    assert_eq!(other.wait_for_message().to, ["carol@other.test"]);
    scene.wait_for_outcome(ALIAS, "forwarded");
    assert_eq!((scene.sink.count(), scene.senders.count()), (1, 0));
}

/// 452 beside an acceptance: too many recipients for one transaction, and the rest can follow at once.
#[test]
fn recipients_beyond_what_the_destination_takes_at_once_follow() {
    let scene = scene(|onward| {
        onward.alias("dora@example.org", &["dora@sink.test"]).config("spool.retry = [\"1h\"]")
    });
    scene.sink.on(Step::Data, Action::reply("451 4.3.0 not yet"));
    scene.send(ALICE, &[ALIAS, "dora@example.org"]).expect("250 2.0.0");
    scene.sink.accept_all();
    scene.sink.rule(|at| {
        let is_second =
            at.step == Step::Rcpt && at.recipient == "dora@sink.test" && at.message == 2;
        is_second.then(|| Action::reply("452 4.5.3 too many recipients"))
    });
    scene.onward.run(&["queue", "retry", "--all"]);
    let to: Vec<_> =
        scene.sink.wait_for_messages(2).into_iter().map(|message| message.to).collect();
    assert_eq!(to, [["bob@sink.test"], ["dora@sink.test"]]);
}
