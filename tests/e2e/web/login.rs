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
    get_in_and_out(&site, &browser);
    browser.no_console_errors();
}

#[test]
fn the_same_with_script_switched_off() {
    let site = Site::start();
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    get_in_and_out(&site, &browser);
    browser.no_console_errors();
}

fn get_in_and_out(site: &Site, browser: &Browser) {
    let link = site.link(&["--domain", "example.org", "--label", "Anna"]);
    browser.open(&link);
    browser.press("Log in");
    wait_for_login(browser);
    browser.open("/sessions");
    assert!(browser.text("tbody").contains("Anna"));
    assert!(browser.text(".who").contains("owner"));
    let cookies = browser.cookies();
    let cookie = cookies.iter().find(|cookie| cookie["name"] == "__Host-onward").unwrap();
    assert_eq!(
        (&cookie["secure"], &cookie["httpOnly"], &cookie["sameSite"], &cookie["path"]),
        (&true.into(), &true.into(), &"Lax".into(), &"/".into())
    );
    browser.press("Log out");
    browser.wait_for_path("/login");
    browser.open("/sessions");
    browser.wait_for_path("/login");
}

/// The first page of somebody who came in.
fn wait_for_login(browser: &Browser) {
    browser.wait_for_text("Log out");
}
