//! Debian's Postfix as the destination.

use super::scene;
use crate::support::postfix::Postfix;

/// It offers DSN, so it tells the success, and we do not; its report comes to the alias, as other mail.
#[test]
fn postfix_makes_the_report_that_the_sender_asked_for() {
    let Some(postfix) = Postfix::builder() else { return };
    let route = postfix.address().to_string();
    let Some(scene) = scene(&[], |onward| onward.route("postfix.test", &route)) else { return };
    let postfix = postfix
        .mailbox("bob@postfix.test")
        .failing("full@postfix.test", "5.2.2 the mailbox is full")
        .relay(scene.onward.address())
        .start();
    let asked = ["<bob@postfix.test> NOTIFY=SUCCESS ORCPT=rfc822;Bob@postfix.test"];
    scene.send("ENVID=QQ+2B1 RET=HDRS", &asked);
    postfix.wait_for_deliveries("bob@postfix.test", 1);
    scene.home.wait_for_message();
    scene.send("", &["<full@postfix.test> NOTIFY=NEVER"]);
    scene.send("ENVID=2", &["<full@postfix.test> NOTIFY=FAILURE"]);
    scene.home.wait_for_messages(2);
    scene.settle();
    postfix.wait_for_empty_queue();
    let told = scene.told();
    let [success, failure] = &told[..] else { panic!("{} DSNs", told.len()) };
    assert_eq!(success.recipients(), ["rfc822; bob@postfix.test delivered"]);
    assert_eq!(success.field(0, "Original-Envelope-Id"), Some("QQ+1"));
    assert_eq!(success.field(1, "Original-Recipient"), Some("rfc822;Bob@postfix.test"));
    assert!(!success.field(0, "Reporting-MTA").unwrap().contains("mx.example.org"));
    assert_eq!(failure.recipients(), ["rfc822; full@postfix.test failed"]);
    assert_eq!(failure.field(0, "Original-Envelope-Id"), Some("2"));
}
