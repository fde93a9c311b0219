//! How much returns: to one sender, from one client, and in all.

use super::{ALICE, BOUNCE, bounce, session_from, spellings};
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};

#[test]
fn three_separators_have_one_counter() {
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name())
        .route("sender.test", senders.name())
        .config("srs.max_uses_per_day = 3")
        .start();
    let address = onward.srs_forward(ALICE);
    for to in spellings(&address) {
        bounce(&onward, &to).expect("250 2.0.0");
    }
    for to in spellings(&address) {
        let refused = bounce(&onward, &to).expect("450 4.7.1");
        assert!(refused.text().contains("too often today"), "{}", refused.text());
    }
    bounce(&onward, &onward.srs_forward("carol@sender.test")).expect("250 2.0.0");
    assert_eq!(senders.count(), 4);
}

#[test]
fn a_client_has_a_tenth_of_what_returns_in_all() {
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name())
        .route("sender.test", senders.name())
        .config("srs.max_returns = \"20/1h\"")
        .start();
    let to = onward.srs_forward(ALICE);
    let send = |client: u8| {
        session_from(&format!("127.0.0.{client}"), &onward).transaction("", &[&to], BOUNCE)
    };
    for client in 1..=10 {
        send(client).expect("250 2.0.0");
        send(client).expect("250 2.0.0");
        if client == 1 {
            let refused = send(client).expect("450 4.7.1");
            assert!(refused.text().contains("Too much mail returns"), "{}", refused.text());
        }
    }
    send(11).expect("450 4.7.1");
    assert_eq!(senders.count(), 20);
}

/// What its destination defers comes again; one bounce is one use, however often it is tried.
#[test]
fn a_bounce_that_is_put_off_is_no_use() {
    let senders = Receiver::smtp().start();
    let onward = Onward::forwarding_to(senders.name())
        .route("sender.test", senders.name())
        .config("srs.max_uses_per_day = 1")
        .config("spool.max_messages = 0")
        .start();
    let to = onward.srs_forward(ALICE);
    senders.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    for _ in 0..3 {
        bounce(&onward, &to).expect("451 4.2.0");
    }
    senders.accept_all();
    bounce(&onward, &to).expect("250 2.0.0");
    bounce(&onward, &to).expect("450 4.7.1");
}
