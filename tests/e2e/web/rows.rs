//! Tables that are empty on most machines, with something in them.

use super::browser::Browser;
use super::site::Site;
use crate::support::certificates::Authority;
use crate::support::config::quoted;
use crate::support::onward::Onward;
use crate::support::wait_until;
use std::fs;
use std::net::TcpListener;

/// A port of this machine where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn certificates_unreachable_hosts_and_events_that_wait_stand_in_their_tables() {
    let authority = Authority::new();
    let pair = authority.issue("mx.example.org", "own");
    let builder = Onward::builder().domain("example.org");
    let secret = builder.directory().join("events.secret");
    fs::write(&secret, "0123456789abcdef0123456789abcdef\n").unwrap();
    let place = format!("http://{}/take", nobody());
    let builder = builder
        .config(&format!("events.webhook = {}", quoted(&place)))
        .config(&format!("events.secret_file = {}", quoted(&secret.display().to_string())))
        .config("spool.retry = [\"1h\"]")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &nobody())
        .toml(&pair.toml());
    let site = Site::start_with(builder);
    let onward = &site.onward;
    onward.run(&["alias", "add", "shop@example.org", "bob@sink.test"]);
    let mut client = onward.session();
    client.mail("a@sender.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.data(b"From: a@sender.test\r\n\r\nx\r\n");

    let (admin, owner) = (site.admin(), site.owner("example.org"));
    let rows = |page: &str, title: &str| {
        let from = page.split_once(&format!(">{title}</h2>")).expect(title).1;
        let part = from.split("<h2").next().unwrap().to_owned();
        let body = part.split_once("<tbody>").map(|(_, rest)| rest.to_owned());
        body.unwrap_or_else(|| panic!("no rows of {title}: {part}"))
    };
    let page = wait_until("all of it on the overview", || {
        let page = site.get(&admin, "/overview").body;
        let has = |title: &str| !page.contains(&format!("{title}</p>"));
        (has("that were tried lately could be reached.") && has("No event waits."))
            .then_some(page)
            .filter(|page| page.contains("alias.made"))
    });
    let events = rows(&page, "Events that wait to be sent");
    assert!(events.contains("alias.made") && events.contains("shop@example.org"), "{events}");
    let unreachable = rows(&page, "Hosts that could not be reached lately");
    assert!(unreachable.contains("127.0.0.1"), "{unreachable}");

    for person in [&admin, &owner] {
        let page = site.get(person, "/domains/example.org").body;
        let certificates = rows(&page, "Certificate");
        for part in ["mx.example.org", "The Authority"] {
            assert!(certificates.contains(part), "{part}: {certificates}");
        }
        // Where its files are is nobody's business.
        assert!(!page.contains(&pair.certificate.display().to_string()), "{page}");
    }

    let Some(browser) = Browser::start(&site.base()) else { return };
    browser.open(&site.link(&[]));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    browser.axe_finds_nothing();
    browser.screenshot("overview-rows");
    browser.open("/domains/example.org");
    browser.axe_finds_nothing();
    browser.screenshot("domain-rows");
    browser.no_console_errors();
}
