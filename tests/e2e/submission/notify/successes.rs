//! Who has it is told once, by us or by whoever makes reports behind us.

use super::{Dsn, commands, scene};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;

#[test]
fn what_a_host_without_dsn_takes_is_told_as_relayed() {
    let Some(scene) = scene(&["PIPELINING"], |onward| onward) else { return };
    scene.send("RET=FULL ENVID=77", &["<bob@friend.test> NOTIFY=SUCCESS", "<ann@friend.test>"]);
    scene.settle();
    assert_eq!(commands(&scene.friend, "MAIL"), ["MAIL FROM:<hello@example.org>"]);
    assert_eq!(
        commands(&scene.friend, "RCPT"),
        ["RCPT TO:<bob@friend.test>", "RCPT TO:<ann@friend.test>"]
    );
    let dsn = Dsn::only(scene.told());
    assert_eq!(dsn.recipients(), ["rfc822; bob@friend.test relayed"]);
    assert!(dsn.first.starts_with("Handed on: bob@friend.test: 250 2.0.0"), "{}", dsn.first);
    assert_eq!(dsn.field(0, "Original-Envelope-Id"), Some("77"));
    assert_eq!(dsn.field(1, "Status"), Some("2.0.0"));
    assert_eq!(dsn.back_kind, "text/rfc822-headers", "the whole message with failures alone");
}

/// RFC 3461 §5.2.1.
#[test]
fn a_host_with_dsn_is_asked_and_tells_it_itself() {
    let Some(scene) = scene(&["PIPELINING", "DSN"], |onward| onward) else { return };
    scene.send(
        "ENVID=QQ+2B1 RET=HDRS",
        &[
            "<bob@friend.test> ORCPT=rfc822;B+2Bob@friend.test NOTIFY=DELAY,SUCCESS",
            "<ann@friend.test>",
        ],
    );
    scene.settle();
    assert_eq!(
        commands(&scene.friend, "MAIL"),
        ["MAIL FROM:<hello@example.org> RET=HDRS ENVID=QQ+2B1"]
    );
    assert_eq!(
        commands(&scene.friend, "RCPT"),
        [
            "RCPT TO:<bob@friend.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;B+2Bob@friend.test",
            "RCPT TO:<ann@friend.test>"
        ]
    );
    assert_eq!(scene.home.count(), 0);
}

/// RFC 3461 §5.2.7.4: where an alias leads is nobody's to know, so the mailbox's server is asked for nothing but silence.
#[test]
fn mail_to_an_alias_of_ours_is_told_of_the_alias_alone() {
    let Some(scene) = scene(&["DSN"], |onward| onward) else { return };
    scene.send(
        "ENVID=1 RET=FULL",
        &["<sales@example.org> NOTIFY=SUCCESS ORCPT=rfc822;Sales@example.org"],
    );
    scene.settle();
    assert_eq!(commands(&scene.others, "MAIL"), ["MAIL FROM:<hello@example.org>"]);
    assert_eq!(commands(&scene.others, "RCPT"), ["RCPT TO:<carol@others.test>"]);
    let dsn = Dsn::only(scene.told());
    assert_eq!(dsn.recipients(), ["rfc822; sales@example.org relayed"]);
    assert_eq!(dsn.field(1, "Original-Recipient"), Some("rfc822; Sales@example.org"));
    assert!(dsn.first.starts_with("Handed on: sales@example.org: 250 2.0.0"), "{}", dsn.first);

    scene.send("", &["<sales@example.org> NOTIFY=NEVER"]);
    scene.settle();
    assert_eq!(commands(&scene.others, "RCPT")[1], "RCPT TO:<carol@others.test> NOTIFY=NEVER");
    assert_eq!(scene.home.count(), 1);
}

/// Each of two mailboxes gets it in its own time, and one of them twice, as its answer was lost.
#[test]
fn a_success_is_told_once() {
    let Some(scene) = scene(&[], |onward| onward) else { return };
    scene.others.on(Step::FinalDot, Action::Close);
    scene.friend.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.send("", &["<both@example.org> NOTIFY=SUCCESS"]);
    wait_until("a copy whose answer is lost", || {
        (!scene.others.attempts().is_empty()).then_some(())
    });
    assert_eq!(scene.home.count(), 0);
    scene.others.accept_all();
    let told = scene.home.wait_for_message();
    scene.friend.accept_all();
    scene.settle();
    let dsn = Dsn::only(scene.told());
    assert_eq!(dsn.recipients(), ["rfc822; both@example.org relayed"]);
    assert_eq!((scene.others.count(), scene.friend.count()), (1, 1));
    assert!(scene.others.attempts().len() >= 2);
    assert_eq!(told.from, "");
}

#[test]
fn what_is_asked_survives_a_crash() {
    let Some(mut scene) = scene(&["DSN"], |onward| onward) else { return };
    scene.friend.on(Step::Mail, Action::reply("451 4.3.0 later"));
    scene.others.on(Step::Mail, Action::reply("451 4.3.0 later"));
    let asked = [
        "<bob@friend.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x",
        "<sales@example.org> NOTIFY=SUCCESS",
    ];
    scene.send("RET=HDRS ENVID=QQ", &asked);
    scene.send("RET=FULL", &["<gone@friend.test> NOTIFY=NEVER"]);
    scene.onward.kill_9();
    scene.friend.on_recipient("gone@friend.test", Action::reply("550 5.1.1 unknown"));
    scene.friend.on(Step::Mail, Action::Accept);
    scene.others.on(Step::Mail, Action::Accept);
    scene.onward.serve();
    scene.settle();
    let sent = commands(&scene.friend, "RCPT");
    let bob = "RCPT TO:<bob@friend.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x".to_owned();
    assert!(sent.contains(&bob), "{sent:?}");
    assert!(sent.contains(&"RCPT TO:<gone@friend.test> NOTIFY=NEVER".to_owned()), "{sent:?}");
    let mail = "MAIL FROM:<hello@example.org> RET=HDRS ENVID=QQ".to_owned();
    assert!(commands(&scene.friend, "MAIL").contains(&mail));
    let dsn = Dsn::only(scene.told());
    assert_eq!(dsn.recipients(), ["rfc822; sales@example.org relayed"]);
    assert_eq!(dsn.field(0, "Original-Envelope-Id"), Some("QQ"));
}
