//! What becomes of an answer that nobody takes.

use super::*;
use crate::support::receiver::{Action, Step};

#[test]
fn a_refusal_comes_to_the_mailbox_by_way_of_the_alias() {
    let Some(site) = Site::start(|builder| builder) else { return };
    site.friend.on(Step::Rcpt, Action::reply("550 5.1.1 no such user here"));
    site.jo_answers(BOB, "").expect("250 2.0.0");
    let notice = site.home.wait_for_message();
    assert_eq!(notice.to, ["jo@home.test"]);
    let text = String::from_utf8_lossy(&notice.data).into_owned();
    assert!(text.contains("no such user here") && text.contains("bob@friend.test"), "{text}");
    assert!(!text.contains("jo@home.test"), "{text}");
    assert!(!holds(&site.seen_by_friend(), "home.test"));
}

#[test]
fn a_bounce_that_comes_later_does_too() {
    let Some(site) = Site::start(|builder| builder) else { return };
    site.jo_answers(BOB, "").expect("250 2.0.0");
    let got = site.friend.wait_for_message();
    assert_eq!(got.from, "hello@example.org");
    let bounce = "From: MAILER-DAEMON@friend.test\r\nTo: hello@example.org\r\nSubject: Undelivered\r\n\
                  Message-ID: <b@friend.test>\r\n\r\nmailbox full\r\n";
    site.send(FRIEND, "", "hello@example.org", &site.signed("friend.test", bounce))
        .expect_code(250);
    let came = site.home.wait_for_message();
    assert_eq!(came.to, ["jo@home.test"]);
    assert_eq!(came.header("Reply-To"), None, "nobody answers a bounce");
}

#[test]
fn what_cannot_leave_now_leaves_later_once() {
    let Some(mut site) = Site::start(|builder| builder.config("spool.retry = [\"1s\"]")) else {
        return;
    };
    site.friend.on(Step::Mail, Action::reply("451 4.3.0 not now"));
    site.jo_answers(BOB, "").expect("250 2.0.0");
    site.friend.wait_for_connections(1);
    site.onward.kill_9();
    site.friend.accept_all();
    site.onward.serve();
    let got = site.friend.wait_for_message();
    assert_eq!(
        (&*got.from, got.header("From").as_deref()),
        ("hello@example.org", Some("hello@example.org"))
    );
}
