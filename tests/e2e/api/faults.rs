//! Requests that are none, and pages of other origins.

use super::{Answer, Api, client::octets};
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

/// hyper would answer these with a status and nothing else, or not at all.
#[test]
fn a_head_that_is_none_is_told_as_a_problem() {
    let api = Api::start();
    let get = |more: &[u8]| {
        let head = format!("GET /api/domains HTTP/1.1\r\nAuthorization: Bearer {}\r\n", api.admin);
        [head.as_bytes(), more, b"\r\n"].concat()
    };
    let field = |octets: usize| format!("X-Long: {}\r\n", "a".repeat(octets)).into_bytes();
    let many = "X-Many: a\r\n".repeat(200).into_bytes();
    let query = format!("GET /api/aliases?q={} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(70_000));
    for (name, request, ends, status) in [
        ("a long field", get(&field(20_000)), false, 431),
        ("a very long one", get(&field(900_000)), false, 431),
        ("many fields", get(&many), false, 431),
        ("a long query", query.into_bytes(), false, 431),
        ("words", b"hello\r\n\r\n".to_vec(), false, 400),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), true, 400),
        ("HTTP/0.9", b"GET /api/domains\r\n".to_vec(), false, 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), false, 400),
        ("no field", get(b"no field\r\n"), false, 400),
        ("a NUL", get(b"X: a\0b\r\n"), false, 400),
        ("lengths", get(b"Content-Length: 5\r\nContent-Length: 6\r\n"), false, 400),
        ("a length that is none", get(b"Content-Length: -5\r\n"), false, 400),
        ("a coding", get(b"Transfer-Encoding: gzip\r\n"), false, 400),
        ("no UTF-8", b"GET /api/aliases/\xff HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), false, 400),
        ("the half", b"GET /api/domains HTTP/1.1\r\nHost".to_vec(), true, 400),
    ] {
        let answer = octets(api.address, &request, ends);
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        answer.faults();
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{name}: {answer:?}");
        assert!(answer.field("date").is_some(), "{name}: {answer:?}");
    }
    // Who says nothing is told nothing.
    let mut silent = TcpStream::connect(api.address).unwrap();
    silent.set_read_timeout(Some(DEADLINE)).unwrap();
    silent.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(octets(api.address, &get(b""), false).status, 200);
}

#[test]
fn a_head_that_stays_away_is_told_so() {
    let api = Api::start();
    let answer = octets(api.address, b"GET /api/domains HTTP/1.1\r\nHost", false);
    assert_eq!(answer.status, 408, "{answer:?}");
    answer.faults();
}

#[test]
fn what_http_has_for_bodies_and_targets_is_understood() {
    let api = Api::start();
    let body = json!({"address": "a@example.org", "destinations": ["b@sink.test"]}).to_string();
    let post = |more: &str, body: &str| {
        let head = format!(
            "POST /api/aliases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\n{more}\r\n{body}",
            api.admin
        );
        octets(api.address, head.as_bytes(), false)
    };
    let chunks = format!(
        "5;a=b\r\n{}\r\n{:x}\r\n{}\r\n0\r\nX: y\r\n\r\n",
        &body[..5],
        body.len() - 5,
        &body[5..]
    );
    assert_eq!(post("Transfer-Encoding: chunked\r\n", &chunks).status, 201);
    let expects = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", body.len());
    let goes_on = post(&expects, &body);
    assert_eq!(goes_on.status, 100, "{goes_on:?}");
    assert_eq!(Answer::of(&goes_on.body).status, 409, "{goes_on:?}");
    for (more, body, status) in [
        ("Transfer-Encoding: chunked\r\n", "zz\r\n{}", 400),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n{}", 400),
        ("Content-Length: 2\r\nContent-Encoding: gzip\r\n", "{}", 415),
        ("Content-Length: 99999999999999\r\n", "{}", 413),
        ("Content-Length: 2\r\nAuthorization: Bearer onw_x\r\n", "{}", 400),
    ] {
        let answer = post(more, body);
        assert_eq!(answer.status, status, "{more}: {answer:?}");
        answer.faults();
    }
    let as_simplelogin = format!("Authentication: onw_x\r\nAuthentication: {}\r\n", api.admin);
    assert_eq!(api.raw("GET", "/api/domains", &as_simplelogin, b"").status, 400);
    let basic = format!("Authorization: Basic {}\r\n", api.admin);
    assert_eq!(api.raw("GET", "/api/domains", &basic, b"").status, 401, "no other scheme");
    let target = "http://elsewhere.test/api/domains";
    assert_eq!(api.ask(&api.admin, "GET", target, None).status, 200);
    let get = format!(
        "GET /api/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        api.admin
    );
    let one = octets(api.address, get.repeat(2).as_bytes(), false);
    assert_eq!(one.body.matches("HTTP/1.1").count(), 0, "one connection is for one request");
    for path in [
        "/api/aliases/a%00b@example.org",
        "/api/messages/%00",
        "/api/aliases?q=%00",
        "/api/queue/%00",
    ] {
        let answer = api.ask(&api.admin, "GET", path, None);
        assert!(answer.status < 500, "{path}: {answer:?}");
    }
    // A number there is of an alias for SimpleLogin's clients alone.
    for path in ["/api/aliases/0", "/api/aliases/17/enable"] {
        let method = if path.ends_with("enable") { "POST" } else { "GET" };
        let answer = api.ask(&api.admin, method, path, None);
        assert_eq!((answer.status, answer.faults()), (422, vec!["address".to_owned()]), "{path}");
    }
    for (method, path, status) in [
        ("OPTIONS", "*", 204),
        ("GET", "*", 404),
        ("CONNECT", "x:80", 404),
        ("get", "/api/domains", 405),
        ("HEAD", "/api/nothing", 404),
    ] {
        assert_eq!(api.ask(&api.admin, method, path, None).status, status, "{method} {path}");
    }
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
