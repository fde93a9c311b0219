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

/// A spam of which rspamd has so many parts to look at; 25,000 have 900 kB.
fn heavy(parts: usize) -> Vec<u8> {
    let part = "--b\r\nContent-Type: text/plain\r\n\r\n";
    let fields =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nX-Test-Score: 20\r\n";
    let text = format!("{part}{GTUBE}\r\n{}--b--\r\n.\r\n", part.repeat(parts));
    [String::from_utf8(message(fields)).unwrap(), text].concat().into_bytes()
}

#[test]
fn a_flood_of_what_rspamd_takes_long_for_gets_nothing_past_it() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    for place in [rspamd.tcp(), rspamd.unix()] {
        let onward = onward(&sink, &dns, &place).config("filter.timeout = \"2s\"").start();
        let mut flood: Vec<Client> = (0..24).map(|_| super::in_data(&onward, SLOW)).collect();
        let heavy = heavy(25_000);
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

/// rspamd works on one message at a time: with a dozen heavy ones it was late for everybody, and spam of others went past.
#[test]
fn the_spam_of_others_is_refused_while_one_client_floods_rspamd() {
    let (sink, dns) = (Receiver::smtp().start(), dns());
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let onward = onward(&sink, &dns, &rspamd.tcp()).start();
    let mut flood: Vec<Client> = (0..24).map(|_| super::in_data(&onward, SLOW)).collect();
    let heavy = heavy(50_000);
    let spam = [message(""), format!("{GTUBE}\r\n").into_bytes()].concat();
    let codes: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = flood
            .iter_mut()
            .map(|client| {
                scope.spawn(|| {
                    client.send(&heavy);
                    client.reply().code
                })
            })
            .collect();
        for network in 0..6 {
            let ip = format!("198.51.{network}.1");
            let to = ["hello@example.org"];
            client(&onward, &ip).transaction("a@sender.test", &to, &spam).expect("550 5.7.1");
            send_from(&onward, &ip, "").expect_code(250);
        }
        sent.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|code| [451, 550].contains(code)), "{codes:?}");
    assert_eq!(sink.count(), 6);
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
