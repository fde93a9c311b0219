//! Requests that are none, and pages of other origins.

use super::{Answer, Api};
use crate::support::{DEADLINE, onward::Onward, wait_until};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn what_cannot_be_read_is_told_as_a_problem() {
    let api = Api::start();
    let json = "Content-Type: application/json\r\n";
    let with = |head: &str| format!("Authorization: Bearer {}\r\n{head}", api.admin);
    let large = vec![b' '; 70_000];
    let ask = |method: &str, path: &str, head: &str, body: &[u8]| {
        api.raw(method, path, &with(head), body)
    };
    for (answer, status) in [
        (ask("POST", "/api/aliases", json, b"{"), 400),
        (ask("POST", "/api/aliases", json, b""), 400),
        (ask("POST", "/api/aliases", json, b"\xff"), 400),
        (ask("POST", "/api/aliases", "", b"{}"), 415),
        (ask("POST", "/api/aliases", "Content-Type: text/json\r\n", b"{}"), 415),
        (ask("POST", "/api/aliases", json, &large), 413),
        (ask("POST", "/api/aliases", json, b"[]"), 422),
        (ask("GET", "/api/nothing", "", b""), 404),
        (ask("GET", "/", "", b""), 404),
        (ask("GET", "/api/aliases/%ff", "", b""), 400),
        (ask("PUT", "/api/aliases", json, b"{}"), 405),
        (ask("TRACE", "/api/aliases", "", b""), 405),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        answer.faults();
        let kept = (answer.field("cache-control"), answer.field("x-content-type-options"));
        assert_eq!(kept, (Some("no-store"), Some("nosniff")), "{answer:?}");
    }
    let allowed = ask("PUT", "/api/aliases", "", b"");
    let allow = allowed.field("allow").unwrap();
    assert!(allow.contains("get") && allow.contains("post"), "{allow}");
    let twice =
        ask("POST", "/api/aliases", json, b"{\"address\":\"a@x.test\",\"address\":\"b@x.test\"}");
    assert_eq!((twice.status, twice.faults()), (422, vec!["address".to_owned()]));

    let got = api.ask(&api.admin, "GET", "/api/domains", None);
    let head = api.ask(&api.admin, "HEAD", "/api/domains", None);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.field("content-length"), Some(got.body.len().to_string().as_str()));
    assert_eq!(head.field("etag"), got.field("etag"));
    assert_eq!(
        api.ask(&api.admin, "GET", "//api/domains", None).body,
        got.body,
        "behind a base with a slash"
    );
    let odd = api.raw("GET", "/api/domains", &format!("Authentication: {}\r\n", api.admin), b"");
    assert_eq!(odd.body, got.body, "as SimpleLogin's programs show it");
}

#[test]
fn a_change_is_made_though_its_client_goes_away() {
    let api = Api::start();
    let body =
        json!({"address": "gone@example.org", "destinations": ["bob@sink.test"]}).to_string();
    let mut stream = TcpStream::connect(api.address).unwrap();
    let head = format!(
        "POST /api/aliases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        api.admin,
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    drop(stream);
    wait_until("the alias", || {
        api.onward.run(&["alias", "list"]).contains("gone@example.org").then_some(())
    });
    // What ends in its middle is nothing.
    let mut stream = TcpStream::connect(api.address).unwrap();
    stream.write_all(format!("{head}{{").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.is_empty() || Answer::of(&answer).status == 400, "{answer}");
}

#[test]
fn pages_of_named_origins_may_ask_and_no_others() {
    let vault = "https://vault.example.org";
    let origins = format!("api.cors_origins = [\"{vault}\", \"moz-extension://0f0f-aa\"]");
    let api = Api::start_with(Onward::builder().config(&origins));
    let asks =
        "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";
    for origin in [vault, "moz-extension://0f0f-aa"] {
        let head = format!("Origin: {origin}\r\n");
        let may = api.raw("OPTIONS", "/api/aliases", &format!("{head}{asks}"), b"");
        assert_eq!(may.status, 204, "{may:?}");
        assert_eq!(may.field("access-control-allow-origin"), Some(origin));
        assert!(may.field("access-control-allow-methods").unwrap().contains("patch"), "{may:?}");
        for name in
            ["authorization", "authentication", "content-type", "x-requested-with", "if-match"]
        {
            assert!(
                may.field("access-control-allow-headers").unwrap().contains(name),
                "{name}: {may:?}"
            );
        }
        let got = api.ask_with(&api.admin, "GET", "/api/domains", None, &head);
        assert_eq!(got.field("access-control-allow-origin"), Some(origin));
        assert!(got.field("access-control-expose-headers").unwrap().contains("etag"), "{got:?}");
        let wrong = api.ask_with("onw_x", "GET", "/api/domains", None, &head);
        assert_eq!(
            wrong.field("access-control-allow-origin"),
            Some(origin),
            "or the page cannot show it"
        );
    }
    for origin in [
        "https://evil.example",
        "null",
        "https://vault.example.org.evil.example",
        "http://vault.example.org",
    ] {
        let head = format!("Origin: {origin}\r\n");
        for answer in [
            api.raw("OPTIONS", "/api/aliases", &format!("{head}{asks}"), b""),
            api.ask_with(&api.admin, "GET", "/api/domains", None, &head),
        ] {
            assert_eq!(answer.field("access-control-allow-origin"), None, "{answer:?}");
            assert_eq!(answer.field("vary"), Some("origin"), "{answer:?}");
        }
    }
}
