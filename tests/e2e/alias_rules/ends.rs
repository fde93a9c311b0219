//! Aliases that end: by the clock, or by the messages that they took.

use super::{by, detail};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Gate, Receiver, Step};
use crate::support::wait_until;
use std::thread;

const GONE: &str = "550 5.1.1 No such address here";

#[test]
fn an_alias_ends_by_the_clock_while_the_daemon_runs() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .alias("*@example.org", &["all@sink.test"])
        .alias("chain@example.org", &["short@example.org"])
        .without_rates()
        .start();
    onward.run(&["alias", "add", "short@example.org", "bob@sink.test", "--expires", "2s"]);
    let send = |to: &str| {
        let mut client = onward.session();
        client.mail("s@client.test").expect_code(250);
        client.rcpt(to)
    };
    // It is remembered while it holds.
    send("short@example.org").expect_code(250);
    send("chain@example.org").expect_code(250);
    wait_until("the end of the alias", || (send("short@example.org").code == 550).then_some(()));
    send("short@example.org").expect(GONE);
    send("short+tag@example.org").expect(GONE);
    send("chain@example.org").expect(GONE);
    send("other@example.org").expect_code(250);
    let records = onward.wait_for_trace(&["--to", "short@example.org"], 1);
    assert!(detail(&records[0]).contains("refused as the alias expired at 20"), "{records:#?}");
    let explained =
        onward.cli(&["explain", "short@example.org", "--from", "s@x.test", "--ip", "127.0.0.1"]);
    assert_eq!(explained.code, Some(1));
    assert!(
        explained.stdout.contains("refused as the alias expired at 20"),
        "{}",
        explained.stdout
    );

    onward.run(&["alias", "set", "short@example.org", "--expires", "none"]);
    wait_until("the change", || (send("short@example.org").code == 250).then_some(()));
    send("chain@example.org").expect_code(250);
}

/// Of ten at once, as many are taken as there are places; who is not taken gives his place back.
#[test]
fn a_burner_takes_exactly_its_messages() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .without_rates()
        .run_first(&["alias", "add", "burner@example.org", "bob@sink.test", "--max-messages", "3"])
        .start();
    let send = |onward: &Onward| {
        let mut client = onward.session();
        client.mail("s@client.test").expect_code(250);
        match client.rcpt("burner@example.org") {
            refused if refused.code != 250 => refused,
            _ => client.data(&by("s@client.test")),
        }
    };
    destination.on(Step::FinalDot, Action::reply("451 4.2.1 busy"));
    for _ in 0..4 {
        assert_eq!(send(&onward).code / 100, 4, "nothing is used up by what is not taken");
    }
    destination.accept_all();
    let gate = Gate::new();
    destination.on(Step::FinalDot, Action::hold(&gate));
    let replies = thread::scope(|scope| {
        let senders: Vec<_> = (0..10).map(|_| scope.spawn(|| send(&onward))).collect();
        gate.wait_for_arrivals(3);
        wait_until("an answer for all others", || {
            (senders.iter().filter(|sender| sender.is_finished()).count() == 7).then_some(())
        });
        gate.open();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
    });
    let taken = replies.iter().filter(|reply| reply.code == 250).count();
    assert_eq!((taken, destination.count()), (3, 3), "{replies:?}");
    // The last place may yet be given back while others are under way.
    for refused in replies.iter().filter(|reply| reply.code != 250) {
        assert!(matches!(refused.code, 450 | 550), "{refused}");
    }
    send(&onward).expect(GONE);
    let shown = onward.run(&["alias", "show", "burner@example.org"]);
    assert!(shown.contains("takes 3 messages"), "{shown}");
    // More are allowed at once.
    onward.run(&["alias", "set", "burner@example.org", "--max-messages", "4"]);
    wait_until("the change", || (send(&onward).code == 250).then_some(()));
    send(&onward).expect(GONE);
}

#[test]
fn what_a_burner_has_taken_outlives_the_daemon() {
    let destination = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(destination.name())
        .run_first(&["alias", "add", "burner@example.org", "bob@sink.test", "--max-messages", "2"])
        .start();
    let send = |onward: &Onward| {
        onward.session().transaction("s@client.test", &["burner@example.org"], &by("s@client.test"))
    };
    send(&onward).expect_code(250);
    assert!(onward.terminate().success());
    onward.serve();
    send(&onward).expect_code(250);
    // What was counted is written down within a second or so, and nobody asks for it then.
    wait_until("the count in the database", || {
        let explained = onward.cli(&[
            "explain",
            "burner@example.org",
            "--from",
            "s@x.test",
            "--ip",
            "127.0.0.1",
        ]);
        explained.stdout.contains("has taken its 2 messages").then_some(())
    });
    onward.kill_9();
    onward.serve();
    let mut client = onward.session();
    client.mail("s@client.test").expect_code(250);
    client.rcpt("burner@example.org").expect(GONE);
}

#[test]
fn a_burner_that_is_used_up_is_closed_at_once_to_whom_another_alias_leads_there() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .without_rates()
        .run_first(&["alias", "add", "burner@example.org", "bob@sink.test", "--max-messages", "1"])
        .alias("chain@example.org", &["burner@example.org"])
        .start();
    let send = |to: &str| {
        let mut client = onward.session();
        client.mail("s@client.test").expect_code(250);
        match client.rcpt(to) {
            refused if refused.code != 250 => refused,
            _ => client.data(&by("s@client.test")),
        }
    };
    send("chain@example.org").expect_code(250);
    send("burner@example.org").expect_code(250);
    send("chain@example.org").expect(GONE);
    // The rule that decides is named wherever somebody asks.
    let rule = "refused as the alias burner@example.org that it leads to has taken its 1 message";
    let asked = ["explain", "chain@example.org", "--from", "s@x.test", "--ip", "127.0.0.1"];
    let explained = onward.cli(&asked).stdout;
    assert!(explained.contains(rule), "{explained}");
    wait_until("the rule in the journal", || {
        let records = onward.wait_for_trace(&["--to", "chain@example.org"], 2);
        records.iter().any(|record| detail(record) == rule).then_some(())
    });
    wait_until("the refusal to be counted", || {
        let shown = onward.run(&["alias", "show", "chain@example.org", "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        (shown["counters"]["refused_by"]["used-up"] == 1).then_some(())
    });
    let shown = onward.run(&["alias", "show", "burner@example.org"]);
    assert!(shown.contains("takes 1 message\n"), "{shown}");
}

/// Whoever sent it was told that it was taken: that is what is counted.
#[test]
fn a_message_that_fails_in_the_queue_keeps_its_place() {
    let (destination, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let onward = Onward::builder()
        .dns(&dns)
        .domain("example.org")
        .route("*", &destination.route())
        .config("spool.retry = [\"1h\"]")
        .run_first(&["alias", "add", "burner@example.org", "bob@sink.test", "--max-messages", "1"])
        .start();
    destination.on(Step::FinalDot, Action::reply("450 4.2.1 later"));
    let to = ["burner@example.org"];
    onward.session().transaction("s@spf.test", &to, &by("s@spf.test")).expect_code(250);
    let wait_for = |outcome: &str| {
        wait_until(format!("it to be {outcome}"), || {
            let records = onward.wait_for_trace(&["--to", "burner@example.org"], 1);
            (records[0]["outcome"] == outcome).then_some(())
        });
    };
    wait_for("spooled");
    destination.on(Step::FinalDot, Action::reply("550 5.2.2 full"));
    onward.run(&["queue", "retry", "--all"]);
    wait_for("failed");
    let mut client = onward.session();
    client.mail("s@spf.test").expect_code(250);
    client.rcpt("burner@example.org").expect(GONE);
}
