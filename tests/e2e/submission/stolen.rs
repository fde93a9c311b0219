//! Whoever has somebody's password and sends by the thousand.

use super::{Host, log_in, password_of, submit};
use crate::metrics::{get, value};
use crate::support::certificates::Authority;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use serde_json::Value;
use std::{
    net::SocketAddr,
    ops::Range,
    thread::scope,
    time::{Duration, Instant},
};

const THIEF: &str = "127.0.0.66";
const SESSIONS: usize = 4;
const SPAMS: usize = 10_000;

/// What `new_recipients_per_account` allows at once, and what fills in while this runs.
const MOST_RECIPIENTS: usize = 200 + 5;

/// Sends so many spams, pipelined, each to somebody who takes it and to `other`; gives how many were taken, and how many
/// were put off because of `why`.
fn steal(
    address: SocketAddr,
    password: &str,
    numbers: Range<usize>,
    other: &str,
    why: &str,
) -> (usize, usize) {
    let (mut client, mut taken, mut put_off) = (None, 0, 0);
    for number in numbers {
        let session = client.take();
        let session = session.or_else(|| log_in(THIEF, address, "me@example.org", password));
        let Some(mut session) = session else { continue };
        let commands = format!(
            "RSET\r\nMAIL FROM:<hello@example.org>\r\nRCPT TO:<yes{number}@victims.test>\r\n\
             RCPT TO:<{other}{number}@victims.test>\r\nDATA\r\n"
        );
        if session.try_send(commands.as_bytes()).is_err() {
            continue;
        }
        let replies: Vec<String> =
            (0..5).map_while(|_| session.reply().ok()).filter(|line| !line.is_empty()).collect();
        put_off += usize::from(replies.iter().any(|line| line.contains(why)));
        if replies.last().is_some_and(|last| last.starts_with("354")) {
            let text = "From: <hello@example.org>\r\nSubject: buy\r\n\r\nnow\r\n.\r\n";
            let sent = session.try_send(text.as_bytes());
            taken += usize::from(
                sent.is_ok() && session.reply().is_ok_and(|reply| reply.starts_with("250")),
            );
        }
        if replies.len() == 5 && !replies.iter().any(|line| line.starts_with("421")) {
            client = Some(session);
        }
    }
    (taken, put_off)
}

/// How long `work` takes, of so many times the median.
fn latency(times: usize, mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    took.sort();
    took[times / 2]
}

#[test]
fn ten_thousand_spams_of_a_stolen_password() {
    let (sink, mailbox) = (Receiver::smtp().start(), Receiver::smtp().start());
    let victims = Receiver::smtp()
        .rule(|at| {
            let refuses = at.step == Step::Rcpt && at.recipient.starts_with("no");
            refuses.then(|| Action::reply("550 5.1.1 Nobody of that name"))
        })
        .start();
    let authority = Authority::new();
    let builder = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["me@mailbox.test"])
        .alias("shop@example.org", &["you@sink.test"])
        .route("sink.test", &sink.route())
        .route("mailbox.test", &mailbox.route())
        .route("victims.test", &victims.route())
        .toml(&authority.issue("mx.example.org", "a").toml())
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .run_first(&["account", "add", "me@example.org", "--as", "hello@example.org"])
        .run_first(&["account", "add", "you@example.org", "--as", "shop@example.org"]);
    let (builder, address) = builder.listen("submission", &["tls = \"implicit\""]);
    let (builder, scrape) = builder.listen("http", &[]);
    let onward = builder.start();
    let stolen = password_of(&onward, "me@example.org", "phone");
    let yours = password_of(&onward, "you@example.org", "desk");
    let mut you = log_in("127.0.0.1", address, "you@example.org", &yours).unwrap();
    let mut stranger = onward.session();

    // Until the message has arrived: by the account beside, and from a stranger.
    let mut send = || {
        let before = sink.count();
        let reply = submit(&mut you, "shop@example.org", "friend@sink.test", "");
        assert!(reply.starts_with("250"), "{reply}");
        sink.wait_for_count(before + 1, Duration::from_secs(60));
    };
    let mut receive = || {
        stranger
            .transaction(
                "a@client.test",
                &["shop@example.org"],
                b"From: a@client.test\r\n\r\nx\r\n",
            )
            .expect_code(250);
    };
    let quiet = [latency(9, &mut send), latency(9, &mut receive)];
    let (stolen, of_thief) = (stolen.as_str(), SPAMS / SESSIONS);
    let (outcome, busy) = scope(|scope| {
        let thieves: Vec<_> = (0..SESSIONS)
            .map(|n| {
                let numbers = n * of_thief..(n + 1) * of_thief;
                scope.spawn(move || steal(address, stolen, numbers, "no", "account is frozen: "))
            })
            .collect();
        let busy = [latency(9, &mut send), latency(9, &mut receive)];
        let outcomes = thieves.into_iter().map(|thief| thief.join().unwrap());
        (outcomes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)), busy)
    });
    let (taken, frozen) = outcome;
    eprintln!("{taken} of {SPAMS} taken, {} left, quiet {quiet:?}, busy {busy:?}", victims.count());
    for (quiet, busy) in quiet.into_iter().zip(busy) {
        let allowed = (2 * quiet).max(quiet + Duration::from_millis(500));
        assert!(busy <= allowed, "an honest message took {busy:?}, before {quiet:?}");
    }
    assert!(taken * 2 <= MOST_RECIPIENTS, "{taken} taken");
    assert!(victims.count() <= taken, "{} of {taken}", victims.count());
    assert!(frozen > SPAMS / 2, "{frozen} put off");

    // The account is frozen: its owner and the operator learn why.
    let event = onward.wait_for_log("account frozen");
    assert!(event.contains("name=me@example.org"), "{event}");
    let list = onward.run(&["account", "list"]);
    assert!(list.contains("me@example.org  frozen ("), "{list}");
    assert!(list.contains("you@example.org  enabled"), "{list}");
    let shown = onward.run(&["account", "show", "me@example.org"]);
    // Twenty of them, or more than a third.
    assert!(shown.contains(" minutes refused its mail"), "{shown}");
    assert!(shown.contains("onward account enable me@example.org"), "{shown}");
    let page = get(scrape, "GET /metrics");
    assert!((value(&page, "onward_accounts_frozen_total") - 1.0).abs() < 0.1, "{page}");
    assert!(value(&page, "onward_submitted_total{outcome=\"stopped\"}") >= frozen as f64);

    // What it still has in the spool is held.
    wait_until("what is being sent to end", || {
        let waits = onward.run(&["queue", "list", "--json", "--account", "me@example.org"]);
        let mut waits = waits.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        waits.all(|one| one["held"] == "frozen" && one["state"] == "queued").then_some(())
    });
    let left = victims.count();
    send();
    assert_eq!(victims.count(), left);
    let dropped = onward.cli(&["queue", "drop", "--account", "me@example.org"]);
    assert!(dropped.code == Some(0) || dropped.stderr.contains("no message"), "{dropped:?}");

    // Once the password is another's, its owner goes on.
    onward.run(&["account", "password", "revoke", "me@example.org", "--label", "phone"]);
    let new = password_of(&onward, "me@example.org", "new phone");
    assert!(log_in(THIEF, address, "me@example.org", stolen).is_none());
    let mut me = log_in("127.0.0.1", address, "me@example.org", &new).unwrap();
    let reply = submit(&mut me, "hello@example.org", "yes1@victims.test", "");
    assert!(reply.starts_with("450 4.7.1 This account is frozen: "), "{reply}");
    onward.run(&["account", "enable", "me@example.org"]);
    let reply = submit(&mut me, "hello@example.org", "yes1@victims.test", "");
    assert!(reply.starts_with("250"), "{reply}");
    victims.wait_for_count(left + 1, Duration::from_secs(60));
}

#[test]
fn spams_that_everybody_takes_are_as_many_as_the_limits_say() {
    let victims = Receiver::smtp().start();
    let host = Host::start_with(|builder| builder.route("victims.test", &victims.route()));
    let over = "Too many new recipients of this account (200/1d)";
    let (taken, put_off) = steal(host.implicit, &host.password, 0..150, "too", over);
    assert!((100..=MOST_RECIPIENTS / 2).contains(&taken), "{taken}");
    assert!(put_off >= 150 - MOST_RECIPIENTS / 2, "{put_off}");
    victims.wait_for_count(taken, Duration::from_secs(60));
    assert!(host.onward.run(&["account", "list"]).contains("me@example.org  enabled"));
}
