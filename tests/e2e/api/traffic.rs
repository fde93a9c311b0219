//! What became of messages, the queue, and how it is; over TLS too.

use super::{Answer, Api};
use crate::support::{
    certificates::Authority,
    dns::Dns,
    onward::Onward,
    receiver::{Action, Receiver, Step},
    tls::TlsClient,
    wait_until,
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
};

const MESSAGE: &[u8] = b"From: <alice@spf.test>\r\nSubject: x\r\n\r\nx\r\n";

/// The messages that a token sees.
fn messages(api: &Api, token: &str, query: &str) -> Vec<Value> {
    let answer = api.ask(token, "GET", &format!("/api/messages{query}"), None);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["messages"].as_array().unwrap().clone()
}

#[test]
fn who_manages_a_domain_sees_what_is_of_it() {
    let sink = Receiver::smtp().start();
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let builder = Onward::builder().dns(&dns).route("sink.test", &sink.route());
    let api = Api::start_with(builder.route("spf.test", &sink.route()));
    for address in ["hello@example.org", "hello@other.test"] {
        api.onward.run(&[
            "alias",
            "add",
            address,
            &format!("for-{}", address.replace('@', "-") + "@sink.test"),
        ]);
    }
    let send = |to: &[&str]| {
        api.onward.session().transaction("alice@spf.test", to, MESSAGE).expect_code(250)
    };
    send(&["hello@example.org"]);
    send(&["hello@other.test"]);
    send(&["hello@example.org", "hello@other.test"]);
    wait_until("the journal", || (messages(&api, &api.admin, "").len() == 3).then_some(()));
    let own = messages(&api, &api.manage, "");
    assert_eq!(own.len(), 2, "{own:?}");
    let (mixed, alone) = (&own[0], &own[1]);
    assert_eq!(mixed["to"], json!(["hello@example.org"]), "the newest first");
    assert_eq!((&mixed["attempts"], &mixed["reply"]), (&json!([]), &json!("")));
    assert_eq!(alone["outcome"], "forwarded");
    assert_eq!(alone["attempts"].as_array().unwrap().len(), 1);
    for message in &own {
        assert!(!message.to_string().contains("other"), "{message}");
    }
    // By what is left out nothing is found.
    assert!(messages(&api, &api.manage, "?to=hello%40other.test").is_empty());
    assert!(messages(&api, &api.manage, "?to=for-hello-other.test%40sink.test").is_empty());
    assert_eq!(messages(&api, &api.admin, "?to=hello%40other.test").len(), 2);
    assert_eq!(messages(&api, &api.admin, "?from=%40spf.test&outcome=forwarded").len(), 3);
    assert_eq!(messages(&api, &api.admin, "?outcome=refused").len(), 0);
    assert_eq!(messages(&api, &api.admin, "?since=2099-01-01T00:00:00Z").len(), 0);
    let of_other = messages(&api, &api.admin, "")[1]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/messages/{of_other}");
    assert_eq!(api.ask(&api.manage, "GET", &path, None).status, 404);
    assert_eq!(api.admin("GET", &path, None, 200)["to"], json!(["hello@other.test"]));
    let page = api.admin("GET", "/api/messages?limit=2", None, 200);
    let next = page["next"].as_str().unwrap();
    let rest = api.admin("GET", &format!("/api/messages?limit=2&cursor={next}"), None, 200);
    assert_eq!((rest["messages"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    for (query, field) in [
        ("?outcome=lost", "outcome"),
        ("?from=x", "from"),
        ("?since=now", "since"),
        ("?cursor=x", "cursor"),
    ] {
        let answer = api.ask(&api.admin, "GET", &format!("/api/messages{query}"), None);
        assert_eq!((answer.status, answer.faults()), (422, vec![field.to_owned()]));
    }
}

#[test]
fn what_waits_is_seen_tried_and_dropped_by_whose_it_is() {
    let sink = Receiver::smtp().start();
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let builder = Onward::builder().dns(&dns).route("sink.test", &sink.route());
    let api = Api::start_with(builder.config("spool.retry = [\"1h\"]"));
    for (address, to) in
        [("hello@example.org", "bob@sink.test"), ("hello@other.test", "carl@sink.test")]
    {
        api.onward.run(&["alias", "add", address, to]);
    }
    sink.on(Step::FinalDot, Action::reply("450 4.2.1 later"));
    let send = |to: &[&str]| {
        api.onward.session().transaction("alice@spf.test", to, MESSAGE).expect_code(250)
    };
    send(&["hello@example.org"]);
    send(&["hello@other.test"]);
    let waiting = |token: &str| {
        let answer = api.ask(token, "GET", "/api/queue", None);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["messages"].as_array().unwrap().clone()
    };
    let all = wait_until("both to wait", || {
        let all = waiting(&api.admin);
        let rest = all.iter().all(|message| message["state"] == "queued");
        (all.len() == 2 && rest).then_some(all)
    });
    let id = |message: &Value| message["id"].as_str().unwrap().to_owned();
    let (own, foreign) = (id(&all[0]), id(&all[1]));
    assert_eq!(waiting(&api.manage).iter().map(id).collect::<Vec<_>>(), std::slice::from_ref(&own));
    for (method, path) in [
        ("GET", format!("/api/queue/{foreign}")),
        ("POST", format!("/api/queue/{foreign}/retry")),
        ("DELETE", format!("/api/queue/{foreign}")),
    ] {
        assert_eq!(api.ask(&api.manage, method, &path, None).status, 404, "{method} {path}");
    }
    let shown = api.ask(&api.manage, "GET", &format!("/api/queue/{own}"), None).json();
    assert_eq!(shown["legs"][0]["to"], "hello@example.org");
    // Of one for recipients of others too, the owner sees his, and changes nothing.
    send(&["hello@example.org", "hello@other.test"]);
    let both = wait_until("it to wait", || {
        let is_it = |message: &Value| message["legs"].as_array().unwrap().len() == 2;
        waiting(&api.admin).into_iter().find(|it| is_it(it) && it["state"] == "queued")
    });
    let seen = waiting(&api.manage).into_iter().find(|it| it["id"] == both["id"]).unwrap();
    assert_eq!(seen["to"], json!(["hello@example.org"]));
    assert!(!seen.to_string().contains("other.test") && !seen.to_string().contains("carl@"));
    let path = format!("/api/queue/{}", id(&both));
    for (method, path) in [("POST", format!("{path}/retry")), ("DELETE", path.clone())] {
        assert_eq!(api.ask(&api.manage, method, &path, None).status, 403, "{method} {path}");
    }
    assert_eq!(api.ask(&api.admin, "DELETE", &path, None).status, 204);
    assert_eq!(api.ask(&api.admin, "DELETE", &format!("/api/queue/{foreign}"), None).status, 204);
    sink.on(Step::FinalDot, Action::reply("250 2.0.0 ok"));
    assert_eq!(api.ask(&api.manage, "POST", &format!("/api/queue/{own}/retry"), None).status, 204);
    wait_until("it to leave", || waiting(&api.admin).is_empty().then_some(()));
}

#[test]
fn of_a_mailbox_behind_anothers_alias_an_owner_learns_nothing() {
    let sink = Receiver::smtp().start();
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let builder = Onward::builder().dns(&dns).route("sink.test", &sink.route());
    let api = Api::start_with(builder.config("spool.retry = [\"1h\"]"));
    let add = |address: &str, to: &[&str]| {
        api.onward.run(&[&["alias", "add", address], to].concat());
    };
    add("team@other.test", &["secret@sink.test", "gone@other.test"]);
    add("gone@other.test", &["nobody@sink.test"]);
    api.onward.run(&["alias", "disable", "gone@other.test"]);
    add("hello@example.org", &["team@other.test", "own@sink.test"]);
    sink.on_recipient("secret@sink.test", Action::reply("550 5.1.1 secret@sink.test is unknown"));
    let send = || {
        let to = ["hello@example.org"];
        api.onward.session().transaction("alice@spf.test", &to, MESSAGE).expect_code(250);
    };
    send();
    let all = |what: &str| {
        wait_until(what, || {
            let all = messages(&api, &api.admin, "");
            (all.len() == 1).then_some(all)
        })
    };
    let told = all("the journal")[0].to_string();
    for word in ["secret@sink.test", "gone@other.test"] {
        assert!(told.contains(word), "the operator sees all: {told}");
    }
    let hidden = |what: &str, shown: &Value| {
        let told = shown.to_string();
        for word in ["secret", "gone", "team", "unknown"] {
            assert!(!told.contains(word), "{what}: {told}");
        }
        told
    };
    let own = messages(&api, &api.manage, "");
    let told = hidden("messages", &own[0]);
    assert!(told.contains("another domain's alias") && told.contains("550 5.1.1"), "{told}");
    // What is hidden is found by no search, page by page either.
    for query in ["?to=secret%40sink.test", "?to=secret%40sink.test&limit=1"] {
        let page = api.ask(&api.manage, "GET", &format!("/api/messages{query}"), None).json();
        let absent = query.replace("secret", "absent");
        let other = api.ask(&api.manage, "GET", &format!("/api/messages{absent}"), None).json();
        assert_eq!(page, other, "{query}");
    }
    assert_eq!(messages(&api, &api.admin, "?to=secret%40sink.test").len(), 1);
    assert_eq!(messages(&api, &api.manage, "?to=own%40sink.test").len(), 1);

    sink.on_recipient("secret@sink.test", Action::reply("450 4.2.1 secret@sink.test is unknown"));
    send();
    let waiting = |token: &str| {
        let answer = api.ask(token, "GET", "/api/queue", None);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["messages"].as_array().unwrap().clone()
    };
    let waits = wait_until("it to wait", || waiting(&api.admin).pop());
    assert!(waits.to_string().contains("secret@sink.test"), "{waits}");
    let own = waiting(&api.manage).pop().unwrap();
    let told = hidden("queue", &own);
    for word in ["another domain's alias", "own@sink.test"] {
        assert!(told.contains(word), "{told}");
    }
    let id = own["id"].as_str().unwrap();
    hidden("queue", &api.ask(&api.manage, "GET", &format!("/api/queue/{id}"), None).json());

    let path = "/api/explain?to=hello@example.org&from=alice@spf.test&ip=127.0.0.1";
    let explained = api.admin("GET", path, None, 200);
    assert!(explained["srs_from"].as_str().unwrap().starts_with("SRS0="), "{explained}");
    assert!(explained.to_string().contains("secret@sink.test"), "{explained}");
    let explained = api.ask(&api.manage, "GET", path, None).json();
    let told = hidden("explain", &explained);
    for word in ["another domain's alias", "own@sink.test", "an SRS address at "] {
        assert!(told.contains(word), "{told}");
    }
    assert!(!told.contains("SRS0="), "it would take mail to anybody: {told}");
    let destinations = explained["destinations"].as_array().unwrap();
    let mut others = destinations.iter().filter(|one| one["mailbox"] != "own@sink.test").peekable();
    assert!(others.peek().is_some(), "{told}");
    for other in others {
        assert_eq!(other["next_hop"], "another domain's alias", "nor who takes its mail");
    }
}

#[test]
fn how_it_is_and_what_would_happen() {
    let api = Api::start();
    api.onward.run(&["alias", "add", "hello@example.org", "bob@sink.test"]);
    let status = api.admin("GET", "/api/status", None, 200);
    assert_eq!(status["running"], true);
    assert!(status["listen"].as_array().unwrap().iter().all(|listen| listen["answers"] == true));
    let path = "/api/explain?to=nobody@example.org&from=a@sender.test&ip=192.0.2.1";
    let explained = api.admin("GET", path, None, 200);
    assert_eq!(explained["verdict"], "refused");
    let answer =
        api.ask(&api.admin, "GET", "/api/explain?to=x&from=a@sender.test&ip=192.0.2.1", None);
    assert_eq!((answer.status, answer.faults()), (422, vec!["to".to_owned()]));
    let answer = api.ask(&api.admin, "GET", "/api/explain?to=hello@example.org", None);
    assert_eq!((answer.status, answer.faults()), (422, vec!["from".to_owned()]));
}

#[test]
fn over_tls_over_a_unix_socket_and_beside_figures() {
    let authority = Authority::new();
    let issued = authority.issue("mx.example.org", "a");
    let builder = Onward::builder().toml(&issued.toml());
    let socket = builder.directory().join("api.sock");
    let table = format!(
        "[[listen]]\nprotocol = \"http\"\naddress = \"unix:{}\"\nserve = [\"api\"]\n",
        socket.display()
    );
    let builder = builder.toml(&table);
    let (builder, tls) = builder.listen("http", &["serve = [\"api\"]", "tls = \"implicit\""]);
    let (builder, both) = builder.listen("http", &["serve = [\"api\", \"metrics\"]"]);
    let api = Api::start_with(builder);
    let mut client = TlsClient::over(TcpStream::connect(tls).unwrap()).unwrap();
    let head = format!("Host: x\r\nAuthorization: Bearer {}\r\n\r\n", api.admin);
    client.send(format!("GET /api/domains HTTP/1.1\r\n{head}").as_bytes());
    assert!(client.reply().unwrap().starts_with("HTTP/1.1 200"));
    let mut local = UnixStream::connect(&socket).unwrap();
    local.write_all(format!("GET /api/domains HTTP/1.1\r\n{head}").as_bytes()).unwrap();
    let mut told = String::new();
    local.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    let ask = |path: &str| -> Answer {
        super::client::raw(
            both,
            "GET",
            path,
            &format!("Authorization: Bearer {}\r\n", api.admin),
            b"",
        )
    };
    assert_eq!(ask("/api/domains").status, 200);
    assert!(ask("/metrics").body.contains("onward_connections"));
    assert_eq!(ask("/nothing").status, 404);
    let listed = api.onward.run(&["check"]);
    assert!(!listed.contains("without TLS"), "on loopback: {listed}");
}

#[test]
fn what_is_for_others_too_is_not_tried_or_dropped_for_them() {
    let sink = Receiver::smtp().start();
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let builder = Onward::builder().dns(&dns).route("sink.test", &sink.route());
    let api = Api::start_with(builder.config("spool.retry = [\"1h\"]"));
    for address in ["hello@example.org", "hello@other.test"] {
        api.onward.run(&["alias", "add", address, "bob@sink.test"]);
    }
    sink.on(Step::FinalDot, Action::reply("450 4.2.1 later"));
    let both = ["hello@example.org", "hello@other.test"];
    api.onward.session().transaction("alice@spf.test", &both, MESSAGE).expect_code(250);
    let id = wait_until("it to wait", || {
        let queue = api.admin("GET", "/api/queue", None, 200);
        let message = &queue["messages"][0];
        (message["state"] == "queued").then(|| message["id"].as_str().unwrap().to_owned())
    });
    for (method, path) in
        [("POST", format!("/api/queue/{id}/retry")), ("DELETE", format!("/api/queue/{id}"))]
    {
        let answer = api.ask(&api.manage, method, &path, None);
        assert_eq!(answer.status, 403, "{method}: {answer:?}");
    }
    let queue = api.admin("GET", "/api/queue", None, 200);
    assert_eq!(queue["messages"][0]["legs"].as_array().unwrap().len(), 2, "{queue}");
}
