//! Providers that want less: Gmail, Microsoft, Yahoo and Apple as they speak, at hosts with names of theirs. Measured where
//! it arrives: who gets how much, who is not slowed by that, and that all of it arrives in the end, nothing twice.

use crate::metrics::{get, value};
use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use serde_json::Value;
use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::thread;

/// A sender whose SPF lets us, on loopback, write in its name.
const ALICE: &str = "alice@spf.test";
/// A sender whose SPF does not.
const MALLORY: &str = "mallory@nospf.test";

const TSS04: &str = "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints";
const S3140: &str = "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service \
     provider since part of their network is on our block list (S3140).";

/// A receiver for each of them, and one for everybody else.
struct Scene {
    onward: Onward,
    google: Receiver,
    outlook: Receiver,
    yahoo: Receiver,
    apple: Receiver,
    other: Receiver,
    _dns: Dns,
}

fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("nospf.test", "v=spf1 -all");
    let receiver = || Receiver::smtp().start();
    let all = [receiver(), receiver(), receiver(), receiver(), receiver()];
    let names = [
        ("google", "aspmx.l.google.com"),
        ("outlook", "outlook-com.olc.protection.outlook.com"),
        ("yahoo", "mta5.am0.yahoodns.net"),
        ("apple", "mx01.mail.icloud.com"),
        ("other", "mx.hoster.test"),
    ];
    let mut builder = Onward::builder().domain("example.org").dns(&dns).without_rates();
    for ((name, host), receiver) in names.iter().zip(&all) {
        dns.a(host, Ipv4Addr::LOCALHOST);
        builder = builder
            .alias(&format!("{name}@example.org"), &[&format!("bob@{name}.test")])
            .route(&format!("{name}.test"), &format!("{host}:{}", receiver.address().port()));
    }
    let [google, outlook, yahoo, apple, other] = all;
    // As they offer no TLS here.
    let builder = builder.config("tls.never_plaintext = []").config("spool.retry = [\"200ms\"]");
    let onward = change(builder).start();
    Scene { onward, google, outlook, yahoo, apple, other, _dns: dns }
}

impl Scene {
    fn send(&self, from: &str, to: &str, body: &str) -> Reply {
        let text = format!("From: <{from}>\r\nSubject: {body}\r\n\r\n{body}\r\n");
        self.onward.session().transaction(from, &[&format!("{to}@example.org")], text.as_bytes())
    }

    /// What `onward provider show` says.
    fn provider(&self, name: &str) -> Value {
        serde_json::from_str(&self.onward.run(&["provider", "show", name, "--json"])).unwrap()
    }

    fn wait_for_state(&self, name: &str, state: &str) -> Value {
        wait_until(format!("{name} to be {state}"), || {
            let found = self.provider(name);
            (found["state"] == state).then_some(found)
        })
    }

    /// The last reply, or what is there instead, in the attempts of the mail to this recipient.
    fn last_attempt(&self, to: &str) -> String {
        let to = format!("{to}@example.org");
        let lines = self.onward.run(&["trace", "--json", "--to", &to, "--limit", "1"]);
        let record: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        record["attempts"].as_array().unwrap().last().unwrap()["reply"].as_str().unwrap().to_owned()
    }
}

fn subjects(receiver: &Receiver) -> Vec<String> {
    receiver.messages().iter().map(|message| message.header("Subject").unwrap()).collect()
}

#[test]
fn yahoo_that_defers_gets_nothing_and_then_everything_once() {
    let mut http = None;
    let mut scene = scene(|builder| {
        let (builder, address) = builder.listen("http", &[]);
        http = Some(address);
        builder
    });
    let http = http.unwrap();
    scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
    scene.send(ALICE, "yahoo", "one").expect("250 2.0.0");
    let told = scene.wait_for_state("yahoo", "suspended");
    assert_eq!(told["why"].as_str().unwrap(), TSS04);
    assert_eq!((&told["limit"], &told["connections"]), (&10.into(), &1.into()), "{told}");
    let connections = scene.yahoo.connections().len();
    for nth in 0..5 {
        scene.send(ALICE, "yahoo", &format!("more{nth}")).expect("250 2.0.0");
        scene.send(MALLORY, "yahoo", "by a stranger").expect("451 4.7.1");
        scene.send(MALLORY, "other", &format!("else{nth}")).expect("250 2.0.0");
    }
    assert_eq!(scene.yahoo.connections().len(), connections, "nobody knocks");
    assert_eq!(scene.other.count(), 5, "others are not slowed");
    let held = wait_until("the attempt", || {
        Some(scene.last_attempt("yahoo")).filter(|reply| reply.starts_with("held by the governor"))
    });
    assert!(held.contains("yahoo gets no mail before") && held.ends_with(TSS04), "{held}");
    let list = scene.onward.run(&["provider", "list"]);
    assert!(list.lines().nth(1).unwrap().starts_with("yahoo "), "those come first: {list}");
    let status = scene.onward.run(&["status"]);
    assert!(status.contains("yahoo is suspended until 20"), "{status}");
    let page = get(http, "GET /metrics");
    assert!(value(&page, "onward_provider_held{provider=\"yahoo\",state=\"suspended\"}") > 0.5);
    assert!(value(&page, "onward_provider_held{provider=\"other\",state=\"suspended\"}") < 0.5);
    wait_until("who waits", || {
        let page = get(http, "GET /metrics");
        (value(&page, "onward_provider_waiting{provider=\"yahoo\"}") > 5.5).then_some(())
    });
    // What is known outlives a restart, and a crash.
    scene.yahoo.accept_all();
    scene.onward.kill_9();
    let stopped = scene.provider("yahoo");
    assert_eq!(stopped["until"], told["until"]);
    scene.onward.serve();
    scene.send(MALLORY, "yahoo", "by a stranger").expect("451 4.7.1");
    assert_eq!(scene.provider("yahoo")["until"], told["until"]);
    assert_eq!(scene.yahoo.connections().len(), connections);
    let said = scene.onward.run(&["provider", "resume", "yahoo"]);
    assert_eq!(said, "yahoo gets what it takes again\n");
    scene.yahoo.wait_for_messages(6);
    wait_until("an empty spool", || {
        scene.onward.run(&["queue", "list", "--json"]).is_empty().then_some(())
    });
    let mut arrived = subjects(&scene.yahoo);
    arrived.sort();
    assert_eq!(arrived, ["more0", "more1", "more2", "more3", "more4", "one"], "nothing twice");
    assert_eq!(scene.provider("yahoo")["state"], "usual");
}

#[test]
fn microsofts_block_of_our_address_is_nobodys_mistake() {
    let scene = scene(|builder| builder);
    scene.outlook.on(Step::Mail, Action::reply(S3140));
    scene.send(MALLORY, "outlook", "a").expect("451 4.7.1");
    scene.send(ALICE, "outlook", "b").expect("250 2.0.0");
    assert_eq!(scene.wait_for_state("outlook", "suspended")["why"].as_str().unwrap(), S3140);
    let doctor = scene.onward.cli(&["doctor", "--json"]);
    let lines = doctor.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = lines.filter(|line| line["id"] == "provider").collect();
    assert_eq!(found.len(), 1, "{}", doctor.stdout);
    assert!(found[0]["what"].as_str().unwrap().contains("olcsupport.office.com"), "{found:?}");
    assert_eq!(found[0]["mend"][0], "onward provider resume outlook");
    scene.outlook.accept_all();
    scene.onward.run(&["provider", "resume", "outlook"]);
    scene.outlook.wait_for_messages(1);
    assert_eq!(subjects(&scene.outlook), ["b"]);
}

#[test]
fn microsoft_and_apple_that_are_busy_are_left_alone() {
    let scene = scene(|builder| builder);
    let busy = "451 4.7.500 Server busy. Please try again later from [192.0.2.7]. (S77719)";
    let volume = "421 4.7.1 [HCM1] Message rejected due to volume. Please try again later";
    let rate = "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.";
    for (name, receiver, reply, state) in [
        ("outlook", &scene.outlook, busy, "suspended"),
        ("apple", &scene.apple, volume, "suspended"),
        ("google", &scene.google, rate, "slowed"),
    ] {
        receiver.on(Step::FinalDot, Action::reply(reply));
        scene.send(ALICE, name, name).expect("250 2.0.0");
        assert_eq!(scene.wait_for_state(name, state)["why"].as_str().unwrap(), reply);
        receiver.accept_all();
    }
    let google = scene.provider("google");
    assert_eq!((&google["rate"], &google["connections"]), (&"10/1m".into(), &2.into()), "{google}");
    // One gets less, and the others nothing: those are asked by nobody.
    let before = [&scene.outlook, &scene.apple].map(|receiver| receiver.connections().len());
    for name in ["outlook", "apple"] {
        scene.send(MALLORY, name, "x").expect("451 4.7.1");
    }
    assert_eq!([&scene.outlook, &scene.apple].map(|it| it.connections().len()), before);
}

/// What Gmail says of one mailbox, one message and one domain is about no other.
#[test]
fn gmails_words_about_a_message_are_about_no_other() {
    let scene = scene(|builder| builder);
    let rate = "421-4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain.\n421 4.7.28 To protect our users it is rate limited.";
    for (step, reply, answer) in [
        (
            Step::Rcpt,
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate",
            "451 4.2.1",
        ),
        (
            Step::FinalDot,
            "550 5.7.26 Your email has been blocked because the sender is unauthenticated.",
            "550 5.7.26",
        ),
        (Step::FinalDot, rate, "451-4.7.28"),
    ] {
        scene.google.on(step, Action::reply(reply));
        scene.send(MALLORY, "google", "a").expect(answer);
        scene.google.accept_all();
        scene.send(MALLORY, "google", "b").expect("250 2.0.0");
    }
    assert_eq!(scene.provider("google")["state"], "usual");
    let doctor = scene.onward.cli(&["doctor", "--json"]).stdout;
    let replies = doctor.lines().filter(|line| line.contains("\"id\":\"replies\"")).count();
    assert_eq!(replies, 1, "of what it said one thing is about us: {doctor}");
}

/// Yahoo closes connections as it likes: another one is opened, and nobody notices.
#[test]
fn yahoos_end_of_a_connection_is_no_failure() {
    let scene = scene(|builder| builder);
    let full = "421 Max message per connection reached, closing transmission channel";
    scene.yahoo.rule(move |at| {
        let is_kept = at.step == Step::Mail && at.message % 2 == 0;
        is_kept.then(|| Action::last_reply(full))
    });
    for nth in 0..4 {
        scene.send(MALLORY, "yahoo", &format!("{nth}")).expect("250 2.0.0");
    }
    assert_eq!(scene.yahoo.count(), 4);
    assert_eq!(scene.provider("yahoo")["state"], "usual");
}

#[test]
fn connections_and_messages_over_one_are_never_beyond_the_table() {
    let scene = scene(|builder| builder.config("delivery.budget = \"5m\""));
    let send_all = |name: &'static str, count: usize| {
        let scene = &scene;
        thread::scope(|scope| {
            for thread in 0..20 {
                scope.spawn(move || {
                    for nth in 0..count / 20 {
                        let body = format!("{thread}-{nth}");
                        let from = format!("a@s{thread}.test");
                        scene.send(&from, name, &body).expect("250 2.0.0");
                    }
                });
            }
        });
    };
    for (name, receiver, connections, messages) in
        [("google", &scene.google, 5, 50), ("apple", &scene.apple, 10, 5)]
    {
        send_all(name, 200);
        assert_eq!(receiver.count(), 200);
        let distinct: HashSet<String> = subjects(receiver).into_iter().collect();
        assert_eq!(distinct.len(), 200, "nothing twice");
        assert!(receiver.most_open() <= connections, "{name}: {}", receiver.most_open());
        for connection in receiver.connections() {
            let mails = connection.lines().iter().filter(|line| line.starts_with("MAIL")).count();
            assert!(mails <= messages, "{name}: {mails}");
        }
    }
}

#[test]
fn the_operators_word_comes_before_the_table() {
    let own = "[[provider]]\nname = \"mine\"\nmatch = [\".hoster.test\", \"mx01.mail.icloud.com\"]\nrate = \"2/1h\"\n";
    let scene = scene(|builder| builder.toml(own));
    scene.send(MALLORY, "other", "a").expect("250 2.0.0");
    scene.send(MALLORY, "apple", "b").expect("250 2.0.0");
    scene.send(MALLORY, "apple", "c").expect("451 4.7.1");
    assert_eq!((scene.other.count(), scene.apple.count()), (1, 1));
    let mine = scene.provider("mine");
    assert_eq!((&mine["rate"], &mine["limit"]), (&"2/1h".into(), &10.into()));
}

#[test]
fn what_is_asked_of_providers_has_an_answer() {
    let mut scene = scene(|builder| builder);
    for command in [["provider", "show", "nobody.test"], ["provider", "resume", "nobody.test"]] {
        let output = scene.onward.cli(&command);
        assert_eq!(output.code, Some(1));
        assert!(output.stderr.contains("no provider nobody.test; `onward provider list --all`"));
    }
    let all = scene.onward.run(&["provider", "list", "--all", "--json"]);
    let names: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(names.iter().any(|one| one["provider"] == "mimecast" && one["limit"] == 10), "{all}");
    let output = scene.onward.cli(&["provider", "resume", "google"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    // Without a daemon it is the next one that goes by it.
    scene.yahoo.on(Step::Mail, Action::last_reply(TSS04));
    scene.send(MALLORY, "yahoo", "a").expect("451 4.7.0");
    scene.wait_for_state("yahoo", "suspended");
    scene.onward.terminate();
    scene.onward.run(&["provider", "resume", "yahoo"]);
    scene.yahoo.accept_all();
    scene.onward.serve();
    scene.send(MALLORY, "yahoo", "a").expect("250 2.0.0");
}
