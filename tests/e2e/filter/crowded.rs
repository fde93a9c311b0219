//! One client sends what the filter takes long for, or more than the filter gets through: only that client waits or
//! comes again.

use super::{client, dns, last_record, message, onward, send, send_from};
use crate::support::{
    client::Client,
    fake_filter::{FakeFilter, Say},
    receiver::Receiver,
    rspamd::{GTUBE, Rspamd},
};

const SLOW: &str = "192.0.2.66";

/// Ten messages at once that the filter says nothing about in time, and `fail` is `accept`.
#[test]
fn a_client_that_floods_the_filter_gets_nothing_past_it() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::NothingOf(SLOW));
    let onward = onward(&sink, &dns, &filter.place())
        .config("filter.timeout = \"2s\"")
        .config("filter.connections = 8")
        .start();
    let mut flood: Vec<Client> = (0..10).map(|_| super::in_data(&onward, SLOW)).collect();
    for client in &mut flood {
        client.send(&[&message("")[..], b".\r\n"].concat());
    }
    for client in &mut flood {
        let reply = client.reply().expect("451 4.7.1").to_string();
        assert!(reply.contains("Too many of your messages"), "{reply}");
    }
    assert_eq!(sink.count(), 0);
    send(&onward, "").expect_code(250);
    assert_eq!(last_record(&onward, 11)["filter"]["action"], "no action");
    // One that comes alone is no flood.
    send_from(&onward, SLOW, "").expect_code(250);
    assert!(last_record(&onward, 12)["filter"].is_null());
}

#[test]
fn slow_messages_of_one_client_do_not_switch_the_filter_off_for_others() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let filter = FakeFilter::start(Say::NothingOf(SLOW));
    let onward = onward(&sink, &dns, &filter.place()).config("filter.timeout = \"300ms\"").start();
    for _ in 0..4 {
        client(&onward, SLOW)
            .transaction("a@sender.test", &["postmaster@example.org"], &message(""))
            .expect_code(250);
    }
    send(&onward, "").expect_code(250);
    assert_eq!(last_record(&onward, 5)["filter"]["action"], "no action");
}

/// A spam of 900 kB of which rspamd has 25,000 parts to look at.
fn heavy() -> Vec<u8> {
    let part = "--b\r\nContent-Type: text/plain\r\n\r\n";
    let fields =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nX-Test-Score: 20\r\n";
    let parts = format!("{part}{GTUBE}\r\n{}--b--\r\n.\r\n", part.repeat(25_000));
    [String::from_utf8(message(fields)).unwrap(), parts].concat().into_bytes()
}

#[test]
fn a_flood_of_what_rspamd_takes_long_for_gets_nothing_past_it() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    for place in [rspamd.tcp(), rspamd.unix()] {
        let onward = onward(&sink, &dns, &place).config("filter.timeout = \"2s\"").start();
        let mut flood: Vec<Client> = (0..24).map(|_| super::in_data(&onward, SLOW)).collect();
        let heavy = heavy();
        std::thread::scope(|scope| {
            for client in &mut flood {
                scope.spawn(|| client.send(&heavy));
            }
        });
        let codes: Vec<u16> = flood.iter_mut().map(|client| client.reply().code).collect();
        assert!(codes.iter().all(|code| [451, 550].contains(code)), "{place}: {codes:?}");
        assert!(codes.contains(&451), "too few to crowd: {codes:?}");
        assert_eq!(sink.count(), 0, "{place}");
    }
}

/// rspamd tells all addresses of links, which may be more than is read of an answer.
#[test]
fn spam_with_ten_thousand_links_does_not_get_past_the_filter() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let onward = onward(&sink, &dns, &rspamd.tcp()).config("filter.timeout = \"60s\"").start();
    let long = "abcdefghij.".repeat(18);
    let links: String = (0..12_000).map(|n| format!("http://{n}.{long}com/\r\n")).collect();
    let spam = [message("X-Test-Score: 20\r\n"), links.into_bytes()].concat();
    let mut client = client(&onward, SLOW);
    let reply = client.transaction("a@sender.test", &["hello@example.org"], &spam);
    reply.expect("451 4.3.0");
    assert_eq!(sink.count(), 0);
    let note = last_record(&onward, 1)["note"].as_str().unwrap().to_owned();
    assert!(note.contains("more than 1048576 octets"), "{note}");
}
