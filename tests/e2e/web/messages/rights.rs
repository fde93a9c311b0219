//! Whose messages are whose, and what waits for whom.

use super::{log_in, send, shows, site, wait_for_waiting, waiting_at};
use crate::support::dns::Dns;
use crate::support::receiver::Receiver;
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use crate::web::browser::Browser;
use crate::web::site::Person;

#[test]
fn nobody_sees_or_touches_messages_of_others() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    sink.on(Step::FinalDot, Action::reply("450 4.2.1 later"));
    send(&site, "alice@spf.test", &["hello@example.org"]);
    send(&site, "alice@spf.test", &["hello@example.org", "hello@other.test"]);
    let waiting = wait_for_waiting(&site, 2);
    let ids: Vec<&str> = waiting.iter().map(|message| message["id"].as_str().unwrap()).collect();
    let (own, mixed) = (format!("/messages/{}", ids[0]), format!("/messages/{}", ids[1]));
    let (anna, otto, admin) = (site.owner("example.org"), site.owner("other.test"), site.admin());
    let both = site.log_in(&["--domain", "example.org", "--domain", "other.test"]);
    let status = |person: &Person, path: &str| site.get(person, path).status;
    wait_until("the journal", || {
        (status(&admin, &own) == 200 && status(&admin, &mixed) == 200).then_some(())
    });
    assert_eq!((status(&anna, &own), status(&otto, &own)), (200, 404));
    assert_eq!((status(&anna, &mixed), status(&otto, &mixed)), (200, 200));
    assert_eq!((status(&anna, "/queue"), status(&admin, "/queue")), (404, 200));
    assert_eq!(status(&Person::nobody(), &own), 303, "to log in");
    let page = site.get(&anna, &mixed).body;
    assert!(
        !page.contains("other.test") && page.contains("recipients of other domains too"),
        "{page}"
    );
    assert!(!site.get(&anna, "/messages").body.contains("other.test"));
    // What became of all of it is not told to whom a part belongs, nor found by a search; that his own waits is.
    assert!(page.contains("badge\">taken<") && !page.contains("waits here"), "{page}");
    assert!(page.contains("next attempt after 1 so far"), "{page}");
    let found = |path: &str| site.get(&anna, path).body.matches("href=\"/messages/").count();
    assert_eq!((found("/messages"), found("/messages?outcome=spooled")), (2, 1));
    for page in [site.get(&both, &mixed).body, site.get(&admin, &mixed).body] {
        assert!(page.contains("other.test") && page.contains("id=\"retry\""), "{page}");
    }
    let chosen = format!("id={}", ids[0]);
    let form = "pattern=address&for=alias+hello%40example.org";
    for (person, path, form, wanted) in [
        (&otto, format!("{own}/retry"), "", 404),
        (&otto, format!("{own}/drop"), "", 404),
        (&otto, format!("{own}/block"), form, 404),
        (&otto, format!("{own}/explain"), "", 404),
        (&anna, format!("{mixed}/retry"), "", 422),
        (&anna, format!("{mixed}/drop"), "", 422),
        (&otto, format!("{mixed}/block"), form, 422),
        (&anna, format!("{own}/block"), "pattern=address&for=all", 422),
        (&anna, format!("{own}/block"), "pattern=address&for=domain+other.test", 422),
        (&anna, "/queue/drop".to_owned(), chosen.as_str(), 404),
        (&Person::nobody(), format!("{own}/drop"), "", 403),
        (&anna, format!("{own}/block"), "pattern=domain&for=domain+example.org", 303),
        (&admin, format!("{own}/block"), "pattern=address&for=all", 303),
    ] {
        assert_eq!(site.post(person, &path, form).status, wanted, "{path} {form}");
    }
    let blocks = site.onward.run(&["block", "list"]);
    assert!(
        blocks.contains("@spf.test for example.org") && blocks.contains("alice@spf.test for all"),
        "{blocks}"
    );
    // Nothing of all that took what waits away.
    assert_eq!(waiting_at(&site).len(), 2);
    assert_eq!(site.post(&anna, &format!("{own}/drop"), "").status, 303);
    wait_until("it to be gone", || (waiting_at(&site).len() == 1).then_some(()));
}

#[test]
fn what_waits_stands_in_the_queue_by_where_it_goes() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let site = site(&sink, &dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    log_in(&site, &browser, &[]);
    browser.open("/queue");
    shows(&browser, &["Nothing waits."]);
    browser.axe_finds_nothing();
    sink.on(Step::FinalDot, Action::reply("450 4.2.0 Greylisted, come again"));
    send(&site, "alice@spf.test", &["hello@example.org"]);
    send(&site, "alice@spf.test", &["hello@other.test"]);
    wait_for_waiting(&site, 2);
    browser.open("/queue");
    assert_eq!(browser.count("tbody tr"), 2);
    assert!(browser.text("main h2").contains("sink.test"));
    browser.axe_finds_nothing();
    browser.screenshot("queue");
    browser.press("Drop the chosen");
    browser.wait_for_text("Nothing was chosen.");
    browser.click("tbody tr:first-child input");
    browser.press("Drop the chosen");
    browser.wait_for_text("1 changed.");
    sink.on(Step::FinalDot, Action::reply("250 2.0.0 ok"));
    browser.click("tbody tr:first-child input");
    browser.press("Try the chosen again now");
    browser.wait_for_text("1 changed.");
    sink.wait_for_message();
    assert_eq!(sink.count(), 1, "the other was dropped");
    browser.no_console_errors();
}
