//! SIGTERM: what was begun is finished, nobody new is let in, and the end comes within the budget.

use crate::support::client::{Client, NoReply, stuffed};
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::{DEADLINE, wait_until};
use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

const ALICE: &str = "alice@sender.test";
const ALIAS: &str = "hello@example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nin time\r\n";

/// What a stop may take beyond the budget of a delivery, on a busy machine.
const MARGIN: Duration = Duration::from_secs(15);

/// A session that was told to send its message.
fn in_data(onward: &Onward) -> Client {
    let mut client = onward.session();
    client.mail(ALICE).expect_code(250);
    client.rcpt(ALIAS).expect_code(250);
    client.command("DATA").expect_code(354);
    client
}

fn expect_goodbye(client: &mut Client) {
    client.reply().expect("421 4.3.2");
    assert_eq!(client.eof(), Ok(Vec::new()), "nothing behind the 421");
}

#[test]
fn a_message_under_way_is_finished_and_an_idle_session_gets_421() {
    let gate = Gate::new();
    let receiver = Receiver::smtp().on_message(1, Step::FinalDot, Action::hold(&gate)).start();
    let mut onward = Onward::forwarding_to(receiver.name()).start();
    let mut delivering = in_data(&onward);
    delivering.send(&stuffed(MESSAGE));
    gate.wait_for_arrivals(1);
    let mut sending = in_data(&onward);
    let (first_half, second_half) = MESSAGE.split_at(MESSAGE.len() / 2);
    sending.send(first_half);

    let mut greeted = onward.connect();
    greeted.reply().expect_code(220);
    let mut known = onward.session();
    let mut addressed = onward.session();
    addressed.mail(ALICE).expect_code(250);
    addressed.rcpt(ALIAS).expect_code(250);

    onward.signal("TERM");
    for idle in [&mut greeted, &mut known, &mut addressed] {
        expect_goodbye(idle);
    }
    wait_until("the end of listening", || Client::try_connect(onward.address()).err());

    sending.send(&[second_half, b".\r\n"].concat());
    sending.reply().expect("250 2.0.0");
    expect_goodbye(&mut sending);
    assert_eq!(receiver.count(), 1, "the other one is still held");

    gate.open();
    delivering.reply().expect("250 2.0.0");
    expect_goodbye(&mut delivering);
    assert!(onward.wait_exit().success());
    assert_eq!(receiver.count(), 2);
}

#[test]
fn under_load_every_end_of_data_gets_its_verdict() {
    const SENDERS: usize = 8;
    let receiver = Receiver::smtp().counting().start();
    let mut onward = Onward::forwarding_to(receiver.name()).start();
    let accepted: HashSet<String> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let mut client = onward.session();
                scope.spawn(move || send_until_goodbye(&mut client, sender))
            })
            .collect();
        receiver.wait_for_count(300, DEADLINE);
        onward.signal("TERM");
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    assert!(onward.wait_exit().success());
    let arrived: Vec<String> =
        receiver.counted().into_iter().map(|message| message.message_id).collect();
    assert_eq!(arrived.len(), accepted.len(), "each once");
    assert!(arrived.into_iter().collect::<HashSet<_>>() == accepted);
}

/// The ids that were accepted. Only a command may be answered by 421, never a message.
fn send_until_goodbye(client: &mut Client, sender: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let id = format!("<{sender}.{}@stop.test>", accepted.len());
        let commands = ["MAIL FROM:<alice@sender.test>", "RCPT TO:<hello@example.org>", "DATA"];
        for command in commands {
            client.send(format!("{command}\r\n").as_bytes());
            let reply = client.try_reply().expect("no session ends without 421");
            if reply.code == 421 {
                reply.expect("421 4.3.2");
                assert!(matches!(client.try_reply(), Err(NoReply::Closed(_))));
                return accepted;
            }
            assert!(matches!(reply.code, 250 | 354), "{reply}");
        }
        let filling = "x".repeat(50).repeat(sender * 100);
        let message = format!("From: <a@sender.test>\r\nMessage-ID: {id}\r\n\r\n{filling}\r\n");
        client.send(&stuffed(message.as_bytes()));
        client.reply().expect("250 2.0.0");
        accepted.push(id);
    }
}

#[test]
fn a_destination_that_never_answers_holds_up_the_end_for_the_budget_only() {
    let gate = Gate::new();
    let receiver = Receiver::smtp().on(Step::FinalDot, Action::hold(&gate)).start();
    let mut onward = Onward::forwarding_to(receiver.name())
        .config("delivery.budget = \"2s\"")
        .config("delivery.final_patience = \"1s\"")
        .start();
    let mut client = in_data(&onward);
    client.send(&stuffed(MESSAGE));
    gate.wait_for_arrivals(1);
    let began = Instant::now();
    onward.signal("TERM");
    client.reply().expect("451 4.4.");
    expect_goodbye(&mut client);
    assert!(onward.wait_exit().success());
    // A verdict that comes late is heard for a while.
    let late = Duration::from_secs(20);
    assert!(began.elapsed() < Duration::from_secs(2) + late + MARGIN, "{:?}", began.elapsed());
}

#[test]
fn a_client_that_stalls_in_data_is_cut_off_without_a_verdict() {
    let receiver = Receiver::smtp().start();
    let mut onward =
        Onward::forwarding_to(receiver.name()).config("delivery.budget = \"1s\"").start();
    let mut client = in_data(&onward);
    client.send(b"From: <alice@sender.test>\r\n\r\nthis will not");
    let began = Instant::now();
    assert!(onward.terminate().success());
    assert!(began.elapsed() < Duration::from_secs(1) + MARGIN, "{:?}", began.elapsed());
    assert_eq!(client.eof(), Ok(Vec::new()), "no verdict, so the client keeps the message");
    assert_eq!(receiver.attempts().len(), 0);
}

#[test]
fn a_destination_that_ignores_quit_does_not_hold_up_the_end() {
    let receiver = Receiver::smtp().on(Step::Quit, Action::Hang).start();
    let mut onward = Onward::forwarding_to(receiver.name()).start();
    onward.session().transaction(ALICE, &[ALIAS], MESSAGE).expect("250 2.0.0");
    let began = Instant::now();
    assert!(onward.terminate().success());
    assert!(began.elapsed() < MARGIN, "{:?}", began.elapsed());
}
