//! What returns to SRS addresses: who may write there, how often, and what is not asked of a bounce.

mod callouts;
mod limits;
mod marked;
mod no_returns;
mod policed;

use crate::support::client::{Client, Reply};
use crate::support::onward::Onward;

const ALICE: &str = "alice@sender.test";
const BOUNCE: &[u8] = b"From: <MAILER-DAEMON@sink.test>\r\nSubject: Undelivered\r\n\r\nsorry\r\n";

/// Sends a bounce to `to`; the reply to RCPT where that refuses.
fn bounce(onward: &Onward, to: &str) -> Reply {
    onward.session().transaction("", &[to], BOUNCE)
}

/// The reply to RCPT in a transaction from `from`.
fn rcpt(onward: &Onward, from: &str, to: &str) -> Reply {
    let mut client = onward.session();
    client.mail(from).expect_code(250);
    client.rcpt(to)
}

/// As a client of another address.
fn session_from(address: &str, onward: &Onward) -> Client {
    let mut client = Client::connect_from(address.parse().unwrap(), onward.address());
    client.reply().expect_code(220);
    client.ehlo("client.test").expect_code(250);
    client
}

/// The three ways to write one SRS address.
fn spellings(address: &str) -> [String; 3] {
    ["=", "+", "-"].map(|separator| format!("SRS0{separator}{}", &address[5..]))
}
