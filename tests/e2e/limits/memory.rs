//! The memory of the daemon stays below `message_memory` × 1.2 + 64 MiB, whatever is sent.

use super::{memory_kilobytes, message_of};
use crate::support::client::{Client, Reply, stuffed};
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::wait_until;
use std::{
    thread,
    time::{Duration, Instant},
};

const MIB: usize = 1 << 20;
/// Octets of a message that is large where there are 4 MiB for all.
const LARGE: usize = MIB + MIB / 2;
/// Its SPF passes, and its DMARC policy is to reject: what it does not sign has to be munged.
const CLASS_C: &str = "alice@classc.test";
/// Of a domain with SPF and without a policy.
const ALICE: &str = "alice@spf.test";

struct Scene {
    onward: Onward,
    sink: Receiver,
    dns: Dns,
    /// `limits.message_memory`, in octets.
    memory: usize,
}

/// A catch-all that leads to a receiver which only counts, and few octets for messages.
fn scene(memory: usize, sink: Receiver, change: impl FnOnce(Builder) -> Builder) -> Scene {
    let dns = Dns::start();
    for domain in ["classc.test", "spf.test", "example.org", "two.test", "three.test"] {
        dns.txt(domain, "v=spf1 ip4:127.0.0.1 -all");
    }
    dns.txt("_dmarc.classc.test", "v=DMARC1; p=reject");
    let builder = Onward::builder()
        .domain("example.org")
        .alias("*@example.org", &["all@sink.test"])
        .route("sink.test", sink.name())
        .dns(&dns)
        .without_rates()
        .config(&format!("limits.message_memory = {memory}"))
        .config(&format!("delivery.max_message_size = {}", memory.min(25 * MIB)));
    let onward = change(builder).start();
    Scene { onward, sink, dns, memory }
}

impl Scene {
    #[track_caller]
    fn stays_small(&self) {
        let most = (self.memory as f64 * 1.2) as usize + 64 * MIB;
        let peak = memory_kilobytes(self.onward.process_id(), "VmHWM") * 1024;
        assert!(peak < most, "{} MiB, and {} MiB may be", peak / MIB, most / MIB);
    }

    /// One message to `count` recipients at each of `domains`.
    fn to_many(&self, from: &str, domains: &[&str], count: usize, message: &[u8]) -> Reply {
        let to = |number: usize| domains.iter().map(move |domain| format!("a{number}@{domain}"));
        let recipients: Vec<String> = (0..count).flat_map(to).collect();
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        let mut client = self.onward.session();
        client.set_deadline(Duration::from_secs(60));
        client.transaction(from, &recipients, message)
    }

    /// Many clients at once, each with one message; their replies.
    fn at_once(&self, messages: Vec<(&'static str, Vec<u8>, How)>) -> Vec<Reply> {
        thread::scope(|scope| {
            let clients: Vec<_> = messages
                .into_iter()
                .map(|(from, message, how)| {
                    scope.spawn(move || how.send(&mut self.onward.session(), from, &message))
                })
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        })
    }
}

#[derive(Clone, Copy)]
enum How {
    Data,
    Bdat,
}

impl How {
    fn send(self, client: &mut Client, from: &str, message: &[u8]) -> Reply {
        client.set_deadline(Duration::from_secs(60));
        client.mail(from).expect_code(250);
        client.rcpt("hello@example.org").expect_code(250);
        match self {
            Self::Data => {
                client.command("DATA").expect_code(354);
                client.send(&stuffed(message));
            }
            Self::Bdat => {
                client.send(format!("BDAT {} LAST\r\n", message.len()).as_bytes());
                client.send(message);
            }
        }
        client.reply()
    }
}

fn from(author: &str, size: usize) -> Vec<u8> {
    let text = message_of(size);
    [format!("From: <{author}>\r\nMessage-ID: <1@x.test>\r\nTo: x@y.test\r\n").as_bytes(), {
        let behind = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        &text[behind..]
    }]
    .concat()
}

/// Once 2,445 MiB for 24 MiB.
#[test]
fn a_message_that_must_be_munged_for_each_of_a_hundred_recipients() {
    let gate = Gate::new();
    let sink = Receiver::smtp().counting().on(Step::FinalDot, Action::hold(&gate)).start();
    let scene = scene(4 * MIB, sink, |onward| {
        onward.run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
    });
    let message = from(CLASS_C, LARGE);
    let sent = thread::scope(|scope| {
        let sent = scope.spawn(|| scene.to_many(CLASS_C, &["example.org"], 100, &message));
        // Of all copies as many are under way as one client may have at one destination: half of its places.
        gate.wait_for_arrivals(50);
        scene.stays_small();
        gate.open();
        sent.join().unwrap()
    });
    sent.expect("250 2.0.0");
    assert_eq!(scene.sink.count(), 100);
    scene.stays_small();
}

#[test]
fn a_message_that_each_domain_signs() {
    let sink = Receiver::smtp().counting().start();
    let keys = ["example.org", "two.test", "three.test"];
    let scene = scene(4 * MIB, sink, |onward| {
        let onward = onward
            .domain("two.test")
            .domain("three.test")
            .alias("*@two.test", &["all@sink.test"])
            .alias("*@three.test", &["all@sink.test"])
            .config("srs.per_domain = true")
            .config("auth.sign = \"all\"");
        keys.iter().fold(onward, |onward, key| {
            onward.run_first(&["dkim", "key", "add", key, "--selector", "s1"])
        })
    });
    for author in [ALICE, CLASS_C] {
        scene.to_many(author, &keys, 33, &from(author, LARGE)).expect("250 2.0.0");
    }
    scene.stays_small();
}

/// Half of what comes has no room, and says so; who sends little always has.
#[test]
fn many_large_messages_at_once() {
    let sink = Receiver::smtp().counting().start();
    let scene = scene(64 * MIB, sink, |onward| onward);
    let small = from(ALICE, 2_000);
    let quiet: Vec<Duration> = (0..5).map(|_| timed(&scene, &small)).collect();
    let large = from(ALICE, 24 * MIB);
    let messages = (0..8).map(|n| (ALICE, large.clone(), [How::Data, How::Bdat][n % 2])).collect();
    let (replies, meanwhile) = thread::scope(|scope| {
        let replies = scope.spawn(|| scene.at_once(messages));
        let mut meanwhile = Vec::new();
        while !replies.is_finished() && meanwhile.len() < 50 {
            meanwhile.push(timed(&scene, &small));
        }
        (replies.join().unwrap(), meanwhile)
    });
    let taken = replies.iter().filter(|reply| reply.code == 250).count();
    assert!(replies.iter().all(|reply| [250, 452].contains(&reply.code)), "{replies:?}");
    assert!(taken >= 1, "{replies:?}");
    assert_eq!(scene.sink.count(), taken + quiet.len() + meanwhile.len());
    let quiet = *quiet.iter().max().unwrap();
    let honest = middle(meanwhile);
    assert!(honest < (quiet * 2).max(quiet + Duration::from_millis(500)), "{honest:?}, {quiet:?}");
    scene.stays_small();
}

/// An honest client's message, and how long that took.
#[track_caller]
fn timed(scene: &Scene, message: &[u8]) -> Duration {
    let began = Instant::now();
    How::Data.send(&mut scene.onward.session(), ALICE, message).expect("250 2.0.0");
    began.elapsed()
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A client that was answered leaves the octets with the destination's transaction: they count still.
#[test]
fn messages_whose_verdict_is_late() {
    let gate = Gate::new();
    let sink = Receiver::smtp().counting().on(Step::FinalDot, Action::hold(&gate)).start();
    let scene = scene(4 * MIB, sink, |onward| {
        onward.config("delivery.final_patience = \"1s\"").config("delivery.budget = \"20s\"")
    });
    let nobody = "x@unknown.test";
    let send = |more: usize| {
        let large = from(nobody, LARGE + more);
        How::Bdat.send(&mut scene.onward.session(), nobody, &large)
    };
    for more in [100, 200] {
        send(more).expect("451 4.4.");
    }
    assert_eq!(gate.arrivals(), 2);
    send(300).expect("452 4.3.1");
    gate.open();
    scene.sink.accept_all();
    wait_until("room", || {
        let sent = How::Bdat.send(&mut scene.onward.session(), ALICE, &from(ALICE, LARGE + 1));
        (sent.code == 250).then_some(())
    });
    scene.stays_small();
}

/// Spooled once for all that wait for it, and read once for all that are tried at once.
#[test]
fn a_large_message_in_the_spool_with_many_destinations() {
    let sink = Receiver::smtp().counting().start();
    sink.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    let scene = scene(4 * MIB, sink, |onward| {
        let to: Vec<String> = (0..50).map(|n| format!("box@d{n}.test")).collect();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        (0..50)
            .fold(onward, |onward, n| onward.route(&format!("d{n}.test"), "127.0.0.1:1"))
            .alias("many@example.org", &to)
            .config("spool.retry = [\"1s\"]")
            .config("delivery.budget = \"5s\"")
    });
    let message = from(CLASS_C, LARGE);
    scene.to_many(CLASS_C, &["example.org"], 50, &message).expect("250 2.0.0");
    let mut client = scene.onward.session();
    client.set_deadline(Duration::from_secs(30));
    client.transaction(ALICE, &["many@example.org"], &from(ALICE, LARGE)).expect("250 2.0.0");
    let database = scene.onward.state_dir().join("onward.db");
    let on_disk = || {
        let sizes = ["", "-wal"].map(|end| {
            let path = format!("{}{end}", database.display());
            std::fs::metadata(path).map_or(0, |file| file.len() as usize)
        });
        sizes.iter().sum::<usize>()
    };
    assert!(on_disk() < 12 * MIB, "{} MiB for two messages of 1.5 MiB", on_disk() / MIB);
    scene.sink.accept_all();
    scene.sink.wait_for_count(50, Duration::from_secs(30));
    scene.stays_small();
    assert!(scene.dns.queries("classc.test") > 0);
}

/// Many fields, long ones, and those that are read in more than one way.
#[test]
fn headers_that_cost_as_much_as_headers_can() {
    let sink = Receiver::smtp().counting().start();
    let scene = scene(8 * MIB, sink, |onward| {
        onward.config("auth.sign = \"all\"").config("auth.arc = \"on\"").run_first(&[
            "dkim",
            "key",
            "add",
            "example.org",
            "--selector",
            "s1",
        ])
    });
    let with = |fields: String| [fields.as_bytes(), &from(CLASS_C, 2_000)].concat();
    let long = "x".repeat(480);
    let signature = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; d=classc.test; s=s; h=From:{}; bh=AA==; b=AA==\r\n",
        "X-Many:".repeat(1_000)
    );
    let kinds = [
        with(format!("X-Many: {long}\r\n").repeat(1_900)),
        with("a:\r\n".repeat(1_990)),
        with(format!("X-Long:{}", " word\r\n".repeat(140_000))),
        with(format!("Subject: {}\r\n", "y".repeat(MIB - 4_000))),
        with(format!("To: {}a@b.c\r\n", "a@b.c,\r\n ".repeat(110_000))),
        with(format!("References: {}\r\n", "<a@b.c>\r\n ".repeat(100_000))),
        with(format!("Authentication-Results: mx.example.org; none\r\n{}", signature.repeat(100))),
        with("ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.b; s=c; b=AAAA\r\n".repeat(1_500)),
        with("Delivered-To: somebody@elsewhere.test\r\n".repeat(1_900)),
    ];
    for kind in kinds {
        let messages = (0..6).map(|n| (CLASS_C, kind.clone(), [How::Data, How::Bdat][n % 2]));
        let replies = scene.at_once(messages.collect());
        let begin = String::from_utf8_lossy(&kind[..20]).into_owned();
        // A machine that is busy may not come to an end in time: 451.
        let is_known = |reply: &Reply| [250, 451, 452].contains(&reply.code);
        assert!(replies.iter().all(is_known), "{begin}: {replies:?}");
        assert!(replies.iter().any(|reply| reply.code == 250), "{begin}: {replies:?}");
        scene.stays_small();
    }
}

/// A report with the whole original in it, which becomes a notice of our own, and one that goes on as it is.
#[test]
fn bounces_with_large_originals() {
    let author = Receiver::smtp().counting().start();
    let sink = Receiver::smtp().start();
    let scene = scene(32 * MIB, sink, |onward| onward.route("spf.test", author.name()));
    let small = from(ALICE, 2_000);
    How::Data.send(&mut scene.onward.session(), ALICE, &small).expect("250 2.0.0");
    let forwarded = scene.sink.wait_for_message();
    let status = "Reporting-MTA: dns; mx.sink.test\r\n\r\nFinal-Recipient: rfc822; all@sink.test\r\n\
                  Action: failed\r\nStatus: 5.1.1\r\n\r\n";
    let report = |original: &[u8], size: usize| {
        let head = format!(
            "From: <mailer-daemon@sink.test>\r\nTo: <{}>\r\nMIME-Version: 1.0\r\nMessage-ID: <2@sink.test>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nno\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\n",
            forwarded.from
        );
        [head.as_bytes(), original, &message_of(size), b"\r\n--b--\r\n"].concat()
    };
    for original in [&forwarded.data[..], b"Subject: of another\r\n\r\n"] {
        let bounce = report(original, LARGE);
        let to = forwarded.from.clone();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut client = scene.onward.session();
                    client.set_deadline(Duration::from_secs(60));
                    let reply = client.transaction("", &[&to], &bounce);
                    assert!([250, 451, 452].contains(&reply.code), "{reply}");
                });
            }
        });
        scene.stays_small();
    }
    assert!(author.count() > 1);
}

/// Most of each round is told that there is no room, after it has filled some: what they leave behind is given back, on
/// whatever thread they were read. Once 138 MiB after some rounds.
#[test]
fn rounds_of_many_large_messages_do_not_add_up() {
    let sink = Receiver::smtp().counting().start();
    let scene = scene(8 * MIB, sink, |onward| onward.config("limits.connections_per_client = 100"));
    let large = from(ALICE, 6 * MIB);
    for _ in 0..3 {
        let messages = (0..60).map(|n| (ALICE, large.clone(), [How::Data, How::Bdat][n % 2]));
        let replies = scene.at_once(messages.collect());
        // Where so many read at once, DNS may be too late for one of them.
        assert!(replies.iter().all(|reply| [250, 451, 452].contains(&reply.code)), "{replies:?}");
        assert!(replies.iter().any(|reply| reply.code == 452), "{replies:?}");
        // Of sixty that read at once each may find the room full; who comes behind them has it.
        wait_until("room", || {
            let sent = How::Bdat.send(&mut scene.onward.session(), ALICE, &large);
            (sent.code == 250).then_some(())
        });
        scene.stays_small();
    }
}
