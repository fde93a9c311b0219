//! `[events]`: a program is told what happens to aliases, whatever it answers.

mod server;

use crate::support::{
    DEADLINE,
    certificates::Authority,
    config::quoted,
    dns::Dns,
    fake_filter::{Asked, FakeFilter, Say},
    onward::{Builder, Onward},
    receiver::{Action, Receiver, Step},
    wait_until,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::{
    collections::HashSet,
    fs,
    net::Ipv4Addr,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const TEXT: &[u8] = b"From: <a@sender.test>\r\nSubject: x\r\n\r\nx\r\n";

fn ok() -> Say {
    Say::Body("{}".to_owned())
}

fn status(line: &str) -> Say {
    let answer = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    Say::Octets(answer.into_bytes())
}

/// Tells `place` of aliases in example.org, whose mail goes to the sink.
fn telling(sink: &Receiver, place: &str) -> Builder {
    let builder = Onward::forwarding_to(&sink.route());
    let file = builder.directory().join("events.secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    builder
        .config(&format!("events.webhook = {}", quoted(place)))
        .config(&format!("events.secret_file = {}", quoted(&file.display().to_string())))
}

/// The value of a field of what came.
fn field<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    asked.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// What came, if it is signed as docs/EVENTS.md says.
#[track_caller]
fn checked(asked: &Asked) -> Value {
    let header = field(asked, "onward-signature").expect("signed");
    let (time, signed) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(time.parse().unwrap()) < 300, "{header}");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(&asked.body);
    let expected: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(signed, expected);
    assert_eq!(field(asked, "content-type"), Some("application/json"));
    serde_json::from_slice(&asked.body).unwrap()
}

#[test]
fn an_alias_of_another_process_is_told_signed_and_without_its_destination() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(ok()));
    let onward = telling(&sink, &format!("{}/take?all=1", hook.place())).start();
    onward.run(&["alias", "add", "Shop@example.org", "secret-owner@sink.test"]);
    hook.wait_for_asked(1);
    let [asked] = hook.asked().try_into().unwrap();
    assert_eq!(asked.head[0], "POST /take?all=1 HTTP/1.1");
    let event = checked(&asked);
    assert_eq!(
        (&event["type"], &event["alias"]),
        (&"alias.made".into(), &"Shop@example.org".into())
    );
    assert_eq!(
        (&event["domain"], &event["data"]["kind"]),
        (&"example.org".into(), &"exact".into())
    );
    assert!(!String::from_utf8_lossy(&asked.body).contains("secret-owner"));
    // What was there before anybody was told is no news, and what is replaced is not made.
    onward.run(&["alias", "add", "--replace", "shop@example.org", "other@sink.test"]);
    onward.run(&["alias", "add", "*@example.org", "other@sink.test"]);
    hook.wait_for_asked(2);
    let events: Vec<Value> = hook.asked().iter().map(checked).collect();
    assert_eq!(events[1]["alias"], "*@example.org");
    assert_eq!(events.len(), 2, "{events:?}");
}

#[test]
fn whatever_it_answers_the_event_comes_again_and_mail_goes_on() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(status("500 Oh No")));
    let onward = telling(&sink, &format!("{}/here", hook.place()))
        .config("events.timeout = \"500ms\"")
        .start();
    let took = || {
        let began = Instant::now();
        let reply = onward.session().transaction("a@sender.test", &["hello@example.org"], TEXT);
        reply.expect_code(250);
        began.elapsed()
    };
    onward.run(&["alias", "add", "shop@example.org", "a@sink.test"]);
    hook.wait_for_asked(1);
    hook.say(status(&format!("302 Found\r\nLocation: {}/elsewhere", hook.place())));
    hook.wait_for_asked(2);
    hook.say(Say::Nothing);
    hook.wait_for_asked(3);
    assert!(took() < DEADLINE / 4);
    // It was taken, whatever stands behind that.
    hook.say(Say::Endless);
    hook.wait_for_asked(4);
    hook.say(ok());
    onward.run(&["alias", "add", "more@example.org", "a@sink.test"]);
    wait_until("the next alias", || {
        let made = of_kind(&hook, "alias.made");
        (made.last()?["alias"] == "more@example.org").then_some(())
    });
    assert_eq!(of_kind(&hook, "alias.made").len(), 5, "four of the first, one of the next");
    let mut asked = hook.asked();
    asked.truncate(4);
    let ids: HashSet<String> = asked.iter().map(|it| checked(it)["id"].to_string()).collect();
    assert!(ids.len() <= 2, "the first use is another event: {ids:?}");
    assert!(asked.iter().all(|it| it.head[0] == "POST /here HTTP/1.1"), "{asked:?}");
    assert_eq!(checked(&asked[0])["id"], checked(&asked[3])["id"]);
    assert!(onward.log().iter().any(|line| line.contains("events are not taken")));
    assert!(!onward.log().iter().any(|line| line.contains("/here")), "a path may be a secret");
}

#[test]
fn only_a_server_with_a_certificate_for_its_name_is_told() {
    let (sink, dns, authority) = (Receiver::smtp().start(), Dns::start(), Authority::new());
    let server = |name| FakeFilter::start_tls(ok(), &authority.issue(name, name));
    let (hook, other) = (server("hook.test"), server("other.test"));
    for name in ["hook.test", "false.test"] {
        dns.a(name, Ipv4Addr::LOCALHOST);
    }
    let ca = format!("tls.ca_file = {}", quoted(&authority.file().display().to_string()));
    let start = |name: &str, port: u16| {
        let place = format!("https://{name}:{port}/");
        telling(&sink, &place).dns(&dns).config(&ca).start()
    };
    let falsely = start("false.test", other.port());
    falsely.run(&["alias", "add", "shop@example.org", "a@sink.test"]);
    falsely.wait_for_log("the certificate is for another host");
    assert_eq!(other.asked().len(), 0);
    let onward = start("hook.test", hook.port());
    onward.run(&["alias", "add", "shop@example.org", "a@sink.test"]);
    hook.wait_for_asked(1);
    assert_eq!(checked(&hook.asked()[0])["alias"], "shop@example.org");
}

#[test]
fn what_was_made_while_no_daemon_ran_is_told_by_the_next_one() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(status("503 Later")));
    let mut onward = telling(&sink, &hook.place()).start();
    onward.run(&["alias", "add", "first@example.org", "a@sink.test"]);
    hook.wait_for_asked(1);
    onward.kill_9();
    let file = onward.config_path().parent().unwrap().join("aliases.jsonl");
    let listed = onward.run(&["alias", "export"]);
    let more = r#"{"address":"second@example.org","destinations":["a@sink.test"]}"#;
    fs::write(&file, format!("{listed}{more}\n")).unwrap();
    onward.run(&["alias", "apply", file.to_str().unwrap()]);
    hook.say(ok());
    onward.serve();
    hook.wait_for_asked(3);
    let events: Vec<Value> = hook.asked().iter().map(checked).collect();
    assert_eq!(events[0]["id"], events[1]["id"], "again after the crash");
    assert_eq!(events[2]["alias"], "second@example.org");
}

/// The events of a kind that have come.
fn of_kind(hook: &FakeFilter, kind: &str) -> Vec<Value> {
    let events = hook.asked().into_iter().map(|asked| checked(&asked));
    events.filter(|event| event["type"] == kind).collect()
}

/// Waits for so many events of a kind.
#[track_caller]
fn wait_for(hook: &FakeFilter, kind: &str, count: usize) -> Vec<Value> {
    wait_until(format!("{count} of {kind}"), || {
        let events = of_kind(hook, kind);
        (events.len() >= count).then_some(events)
    })
}

#[test]
fn who_is_refused_is_told_with_the_rule_and_so_is_the_first_use_once() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(ok()));
    let onward = telling(&sink, &hook.place()).start();
    let send = |code| {
        let mut client = onward.session();
        client.transaction("a@sender.test", &["hello+tag@example.org"], TEXT).expect_code(code);
    };
    send(250);
    send(250);
    let first = wait_for(&hook, "alias.first_use", 1);
    assert_eq!(first[0]["alias"], "hello@example.org");
    sink.on(Step::FinalDot, Action::reply("550 5.2.2 over quota of bob@sink.test"));
    send(550);
    let refused = wait_for(&hook, "message.refused", 1);
    assert_eq!(refused[0]["data"]["sender"], "a@sender.test");
    let rule = refused[0]["data"]["rule"].as_str().unwrap();
    assert_eq!(rule, "refused, because the mailbox behind the alias is full");
    onward.run(&["alias", "disable", "hello@example.org"]);
    let mut client = onward.session();
    client.mail("b@other.test").expect_code(250);
    client.rcpt("HELLO@example.org").expect_code(550);
    client.rcpt("nobody@example.org").expect_code(550);
    let refused = wait_for(&hook, "message.refused", 2);
    assert_eq!(refused[1]["alias"], "hello@example.org");
    assert_eq!(refused[1]["data"]["sender"], "b@other.test");
    let rule = refused[1]["data"]["rule"].as_str().unwrap();
    assert!(rule.contains("switched off"), "{rule}");
    onward.run(&["alias", "add", "last@example.org", "a@sink.test"]);
    wait_for(&hook, "alias.made", 1);
    assert_eq!(of_kind(&hook, "message.refused").len(), 2, "nobody@ is no alias");
    assert_eq!(of_kind(&hook, "alias.first_use").len(), 1);
}

#[test]
fn a_flood_of_refusals_of_one_alias_is_bounded() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(ok()));
    let onward = telling(&sink, &hook.place())
        .without_rates()
        .config("events.refusals_per_alias = 2")
        .config("limits.errors = 100")
        .start();
    onward.run(&["alias", "disable", "hello@example.org"]);
    let mut client = onward.session();
    client.mail("b@other.test").expect_code(250);
    for _ in 0..10 {
        client.rcpt("hello@example.org").expect_code(550);
    }
    wait_for(&hook, "message.refused", 2);
    onward.run(&["alias", "add", "last@example.org", "a@sink.test"]);
    wait_for(&hook, "alias.made", 1);
    assert_eq!(of_kind(&hook, "message.refused").len(), 2);
}

#[test]
fn an_alias_expires_by_its_time_and_by_its_last_message_once() {
    let (sink, hook) = (Receiver::smtp().start(), FakeFilter::start(ok()));
    let onward = telling(&sink, &hook.place()).start();
    let file = onward.config_path().parent().unwrap().join("aliases.jsonl");
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
    let lines = [
        r#"{"address":"hello@example.org","destinations":["bob@sink.test"],"max_messages":1}"#
            .to_owned(),
        format!(
            r#"{{"address":"soon@example.org","destinations":["a@sink.test"],"expires":"{soon:.0}"}}"#
        ),
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    onward.run(&["alias", "apply", file.to_str().unwrap()]);
    onward.session().transaction("a@sender.test", &["hello@example.org"], TEXT).expect_code(250);
    let mut expired: Vec<(String, String)> = wait_for(&hook, "alias.expired", 2)
        .iter()
        .map(|event| (event["alias"].to_string(), event["data"]["by"].to_string()))
        .collect();
    expired.sort();
    let expected = [("hello@example.org", "messages"), ("soon@example.org", "time")];
    assert_eq!(expired, expected.map(|(a, b)| (format!("{a:?}"), format!("{b:?}"))));
}
