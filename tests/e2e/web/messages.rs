//! Where is my mail: real mail through the daemon, and what becomes of it told in a browser.

mod hostile;
mod rights;

use super::{browser::Browser, site::Site};
use crate::support::{
    dns::Dns,
    onward::Onward,
    receiver::{Action, Receiver, Step},
    wait_until,
};
use serde_json::Value;

const MESSAGE: &[u8] =
    b"From: <alice@spf.test>\r\nSubject: x\r\nMessage-ID: <1@spf.test>\r\n\r\nx\r\n";

/// A page over a daemon that hands its mail to `sink`, for senders that `dns` knows.
fn site(sink: &Receiver, dns: &Dns) -> Site {
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let builder = Onward::builder().dns(dns).route("sink.test", &sink.route());
    let builder = builder.route("spf.test", &sink.route()).config("spool.retry = [\"1h\"]");
    let site = Site::start_with(builder);
    for address in ["hello@example.org", "hello@other.test"] {
        site.onward.run(&["alias", "add", address, "bob@sink.test"]);
    }
    site
}

/// Logs in as whoever these arguments of `onward web login` name.
#[track_caller]
fn log_in(site: &Site, browser: &Browser, arguments: &[&str]) {
    browser.open(&site.link(arguments));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    // Of the page that people come to first another test sees to.
    browser.console();
}

/// Sends a mail; gives the reply.
#[track_caller]
fn send(site: &Site, from: &str, to: &[&str]) -> String {
    send_as(site, from, to, MESSAGE)
}

#[track_caller]
fn send_as(site: &Site, from: &str, to: &[&str], message: &[u8]) -> String {
    let mut client = site.onward.session();
    client.mail(from).expect_code(250);
    for recipient in to {
        let reply = client.rcpt(recipient);
        if reply.code != 250 {
            return reply.text();
        }
    }
    client.data(message).text()
}

/// Opens the story of the one message that a search finds, once it is there.
#[track_caller]
fn open_found(browser: &Browser, search: &str) {
    wait_until(format!("a message at {search}"), || {
        browser.open(search);
        (browser.count("#results tbody tr") == 1).then_some(())
    });
    browser.click("#results tbody a");
    browser.wait_for_text("What happens next");
}

/// What waits in the spool.
fn waiting_at(site: &Site) -> Vec<Value> {
    let lines = site.onward.run(&["queue", "list", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until so many messages wait, and none is being sent.
#[track_caller]
fn wait_for_waiting(site: &Site, count: usize) -> Vec<Value> {
    wait_until(format!("{count} messages to wait"), || {
        let all = waiting_at(site);
        let is_calm = all.iter().all(|message| message["state"] == "queued");
        (all.len() == count && is_calm).then_some(all)
    })
}

#[track_caller]
fn shows(browser: &Browser, texts: &[&str]) {
    let body = browser.text("main");
    for text in texts {
        assert!(body.contains(text), "{text:?} is not in {body}");
    }
}

#[test]
fn a_mail_that_was_forwarded_is_found_and_told_of() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    log_in(&site, &browser, &["--domain", "example.org"]);
    browser.open("/messages");
    shows(&browser, &["No message has come yet"]);
    browser.axe_finds_nothing();
    browser.screenshot("messages-none");
    send(&site, "alice@spf.test", &["hello@example.org"]);
    send(&site, "alice@spf.test", &["hello@other.test"]);
    sink.wait_for_messages(2);
    open_found(&browser, "/messages?from=alice%40spf.test");
    shows(
        &browser,
        &[
            "forwarded",
            "The envelope says that alice@spf.test sent it.",
            "It is for hello@example.org.",
            "127.0.0.1 brought it",
            "SPF passes: spf.test lets this server send its mail.",
            "hello@example.org is an alias here.",
            "took it for bob@sink.test",
            "Nothing: the destination has it.",
        ],
    );
    assert!(!browser.source().contains("other.test"), "that is somebody else's");
    browser.axe_finds_nothing();
    browser.screenshot("message-forwarded");
    browser.open("/messages?from=nobody");
    shows(&browser, &["This is no sender"]);
    browser.axe_finds_nothing();
    browser.screenshot("messages-wrong-search");
    // The browser tells of every answer that is an error.
    let complaints = browser.console();
    assert!(complaints.iter().all(|one| one.contains("422")), "{complaints:?}");
    browser.open("/messages?to=%40sink.test&outcome=forwarded");
    assert_eq!(browser.count("#results tbody tr"), 1);
    browser.open("/messages?outcome=refused");
    shows(&browser, &["No message is found."]);
    browser.no_console_errors();
}

#[test]
fn each_refusal_says_why() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("_dmarc.bank.test", "v=DMARC1; p=reject");
    let site = site(&sink, &dns);
    site.onward.run(&["alias", "add", "off@example.org", "bob@sink.test"]);
    site.onward.run(&["alias", "add", "no@example.org", "gone@sink.test"]);
    site.onward.run(&["alias", "disable", "off@example.org"]);
    site.onward.run(&["alias", "set", "hello@example.org", "--block", "@spam.test"]);
    site.onward.run(&["block", "add", "@evil.test"]);
    sink.on_recipient("gone@sink.test", Action::reply("550 5.1.1 <gone@sink.test> unknown"));
    let forged = b"From: <ceo@bank.test>\r\nMessage-ID: <1@bank.test>\r\n\r\nx\r\n";
    for (from, to, message, why) in [
        ("a@one.test", "nobody@example.org", MESSAGE, "There is no such alias"),
        ("a@two.test", "off@example.org", MESSAGE, "The alias takes no mail any more"),
        (
            "a@spam.test",
            "hello@example.org",
            MESSAGE,
            "The alias blocks @spam.test, and the sender is a@spam.test.",
        ),
        ("a@evil.test", "hello@example.org", MESSAGE, "@evil.test is blocked for all domains here"),
        (
            "a@four.test",
            "hello@example.org",
            &forged[..],
            "DMARC fails: nothing proves that it is from bank.test",
        ),
        (
            "a@five.test",
            "no@example.org",
            MESSAGE,
            "There is no such mailbox there. Check where the alias leads.",
        ),
    ] {
        let reply = send_as(&site, from, &[to], message);
        let person = site.admin();
        let path = format!("/messages?from={}", from.replace('@', "%40"));
        let page = wait_until(format!("{from} in the journal"), || {
            let page = site.get(&person, &path);
            page.body.contains("href=\"/messages/").then_some(page)
        });
        let (_, rest) = page.body.split_once("href=\"/messages/").unwrap();
        let id = rest.split('"').next().unwrap();
        let story = site.get(&person, &format!("/messages/{id}"));
        assert_eq!(story.status, 200);
        assert!(story.body.contains(why), "{from} ({reply}): {why:?} is not in {}", story.body);
        assert!(story.body.contains("refused"), "{from}");
    }
}

/// What waits, tried by the button, blocked and allowed: with script and without.
fn waits_and_is_ruled(site: &Site, sink: &Receiver, browser: &Browser) {
    sink.on(Step::FinalDot, Action::reply("452 4.2.2 The mailbox is over quota"));
    log_in(site, browser, &["--domain", "example.org"]);
    send(site, "alice@spf.test", &["hello@example.org"]);
    wait_for_waiting(site, 1);
    open_found(browser, "/messages?outcome=spooled");
    shows(
        browser,
        &[
            "waits here",
            "did not take it yet for bob@sink.test",
            "452 4.2.2 The mailbox is over quota",
            "The mailbox is full. Its owner has to make room.",
            "bob@sink.test: next attempt after 1 so far, at",
            "Then alice@spf.test is told.",
        ],
    );
    let story = browser.path();
    sink.on(Step::FinalDot, Action::reply("250 2.0.0 ok"));
    browser.click("#retry");
    browser.wait_for_text("It is tried now.");
    sink.wait_for_message();
    wait_until("the end of the story", || {
        browser.open(&story);
        browser.text("main").contains("took it for bob@sink.test").then_some(())
    });
    assert_eq!(browser.count("#retry"), 0, "nothing waits any more");

    browser.click("form[action$='/block'] button");
    browser.wait_for_text("alice@spf.test is blocked.");
    assert!(
        send(site, "alice@spf.test", &["hello@example.org"])
            .contains("does not accept mail from this sender")
    );
    open_found(browser, "/messages?outcome=refused");
    shows(browser, &["The alias blocks alice@spf.test, and the sender is alice@spf.test."]);
    browser.click("#explain");
    browser.wait_for_text("It would be refused:");
    shows(browser, &["The alias hello@example.org answers."]);
    browser.click("form[action$='/allow'] button");
    browser.wait_for_text("alice@spf.test is allowed.");
    send(site, "alice@spf.test", &["hello@example.org"]);
    sink.wait_for_messages(2);
}

#[test]
fn what_waits_is_tried_by_a_button_and_who_sends_is_blocked_and_allowed() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    waits_and_is_ruled(&site, &sink, &browser);
    browser.axe_finds_nothing();
    browser.screenshot("message-refused");
    browser.open("/messages");
    browser.axe_finds_nothing();
    browser.screenshot("messages");
    browser.no_console_errors();
}

#[test]
fn the_same_of_messages_without_script() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    waits_and_is_ruled(&site, &sink, &browser);
    // Searching is a form like another.
    browser.open("/messages");
    browser.fill("#field-from", "nobody@spf.test");
    browser.press("Find");
    browser.wait_for_text("No message is found.");
    browser.no_console_errors();
}

#[test]
fn a_message_that_comes_while_one_watches_appears() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    log_in(&site, &browser, &[]);
    browser.open("/messages");
    browser.eval("window.isSamePage = true");
    send(&site, "alice@spf.test", &["hello@example.org"]);
    browser.wait_for_text("alice@spf.test");
    assert_eq!(browser.eval("return window.isSamePage === true"), true, "nobody loaded it anew");
    // And is searched for as one types.
    browser.fill("#field-to", "nobody@example.org");
    browser.wait_for_text("No message is found.");
    assert!(browser.path().contains("to=nobody%40example.org"), "{}", browser.path());
    browser.no_console_errors();
}

#[test]
fn a_from_that_was_replaced_is_told_of() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("_dmarc.spf.test", "v=DMARC1; p=reject");
    let site = site(&sink, &dns);
    send(&site, "alice@spf.test", &["hello@example.org"]);
    let arrived = sink.wait_for_message();
    assert!(arrived.header("From").unwrap().contains("<hello@example.org>"), "{arrived:?}");
    let record = site.onward.wait_for_trace(&[], 1).remove(0);
    let page = site.get(&site.admin(), &format!("/messages/{}", record["id"].as_str().unwrap()));
    for told in ["Only SPF proves its sender", "From is now the alias"] {
        assert!(page.body.contains(told), "{told}: {}", page.body);
    }
}
