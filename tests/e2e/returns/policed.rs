//! Callouts and floods at a Postfix that asks our policy service or our milter.

use super::{ALICE, BOUNCE};
use crate::support::client::Client;
use crate::support::onward::{Builder, Onward};
use crate::support::postfix::{self, Postfix};
use crate::support::receiver::Receiver;
use std::net::SocketAddr;

fn as_relay(sink: &Receiver) -> Option<postfix::Builder> {
    let postfix = Postfix::builder()?;
    let postfix = postfix.relay(sink.address()).set("relay_transport", "smtp");
    Some(postfix.set("relay_domains", "example.org other.test"))
}

/// Asked of everything that is decided by a policy service.
fn with_policy(postfix: postfix::Builder, policy: SocketAddr) -> Postfix {
    let check = format!("check_policy_service inet:{policy}");
    postfix
        .set("smtpd_recipient_restrictions", &format!("{check}, permit_mynetworks, reject"))
        .set("smtpd_data_restrictions", &check)
        .set("smtpd_end_of_data_restrictions", &check)
        .start()
}

fn limited(builder: Builder) -> Builder {
    builder.config("srs.max_uses_per_day = 2")
}

/// A callout changes nothing and is answered truly; what somebody sends is refused, and so is the third bounce.
fn asks_and_sends(postfix: &Postfix, onward: &Onward, refuses_at_data: bool) {
    let to = onward.srs_forward(ALICE);
    let session = || Client::session(postfix.address());
    for from in ["", "double-bounce@sink.test"].into_iter().cycle().take(10) {
        let mut client = session();
        client.mail(from).expect_code(250);
        client.rcpt(&to).expect_code(250);
        client.quit();
    }
    let mut client = session();
    client.mail("mallory@evil.test").expect_code(250);
    client.rcpt(&to).expect_code(250);
    // The other recipient is not lost with it.
    client.rcpt("bob@other.test").expect("452 4.5.3");
    let refused = match refuses_at_data {
        true => client.command("DATA"),
        false => client.data(BOUNCE),
    };
    assert!(refused.expect("550 5.7.1").text().contains("bounces only"));
    let mut client = session();
    client.mail("mallory@evil.test").expect_code(250);
    client.rcpt("bob@other.test").expect_code(250);
    client.rcpt(&to).expect("452 4.5.3");
    client.data(BOUNCE).expect_code(250);

    for _ in 0..2 {
        session().transaction("", &[&to], BOUNCE).expect_code(250);
    }
    let refused = session().transaction("", &[&to], BOUNCE).expect("450 4.7.1");
    assert!(refused.text().contains("too often today"), "{}", refused.text());
    session().transaction("", &[&onward.srs_forward("carol@sender.test")], BOUNCE).expect_code(250);
}

#[test]
fn the_policy_service_answers_callouts_and_refuses_at_data() {
    let sink = Receiver::smtp().start();
    let Some(postfix) = as_relay(&sink) else { return };
    let (builder, policy) = limited(Onward::builder()).listen("policy", &[]);
    let onward = builder.start();
    let postfix = with_policy(postfix, policy);
    asks_and_sends(&postfix, &onward, true);
    sink.wait_for_messages(4);
    // Two SRS addresses of one transaction could not be told from each other at its end.
    let mut client = Client::session(postfix.address());
    client.mail("").expect_code(250);
    client.rcpt(&onward.srs_forward("dave@sender.test")).expect_code(250);
    client.rcpt(&onward.srs_forward("erin@sender.test")).expect("452 4.5.3");
}

#[test]
fn the_milter_answers_callouts_and_refuses_at_the_end_of_data() {
    let sink = Receiver::smtp().start();
    let Some(postfix) = as_relay(&sink) else { return };
    let (builder, milter) = limited(Onward::builder()).listen("milter", &[]);
    let onward = builder.start();
    let postfix = postfix
        .set("smtpd_milters", &format!("inet:{milter}"))
        .set("milter_default_action", "tempfail")
        .start();
    asks_and_sends(&postfix, &onward, false);
    let arrived = sink.wait_for_messages(4);
    assert!(arrived.iter().any(|message| message.to == [ALICE]), "turned back");
}

/// A client of the milter has a tenth of what returns.
#[test]
fn the_milter_counts_against_the_client() {
    let sink = Receiver::smtp().start();
    let Some(postfix) = as_relay(&sink) else { return };
    let builder = Onward::builder().config("srs.max_returns = \"20/1h\"");
    let (builder, milter) = builder.listen("milter", &[]);
    let onward = builder.start();
    let postfix = postfix.set("smtpd_milters", &format!("inet:{milter}")).start();
    let to = onward.srs_forward(ALICE);
    let send = |address: &str| {
        let mut client = Client::connect_from(address.parse().unwrap(), postfix.address());
        client.reply().expect_code(220);
        client.ehlo("client.test").expect_code(250);
        client.transaction("", &[&to], BOUNCE)
    };
    for address in ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"] {
        send(address).expect_code(250);
    }
    send("127.0.0.2").expect("450 4.7.1");
    send("127.0.0.3").expect_code(250);
}
