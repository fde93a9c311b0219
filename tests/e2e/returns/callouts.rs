//! Destinations that verify senders ask whether the reverse-path exists, and send nothing.

use super::{ALICE, bounce, spellings};
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;

#[test]
fn a_postfix_that_verifies_senders_takes_three_forwards_of_three() {
    let Some(postfix) = Postfix::builder() else { return };
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &postfix.address().to_string())
        .start();
    let postfix = postfix
        .mailbox("bob@sink.test")
        .relay(onward.address())
        .set("smtpd_recipient_restrictions", "reject_unverified_sender, permit_mynetworks, reject")
        .set("address_verify_map", "")
        .set("address_verify_poll_delay", "1s")
        .start();
    for (sender, count) in [(ALICE, 1), ("carol@sender.test", 2), ("dave@other.test", 3)] {
        let message = format!("From: <{sender}>\r\nMessage-ID: <{count}@x>\r\n\r\nhello\r\n");
        let mut client = onward.session();
        client.transaction(sender, &["hello@example.org"], message.as_bytes()).expect("250 2.0.0");
        postfix.wait_for_deliveries("bob@sink.test", count);
    }
    assert!(!postfix.log().iter().any(|line| line.contains("reject:")), "{:#?}", postfix.log());
}

#[test]
fn sixty_callouts_of_exim_use_up_nothing() {
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name()).route("sender.test", senders.name()).start();
    let address = onward.srs_forward(ALICE);
    let spellings = spellings(&address);
    for to in spellings.iter().cycle().take(60) {
        let mut client = onward.session();
        client.mail("").expect("250 2.1.0");
        client.rcpt(to).expect("250 2.1.5");
        client.quit().expect_code(221);
    }
    assert_eq!(senders.connections().len(), 0, "nobody is asked in turn");
    bounce(&onward, &address).expect("250 2.0.0");
    assert_eq!(senders.wait_for_message().to, [ALICE]);
}
