//! By which names the page is reached, and whom a proxy may name.

use super::site::{Person, Site};
use crate::api::octets;
use crate::support::onward::Onward;
use crate::support::wait_until;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

#[test]
fn a_name_is_believed_from_a_proxy_that_is_named_and_from_nobody_else() {
    let named = "Remote-User: anna@example.org\r\n";
    let site = Site::start();
    let answer = site.ask(&Person::nobody(), "GET", "/sessions", named, "");
    assert_eq!(answer.status, 303, "nobody is believed by default");

    let builder = Onward::builder().config("web.trusted_proxy = [\"192.0.2.1\", \"unix\"]");
    let site = Site::start_with(builder);
    assert_eq!(site.ask(&Person::nobody(), "GET", "/sessions", named, "").status, 303);

    let hosts = "web.hosts = [\"127.0.0.1\"]";
    let proxy = "web.trusted_proxy = [\"127.0.0.0/8\"]";
    let site = Site::start_with(Onward::builder().config(hosts).config(proxy));
    let ask =
        |method: &str, path: &str, head: &str| site.ask(&Person::nobody(), method, path, head, "");
    let page = ask("GET", "/sessions", named);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("anna@example.org") && page.body.contains("administrator"));
    assert!(!page.body.contains("/logout"), "the proxy would let them in again");
    let unfilled = "Remote-User: {http.reverse_proxy.header.Remote-User}\r\n";
    for (head, why) in [
        (String::new(), "no name"),
        ("Remote-User: \r\n".to_owned(), "an empty one"),
        (unfilled.to_owned(), "a variable that the proxy did not fill"),
    ] {
        assert_eq!(ask("GET", "/sessions", &head).status, 303, "{why}");
    }
    let link = site.link(&[]);
    for (head, why) in [
        (format!("Remote-User: root\r\n{named}"), "two: one may be the client's"),
        (format!("Remote-User: {}\r\n", "x".repeat(201)), "a long one"),
        ("Remote-User: J\u{fc}rgen\r\n".to_owned(), "one that is not ASCII"),
    ] {
        for (method, path) in [("GET", "/sessions"), ("GET", "/login"), ("POST", link.as_str())] {
            let answer = ask(method, path, &head);
            assert_eq!(answer.status, 400, "{why}: {method} {path}");
            assert!(answer.body.contains("Nobody is let in by this proxy"), "{why}: {answer:?}");
            assert_eq!(answer.field("set-cookie"), None);
        }
    }
    let told = site.onward.log();
    let told = told.iter().filter(|line| line.contains("nobody is let in by Remote-User"));
    assert_eq!(told.count(), 1, "once");
    assert_eq!(site.get(&Person::nobody(), &link).status, 200, "the link was not used up");
    // Another site cannot use what the proxy knows.
    site.owner("example.org");
    let list = site.onward.run(&["web", "list"]);
    let revoke = format!("/sessions/{}/revoke", list.split(' ').next().unwrap());
    let cross = format!("{named}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(ask("POST", &revoke, &cross).status, 403);
    assert_eq!(
        ask("POST", &revoke, &format!("{named}Sec-Fetch-Site: same-origin\r\n")).status,
        303
    );
    let page = ask("GET", "/sessions", named).body;
    assert!(page.contains("is ended"), "a notice is theirs, without a session: {page}");
}

#[test]
fn a_unix_socket_can_be_a_proxys() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("web");
    let listen = format!(
        "listen = [{{ protocol = \"http\", address = \"unix:{}\", serve = [\"web\"] }}]",
        socket.display()
    );
    let mut onward =
        Onward::builder().without_listener().config("web.trusted_proxy = [\"unix\"]").build();
    onward.edit_config(|text| format!("{listen}\n{text}"));
    onward.serve();
    // It has a name before it listens.
    let mut stream = wait_until("the socket", || UnixStream::connect(&socket).ok());
    stream
        .write_all(b"GET /sessions HTTP/1.1\r\nHost: localhost\r\nRemote-User: anna\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("anna"), "{answer}");
    let refused = onward.cli(&["web", "login"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("--base URL"), "{}", refused.stderr);
}

#[test]
fn a_page_whose_name_was_made_to_lead_here_reaches_nothing() {
    let named = "Remote-User: root\r\n";
    let proxy = "web.trusted_proxy = [\"127.0.0.1\"]";
    let get = |address: SocketAddr, host: &str, more: &str| {
        let head = format!("GET /sessions HTTP/1.1\r\n{host}{more}\r\n");
        octets(address, head.as_bytes(), false)
    };
    // Whoever is taken for the proxy by the address that he comes from.
    let hosts = "web.hosts = [\"mail.example.org\"]";
    let (builder, api) = Onward::builder().listen("http", &["serve = [\"api\"]"]);
    let site = Site::start_with(builder.config(hosts).config(proxy));
    let evil = format!("Host: evil.test:{}\r\n", site.address.port());
    for host in [&evil, "Host: 127.0.0.1\r\n", "Host: localhost\r\n", "Host: mx.example.org\r\n"] {
        let answer = get(site.address, host, named);
        assert_eq!(answer.status, 421, "{host}");
        assert!(answer.body.contains("<h1>This page has another name</h1>"), "{answer:?}");
        assert!(answer.body.contains("web.hosts"), "{answer:?}");
    }
    let told = site.onward.log();
    let told = told.iter().filter(|line| line.contains("by a name that it has not"));
    assert_eq!(told.count(), 1, "once");
    for host in ["", "Host: mail.example.org\r\nHost: mail.example.org\r\n", "Host: a b\r\n"] {
        assert_eq!(get(site.address, host, named).status, 400, "{host:?}");
    }
    for host in ["mail.example.org", "MAIL.example.org.:8443"] {
        let answer = get(site.address, &format!("Host: {host}\r\n"), named);
        assert_eq!(answer.status, 200, "{host}: {answer:?}");
    }
    // Links begin with the name; programs with a token may ask by any.
    let link = site.onward.run(&["web", "login"]);
    assert!(link.starts_with("https://mail.example.org/login/"), "{link}");
    let answer = octets(api, format!("GET /api/status HTTP/1.1\r\n{evil}\r\n").as_bytes(), false);
    assert_eq!(answer.status, 401, "{answer:?}");

    // Where nobody says its names, and nobody is to be believed who comes from an address.
    let site = Site::start_with(Onward::builder().config(proxy));
    let evil = format!("Host: evil.test:{}\r\n", site.address.port());
    assert_eq!(get(site.address, &evil, named).status, 421);
    let answer = get(site.address, "Host: localhost\r\n", named);
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(answer.body.contains("web.hosts"), "{answer:?}");
    assert_eq!(get(site.address, "Host: localhost\r\n", "").status, 303, "to log in");
    let checked = site.onward.cli(&["check"]);
    assert!(checked.stdout.contains("web.hosts") || checked.stderr.contains("web.hosts"));
}

#[test]
fn what_cannot_be_read_is_answered_with_a_page_where_there_is_nothing_else() {
    let (builder, both) = Onward::builder().listen("http", &["serve = [\"api\", \"web\"]"]);
    let site = Site::start_with(builder);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for octets_sent in [long.as_str(), "rubbish\r\n\r\n"] {
        let answer = octets(site.address, octets_sent.as_bytes(), true);
        assert!([400, 431].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
        assert!(answer.body.contains("<h1>"), "{answer:?}");
        assert!(answer.field("content-security-policy").is_some(), "{answer:?}");
        let answer = octets(both, octets_sent.as_bytes(), true);
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{answer:?}");
    }
}
