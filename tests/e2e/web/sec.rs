//! What others try with somebody's session, or without one.

use super::site::{Person, Site};
use crate::support::wait_until;
use rusqlite::Connection;
use std::fs;
use std::thread::scope;

/// What the page has of the session's cookie.
const COOKIE_RULES: &str = "; max-age=43200; path=/; secure; httponly; samesite=lax";

fn is_in(site: &Site, person: &Person) -> bool {
    site.get(person, "/sessions").status == 200
}

#[test]
fn what_another_site_sends_does_nothing() {
    let site = Site::start();
    let admin = site.admin();
    let owner = site.owner("example.org");
    let list = site.onward.run(&["web", "list", "--json"]);
    let last: serde_json::Value = serde_json::from_str(list.lines().last().unwrap()).unwrap();
    let revoke = format!("/sessions/{}/revoke", last["id"].as_str().unwrap());
    let link = site.link(&[]);
    let own = format!("Origin: {}\r\n", site.base());
    let foreign = "Origin: https://evil.test\r\n";
    for (head, says) in [
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), "cross-site"),
        ("Sec-Fetch-Site: same-site\r\n".to_owned(), "a neighbour"),
        (foreign.to_owned(), "an old browser"),
        ("Origin: null\r\n".to_owned(), "a frame in a sandbox"),
        (format!("{own}Sec-Fetch-Site: cross-site\r\n"), "both"),
    ] {
        for (person, path) in
            [(&admin, revoke.as_str()), (&admin, "/logout"), (&Person::nobody(), link.as_str())]
        {
            let answer = site.ask(person, "POST", path, &head, "");
            assert_eq!(answer.status, 403, "{says} {path}: {answer:?}");
            assert!(answer.body.contains("another site"), "{says}: {answer:?}");
            assert_eq!(answer.field("set-cookie"), None);
        }
    }
    assert!(is_in(&site, &admin) && is_in(&site, &owner));
    assert_eq!(site.get(&admin, &link).status, 200, "the link was not followed");
    // A browser that knows nothing of Sec-Fetch-Site.
    assert_eq!(site.ask(&admin, "POST", &revoke, &own, "").status, 303);
    assert!(!is_in(&site, &owner));
}

#[test]
fn a_link_makes_one_session_however_often_it_is_looked_at_and_whoever_is_first() {
    let site = Site::start();
    let link = site.link(&["--label", "Anna"]);
    for method in ["GET", "HEAD", "GET"] {
        let answer = site.ask(&Person::nobody(), method, &link, "", "");
        assert_eq!(answer.status, 200, "{method}: what scans mail does not use it up");
        assert_eq!(answer.field("set-cookie"), None);
        assert_eq!(answer.field("referrer-policy"), Some("no-referrer"));
    }
    let answers: Vec<_> = scope(|scope| {
        let ask = || site.post(&Person::nobody(), &link, "");
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!(good.len(), 1, "{answers:#?}");
    assert_eq!(good[0].field("location"), Some("/welcome"));
    let cookie = good[0].field("set-cookie").unwrap();
    assert!(cookie.ends_with(COOKIE_RULES), "{cookie}");
    assert!(is_in(&site, &Person::of(good[0]).unwrap()));
    for method in ["GET", "POST"] {
        let again = site.ask(&Person::nobody(), method, &link, "", "");
        assert_eq!(again.status, 404, "{method}");
        assert!(again.body.contains("This link does not work"), "{again:?}");
    }
}

#[test]
fn whoever_logs_in_has_a_secret_that_nobody_had_before() {
    let site = Site::start();
    // Somebody puts a cookie of his own into a browser, whose user then logs in.
    let planted = Person("a".repeat(32));
    let answer = site.post(&planted, &site.link(&[]), "");
    let person = Person::of(&answer).unwrap();
    assert_ne!(person, planted);
    assert!(!is_in(&site, &planted) && is_in(&site, &person));
    // Neither is it that of the link, nor that of a session which the attacker has himself.
    let link = site.link(&[]);
    let secret = link.strip_prefix("/login/").unwrap();
    let attacker = site.owner("other.test");
    let person = Person::of(&site.post(&attacker, &link, "")).unwrap();
    assert!(person.0 != secret && person != attacker);
    assert!(!is_in(&site, &Person(secret.to_owned())));
    assert!(!is_in(&site, &attacker), "the session that the browser had is over");
}

/// Makes all links and sessions as old as that.
fn age(site: &Site, seconds: i64) {
    let database = Connection::open(site.onward.state_dir().join("onward.db")).unwrap();
    let sql = "UPDATE sessions SET made = made - ?1, ends = ends - ?1";
    assert!(database.execute(sql, [seconds]).unwrap() > 0);
}

#[test]
fn links_end_after_ten_minutes_and_sessions_after_twelve_hours() {
    let site = Site::start();
    let (link, other) = (site.link(&[]), site.link(&[]));
    age(&site, 570);
    let person = Person::of(&site.post(&Person::nobody(), &link, "")).unwrap();
    age(&site, 30);
    assert_eq!(site.get(&Person::nobody(), &other).status, 404);
    assert_eq!(site.post(&Person::nobody(), &other, "").status, 404);
    age(&site, 43_200 - 60);
    assert!(is_in(&site, &person));
    age(&site, 60);
    let answer = site.get(&person, "/sessions");
    assert_eq!((answer.status, answer.field("location")), (303, Some("/login")));
    assert_eq!(site.onward.run(&["web", "list"]), "");
}

#[test]
fn logging_out_and_revoking_end_a_session_at_once() {
    let site = Site::start();
    let (one, other) = (site.admin(), site.owner("example.org"));
    let out = site.post(&one, "/logout", "");
    assert_eq!((out.status, out.field("location")), (303, Some("/login")));
    let cookie = out.field("set-cookie").unwrap();
    let rules = COOKIE_RULES.replace("43200", "0");
    assert_eq!(cookie, format!("__host-onward={rules}"), "or browsers would keep the old one");
    assert!(!is_in(&site, &one) && is_in(&site, &other));
    let list = site.onward.run(&["web", "list"]);
    site.onward.run(&["web", "revoke", list.split(' ').next().unwrap()]);
    assert!(!is_in(&site, &other));
    let sent = site.post(&other, "/logout", "");
    assert_eq!(sent.status, 403);
    assert!(sent.body.contains("Your session has ended"), "{sent:?}");
}

#[test]
fn with_a_domain_goes_what_its_owners_see() {
    let site = Site::start();
    let one = site.owner("example.org");
    let both = site.log_in(&["--domain", "example.org", "--domain", "other.test"]);
    let link = site.link(&["--domain", "example.org"]);
    site.onward.run(&["domain", "remove", "example.org"]);
    assert!(!is_in(&site, &one));
    assert_eq!(site.get(&Person::nobody(), &link).status, 404);
    let page = site.get(&both, "/sessions").body;
    assert!(page.contains("other.test") && !page.contains("example.org"), "{page}");
    site.onward.run(&["domain", "add", "example.org"]);
    assert!(!is_in(&site, &one), "whoever hosts it next is somebody else");
}

#[test]
fn who_shows_wrong_links_waits_and_good_ones_never_do() {
    let site = Site::start();
    let link = site.link(&[]);
    let guess = |n: usize| {
        let path = format!("/login/{}", char::from(b'a' + n as u8).to_string().repeat(32));
        site.post(&Person::nobody(), &path, "")
    };
    let answers: Vec<_> = (0..12).map(guess).collect();
    let waits = answers.iter().filter(|answer| answer.status == 429).count();
    assert!((5..12).contains(&waits), "{answers:#?}");
    let last = answers.last().unwrap();
    let wait: u64 = last.field("retry-after").unwrap().parse().unwrap();
    assert!(last.body.contains(&format!("{wait} seconds")), "{last:?}");
    assert_eq!(site.post(&Person::nobody(), &link, "").status, 303);
}

#[test]
fn no_secret_is_kept_or_told() {
    let mut site = Site::start();
    let link = site.link(&["--label", "Anna"]);
    let secret = link.strip_prefix("/login/").unwrap().to_owned();
    site.get(&Person::nobody(), &link);
    let person = Person::of(&site.post(&Person::nobody(), &link, "")).unwrap();
    assert!(is_in(&site, &person));
    site.get(&Person::nobody(), &format!("{link}/more"));
    let page = site.get(&person, "/sessions").body;
    let list = site.onward.run(&["web", "list", "--json"]);
    let trace = site.onward.run(&["trace", "--json"]);
    // A use is written down.
    wait_until("the last use", || {
        site.onward.run(&["web", "list"]).contains("last used").then_some(())
    });
    site.onward.signal("TERM");
    site.onward.wait_for_log("stopped");
    let log = site.onward.log().join("\n");
    site.onward.wait_exit();
    for entry in fs::read_dir(site.onward.state_dir()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(octets) = fs::read(&path) else { continue };
        for proof in [&secret, &person.0] {
            let found = octets.windows(proof.len()).any(|window| window == proof.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
    for (what, text) in [("log", log), ("list", list), ("journal", trace), ("page", page)] {
        assert!(!text.contains(&secret) && !text.contains(&person.0), "{what}: {text}");
    }
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let site = Site::start();
    let admin = site.admin();
    let page = site.get(&admin, "/sessions");
    let style = page.body.split("href=\"").find(|part| part.starts_with("/assets/style")).unwrap();
    let style = style.split('"').next().unwrap().to_owned();
    let too_large = "x".repeat(70_000);
    for (answer, status, cache) in [
        (page, 200, "no-store"),
        (site.get(&admin, &style), 200, "public, max-age=31536000, immutable"),
        (site.get(&Person::nobody(), "/absent"), 404, "no-store"),
        (site.get(&admin, "/%2e%2e/etc/passwd"), 404, "no-store"),
        (site.get(&admin, "/logout"), 405, "no-store"),
        (site.post(&Person::nobody(), "/logout", ""), 403, "no-store"),
        (site.post(&admin, "/language", &too_large), 413, "no-store"),
    ] {
        assert_eq!((answer.status, answer.field("cache-control")), (status, Some(cache)));
        let policy = answer.field("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(policy.ends_with("base-uri 'none'; frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.field("referrer-policy"), Some("same-origin"));
        if status >= 400 {
            assert!(answer.body.contains("<h1>"), "in words: {answer:?}");
        }
        for inline in ["<script>", " style=", " onclick=", "<style"] {
            assert!(!answer.body.contains(inline), "{inline}");
        }
    }
    let json = site.ask(&admin, "POST", "/language", "Content-Type: application/json\r\n", "{}");
    assert_eq!(json.status, 400, "{json:?}");
}

#[test]
fn the_language_is_what_the_browser_says_until_somebody_chooses() {
    let site = Site::start();
    let ask = |head: &str| site.ask(&Person::nobody(), "GET", "/login", head, "").body;
    assert!(ask("").contains("<html lang=\"en\">"));
    assert!(ask("Accept-Language: de-AT,en;q=0.5\r\n").contains("<html lang=\"de\">"));
    let chosen = site.post(&Person::nobody(), "/language", "lang=de&back=/login%3Fx");
    assert_eq!((chosen.status, chosen.field("location")), (303, Some("/login?x")));
    let cookie = chosen.field("set-cookie").unwrap();
    assert!(cookie.starts_with("lang=de;"), "{cookie}");
    assert!(ask("Accept-Language: en\r\nCookie: lang=de\r\n").contains("<h1>Anmelden</h1>"));
    let evil = site.post(&Person::nobody(), "/language", "lang=xx&back=//evil.test/");
    assert_eq!((evil.field("location"), evil.field("set-cookie")), (Some("/"), None));
}

#[test]
fn a_link_is_not_used_up_by_a_store_that_fails() {
    let site = Site::start();
    let (before, link) = (site.admin(), site.link(&[]));
    let database = Connection::open(site.onward.state_dir().join("onward.db")).unwrap();
    let set = |role: &str| {
        let sql = "UPDATE sessions SET role = ?1 WHERE hash IS NOT NULL";
        assert_eq!(database.execute(sql, [role]).unwrap(), 1);
    };
    // The session that the browser had before cannot be read.
    set("rubbish");
    let answer = site.post(&before, &link, "");
    assert_eq!((answer.status, answer.field("set-cookie")), (503, None), "{answer:?}");
    set("admin");
    let answer = site.post(&before, &link, "");
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(!is_in(&site, &before), "the session that the browser had is over");
    assert!(is_in(&site, &Person::of(&answer).unwrap()));
}
