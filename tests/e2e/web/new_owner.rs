//! A domain that is removed and added again: its new owner sees nothing of the time before.

use super::site::{Person, Site};
use crate::api::{Answer, raw, token};
use crate::support::{
    dns::Dns,
    onward::Onward,
    receiver::{Action, Receiver, Step},
    wait_until,
};
use serde_json::{Value, json};
use std::net::SocketAddr;

const MESSAGE: &[u8] =
    b"From: <alice@spf.test>\r\nSubject: x\r\nMessage-ID: <1@spf.test>\r\n\r\nx\r\n";

/// A daemon with the page and the API, over a receiver that may be asked again.
struct Scene {
    sink: Receiver,
    site: Site,
    api: SocketAddr,
    _dns: Dns,
}

impl Scene {
    fn start() -> Self {
        let (sink, dns) = (Receiver::smtp().start(), Dns::start());
        dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
        let builder = Onward::builder().dns(&dns).config("spool.retry = [\"1h\"]");
        let builder = builder.route("sink.test", &sink.route()).route("spf.test", &sink.route());
        let (builder, api) = builder.listen("http", &["serve = [\"api\"]"]);
        let site = Site::start_with(builder);
        let scene = Self { sink, site, api, _dns: dns };
        scene.begin("former@sink.test");
        scene
    }

    /// What whoever has the domain now makes there.
    fn begin(&self, mailbox: &str) {
        let onward = &self.site.onward;
        onward.run(&["alias", "add", "hello@example.org", mailbox]);
        onward.run(&["domain", "set", "example.org", "--digest", "daily"]);
        // Changes come into force in their order: asked for a later one of another domain, lest what
        // is refused meanwhile is among the messages of this one.
        let later = mailbox.replace("sink", "other");
        onward.run(&["alias", "add", &later, "any@sink.test"]);
        wait_until("the alias", || {
            let mut client = onward.session();
            client.mail("probe@spf.test").expect_code(250);
            (client.rcpt(&later).code == 250).then_some(())
        });
    }

    fn ask(&self, token: &str, method: &str, path: &str) -> Answer {
        raw(self.api, method, path, &format!("Authorization: Bearer {token}\r\n"), b"")
    }

    fn send(&self, to: &str) {
        let answer = self.site.onward.session().transaction("alice@spf.test", &[to], MESSAGE);
        answer.expect_code(250);
    }

    /// A message that the sink has, and one that waits, whose id is given.
    fn mail(&self) -> String {
        self.send("hello@example.org");
        self.sink.on(Step::FinalDot, Action::reply("450 4.2.1 later"));
        self.send("hello@example.org");
        let waiting = wait_until("a message to wait", || {
            let list = self.site.onward.run(&["queue", "list", "--json"]);
            let waiting: Value = serde_json::from_str(list.lines().next()?).unwrap();
            (waiting["state"] == "queued").then_some(waiting)
        });
        self.site.onward.wait_for_trace(&["--from", "alice@spf.test"], 2);
        self.sink.on(Step::FinalDot, Action::reply("250 2.0.0 ok"));
        waiting["id"].as_str().unwrap().to_owned()
    }

    fn manager(&self) -> String {
        token(&self.site.onward, &["--scope", "manage", "--domain", "example.org"])
    }

    /// How many digests are to be sent now.
    fn digests(&self) -> Vec<String> {
        let lines = self.site.onward.run(&["digest", "--plan", "--json"]);
        lines.lines().map(str::to_owned).collect()
    }
}

/// Whether the page of the domain says that no message came so far.
fn has_no_counts(site: &Site, person: &Person) -> bool {
    let page = site.get(person, "/domains/example.org");
    assert_eq!(page.status, 200, "{page:?}");
    page.body.contains("No messages came so far.")
}

#[test]
fn a_domain_that_is_added_again_shows_its_new_owner_nothing_of_the_time_before() {
    let scene = Scene::start();
    let (site, onward) = (&scene.site, &scene.site.onward);
    let (former, former_token) = (site.owner("example.org"), scene.manager());
    onward.run(&["block", "add", "enemy@former.test", "--domain", "example.org"]);
    onward.run(&["account", "add", "former@x.test", "--as", "hello@example.org"]);
    let id = scene.mail();
    let page = format!("/messages/{id}");
    // What its owner sees who has it.
    assert_eq!(site.get(&former, &page).status, 200);
    assert_eq!(scene.ask(&former_token, "GET", &format!("/api{page}")).status, 200);
    assert_eq!(scene.ask(&former_token, "GET", &format!("/api/queue/{id}")).status, 200);
    wait_until("a digest", || scene.digests().pop().filter(|letter| letter.contains("former")));
    let not_asked = |person: &Person| {
        site.get(person, "/domains/example.org").body.contains("DNS was not asked yet")
    };
    assert_eq!(site.post(&former, "/domains/example.org/check", "").status, 303);
    wait_until("what DNS says", || (!not_asked(&former)).then_some(()));

    onward.run(&["domain", "remove", "example.org", "--with-aliases"]);
    onward.run(&["domain", "add", "example.org"]);
    scene.begin("new@sink.test");
    let (owner, token, admin) = (site.owner("example.org"), scene.manager(), site.admin());

    // Neither session nor token of the former owner is worth anything.
    assert_eq!(site.get(&former, "/messages").status, 303);
    assert_eq!(scene.ask(&former_token, "GET", "/api/messages").status, 401);
    let list = site.get(&owner, "/messages").body;
    assert!(list.contains("No message has come yet"), "{list}");
    let found = site.get(&owner, "/messages?from=alice%40spf.test").body;
    assert!(!found.contains(&id) && !found.contains("former"), "{found}");
    assert_eq!(site.get(&owner, &page).status, 404);
    for what in ["retry", "drop", "block", "allow", "explain"] {
        let form = "pattern=address&for=domain+example.org";
        assert_eq!(site.post(&owner, &format!("{page}/{what}"), form).status, 404, "{what}");
    }
    assert_eq!(scene.ask(&token, "GET", "/api/messages").json()["messages"], json!([]));
    assert_eq!(scene.ask(&token, "GET", "/api/queue").json()["messages"], json!([]));
    for (method, path) in [
        ("GET", format!("/api/messages/{id}")),
        ("GET", format!("/api/queue/{id}")),
        ("POST", format!("/api/queue/{id}/retry")),
        ("DELETE", format!("/api/queue/{id}")),
    ] {
        assert_eq!(scene.ask(&token, method, &path).status, 404, "{method} {path}");
    }
    assert!(not_asked(&owner), "what DNS said to the former owner");
    assert!(has_no_counts(site, &owner), "counts of the time before");
    assert_eq!(scene.digests(), [""; 0]);
    for path in ["/blocks", "/tokens", "/aliases", "/domains/example.org", "/sessions"] {
        let body = site.get(&owner, path).body;
        assert!(!body.to_lowercase().contains("former"), "{path}: {body}");
    }
    assert_eq!(site.get(&owner, "/tokens").body.matches("/revoke\"").count(), 1, "his own");
    let account = onward.run(&["account", "show", "former@x.test", "--json"]);
    assert!(!account.contains("hello@example.org"), "{account}");

    // Administrators see all, and it still waits.
    assert_eq!(site.get(&admin, &page).status, 200);
    assert!(!has_no_counts(site, &admin));
    assert!(onward.run(&["queue", "list"]).contains(&id));

    // What comes from now on is his.
    scene.sink.on(Step::FinalDot, Action::reply("250 2.0.0 ok"));
    scene.send("hello@example.org");
    let seen = wait_until("the new message", || {
        let all = scene.ask(&token, "GET", "/api/messages").json()["messages"].clone();
        all.as_array().unwrap().first().cloned()
    });
    let page = format!("/messages/{}", seen["id"].as_str().unwrap());
    assert_eq!(site.get(&owner, &page).status, 200, "{seen}");
    assert!(site.get(&owner, "/messages").body.contains(&page));
    wait_until("a digest", || scene.digests().pop().filter(|letter| letter.contains("new@")));
}

#[test]
fn a_domain_of_an_older_version_is_seen_whole() {
    let scene = Scene::start();
    let site = &scene.site;
    let id = scene.mail();
    let database = rusqlite::Connection::open(site.onward.state_dir().join("onward.db")).unwrap();
    assert_eq!(database.execute("UPDATE domains SET added = 0", ()).unwrap(), 2);
    let owner = site.owner("example.org");
    assert_eq!(site.get(&owner, &format!("/messages/{id}")).status, 200);
    assert!(!has_no_counts(site, &owner));
}
