//! What strangers write into messages.

use super::{MESSAGE, log_in, site};
use crate::support::dns::Dns;
use crate::support::receiver::Action;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use crate::web::browser::Browser;

#[test]
fn what_strangers_write_runs_nowhere_and_breaks_no_page() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    let markup = "<script>window.hurt=1</script><img src=x onerror=window.hurt=2>";
    let reply = format!("550 5.1.1 {markup} {}", "\"'>&lt;".repeat(50));
    sink.on_recipient("bob@sink.test", Action::reply(&reply));
    let long = "x".repeat(180);
    let quoted = "\"<script>window.hurt=3</script>\"";
    let turned = "\u{202e}gnp\u{200b}";
    let mut client = site.onward.connect();
    client.reply();
    client.ehlo("<b>\u{202e}&amp;<script>window.hurt=4</script>");
    for (from, to) in [
        (format!("{quoted}@spf.test"), "hello@example.org".to_owned()),
        (format!("{turned}@spf.test"), "hello@example.org".to_owned()),
        ("a@spf.test".to_owned(), format!("{quoted}@example.org")),
        ("a@spf.test".to_owned(), format!("{turned}@example.org")),
        (format!("a@{}.spf.test", long[..60].to_owned()), format!("{}@example.org", &long[..64])),
    ] {
        client.command(&format!("MAIL FROM:<{from}> SMTPUTF8"));
        if client.command(&format!("RCPT TO:<{to}>")).code == 250 {
            client.data(MESSAGE);
        }
        client.command("RSET");
    }
    drop(client);
    log_in(&site, &browser, &[]);
    let ids = wait_until("all of them", || {
        browser.open("/messages");
        let ids = browser.eval("return [...document.querySelectorAll('#results tbody a')].map(a => a.getAttribute('href'))");
        let ids: Vec<String> = serde_json::from_value(ids).unwrap();
        (ids.len() >= 2).then_some(ids)
    });
    assert!(!browser.source().contains('\u{202e}'));
    browser.axe_finds_nothing();
    browser.screenshot("messages-hostile");
    for id in &ids {
        browser.open(id);
        assert_eq!(browser.eval("return window.hurt === undefined"), true, "{id}");
        assert!(!browser.source().contains('\u{202e}'), "{id}");
    }
    let first = ids.last().unwrap();
    browser.open(first);
    browser.axe_finds_nothing();
    browser.screenshot("message-hostile");
    // What is looked for stands in the page too.
    let search = "/messages?from=%22%3E%3Cscript%3Ewindow.hurt%3D5%3C%2Fscript%3E&to=%E2%80%AEx";
    browser.open(search);
    assert_eq!(browser.eval("return window.hurt === undefined"), true);
    let complaints = browser.console();
    assert!(complaints.iter().all(|one| one.contains("422")), "{complaints:?}");
}
