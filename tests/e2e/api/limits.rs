//! Who asks too much.

use super::Api;
use crate::support::{DEADLINE, onward::Onward};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn who_guesses_tokens_waits_and_nobody_waits_for_him() {
    let api = Api::start();
    let ask = |token: &str| api.ask(token, "GET", "/api/domains", None);
    for _ in 0..20 {
        assert_eq!(ask("onw_revoked").status, 401, "the same again is no guess");
    }
    let put_off = (0..20).map(|n| ask(&format!("onw_{n}"))).find(|answer| answer.status == 429);
    let put_off = put_off.expect("a wait");
    put_off.faults();
    assert!(put_off.field("retry-after").unwrap().parse::<u64>().unwrap() > 0, "{put_off:?}");
    assert_eq!(ask(&api.admin).status, 200, "from the same address");
}

#[test]
fn connections_that_ask_nothing_keep_nobody_out() {
    let api = Api::start();
    let mut idle = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(api.address).unwrap();
        let _ = stream.write_all(b"GET /api");
        idle.push(stream);
    }
    assert_eq!(api.ask(&api.admin, "GET", "/api/domains", None).status, 200);
    let mut first = idle.swap_remove(0);
    let mut rest = Vec::new();
    let _ = first.read_to_end(&mut rest);
    assert!(rest.is_empty(), "the oldest made room");
}

#[test]
fn a_body_that_comes_slowly_makes_room_for_others() {
    let api = Api::start();
    let head = format!(
        "POST /api/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: 24\r\n\r\n",
        api.admin
    );
    let slow = (0..128).map(|_| {
        let mut stream = TcpStream::connect(api.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).expect("it is asked for the body");
        assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
        stream.write_all(b"{\"domain\":").unwrap();
        stream
    });
    let mut slow: Vec<TcpStream> = slow.collect();
    assert_eq!(
        api.ask(&api.admin, "GET", "/api/domains", None).status,
        200,
        "all places are taken"
    );
    let mut last = slow.pop().unwrap();
    last.write_all(b"\"new.example\"}").unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "only the oldest went: {answer}");
}

#[test]
fn of_questions_that_ask_dns_one_a_token_is_answered_at_once() {
    // A name server that never answers.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(DEADLINE)).unwrap();
    let api = Api::start_with(Onward::builder().name_server(silent.local_addr().unwrap()));
    let path = "/api/explain?to=hello@example.org&from=a@sender.test&ip=192.0.2.1";
    api.onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", api.admin);
    // What the command line asked is none of it.
    silent.set_nonblocking(true).unwrap();
    while silent.recv_from(&mut [0; 512]).is_ok() {}
    silent.set_nonblocking(false).unwrap();
    let mut first = TcpStream::connect(api.address).unwrap();
    first.write_all(head.as_bytes()).unwrap();
    silent.recv_from(&mut [0; 512]).expect("the first asks DNS");
    let second = api.ask(&api.admin, "GET", path, None);
    assert_eq!(second.status, 429, "{second:?}");
    assert_eq!(second.field("retry-after"), Some("2"), "{second:?}");
    assert_eq!(api.ask(&api.admin, "GET", "/api/domains", None).status, 200, "others are answered");
}
