//! `early_talker`, `data_rate`, `header_fields`, and what happens when places run short: who speaks out of turn or
//! dawdles is shown the door, and who has brought mail before still comes in.

use super::{MESSAGE, begin_data, connect_from, message_of, send};
use crate::support::{
    client::Client,
    onward::{Builder, Onward},
    receiver::Receiver,
    wait_until,
};

/// A client behind a proxy: header and what follows are in one segment, so that nothing can overtake.
fn proxied(onward: &Onward, text: &str) -> Client {
    let mut client = onward.connect();
    let header = "PROXY TCP4 192.0.2.1 198.51.100.25 40000 25\r\n";
    client.send(format!("{header}{text}").as_bytes());
    client
}

fn behind_a_proxy(sink: &Receiver) -> Builder {
    Onward::forwarding_to(&sink.route()).smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
}

#[test]
fn who_speaks_before_the_greeting_is_shown_the_door() {
    let sink = Receiver::smtp().start();
    let onward = behind_a_proxy(&sink).start();
    let mut early = proxied(&onward, "EHLO client.test\r\n");
    early.reply().expect("554 5.5.1");
    assert_eq!(early.eof(), Ok(Vec::new()));
    let mut patient = proxied(&onward, "");
    patient.reply().expect_code(220);
    patient.ehlo("client.test").expect_code(250);
    send(&mut patient, MESSAGE).expect_code(250);

    let tolerant = behind_a_proxy(&sink).config("limits.early_talker = false").start();
    let mut early = proxied(&tolerant, "EHLO client.test\r\n");
    early.reply().expect_code(220);
    early.reply().expect_code(250);
}

#[test]
fn who_does_not_wait_for_the_reply_to_ehlo_is_shown_the_door() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).start();
    for greeting in ["EHLO", "HELO"] {
        let mut early = onward.connect();
        early.reply().expect_code(220);
        early.send(format!("{greeting} client.test\r\nMAIL FROM:<a@client.test>\r\n").as_bytes());
        early.reply().expect("554 5.5.1");
        assert_eq!(early.eof(), Ok(Vec::new()));
    }
}

#[test]
fn who_does_not_wait_for_the_354_is_shown_the_door() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).start();
    let mut early = onward.session();
    let group = "MAIL FROM:<a@client.test>\r\nRCPT TO:<hello@example.org>\r\nDATA\r\n";
    early.send(&[group.as_bytes(), MESSAGE, b".\r\n"].concat());
    early.reply().expect_code(250);
    early.reply().expect_code(250);
    early.reply().expect("554 5.5.1");
    assert_eq!(early.eof(), Ok(Vec::new()));
    assert_eq!(sink.count(), 0);
    // A group that ends in DATA is what RFC 2920 is for.
    let mut patient = onward.session();
    patient.send(group.as_bytes());
    patient.reply().expect_code(250);
    patient.reply().expect_code(250);
    patient.reply().expect_code(354);
    patient.send(&[MESSAGE, b".\r\n"].concat());
    patient.reply().expect_code(250);
    assert_eq!(sink.count(), 1);
}

#[test]
fn header_fields_of_a_message() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).config("limits.header_fields = 10").start();
    let mut client = onward.session();
    let with = |fields: usize| [&b"a:\r\n".repeat(fields - 2), MESSAGE].concat();
    send(&mut client, &with(10)).expect_code(250);
    send(&mut client, &with(11)).expect("552 5.3.4");
    assert_eq!(sink.count(), 1);
}

/// So many clients that say nothing, none of them the other's neighbour.
fn crowd(onward: &Onward, count: usize) -> Vec<Client> {
    (1..=count)
        .map(|host| {
            let mut client = connect_from(&format!("127.0.{host}.1"), onward);
            client.reply().expect_code(220);
            client
        })
        .collect()
}

#[test]
fn while_places_run_short_strangers_have_a_tenth_of_the_time_and_known_clients_a_place() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 10")
        .config("limits.connections_per_client = 10")
        .config("limits.command_timeout = \"20s\"")
        .start();
    let mut known = onward.session();
    send(&mut known, MESSAGE).expect_code(250);
    known.quit().expect_code(221);

    let _idle = crowd(&onward, 9);
    let stranger = || connect_from("127.0.20.1", &onward).reply().code;
    assert_eq!(stranger(), 421);
    let mut known = onward.session();
    // Two seconds, until enough of the others are gone.
    wait_until("a place for a stranger", || (stranger() == 220).then_some(()));
    send(&mut known, MESSAGE).expect_code(250);
}

#[test]
fn a_client_that_stays_connected_is_known_from_its_first_message_on() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 10")
        .config("limits.connections_per_client = 10")
        .start();
    let mut stays = onward.session();
    send(&mut stays, MESSAGE).expect_code(250);
    let _idle = crowd(&onward, 8);
    assert_eq!(connect_from("127.0.20.1", &onward).reply().code, 421, "a stranger");
    onward.connect().reply().expect_code(220);
    stays.quit().expect_code(221);
}

#[test]
fn a_message_that_trickles_is_given_up() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 10")
        .config("limits.connections_per_client = 10")
        .start();
    let mut slow = connect_from("127.0.30.1", &onward);
    slow.reply().expect_code(220);
    slow.ehlo("client.test").expect_code(250);
    begin_data(&mut slow);
    let mut quick = connect_from("127.0.30.2", &onward);
    quick.reply().expect_code(220);
    quick.ehlo("client.test").expect_code(250);
    begin_data(&mut quick);
    quick.send(&message_of(100_000));
    // Nine of ten places: thirty seconds are three.
    let _crowd = crowd(&onward, 7);
    slow.send(b"From: a@client.test\r\n");
    slow.reply().expect("421 4.4.2");
    quick.send(b".\r\n");
    quick.reply().expect_code(250);
    assert_eq!(sink.count(), 1);
}
