//! `recipients`, `message_memory`, `received_hops`, `max_message_size`.

use super::{MESSAGE, memory_kilobytes, message_of, send};
use crate::support::client::{Client, Reply};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;

#[test]
fn recipients_of_a_transaction() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .alias("*@example.org", &["all@sink.test"])
        .config("limits.recipients = 3")
        .start();
    let mut client = onward.session();
    client.mail("a@client.test").expect_code(250);
    for recipient in ["a", "b", "c"] {
        client.rcpt(&format!("{recipient}@example.org")).expect_code(250);
    }
    client.rcpt("d@example.org").expect("452 4.5.3");
    client.data(MESSAGE).expect_code(250);
    client.transaction("a@client.test", &["d@example.org"], MESSAGE).expect_code(250);
    assert_eq!(sink.count(), 2);
}

#[test]
fn memory_for_messages_is_bounded_and_given_back() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.message_memory = \"1MiB\"")
        .config("delivery.max_message_size = \"1MiB\"")
        .start();
    let large = message_of(700_000);
    let mut first = onward.session();
    send_chunk(&mut first, &large).expect_code(250);

    let mut second = onward.session();
    send(&mut second, &large).expect("452 4.3.1");
    second.command("NOOP").expect_code(250);
    send(&mut second, MESSAGE).expect_code(250);
    // The chunks behind a refused one share its fate.
    send_chunk(&mut second, &large).expect("452 4.3.1");
    second.command("BDAT 0 LAST").expect("452 4.3.1");

    first.command("BDAT 0 LAST").expect_code(250);
    send(&mut second, &large).expect_code(250);
    assert_eq!(sink.count(), 3);
}

/// MAIL, RCPT, and the reply to a chunk that is not the last.
fn send_chunk(client: &mut Client, chunk: &[u8]) -> Reply {
    client.mail("a@client.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.send(format!("BDAT {}\r\n", chunk.len()).as_bytes());
    client.send(chunk);
    client.reply()
}

#[test]
fn a_message_of_the_announced_size_by_bdat_without_a_last_line_end_is_taken() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("delivery.max_message_size = \"10KiB\"")
        .start();
    let mut client = onward.session();
    let message = message_of(10_242);
    send_chunk(&mut client, &message[..10_240]).expect_code(250);
    client.command("BDAT 0 LAST").expect_code(250);
    assert_eq!(sink.count(), 1);
}

/// What is refused is not held, so it must not count either while its client stays connected.
#[test]
fn a_refused_message_holds_no_memory() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.message_memory = \"1MiB\"")
        .config("delivery.max_message_size = \"1MiB\"")
        .start();
    let large = message_of(700_000);
    let bad = [&large[..], b"bare\rCR\r\n"].concat();
    let mut others = onward.session();

    let mut bad_line_end = onward.session();
    send(&mut bad_line_end, &bad).expect("550 5.6.0");
    send(&mut others, &large).expect_code(250);

    let mut reset = onward.session();
    send_chunk(&mut reset, &large).expect_code(250);
    reset.command("RSET").expect_code(250);
    send(&mut others, &large).expect_code(250);
}

#[test]
fn received_fields() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).config("limits.received_hops = 5").start();
    let travelled = |hops| [&b"received: from x by y; z\r\n".repeat(hops), MESSAGE].concat();
    let mut client = onward.session();
    send(&mut client, &travelled(5)).expect_code(250);
    send(&mut client, &travelled(6)).expect("554 5.4.6");
    let quoted = [MESSAGE, b"Received: in the body\r\n".repeat(9).as_slice()].concat();
    send(&mut client, &quoted).expect_code(250);
    assert_eq!(sink.count(), 2);
}

#[test]
fn a_message_of_nothing_but_header_fields_is_refused() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route()).start();
    let mut client = onward.session();
    let endless = [MESSAGE, &b"A:\r\n".repeat(2_000_000)].concat();
    send(&mut client, &endless).expect_code(250);
    send(&mut client, &[&b"A:\r\n".repeat(2_000_000), MESSAGE].concat()).expect("552 5.3.4");
    let memory = memory_kilobytes(onward.process_id(), "VmHWM");
    assert!(memory < 64 * 1024, "{memory} kB for 8 MB");
    assert_eq!(sink.count(), 1);
}

#[test]
fn size_of_a_message() {
    let sink = Receiver::smtp().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("delivery.max_message_size = \"10KiB\"")
        .start();
    let mut client = onward.connect();
    client.reply().expect_code(220);
    let offered = client.ehlo("client.test");
    assert!(offered.lines.iter().any(|line| line.ends_with("SIZE 10240")), "{offered}");

    client.command("MAIL FROM:<a@client.test> SIZE=10241").expect("552 5.3.4");
    client.command("MAIL FROM:<a@client.test> SIZE=18446744073709551616").expect("552 5.3.4");
    send(&mut client, &message_of(10_241)).expect("552 5.3.4");
    send(&mut client, &message_of(10_240)).expect_code(250);

    for chunk in [10_241, 18_446_744_073_709_551_615_u64] {
        let mut client = onward.session();
        client.mail("a@client.test").expect_code(250);
        client.rcpt("hello@example.org").expect_code(250);
        // Its octets are not waited for.
        client.send(format!("BDAT {chunk} LAST\r\n").as_bytes());
        client.reply().expect("552 5.3.4");
        assert_eq!(client.eof(), Ok(Vec::new()));
    }
    assert_eq!(sink.count(), 1);
}
