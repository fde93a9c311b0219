//! Destinations that are not there, do not answer, or break off: the sender keeps the message, hears
//! why, and loses nothing.

use crate::support::client::{Client, Reply};
use crate::support::dns::{Dns, Fault};
use crate::support::onward::Onward;
use crate::support::port::free_address;
use crate::support::receiver::{Action, Gate, Receiver, Step};
use std::time::{Duration, Instant};

const ALICE: &str = "alice@sender.test";
const ALIAS: &str = "hello@example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\n\r\nhello\r\n";

fn send(client: &mut Client) -> Reply {
    client.transaction(ALICE, &[ALIAS], MESSAGE)
}

#[test]
fn names_that_lead_nowhere() {
    let dns = Dns::start();
    dns.txt("no-address.test", "neither MX nor address").mx("lost.test", 10, "nowhere.lost.test");
    dns.null_mx("null.test").fault("broken.test", Fault::ServFail);
    let mut builder = Onward::builder().dns(&dns).domain("example.org");
    let domains = ["absent.test", "no-address.test", "lost.test", "null.test", "broken.test"];
    for domain in domains {
        builder = builder.alias(&format!("{domain}@example.org"), &[&format!("bob@{domain}")]);
    }
    let onward = builder.start();
    let mut client = onward.session();
    for (domain, reply) in
        domains.into_iter().zip(["550 5.1.2", "550 5.1.2", "451 4.4.4", "556 5.1.10", "451 4.4.3"])
    {
        let alias = format!("{domain}@example.org");
        let answer = client.transaction(ALICE, &[&alias], MESSAGE);
        assert!(answer.text().starts_with(reply), "{domain}: {answer}");
        let record = onward.wait_for_trace(&["--to", &alias], 1).remove(0);
        assert_eq!(record["reply"], answer.text());
        assert!(record["attempts"][0]["host"].as_str().unwrap().contains(domain), "{record}");
    }
}

#[test]
fn a_name_server_that_never_answers() {
    let dns = Dns::start();
    dns.fault("sink.test", Fault::Silence);
    let onward = Onward::builder()
        .dns(&dns)
        .domain("example.org")
        .alias(ALIAS, &["bob@sink.test"])
        .config("delivery.budget = \"3s\"")
        .start();
    let began = Instant::now();
    send(&mut onward.session()).expect("451 4.4.3");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(dns.queries("sink.test") > 0);
}

#[test]
fn a_destination_that_never_answers() {
    let receiver = Receiver::smtp().start();
    let onward = Onward::forwarding_to(receiver.name())
        .config("delivery.budget = \"2s\"")
        .config("delivery.final_patience = \"1s\"")
        .start();
    for step in [Step::Greeting, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::FinalDot] {
        receiver.drop_connections();
        receiver.on(step, Action::Hang);
        let began = Instant::now();
        let answer = send(&mut onward.session());
        assert!(answer.text().starts_with("451 4.4.7"), "{step:?}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(10), "{step:?}: {:?}", began.elapsed());
        receiver.accept_all();
    }
    assert_eq!(receiver.count(), 0);
    // Until then a message that is sent again waits for the verdict on the first copy.
    receiver.drop_connections();
    send(&mut onward.session()).expect("250 2.0.0");
    assert_eq!(receiver.count(), 1);
}

/// Connection reset after half a reply, at every step: no half reply is taken for a verdict.
#[test]
fn a_peer_that_resets_in_mid_reply() {
    let receiver = Receiver::smtp().start();
    let onward = Onward::forwarding_to(receiver.name()).start();
    let mut client = onward.session();
    let steps = [Step::Greeting, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::FinalDot];
    let halves: [&[u8]; 4] =
        [b"", b"2", b"250 2.0.0 ok, I have", b"250-2.0.0 ok\r\n250-2.0.0 and\r\n"];
    let mut tries = 0;
    for step in steps {
        for half in halves {
            for action in [Action::ResetAfter(half.to_vec()), Action::CloseAfter(half.to_vec())] {
                receiver.drop_connections();
                receiver.on(step, action);
                let answer = send(&mut client);
                // A reset at once may overtake the news that the connection is open.
                let unopened = step == Step::Greeting && answer.enhanced() == Some("4.4.1");
                let broke = answer.text().starts_with("451 4.4.2");
                assert!(broke || unopened, "{step:?}, {}: {answer}", half.escape_ascii());
                receiver.accept_all();
                tries += 1;
            }
        }
    }
    assert_eq!(receiver.count(), 0);
    send(&mut client).expect("250 2.0.0");
    assert_eq!(receiver.count(), 1);
    let records = onward.wait_for_trace(&["--to", ALIAS], tries + 1);
    let outcome = |wanted| records.iter().filter(|record| record["outcome"] == wanted).count();
    assert_eq!((outcome("deferred"), outcome("forwarded")), (tries, 1));
}

#[test]
fn a_verdict_counts_though_the_peer_resets_behind_it() {
    for (reply, answer) in [
        ("250 2.0.0 got it", "250 2.0.0"),
        ("554 5.7.1 no", "554 5.7.1"),
        ("450 4.2.0 no", "451 4.2.0"),
    ] {
        let whole = format!("{reply}\r\n").into_bytes();
        let receiver = Receiver::smtp().on(Step::FinalDot, Action::ResetAfter(whole)).start();
        let onward = Onward::forwarding_to(receiver.name()).start();
        send(&mut onward.session()).expect(answer);
        assert_eq!(receiver.attempts().len(), 1, "asked once");
    }
}

#[test]
fn a_destination_that_is_down_and_comes_back() {
    let address = free_address();
    let onward = Onward::forwarding_to(&address.to_string()).start();
    let mut client = onward.session();
    send(&mut client).expect("451 4.4.1");
    let receiver = Receiver::smtp().at(address).start();
    send(&mut client).expect("250 2.0.0");
    // Gone and back again between two messages: the kept connection is dead, which nobody notices.
    drop(receiver);
    let receiver = Receiver::smtp().at(address).start();
    send(&mut client).expect("250 2.0.0");
    assert_eq!(receiver.count(), 1);
}

/// The client is gone before it can hear the verdict: what it began is finished and told in the
/// journal, and what it did not finish is not delivered.
#[test]
fn a_client_that_resets() {
    let gate = Gate::new();
    let receiver = Receiver::smtp().on_message(1, Step::FinalDot, Action::hold(&gate)).start();
    let onward = Onward::forwarding_to(receiver.name()).start();
    let begin = || {
        let mut client = onward.session();
        client.mail(ALICE).expect_code(250);
        client.rcpt(ALIAS).expect_code(250);
        client.command("DATA").expect_code(354);
        client
    };
    let mut in_data = begin();
    in_data.send(MESSAGE);
    in_data.reset();
    assert_eq!(onward.wait_for_trace(&["--to", ALIAS], 1)[0]["outcome"], "aborted");
    let mut waiting = begin();
    waiting.send(&[MESSAGE, b".\r\n"].concat());
    gate.wait_for_arrivals(1);
    waiting.reset();
    gate.open();
    let records = onward.wait_for_trace(&["--to", ALIAS], 2);
    assert_eq!(records[1]["outcome"], "forwarded");
    assert_eq!(receiver.count(), 1);
    send(&mut onward.session()).expect("250 2.0.0");
}
