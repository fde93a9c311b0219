//! Getting in and out, in a browser.

use super::browser::Browser;
use super::site::Site;

#[test]
fn a_link_lets_in_once_and_logging_out_ends_it() {
    let site = Site::start();
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open("/sessions");
    browser.wait_for_path("/login");
    browser.axe_finds_nothing();
    browser.screenshot("login");
    get_in(&site, &browser);
    let ends = browser.text("tbody time:not(.ago)");
    assert!(!ends.contains("UTC"), "in the zone of the browser: {ends}");
    get_out(&browser);
}

#[test]
fn the_same_with_script_switched_off() {
    let site = Site::start();
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    get_in(&site, &browser);
    let ends = browser.text("tbody time:not(.ago)");
    assert!(ends.ends_with(" UTC"), "as it came: {ends}");
    get_out(&browser);
}

/// As an owner, to the list of sessions.
fn get_in(site: &Site, browser: &Browser) {
    let link = site.link(&["--domain", "example.org", "--label", "Anna"]);
    browser.open(&link);
    browser.press("Log in");
    browser.wait_for_text("Log out");
    let cookies = browser.cookies();
    let cookie = cookies.iter().find(|cookie| cookie["name"] == "__Host-onward").unwrap();
    assert_eq!(
        (&cookie["secure"], &cookie["httpOnly"], &cookie["sameSite"], &cookie["path"]),
        (&true.into(), &true.into(), &"Lax".into(), &"/".into())
    );
    // Whatever the first page is has tests of its own.
    browser.console();
    browser.open("/sessions");
    assert!(browser.text("tbody").contains("Anna"));
    assert!(browser.text(".who").contains("owner"));
}

fn get_out(browser: &Browser) {
    browser.press("Log out");
    browser.wait_for_path("/login");
    browser.open("/sessions");
    browser.wait_for_path("/login");
    browser.no_console_errors();
}

#[test]
fn a_browser_without_cookies_is_told_why_it_is_not_let_in() {
    let site = Site::start();
    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&[]));
    browser.axe_finds_nothing();
    browser.screenshot("login-link");
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.cdp("Network.clearBrowserCookies", serde_json::json!({}));
    browser.console();
    browser.open("/welcome");
    browser.wait_for_text("Your browser did not keep the session");
    browser.axe_finds_nothing();
    browser.screenshot("login-no-cookie");
    browser.no_console_errors();
}

#[test]
fn a_link_that_was_used_says_so() {
    let site = Site::start();
    let Some(browser) = Browser::start(&site.base()) else { return };
    let link = site.link(&[]);
    site.post(&super::site::Person::nobody(), &link, "");
    browser.open(&link);
    browser.wait_for_text("This link does not work");
    browser.axe_finds_nothing();
    browser.screenshot("trouble");
    let complaints = browser.console();
    assert!(complaints.len() == 1 && complaints[0].contains("404"), "{complaints:?}");
}
