//! Who is logged in, in a browser: seen, ended, in another language, with the keyboard alone.

use super::browser::Browser;
use super::site::Site;
use crate::support::wait_until;
use thirtyfour::Key;

/// A browser that is logged in, with what others have beside it.
fn logged_in(site: &Site, arguments: &[&str], with_script: bool) -> Option<Browser> {
    let browser = match with_script {
        true => Browser::start(&site.base())?,
        false => Browser::without_script(&site.base())?,
    };
    site.owner("example.org");
    site.link(&["--domain", "other.test", "--label", "<b>O'Brien</b> & Söhne שלום"]);
    browser.open(&site.link(arguments));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.console();
    browser.open("/sessions");
    Some(browser)
}

#[test]
fn an_administrator_sees_all_and_ends_one() {
    let site = Site::start();
    let Some(browser) = logged_in(&site, &["--label", "Root"], true) else { return };
    assert_eq!(browser.count("tbody tr"), 3);
    browser.wait_for_text("<b>O'Brien</b> & Söhne שלום");
    browser.axe_finds_nothing();
    browser.screenshot("sessions");
    // The link, which was made last but one.
    browser.click("tbody tr:nth-child(2) button");
    browser.wait_for_text("is ended.");
    assert_eq!(browser.count("tbody tr"), 2);
    browser.axe_finds_nothing();
    browser.screenshot("sessions-ended");
    browser.open("/sessions");
    assert!(!browser.text("body").contains("is ended."), "it is told once");
    browser.no_console_errors();
}

#[test]
fn an_owner_sees_no_other_and_no_administrator_with_script_switched_off() {
    let site = Site::start();
    site.admin();
    let arguments = ["--domain", "example.org", "--label", "Anna"];
    let Some(browser) = logged_in(&site, &arguments, false) else { return };
    let seen = browser.text("main");
    assert_eq!(browser.count("tbody tr"), 2, "{seen}");
    assert!(!seen.contains("O'Brien") && !seen.contains("Root"), "{seen}");
    assert!(!browser.text("nav").contains("Overview"));
    browser.click("tbody tr:nth-child(2) button");
    browser.wait_for_text("is ended.");
    // His own, at last.
    browser.press("End");
    browser.wait_for_path("/login");
    browser.no_console_errors();
}

#[test]
fn in_german_and_back_to_where_one_was() {
    let site = Site::start();
    let Some(browser) = logged_in(&site, &["--label", "Root"], true) else { return };
    browser.press("Deutsch");
    browser.wait_for_text("Abmelden");
    assert_eq!(browser.path(), "/sessions");
    assert_eq!(browser.text("h1"), "Sitzungen");
    assert_eq!(browser.eval("return document.documentElement.lang"), "de");
    browser.axe_finds_nothing();
    browser.screenshot("sessions-german");
    browser.press("English");
    browser.wait_for_text("Log out");
    browser.no_console_errors();
}

#[test]
fn the_keyboard_alone_reaches_everything_and_is_seen() {
    let site = Site::start();
    let Some(browser) = logged_in(&site, &["--label", "Root"], true) else { return };
    let focused = || {
        let outline = "const e = document.activeElement; const style = getComputedStyle(e); \
                       return [e.textContent.trim(), style.outlineStyle !== 'none' || e.id === 'main']";
        browser.eval(outline)
    };
    browser.keys(Key::Tab);
    assert_eq!(focused()[0], "Skip to the content");
    browser.keys(Key::Enter);
    wait_until("the content", || {
        (browser.eval("return document.activeElement.id") == "main").then_some(())
    });
    let mut seen = Vec::new();
    for _ in 0..5 {
        browser.keys(Key::Tab);
        let now = focused();
        assert_eq!(now[1], true, "the focus is not seen on {now}");
        seen.push(now[0].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["End", "End", "End", "Log out", "Deutsch"]);
    browser.no_console_errors();
}
