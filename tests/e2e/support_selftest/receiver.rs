use std::io::ErrorKind;
use std::io::Read;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::client::{Client, NoReply};
use crate::support::receiver::{Action, Gate, Receiver, Step, body_hash};
use crate::support::{DEADLINE, peer};

#[test]
fn a_message_is_kept_to_the_byte() {
    let receiver = Receiver::smtp().start();
    let mut client = Client::session(receiver.address());
    client.command("MAIL FROM:<\"a>b\"@sender.test> SIZE=9 BODY=8BITMIME").expect("250 2.1.0");
    client.rcpt("bob@sink.test").expect("250 2.1.5");
    client.command("DATA").expect("354");
    client.send(b"Subject: folded\r\n here\r\n\r\n..dot\r\n\xFF\0bare\ncr\r.\r\n..\r\n.\r\n");
    client.reply().expect("250 2.0.0");
    client.quit().expect("221");
    let message = receiver.wait_for_message();
    assert_eq!(message.from, "\"a>b\"@sender.test");
    assert_eq!(message.mail, "MAIL FROM:<\"a>b\"@sender.test> SIZE=9 BODY=8BITMIME");
    assert_eq!(message.to, ["bob@sink.test"]);
    assert_eq!(message.body(), b".dot\r\n\xFF\0bare\ncr\r.\r\n.\r\n");
    assert!(message.raw.ends_with(b"\r\n..\r\n.\r\n"));
    assert_eq!(message.header("subject").as_deref(), Some("folded here"));
    receiver.wait_for_all_closed();
    let connection = &receiver.connections()[0];
    assert_eq!(connection.commands[0], b"EHLO client.test\r\n");
    assert_eq!(connection.lines().last().map(String::as_str), Some("QUIT"));
}

#[test]
fn replies_follow_the_rules() {
    let receiver = Receiver::smtp()
        .keywords(&["SIZE 100"])
        .on_recipient("full@sink.test", Action::reply("552 5.2.2 full"))
        .on_message(2, Step::FinalDot, Action::reply("450-4.2.1 not\n450 4.2.1 now"))
        .rule(|at| (at.from == "bad@sender.test").then(|| Action::reply("550 5.7.1 not you")))
        .start();
    let mut client = Client::connect(receiver.address());
    client.reply().expect("220");
    assert_eq!(client.ehlo("x").lines, ["250-receiver.test", "250 SIZE 100"]);
    client.mail("bad@sender.test").expect("550 5.7.1");
    client.rcpt("bob@sink.test").expect("503");
    client.mail("good@sender.test").expect("250");
    client.rcpt("full@sink.test").expect("552 5.2.2");
    client.command("DATA").expect("503");
    client.rcpt("bob@sink.test").expect("250");
    client.data(b"once\r\n").expect("450-4.2.1 not\n450 4.2.1 now");
    client.transaction("", &["bob@sink.test"], b"twice\r\n").expect("250");
    receiver.on(Step::Mail, Action::reply("421 4.3.2 later"));
    client.mail("good@sender.test").expect("421");
    receiver.accept_all();
    client.mail("bad@sender.test").expect("250");
    assert_eq!(receiver.messages().len(), 1);
    assert_eq!(receiver.attempts().len(), 2);
    assert_eq!(receiver.transactions(), 5);
    assert_eq!(receiver.attempts()[0].to, ["bob@sink.test"]);
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let receiver = Receiver::smtp().start();
    let mut client = Client::session(receiver.address());
    client.send(b"MAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n");
    for code in [250, 250, 354] {
        client.reply().expect_code(code);
    }
    client.send(b".\r\nRSET\r\nNOOP\r\nVRFY x\r\n");
    for code in [250, 250, 250, 500] {
        client.reply().expect_code(code);
    }
    assert_eq!(receiver.wait_for_message().data, b"");
}

#[test]
fn lmtp_answers_for_each_recipient_and_takes_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let receiver = Receiver::lmtp()
        .unix(&path)
        .rule(|at| {
            let full = at.step == Step::FinalDot && at.recipient == "full@sink.test";
            full.then(|| Action::reply("552 5.2.2 full"))
        })
        .start();
    assert_eq!(receiver.route(), format!("lmtp:unix:{}", path.display()));
    let mut stream = UnixStream::connect(&path).unwrap();
    std::io::Write::write_all(
        &mut stream,
        b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@sink.test>\r\nRCPT TO:<full@sink.test>\r\nDATA\r\n\
          text\r\n.\r\nQUIT\r\n",
    )
    .unwrap();
    let mut dialogue = String::new();
    stream.read_to_string(&mut dialogue).unwrap();
    assert!(dialogue.ends_with("taken as 1\r\n552 5.2.2 full\r\n221 2.0.0 bye\r\n"), "{dialogue}");
    assert_eq!(receiver.wait_for_message().replies.len(), 2);
}

#[test]
fn a_gate_holds_until_it_is_opened() {
    let gate = Gate::new();
    let verdict = Action::hold(&gate).then(Action::reply("550 5.0.0 no"));
    let receiver = Receiver::smtp().on(Step::FinalDot, verdict).start();
    let mut client = Client::session(receiver.address());
    client.mail("").expect("250");
    client.rcpt("bob@sink.test").expect("250");
    client.command("DATA").expect("354");
    client.send(b".\r\n");
    gate.wait_for_arrivals(1);
    client.set_deadline(Duration::from_millis(50));
    assert_eq!(client.try_reply(), Err(NoReply::Silent));
    assert_eq!(receiver.attempts().len(), 0);
    gate.open();
    client.set_deadline(DEADLINE);
    client.reply().expect("550 5.0.0 no");
    assert_eq!((receiver.attempts().len(), receiver.count()), (1, 0));
}

#[test]
fn connections_are_closed_reset_or_left_hanging() {
    let receiver = Receiver::smtp()
        .on_connection(1, Step::Connect, Action::Close)
        .on_connection(2, Step::Greeting, Action::ResetAfter(b"220-half".to_vec()))
        .on_connection(3, Step::Ehlo, Action::last_reply("421 4.3.2 busy"))
        .on_connection(4, Step::Body, Action::Reset)
        .on_connection(5, Step::Mail, Action::Hang)
        .start();
    let mut closed = Client::connect(receiver.address());
    assert_eq!(closed.eof(), Ok(Vec::new()));

    let mut stream = TcpStream::connect(receiver.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut half = Vec::new();
    let error = stream.read_to_end(&mut half).unwrap_err();
    assert_eq!((half.as_slice(), error.kind()), (&b"220-half"[..], ErrorKind::ConnectionReset));

    let mut busy = Client::connect(receiver.address());
    busy.reply().expect("220");
    busy.ehlo("x").expect("421 4.3.2 busy");
    assert_eq!(busy.eof(), Ok(Vec::new()));

    let mut cut = Client::session(receiver.address());
    cut.mail("").expect("250");
    cut.rcpt("bob@sink.test").expect("250");
    cut.command("DATA").expect("354");
    cut.send(b"the beginning");
    assert_eq!(cut.try_reply(), Err(NoReply::Closed(String::new())));

    let mut hanging = Client::session(receiver.address());
    hanging.set_deadline(Duration::from_millis(50));
    hanging.send(b"MAIL FROM:<>\r\nQUIT\r\n");
    assert_eq!(hanging.try_reply(), Err(NoReply::Silent));
    receiver.drop_connections();
    hanging.set_deadline(DEADLINE);
    assert_eq!(hanging.eof(), Ok(Vec::new()));
    assert_eq!(receiver.count(), 0);
    receiver.wait_for_connections(5);
}

#[test]
fn a_dropped_receiver_is_gone_and_its_port_can_be_taken_again() {
    let receiver = Receiver::smtp().start();
    let address = receiver.address();
    let mut client = Client::session(address);
    drop(receiver);
    assert_eq!(client.eof(), Ok(Vec::new()));
    assert!(TcpStream::connect(address).is_err());
    let again = Receiver::smtp().at(address).start();
    Client::session(address).transaction("", &["bob@sink.test"], b"").expect("250");
    assert_eq!(again.count(), 1);
}

/// The ends of data that some server somewhere has taken; all but the first are wrong.
const ENDS: [&[u8]; 12] = [
    b"\r\n.\r\n",
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r.\n",
    b"\n.\r",
    b"\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
];

#[test]
fn a_lenient_receiver_takes_every_end_of_data_and_a_strict_one_only_the_right_one() {
    for (number, end) in ENDS.iter().enumerate() {
        let smuggled = [
            b"first",
            *end,
            b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<bob@sink.test>\r\nDATA\r\nsecond\r\n.\r\n",
        ]
        .concat();
        let received = |receiver: Receiver| {
            let mut client = Client::session(receiver.address());
            client.mail("good@sender.test").expect("250");
            client.rcpt("bob@sink.test").expect("250");
            client.command("DATA").expect("354");
            client.send(&smuggled);
            client.send(b"QUIT\r\n");
            client.eof().unwrap();
            receiver.wait_for_messages(1).len()
        };
        assert_eq!(received(Receiver::smtp().lenient().start()), 2, "lenient: {end:?}");
        let strictly = if number == 0 { 2 } else { 1 };
        assert_eq!(received(Receiver::smtp().start()), strictly, "strict: {end:?}");
    }
}

#[test]
fn a_lenient_receiver_takes_stuffed_mail_as_it_is() {
    let receiver = Receiver::smtp().lenient().start();
    let message = b".\r\n..\r\na.\r\n. \r\n";
    Client::session(receiver.address()).transaction("", &["bob@sink.test"], message).expect("250");
    assert_eq!(receiver.wait_for_message().data, message);
}

#[test]
fn counting_keeps_ids_and_hashes() {
    let receiver = Receiver::smtp().counting().start();
    let message = b"Message-ID: <1@x.test>\r\n\r\nbody\r\n";
    Client::session(receiver.address()).transaction("", &["bob@sink.test"], message).expect("250");
    let counted = receiver.counted();
    assert_eq!((counted.len(), counted[0].message_id.as_str()), (1, "<1@x.test>"));
    assert_eq!((counted[0].body, counted[0].size), (body_hash(b"body\r\n"), message.len()));
    assert_eq!(receiver.attempts().len(), 0);
}

#[test]
fn swaks_delivers_here() {
    let receiver = Receiver::smtp().start();
    let server = receiver.address().to_string();
    let Some(swaks) = peer::run(
        "swaks",
        &["--server", &server, "--from", "a@x.test", "--to", "b@y.test", "--body", "hello"],
    ) else {
        return;
    };
    assert!(swaks.success, "{}", swaks.output);
    let message = receiver.wait_for_message();
    assert_eq!((message.from.as_str(), message.to[0].as_str()), ("a@x.test", "b@y.test"));
    assert!(message.body().starts_with(b"hello"));
}

#[test]
fn smtp_source_delivers_thousands_and_none_is_counted_twice() {
    const COUNT: usize = 3000;
    let receiver = Receiver::smtp().counting().start();
    let server = receiver.address().to_string();
    let count = COUNT.to_string();
    let started = Instant::now();
    let arguments = ["-d", "-s", "20", "-m", &count, "-l", "2000", "-f", "a@x.test"];
    let arguments = [&arguments[..], &["-t", "b@y.test", &server]].concat();
    let Some(source) = peer::run_for(Duration::from_secs(60), "smtp-source", &arguments) else {
        return;
    };
    assert!(source.success, "{}", source.output);
    receiver.wait_for_count(COUNT, DEADLINE);
    let mut ids: Vec<String> =
        receiver.counted().into_iter().map(|message| message.message_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((receiver.count(), ids.len()), (COUNT, COUNT));
    eprintln!("{COUNT} messages in {:?}", started.elapsed());
}

#[test]
fn sessions_do_not_wait_for_each_other() {
    let gate = Gate::new();
    let receiver = Receiver::smtp().on_connection(1, Step::Greeting, Action::hold(&gate)).start();
    let address = receiver.address();
    let held = thread::spawn(move || Client::session(address));
    gate.wait_for_arrivals(1);
    Client::session(address).quit().expect("221");
    gate.open();
    held.join().unwrap().quit().expect("221");
}
