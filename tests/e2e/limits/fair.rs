//! Destinations that never answer have no more than their share of the connections.

use super::{MESSAGE, connect_from, send};
use crate::support::{
    onward::Onward,
    receiver::{Action, Receiver, Step},
    wait_until,
};
use std::time::{Duration, Instant};

/// Messages to hosts that never answer.
const HELD: usize = 520;
/// Connections to all of those hosts, at least: five of them, each with a tenth of five hundred.
const AT_LEAST: usize = 250;

/// The middle of five.
fn usual(onward: &Onward, from: usize) -> Duration {
    let mut times: Vec<_> = (from..from + 5)
        .map(|nth| {
            let began = Instant::now();
            let mut client = connect_from("127.1.0.1", onward);
            client.reply().expect_code(220);
            client.ehlo("client.test").expect_code(250);
            let message = [MESSAGE, format!("{nth}\r\n").as_bytes()].concat();
            send(&mut client, &message).expect_code(250);
            began.elapsed()
        })
        .collect();
    times.sort();
    times[2]
}

#[test]
fn deliveries_that_hang_keep_no_other_from_its_destination() {
    let sink = Receiver::smtp().start();
    let tarpits = [
        Receiver::smtp().on(Step::Greeting, Action::Hang).start(),
        // One octet, and no more of it.
        Receiver::smtp().on(Step::Greeting, Action::Raw(b"2".to_vec())).start(),
        Receiver::smtp().on(Step::Mail, Action::Hang).start(),
        Receiver::smtp().on(Step::Body, Action::Hang).start(),
        Receiver::smtp().on(Step::FinalDot, Action::Hang).start(),
    ];
    let mut builder = Onward::forwarding_to(sink.name())
        .without_rates()
        .config("limits.connections_per_client = 1000");
    for (nth, tarpit) in tarpits.iter().enumerate() {
        builder = builder
            .alias(&format!("tarpit{nth}@example.org"), &[&format!("t@tarpit{nth}.test")])
            .route(&format!("tarpit{nth}.test"), tarpit.name());
    }
    let onward = builder.start();
    let quiet = usual(&onward, 1000);

    let _held: Vec<_> = (0..HELD)
        .map(|nth| {
            let mut client = connect_from("127.2.0.1", &onward);
            client.reply().expect_code(220);
            client.ehlo("client.test").expect_code(250);
            client.mail("a@client.test").expect_code(250);
            client.rcpt(&format!("tarpit{}@example.org", nth % 5)).expect_code(250);
            client.command("DATA").expect_code(354);
            client.send(&[MESSAGE, format!("{nth}\r\n.\r\n").as_bytes()].concat());
            client
        })
        .collect();
    let connections = || tarpits.iter().map(|tarpit| tarpit.connections().len()).sum::<usize>();
    wait_until("connections to hosts that never answer", || {
        (connections() >= AT_LEAST).then_some(())
    });
    let under_attack = usual(&onward, 2000);
    let bearable = (quiet * 2).max(quiet + Duration::from_millis(500));
    let hang = connections();
    assert!(under_attack <= bearable, "{quiet:?}, and {under_attack:?} beside {hang} that hang");
}
