//! Rules in raw sessions: what a client is told, and which recipients share a transaction.

use super::by;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;

const LATER: &str = "452 4.5.3";

#[test]
fn recipients_whose_rules_differ_have_a_transaction_of_their_own() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .alias("plain@example.org", &["bob@sink.test"])
        .run_first(&["alias", "add", "a@example.org", "bob@sink.test", "--block", "@bad.test"])
        .run_first(&["alias", "add", "same@example.org", "bob@sink.test", "--block", "@bad.test"])
        .run_first(&["alias", "add", "b@example.org", "bob@sink.test", "--block", "@worse.test"])
        .run_first(&["alias", "add", "one@example.org", "bob@sink.test", "--max-messages", "1"])
        .start();
    let mut client = onward.session();
    for (first, second, code) in [
        ("hello", "plain", 250),
        ("a", "same", 250),
        ("a", "a+tag", 250),
        ("a", "b", 452),
        ("hello", "a", 452),
        ("a", "hello", 452),
        ("hello", "one", 452),
        ("one", "hello", 452),
        ("one", "one+tag", 250),
    ] {
        client.mail("s@client.test").expect_code(250);
        client.rcpt(&format!("{first}@example.org")).expect_code(250);
        let reply = client.rcpt(&format!("{second}@example.org"));
        assert_eq!(reply.code, code, "{first} {second}: {reply}");
        if code == 452 {
            reply.expect(LATER);
        }
        client.command("RSET").expect_code(250);
    }
    // One that differs is put off, and the other gets its mail.
    client.mail("s@client.test").expect_code(250);
    client.rcpt("a@example.org").expect_code(250);
    client.rcpt("hello@example.org").expect(LATER);
    client
        .data(&by("x@bad.test"))
        .expect("550 5.7.1 This address does not accept mail from this sender");
    client.transaction("s@client.test", &["hello@example.org"], &by("x@bad.test")).expect_code(250);
}

#[test]
fn a_block_is_told_at_once_and_shows_nothing() {
    let onward = Onward::builder()
        .domain("example.org")
        .run_first(&["alias", "add", "a@example.org", "bob@sink.test", "--block", "@bad.test"])
        .run_first(&["alias", "add", "*@example.org", "bob@sink.test", "--block", "*.worse.test"])
        .start();
    let mut client = onward.session();
    client.mail("x@bad.test").expect_code(250);
    let refused = client.rcpt("a@example.org").expect("550 5.7.1");
    assert!(!refused.text().contains("bad.test") && !refused.text().contains("bob"), "{refused}");
    client.rcpt("other@example.org").expect_code(250);
    client.command("RSET").expect_code(250);
    client.mail("x@very.worse.test").expect_code(250);
    client.rcpt("other@example.org").expect("550 5.7.1");
    client.rcpt("a@example.org").expect_code(250);
    // Roles of the domain are not closed by a catch-all's rules, which are not asked.
    client.rcpt("postmaster@example.org");
    client.quit();
    // A change counts for the next recipient.
    onward.run(&["alias", "set", "a@example.org", "--no-block", "@bad.test"]);
    wait_until("the change", || {
        let mut client = onward.session();
        client.mail("x@bad.test").expect_code(250);
        (client.rcpt("a@example.org").code == 250).then_some(())
    });
}

#[test]
fn a_limit_of_its_own_counts_what_is_taken() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .config("limits.messages_per_alias = \"1/30d\"")
        .run_first(&["alias", "add", "a@example.org", "bob@sink.test", "--limit", "2/30d"])
        .start();
    let mut client = onward.session();
    let mut send = |to: &str| client.transaction("s@client.test", &[to], &by("s@client.test"));
    // What is not taken does not count, however often it comes.
    destination.on(Step::Rcpt, Action::reply("451 4.2.1 busy"));
    for _ in 0..3 {
        assert_eq!(send("a@example.org").code / 100, 4);
    }
    destination.accept_all();
    send("a@example.org").expect_code(250);
    send("a+tag@example.org").expect_code(250);
    // The others go by the limit for all.
    send("hello@example.org").expect_code(250);
    let mut client = onward.session();
    client.mail("s@client.test").expect_code(250);
    client.rcpt("a@example.org").expect("450 4.2.1 Too many messages to this address (2/30d)");
    client.rcpt("hello@example.org").expect("450 4.2.1 Too many messages to this address (1/30d)");
    client.quit();
    wait_until("the limit in the journal", || {
        let records = onward.run(&["trace", "--json", "--to", "a@example.org"]);
        records.contains("limit of 2/30d").then_some(())
    });
    onward.run(&["alias", "set", "a@example.org", "--limit", "3/30d"]);
    wait_until("the change", || {
        let mut client = onward.session();
        client.mail("s@client.test").expect_code(250);
        (client.rcpt("a@example.org").code == 250).then_some(())
    });
}

#[test]
fn what_was_taken_of_a_limit_is_explained_and_outlives_the_daemon() {
    let destination = Receiver::smtp().start();
    let mut onward = Onward::forwarding_to(destination.name())
        .run_first(&["alias", "add", "a@example.org", "bob@sink.test", "--limit", "2/30d"])
        .run_first(&[
            "domain",
            "set",
            "example.org",
            "--auto-create",
            "new-.*",
            "--to",
            "b@sink.test",
        ])
        .config("limits.new_aliases_per_domain = \"1/30d\"")
        .start();
    let send = |onward: &Onward, to: &str| {
        onward.session().transaction("s@client.test", &[to], &by("s@client.test"))
    };
    let explain = |onward: &Onward, to: &str| {
        onward.cli(&["explain", to, "--from", "s@x.test", "--ip", "127.0.0.1"]).stdout
    };
    let wait_for = |onward: &Onward, to: &str, words: &[&str]| {
        wait_until(format!("{words:?} of {to}"), || {
            let told = explain(onward, to);
            words.iter().all(|word| told.contains(word)).then_some(())
        });
    };
    wait_for(&onward, "a@example.org", &["0 of 2/30d taken", "verdict  forwarded"]);
    wait_for(&onward, "new-2@example.org", &["verdict  forwarded"]);
    send(&onward, "a@example.org").expect_code(250);
    wait_for(&onward, "a@example.org", &["1 of 2/30d taken", "verdict  forwarded"]);
    send(&onward, "a@example.org").expect_code(250);
    send(&onward, "new-1@example.org").expect_code(250);
    let put_off =
        ["2 of 2/30d taken", "put off by the alias's limit of 2/30d", "reply    450 4.2.1"];
    let quota = ["reply    450 4.2.1 Too many new addresses of this domain"];
    wait_for(&onward, "a@example.org", &put_off);
    wait_for(&onward, "new-2@example.org", &quota);
    assert!(onward.terminate().success());
    wait_for(&onward, "a@example.org", &put_off);
    onward.serve();
    for (to, why) in [
        ("a@example.org", "450 4.2.1 Too many messages to this address (2/30d)"),
        ("new-2@example.org", "450 4.2.1 Too many new addresses of this domain"),
    ] {
        let mut client = onward.session();
        client.mail("s@client.test").expect_code(250);
        client.rcpt(to).expect(why);
    }
}

/// By no detour mail gets to whom it would not get directly.
#[test]
fn whom_another_domains_alias_blocks_does_not_come_in_by_an_alias_that_leads_there() {
    let destination = Receiver::smtp().start();
    let onward = Onward::forwarding_to(destination.name())
        .without_rates()
        .domain("other.test")
        .alias("chain@example.org", &["team@other.test"])
        .alias("both@example.org", &["team@other.test", "own@sink.test"])
        .run_first(&["alias", "set", "chain@example.org", "--allow", "@all.test"])
        .run_first(&["alias", "add", "team@other.test", "bob@sink.test", "--block", "@bad.test"])
        .run_first(&["block", "add", "@domain.test", "--domain", "other.test"])
        .run_first(&["block", "add", "@all.test"])
        .start();
    let send = |from: &str, to: &str, author: &str| {
        let mut client = onward.session();
        client.mail(from).expect_code(250);
        match client.rcpt(to) {
            refused if refused.code != 250 => refused,
            _ => client.data(&by(author)),
        }
    };
    for bad in ["a@bad.test", "a@domain.test", "a@all.test"] {
        for (from, author) in [(bad, "s@client.test"), ("s@client.test", bad)] {
            send(from, "chain@example.org", author).expect_code(550);
        }
    }
    assert_eq!(destination.count(), 0);
    send("s@client.test", "chain@example.org", "s@client.test").expect_code(250);
    for (from, author) in [("a@bad.test", "s@client.test"), ("s@client.test", "a@bad.test")] {
        send(from, "both@example.org", author).expect_code(250);
    }
    let got: Vec<_> = destination.wait_for_messages(3).into_iter().map(|it| it.to).collect();
    assert_eq!(got, [["bob@sink.test"], ["own@sink.test"], ["own@sink.test"]]);
    let rule = "refused as another domain's alias that it leads to blocks the sender";
    let asked = ["explain", "chain@example.org", "--from", "a@bad.test", "--ip", "127.0.0.1"];
    for more in [&[][..], &["--header-from", "s@client.test"]] {
        let explained = onward.cli(&[&asked, more].concat()).stdout;
        assert!(explained.contains(rule), "{explained}");
    }
    wait_until("the rule in the journal", || {
        let records = onward.run(&["trace", "--json", "--to", "chain@example.org"]);
        records.contains(rule).then_some(())
    });
}
