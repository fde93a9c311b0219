//! `errors` and the time-outs.

use super::{MESSAGE, begin_data, connect_from};
use crate::support::client::{Client, NoReply, Reply};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::{DEADLINE, wait_until};
use std::time::{Duration, Instant};

/// Between two bytes of a slow client; far below every time-out here.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends `piece` again and again, with a pause after each, until a reply comes.
fn drip(client: &mut Client, piece: &[u8]) -> Reply {
    client.set_deadline(PAUSE);
    let began = Instant::now();
    loop {
        client.send(piece);
        match client.try_reply() {
            Ok(reply) => return reply,
            Err(NoReply::Silent) if began.elapsed() < DEADLINE => {}
            Err(why) => panic!("no reply to a slow client: {why:?}"),
        }
    }
}

#[test]
fn errors_end_the_session() {
    let onward = Onward::builder().config("limits.errors = 3").start();
    let mut client = onward.session();
    client.command("WHAT").expect("500 5.5.2");
    client.command("DATA").expect("503 5.5.1");
    client.mail("a@b@c").expect("501 5.1.7");
    client.command("NOOP").expect_code(250);
    client.command("WHAT").expect("421 4.7.0");
    assert_eq!(client.eof().unwrap(), b"");
    onward.session().command("WHAT").expect("500 5.5.2");
}

#[test]
fn forged_srs_addresses_count_over_sessions() {
    let onward = Onward::builder().config("limits.forged_srs_per_client = \"3/1h\"").start();
    let forged = onward.srs_forward("someone@sender.test").replace("someone", "someon3");
    let guess = |client: &mut Client| {
        client.reply().expect_code(220);
        client.ehlo("client.test").expect_code(250);
        client.mail("").expect_code(250);
        client.rcpt(&forged).expect("550 5.7.1");
    };
    let mut client = onward.connect();
    guess(&mut client);
    client.rcpt(&forged).expect("550 5.7.1");
    client.rcpt(&forged).expect("550 5.7.1");
    client.quit().expect_code(221);

    let mut next_session = onward.session();
    next_session.mail("").expect_code(250);
    next_session.rcpt(&forged).expect("421 4.7.0");

    let mut another_client = connect_from("127.0.0.2", &onward);
    guess(&mut another_client);
    another_client.rcpt(&forged).expect("550 5.7.1");
}

#[test]
fn a_command_must_come_whole_in_time() {
    let onward = Onward::builder().config("limits.command_timeout = \"1s\"").start();
    let began = Instant::now();
    let mut slow = onward.session();
    drip(&mut slow, b"x").expect("421 4.4.2");
    assert_eq!(slow.eof().unwrap(), b"");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());

    let mut silent = onward.connect();
    silent.reply().expect_code(220);
    silent.reply().expect("421 4.4.2");
}

#[test]
fn each_command_has_its_time() {
    let onward = Onward::builder().config("limits.command_timeout = \"2s\"").start();
    let mut client = onward.session();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        client.set_deadline(PAUSE);
        assert_eq!(client.try_reply(), Err(NoReply::Silent));
        client.set_deadline(DEADLINE);
        client.command("NOOP").expect_code(250);
    }
}

#[test]
fn a_message_may_be_slow_but_not_stand_still() {
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(&sink.route()).config("limits.data_timeout = \"1s\"").start();
    let mut slow = onward.session();
    begin_data(&mut slow);
    slow.send(MESSAGE);
    let began = Instant::now();
    slow.set_deadline(PAUSE);
    while began.elapsed() < Duration::from_secs(2) {
        slow.send(b"x\r\n");
        assert_eq!(slow.try_reply(), Err(NoReply::Silent));
    }
    slow.set_deadline(DEADLINE);
    slow.send(b".\r\n");
    slow.reply().expect_code(250);

    begin_data(&mut slow);
    slow.send(MESSAGE);
    slow.reply().expect("421 4.4.2");
    assert_eq!(slow.eof().unwrap(), b"");
    assert_eq!(sink.count(), 1, "half a message is none");
}

#[test]
fn a_session_ends_in_time_whatever_it_does() {
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(&sink.route()).config("limits.session_timeout = \"1s\"").start();
    let mut busy = onward.session();
    let began = Instant::now();
    drip(&mut busy, b"").expect("421 4.4.2");
    assert_eq!(busy.eof().unwrap(), b"");
    assert!(began.elapsed() < DEADLINE / 2);

    let mut in_data = onward.session();
    begin_data(&mut in_data);
    drip(&mut in_data, b"x\r\n").expect("421 4.4.2");
    assert_eq!(sink.attempts().len(), 0);
}

/// There is always something to read from this client, so that no read ever waits.
#[test]
fn a_session_that_never_pauses_ends_in_time_too() {
    let sink = Receiver::smtp().start();
    let onward =
        Onward::forwarding_to(&sink.route()).config("limits.session_timeout = \"1s\"").start();
    let mut client = onward.session();
    begin_data(&mut client);
    let began = Instant::now();
    let flood = b"Subject: on and on\r\n".repeat(50_000);
    client.set_deadline(Duration::from_millis(1));
    let reply = loop {
        client.send(&flood);
        match client.try_reply() {
            Err(NoReply::Silent) if began.elapsed() < DEADLINE => {}
            ended => break ended,
        }
    };
    // The reset that our unread bytes cause may overtake the reply.
    match reply {
        Ok(reply) => drop(reply.expect("421 4.4.2")),
        Err(why) => assert!(matches!(why, NoReply::Closed(_)), "{why:?}"),
    }
    wait_until("the journal", || {
        onward.run(&["trace", "--json"]).contains("\"outcome\":\"aborted\"").then_some(())
    });
}
