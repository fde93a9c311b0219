//! Who sends is asked once for each transaction.

use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

#[test]
fn one_transaction_asks_for_spf_once_however_many_recipients_are_put_off() {
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    dns.txt("author.test", "v=spf1 ip4:127.0.0.1 -all");
    let onward = Onward::forwarding_to(&sink.address().to_string())
        .dns(&dns)
        .run_first(&["alias", "add", "later@example.org", "--defer"])
        .start();
    let mut client = onward.session();
    for round in 1..=2 {
        client.mail("ann@author.test").expect_code(250);
        for _ in 0..8 {
            client.rcpt("later@example.org").expect("450 4.2.1");
        }
        client.rcpt("hello@example.org").expect_code(250);
        client
            .data(b"From: <ann@author.test>\r\nMessage-ID: <1@author.test>\r\n\r\nx\r\n")
            .expect_code(250);
        assert_eq!(dns.queries("author.test"), round, "one question a transaction, TTL 0");
    }
}
