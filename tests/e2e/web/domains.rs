//! Domains: records as DNS has them, and what can be done.

use super::browser::Browser;
use super::site::{Person, Site};
use crate::support::dns::{Dns, Fault};
use crate::support::onward::{Builder, Onward};
use crate::support::wait_until;
use std::net::{IpAddr, UdpSocket};

/// Where mail of this machine leaves from, if the world knows it, as the doctor finds it out; else an address of our name.
fn own_addresses() -> Vec<IpAddr> {
    let ways = [("0.0.0.0:0", "192.0.2.1:25"), ("[::]:0", "[2001:db8::1]:25")];
    let own = ways.iter().filter_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let documentation: IpAddr = "192.0.2.10".parse().unwrap();
    own.chain([documentation]).collect()
}

/// DNS that knows the name of the server.
fn dns() -> Dns {
    let dns = Dns::start();
    for address in own_addresses() {
        match address {
            IpAddr::V4(v4) => dns.a("mx.example.org", v4),
            IpAddr::V6(v6) => dns.aaaa("mx.example.org", v6),
        };
    }
    dns.know("example.org").know("other.test");
    dns
}

fn site(dns: &Dns) -> Site {
    Site::start_with(key(Onward::builder()).dns(dns))
}

fn key(builder: Builder) -> Builder {
    let kind = ["--kind", "ed25519", "--selector", "s1"];
    builder.run_first(&[&["dkim", "key", "add", "example.org"][..], &kind].concat())
}

fn log_in(site: &Site, browser: &Browser, arguments: &[&str]) {
    browser.open(&site.link(arguments));
    browser.press("Log in");
    browser.wait_for_text("Log out");
    // Of the page where somebody begins others complain.
    browser.console();
}

/// The badge of each record, by the name of what it is for.
fn states(browser: &Browser) -> Vec<(String, String)> {
    let cell = |row: usize, cell: usize| {
        let of = format!("table:has(#record-0) tbody tr:nth-child({row}) td:nth-child({cell})");
        browser.text(&of)
    };
    let rows = browser.count("table:has(#record-0) tbody tr");
    let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
    (1..=rows).map(|row| (first(cell(row, 1)), cell(row, 2))).collect()
}

fn state<'a>(states: &'a [(String, String)], of: &str) -> &'a str {
    let found = states.iter().find(|(name, _)| name.contains(&format!("({of})")));
    found.map_or_else(|| panic!("{of}: {states:?}"), |(_, state)| state.as_str())
}

/// The record to copy of a purpose.
fn wanted(browser: &Browser, of: &str) -> String {
    let at =
        states(browser).iter().position(|(name, _)| name.contains(&format!("({of})"))).unwrap();
    browser.text(&format!("#record-{at}"))
}

/// What a zone file has in quotes.
fn unquoted(text: &str) -> String {
    text.trim_matches('"').replace("\" \"", "")
}

/// Records that are wrong, missing, right and unanswered; those that are to be copied mend it, and no page asks DNS.
fn records_are_looked_at_and_mended(site: &Site, dns: &Dns, browser: &Browser) {
    dns.mx("example.org", 10, "mx.else.test").txt("example.org", "v=spf1 -all");
    dns.txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:tls@example.org");
    dns.fault("_mta-sts.example.org", Fault::ServFail);
    log_in(site, browser, &[]);
    let asked = dns.queries("_dmarc.example.org");
    browser.open("/domains");
    browser.press("example.org");
    browser.wait_for_path("/domains/example.org");
    browser.wait_for_text("DNS was not asked yet");
    assert_eq!(dns.queries("_dmarc.example.org"), asked, "a page asks no DNS");

    browser.press("Check now");
    browser.wait_for_text("Here is what it says");
    let before = states(browser);
    for (of, expected) in [
        ("MX", "wrong"),
        ("SPF", "wrong"),
        ("DKIM", "missing"),
        ("DMARC", "missing"),
        ("MTA-STS", "no answer"),
        ("TLS-RPT", "right"),
    ] {
        assert_eq!(state(&before, of), expected, "{of}: {before:?}");
    }
    assert!(browser.text("main").contains("no MX of example.org leads here: mx.else.test"));
    let mx = wanted(browser, "MX");
    assert_eq!(mx, "10 mx.example.org.");

    let texts = ["SPF", "DKIM", "DMARC"].map(|of| unquoted(&wanted(browser, of)));
    let [spf, dkim, dmarc] = &texts;
    dns.clear("example.org").mx("example.org", 10, "mx.example.org").txt("example.org", spf);
    dns.txt("s1._domainkey.example.org", dkim).txt("_dmarc.example.org", dmarc);
    dns.clear("_mta-sts.example.org");
    browser.press("Check now");
    browser.wait_for_text("Nothing is wrong.");
    let after = states(browser);
    for (of, expected) in [
        ("MX", "right"),
        ("SPF", "right"),
        ("DKIM", "right"),
        ("DMARC", "right"),
        ("MTA-STS", "not needed"),
    ] {
        assert_eq!(state(&after, of), expected, "{of}: {after:?}");
    }
    browser.open("/domains");
    browser.wait_for_text("all right");
    browser.no_console_errors();
}

#[test]
fn records_that_are_wrong_are_mended_by_what_is_to_be_copied() {
    let dns = dns();
    let site = site(&dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    records_are_looked_at_and_mended(&site, &dns, &browser);
    browser.axe_finds_nothing();
    browser.screenshot("domains");
    browser.open("/domains/example.org");
    assert_eq!(
        browser.count("button[data-copy]:not([hidden])"),
        browser.count("button[data-copy]")
    );
    browser.axe_finds_nothing();
    browser.screenshot("domain");
}

#[test]
fn records_are_mended_with_script_switched_off() {
    let dns = dns();
    let site = site(&dns);
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    records_are_looked_at_and_mended(&site, &dns, &browser);
    browser.open("/domains/example.org");
    assert_eq!(browser.count("button[data-copy]:not([hidden])"), 0, "nothing that does nothing");
}

/// What others publish is shown as what it is.
#[test]
fn hostile_answers_run_nothing_and_break_nothing() {
    let dns = dns();
    let script =
        "v=spf1 <script>document.title='run'</script><img src=x onerror=document.title='run'>";
    dns.txt("example.org", script).mx("example.org", 10, "xn--a.<b>bold.test");
    dns.txt(
        "_dmarc.example.org",
        &format!("v=DMARC1; p=\u{202e}\u{202e}none{}", "x".repeat(10_000)),
    );
    dns.txt("_dmarc.example.org", "v=DMARC1; \"' onmouseover=alert(1) x=\"");
    let site = site(&dns);
    let Some(browser) = Browser::start(&site.base()) else { return };
    log_in(&site, &browser, &["--domain", "example.org"]);
    browser.open("/domains/example.org");
    browser.press("Check now");
    browser.wait_for_text("Here is what it says");
    let page = browser.text("main");
    assert!(page.contains("<script>document.title='run'</script>"), "{page}");
    assert!(page.contains("U+202E"), "{page}");
    assert_eq!(browser.eval("return document.title"), "example.org · Onward");
    browser.no_console_errors();
    browser.axe_finds_nothing();
    browser.screenshot("domain-hostile");
}

#[test]
fn owners_see_their_domain_and_nothing_of_others_or_of_the_machine() {
    let dns = dns();
    let site = site(&dns);
    let owner = site.owner("other.test");
    let list = site.get(&owner, "/domains");
    assert!(
        list.body.contains("other.test") && !list.body.contains("example.org/"),
        "{}",
        list.body
    );
    for part in ["href=\"/domains/example.org\"", "action=\"/domains\" method=\"post\"", "/doctor"]
    {
        assert!(!list.body.contains(part), "{part}");
    }
    let own = site.get(&owner, "/domains/other.test");
    assert_eq!(own.status, 200);
    let state = site.onward.state_dir().display().to_string();
    assert!(!own.body.contains(&state) && !own.body.contains("/remove"), "{}", own.body);
    for (method, path) in [
        ("GET", "/domains/example.org"),
        ("POST", "/domains/example.org/check"),
        ("POST", "/domains/example.org/settings"),
        ("POST", "/domains/example.org/block"),
        ("POST", "/domains/example.org/unblock"),
        ("POST", "/domains/example.org/remove"),
        ("POST", "/domains/other.test/remove"),
        ("POST", "/domains"),
        ("POST", "/doctor"),
        ("GET", "/domains/nowhere.test"),
    ] {
        let form = "domain=x.test&name=other.test&pattern=%40x.test";
        let answer = match method {
            "GET" => site.get(&owner, path),
            _ => site.post(&owner, path, form),
        };
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    let admin = site.admin();
    assert_eq!(site.get(&admin, "/domains/other.test").status, 200);
    assert!(site.get(&admin, "/domains/other.test").body.contains("/remove"));
    // A check of theirs says nothing of the machine.
    let owners_look = site.post(&owner, "/domains/other.test/check", "");
    assert_eq!(owners_look.status, 303);
    let own = site.get(&owner, "/domains/other.test").body;
    assert!(own.contains("other.test has no MX") && !own.contains(&state), "{own}");
}

#[test]
fn a_look_that_goes_on_is_told_of_and_holds_up_nobody_elses() {
    let dns = dns();
    dns.fault("_dmarc.example.org", Fault::Held);
    let site = site(&dns);
    let admin = site.admin();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| site.post(&admin, "/domains/example.org/check", ""));
        let owner = site.owner("other.test");
        wait_until("the first look", || {
            let page = site.get(&admin, "/domains/example.org").body;
            page.contains("A check is under way").then_some(())
        });
        assert_eq!(site.post(&owner, "/domains/other.test/check", "").status, 303);
        let page = site.get(&owner, "/domains/other.test").body;
        assert!(page.contains("record-0"), "nobody waits for others: {page}");
        dns.release("_dmarc.example.org");
        assert_eq!(first.join().unwrap().status, 303);
    });
    let page = wait_until("the result", || {
        let page = site.get(&admin, "/domains/example.org").body;
        page.contains("record-0").then_some(page)
    });
    assert!(!page.contains("A check is under way"), "{page}");
}

fn settings_blocks_and_removal(site: &Site, browser: &Browser) {
    log_in(site, browser, &[]);
    browser.open("/domains/example.org");
    browser.fill("#field-auto_create", "(");
    browser.fill("#field-to", "me@mailbox.test");
    browser.press("Save settings");
    browser.wait_for_text("is no regex that can be used");
    let value = "return document.getElementById('field-auto_create').getAttribute('value')";
    assert!(browser.source().contains("value=\"(\""), "{value}");
    browser.fill("#field-auto_create", "shop-.*");
    browser.fill("#field-to", "nobody");
    browser.press("Save settings");
    browser.wait_for_text("is no mailbox");
    browser.fill("#field-to", "me@mailbox.test");
    browser.press("Save settings");
    browser.wait_for_text("The settings are saved.");
    let listed = site.onward.run(&["domain", "list"]);
    assert!(
        listed.contains("example.org (makes aliases of shop-.* -> me@mailbox.test)"),
        "{listed}"
    );

    browser.fill("#field-pattern", "not a sender");
    browser.press("Block sender");
    browser.wait_for_text("names no sender");
    browser.fill("#field-pattern", "*.spam.test");
    browser.press("Block sender");
    browser.wait_for_text("is blocked for all of the domain");
    assert!(site.onward.run(&["block", "list"]).contains("*.spam.test"));
    browser.press("Unblock");
    browser.wait_for_text("is not blocked any more");
    assert!(!site.onward.run(&["block", "list"]).contains("*.spam.test"));

    browser.open("/domains");
    browser.fill("#field-domain", "not a name");
    browser.press("Add domain");
    browser.wait_for_text("This is no name of a domain");
    browser.fill("#field-domain", "new.test");
    browser.press("Add domain");
    browser.wait_for_path("/domains/new.test");
    browser.wait_for_text("new.test is hosted from now on");
    site.onward.run(&["alias", "add", "a@new.test", "me@mailbox.test"]);
    browser.fill("#field-name", "example.org");
    browser.press("Remove domain");
    browser.wait_for_text("Type the whole name");
    assert!(site.onward.run(&["domain", "list"]).contains("new.test"));
    browser.fill("#field-name", "New.Test");
    browser.press("Remove domain");
    browser.wait_for_text("It still has aliases");
    browser.fill("#field-name", "new.test");
    browser.click("input[name=with_aliases]");
    browser.press("Remove domain");
    browser.wait_for_text("new.test and its alias are removed");
    assert!(!site.onward.run(&["domain", "list"]).contains("new.test"));
}

#[test]
fn settings_blocks_and_removal_of_domains() {
    let site = Site::start();
    let Some(browser) = Browser::start(&site.base()) else { return };
    settings_blocks_and_removal(&site, &browser);
    browser.axe_finds_nothing();
}

#[test]
fn settings_blocks_and_removal_with_script_switched_off() {
    let site = Site::start();
    let Some(browser) = Browser::without_script(&site.base()) else { return };
    settings_blocks_and_removal(&site, &browser);
}

/// Whoever asks for everything hears what the command says.
#[test]
fn the_doctor_of_all_is_for_administrators() {
    let dns = dns();
    let site = site(&dns);
    let admin = site.admin();
    assert!(site.get(&admin, "/domains").body.contains("Nothing was checked yet"));
    assert_eq!(site.post(&admin, "/doctor", "").status, 303);
    let page = wait_until("the findings", || {
        let page = site.get(&admin, "/domains").body;
        page.contains("all-0-0").then_some(page)
    });
    for part in ["other.test has no MX", "no-certificate"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(site.get(&Person::nobody(), "/domains").status, 303, "strangers are sent to log in");
}

/// Search and pages of many domains.
#[test]
fn many_domains_are_paged_and_found() {
    let mut builder = Onward::builder();
    for n in 0..60 {
        builder = builder.domain(&format!("d{n:02}.test"));
    }
    let site = Site::start_with(builder);
    let admin = site.admin();
    let first = site.get(&admin, "/domains").body;
    let count = |page: &str| page.matches("<a href=\"/domains/").count();
    assert_eq!(count(&first), 50);
    assert!(first.contains("/domains?after=d49.test"), "{first}");
    let rest = site.get(&admin, "/domains?after=d49.test").body;
    assert_eq!(count(&rest), 12, "ten, example.org and other.test");
    assert_eq!(count(&site.get(&admin, "/domains?q=D5").body), 10);
    let none = site.get(&admin, "/domains?q=%3Cscript%3E").body;
    assert!(none.contains("No domain has that") && !none.contains("<script>"), "{none}");
    assert!(first.len() < 100_000, "{}", first.len());
}
