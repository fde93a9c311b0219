//! What people do with aliases, in a browser.

use super::{alias, form, no_errors, send, wait_for_forwarded};
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use crate::web::browser::Browser;
use crate::web::site::Site;

#[test]
fn an_owner_makes_switches_and_removes_an_alias_and_its_mail_follows() {
    let sink = Receiver::smtp().start();
    let site = Site::start_with(Onward::builder().route("sink.test", &sink.route()));
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    browser.wait_for_text("There are no aliases yet");
    browser.axe_finds_nothing();
    browser.screenshot("aliases-none");
    walk(&site, &browser, true);
    no_errors(&browser);
}

#[test]
fn aliases_are_made_switched_and_removed_with_script_switched_off() {
    let sink = Receiver::smtp().start();
    let site = Site::start_with(Onward::builder().route("sink.test", &sink.route()));
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    walk(&site, &browser, false);
    no_errors(&browser);
}

fn walk(site: &Site, browser: &Browser, looks: bool) {
    let onward = &site.onward;
    let look = |name: &str| {
        if looks {
            browser.axe_finds_nothing();
            browser.screenshot(name);
        }
    };
    browser.press("Make the first alias");
    let offered = |browser: &Browser| {
        let source = browser.source();
        let at = source.find("id=\"field-name\"").unwrap();
        let from = source[at..].split_once("value=\"").unwrap().1;
        from.split_once('"').unwrap().0.to_owned()
    };
    let first = offered(browser);
    assert_eq!(first.len(), 8, "{first}");
    browser.fill("#field-note", "shop.example");
    browser.press("Another name");
    browser.wait_for_text("Address of the alias");
    wait_until("another name", || (offered(browser) != first).then_some(()));
    let name = offered(browser);
    assert!(name.starts_with("shop."), "{name}");
    let address = format!("{name}@example.org");

    // Without a destination, the field says so and keeps what was typed.
    browser.click(".buttons .main");
    browser.wait_for_text("Mailboxes that get the mail");
    wait_until("the error", || (browser.count("#destinations-error") == 1).then_some(()));
    assert_eq!(offered(browser), name);
    look("alias-new-error");
    browser.fill("#field-destinations", "me@sink.test");
    browser.click(".buttons .main");
    browser.wait_for_text(&format!("{address} takes mail now."));
    look("alias-one");

    send(onward, "a@sender.test", &address).expect_code(250);
    wait_for_forwarded(onward, &address, 1);
    wait_until("the message on the page of its alias", || {
        browser.open(&format!("/aliases/{address}"));
        (browser.count("#recent ~ .table tbody tr") == 1).then_some(())
    });
    look("alias-used");
    browser.open("/aliases");
    assert_eq!(browser.text("td.number"), "1");
    assert_eq!(browser.count(".spark .taken"), 1);
    look("aliases");

    // Off by the button of its row, and on again by undoing that.
    browser.press("Switch off");
    browser.wait_for_text("One alias is switched off");
    send(onward, "a@sender.test", &address).expect("550 5.1.1");
    look("aliases-undo");
    browser.click(".notice button");
    browser.wait_for_text("Taken back");
    send(onward, "a@sender.test", &address).expect_code(250);
    wait_for_forwarded(onward, &address, 2);

    // Removed, and back with rules and counters.
    browser.open(&format!("/aliases/{address}"));
    browser.fill("#field-note", "a better note");
    browser.click(".buttons .main");
    browser.wait_for_text("One alias is changed");
    let before = alias(onward, &address);
    assert_eq!(before["note"], "a better note");
    browser.press("Remove");
    browser.wait_for_text("One alias is removed");
    send(onward, "a@sender.test", &address).expect("550 5.1.1");
    assert_eq!(onward.cli(&["alias", "show", &address]).code, Some(1));
    browser.click(".notice button");
    browser.wait_for_text("Taken back");
    let mut after = alias(onward, &address);
    // What was refused while it was away may be counted nowhere.
    assert_eq!(after["counters"]["forwarded"], before["counters"]["forwarded"]);
    after["counters"] = before["counters"].clone();
    assert_eq!(after, before);
    send(onward, "a@sender.test", &address).expect_code(250);

    // Picked, and something done with all of them.
    onward.run(&["alias", "add", "other@example.org", "me@sink.test"]);
    browser.open("/aliases?q=example.org");
    if looks {
        // As cards there is no head to pick all by: it can be done below.
        browser.resize(320);
        browser.click(".which input[data-all]");
    } else {
        browser.click("tr:nth-child(1) input[name=pick]");
        browser.click("tr:nth-child(2) input[name=pick]");
    }
    browser.click("select[name=do] option[value=disable]");
    browser.press("Do it");
    browser.wait_for_text("2 aliases are switched off");
    assert_eq!(browser.path(), "/aliases?q=example.org&domain=example.org");
    send(onward, "a@sender.test", "other@example.org").expect("550 5.1.1");

    // Nobody picked: said beside the list, and nothing is done.
    browser.open("/aliases");
    browser.press("Do it");
    browser.wait_for_text("No alias is picked");

    browser.fill("input[name=q]", "better note");
    if looks {
        // As one types.
        wait_until("one row", || (browser.count("tbody tr") == 1).then_some(()));
    } else {
        browser.press("Search");
        browser.wait_for_text("a better note");
        assert_eq!(browser.count("tbody tr"), 1);
    }
    browser.fill("input[name=q]", "nothing like that");
    if !looks {
        browser.press("Search");
    }
    browser.wait_for_text("No alias fits");

    // What would become of a message.
    browser.open(&format!("/aliases/{address}"));
    browser.fill("#explain-from", "news@shop.test");
    browser.fill("#explain-ip", "192.0.2.1");
    browser.press("Explain");
    browser.wait_for_text("It would be refused:");
    look("alias-explained");
    // A page that a form was answered by has a language too, and a way back.
    browser.press("Deutsch");
    browser.wait_for_text("Was aus einer Nachricht würde");
    browser.press("English");
    browser.wait_for_text("What would become of a message");
}

#[test]
fn hostile_notes_and_names_are_shown_and_do_nothing() {
    let site = Site::start();
    let onward = &site.onward;
    let owner = site.owner("example.org");
    let long = "x".repeat(10_000);
    for (field, value, error) in [
        ("note", long.as_str(), "note-error"),
        ("note", "a\u{202e}b", "note-error"),
        ("name", long.as_str(), "address-error"),
        ("destinations", long.as_str(), "destinations-error"),
        ("name", "<script>alert(1)</script>", "address-error"),
    ] {
        let mut pairs = vec![("domain", "example.org"), (field, value)];
        for (name, other) in [("name", "a"), ("destinations", "me@sink.test")] {
            if name != field {
                pairs.push((name, other));
            }
        }
        let answer = site.post(&owner, "/aliases/new", &form(&pairs));
        assert!(answer.status == 422 && answer.body.contains(error), "{field} {}", value.len());
        assert!(!answer.body.contains("<script>alert"), "{field}");
    }
    let note = "\"><script>alert(1)</script><img src=x onerror=alert(1)> שלום مرحبا ".repeat(6);
    for (address, destination) in [
        (r#""<b>&\"'x"@example.org"#, r#""<i>&y"@sink.test"#),
        (r"/^(<svg onload=alert\(1\)>|long.*)@example\.org$/", "me@sink.test"),
    ] {
        onward.run(&["alias", "add", address, destination, "--note", note.trim()]);
    }
    let wide = format!("{}@example.org", "w".repeat(64));
    onward.run(&[
        "alias",
        "add",
        &wide,
        &format!("{}@sink.test", "v".repeat(64)),
        "--note",
        &"n".repeat(500),
    ]);
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&["--domain", "example.org"]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    for path in [
        "/aliases",
        "/aliases?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/aliases?q=%E2%80%AEalert",
    ] {
        browser.open(path);
        browser.wait_for_text("Search");
        assert_eq!(
            browser.eval(
                "return document.querySelectorAll('main script, main img, main b, main i').length"
            ),
            0
        );
    }
    browser.open("/aliases");
    assert_eq!(browser.count("tbody tr"), 3);
    browser.axe_finds_nothing();
    browser.screenshot("aliases-hostile");
    browser.click("tbody tr a");
    browser.wait_for_text("Change");
    browser.screenshot("alias-hostile");
    no_errors(&browser);
}
