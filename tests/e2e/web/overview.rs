//! The overview: real mail in its charts, what waits and what is slow.

use super::browser::Browser;
use super::site::Site;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;

const ALICE: &str = "alice@spf.test";
const MESSAGE: &[u8] = b"From: <alice@spf.test>\r\nSubject: greetings\r\n\r\nhello\r\n";

struct Scene {
    site: Site,
    sink: Receiver,
    slow: Receiver,
    _dns: Dns,
}

/// `hello@example.org` leads to a receiver that takes it, `late@example.org` to one that does not yet.
fn scene() -> Scene {
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let (sink, slow) = (Receiver::smtp().start(), Receiver::smtp().start());
    let builder = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .alias("late@example.org", &["carol@slow.test"])
        .route("sink.test", sink.name())
        .route("slow.test", slow.name())
        .dns(&dns)
        .config("spool.retry = [\"1h\"]");
    let site = Site::start_with(builder);
    Scene { site, sink, slow, _dns: dns }
}

impl Scene {
    fn send(&self, to: &str) -> crate::support::client::Reply {
        self.site.onward.session().transaction(ALICE, &[to], MESSAGE)
    }

    /// One message forwarded, one that waits, one for nobody.
    fn traffic(&self, reply: &str) {
        self.slow.on(Step::FinalDot, Action::reply(reply));
        self.send("hello@example.org").expect("250 2.0.0");
        self.sink.wait_for_message();
        self.send("late@example.org").expect("250 2.0.0");
        let mut session = self.site.onward.session();
        session.mail(ALICE).expect_code(250);
        session.rcpt("nobody@example.org").expect_code(550);
        self.site.onward.wait_for_trace(&[], 3);
    }

    fn log_in(&self, browser: &Browser) {
        browser.open(&self.site.link(&[]));
        browser.press("Log in");
        browser.wait_for_text("Log out");
        browser.wait_for_path("/overview");
    }
}

/// The numbers of a chart's legend, in their order.
fn legend(browser: &Browser, chart: usize) -> Vec<String> {
    let count = browser.count(&format!("#chart-{chart} .legend li"));
    (1..=count)
        .map(|at| browser.text(&format!("#chart-{chart} .legend li:nth-child({at}) b")))
        .collect()
}

fn mail_is_seen(scene: &Scene, browser: &Browser) {
    scene.log_in(browser);
    browser.wait_for_text("No messages came so far.");
    scene.traffic("452 4.2.2 mailbox full");
    browser.open("/overview");
    for chart in 0..3 {
        assert_eq!(legend(browser, chart), ["1", "1", "0", "1", "0"], "chart {chart}");
        assert_eq!(browser.count(&format!("#chart-{chart} svg path.forwarded")), 1);
    }
    let page = browser.text("main");
    for part in ["No such address", "slow.test", "451 4.2.2 Destination: mailbox full", "Onward "] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // The same as a table, for whoever does not see the drawing.
    assert_eq!(browser.count("#chart-0 details table tbody tr"), 1);

    scene.slow.accept_all();
    scene.site.onward.run(&["queue", "retry", "--all"]);
    scene.slow.wait_for_message();
    wait_until("the chart follows", || {
        browser.open("/overview");
        (legend(browser, 0) == ["2", "0", "0", "1", "0"]).then_some(())
    });
    assert!(browser.text("main").contains("Nothing waits."));
    browser.no_console_errors();
}

#[test]
fn mail_is_seen_in_charts_and_follows_what_becomes_of_it() {
    let scene = scene();
    let Some(browser) = Browser::start(&scene.site.base()) else { return };
    mail_is_seen(&scene, &browser);
    browser.axe_finds_nothing();
    browser.screenshot("overview");
    browser.open("/domains/example.org");
    assert_eq!(legend(&browser, 0), ["2", "0", "0", "1", "0"], "an owner's view has the same");
    browser.open("/domains/other.test");
    browser.wait_for_text("No messages came so far.");
}

#[test]
fn mail_is_seen_with_script_switched_off() {
    let scene = scene();
    let Some(browser) = Browser::without_script(&scene.site.base()) else { return };
    mail_is_seen(&scene, &browser);
}

#[test]
fn hostile_replies_of_destinations_run_nothing() {
    let scene = scene();
    let Some(browser) = Browser::start(&scene.site.base()) else { return };
    scene.log_in(&browser);
    let hostile = "452 4.2.2 <script>document.title='run'</script><b>x</b> \u{202e}evil &amp;";
    scene.traffic(&format!("{hostile}{}", "y".repeat(400)));
    browser.open("/overview");
    assert_eq!(browser.eval("return document.title"), "Overview · Onward");
    assert_eq!(browser.count("td b"), 0);
    browser.no_console_errors();
    browser.axe_finds_nothing();
    browser.screenshot("overview-hostile");
}

#[test]
fn the_overview_is_for_administrators() {
    let site = Site::start();
    let owner = site.owner("example.org");
    assert_eq!(site.get(&owner, "/overview").status, 404);
    let page = site.get(&site.admin(), "/overview");
    assert_eq!(page.status, 200);
    assert!(page.body.len() < 100_000, "{}", page.body.len());
    assert!(page.body.contains("mx.example.org"), "{}", page.body);
}
