//! DSNs to whoever wrote, and to them once: replays, lax SPF records, the limit of a day.

use super::{ALIAS, ALICE, MESSAGE, Scene, scene};
use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::Builder;
use crate::support::receiver::Action;
use crate::support::wait_until;

/// An alias whose mailbox refuses all mail.
const DEAD: &str = "dead@example.org";
/// An alias whose mailbox is greylisted.
const LATER: &str = "later@example.org";

fn with_dead(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let scene = scene(|onward| {
        change(onward.alias(DEAD, &["dead@sink.test"]).alias(LATER, &["later@sink.test"]))
    });
    scene.sink.on_recipient("dead@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    scene.sink.on_recipient("later@sink.test", Action::reply("450 4.2.0 greylisted"));
    scene
}

impl Scene {
    fn bring(&self, number: usize, to: &[&str]) -> Reply {
        let message = [MESSAGE, format!("{number}\r\n").as_bytes()].concat();
        self.onward.session().transaction(ALICE, to, &message)
    }

    /// Together the two get no answer that is true; each by itself gets its own.
    fn replay(&self) {
        let mut client = self.onward.session();
        client.mail(ALICE).expect_code(250);
        client.rcpt(ALIAS).expect_code(250);
        match client.rcpt(DEAD).code {
            550 => client.data(MESSAGE).expect_code(250),
            _ => client.data(MESSAGE).expect("451 4.5.3"),
        };
    }

    /// A journal record of mail from and to these that says so.
    #[track_caller]
    fn wait_for_record(&self, from: &str, to: &str, part: &str) {
        wait_until(format!("{part:?} of mail from {from} to {to}"), || {
            let records = self.onward.run(&["trace", "--json", "--from", from, "--to", to]);
            records.lines().any(|record| record.contains(part)).then_some(())
        });
    }

    fn wait_for_an_empty_spool(&self) {
        wait_until("an empty spool", || self.queue().is_empty().then_some(()));
    }
}

#[test]
fn fifty_replays_are_one_dsn_over_a_restart() {
    let mut scene = with_dead(|onward| onward);
    scene.send(ALICE, &[ALIAS, DEAD]).expect("250 2.0.0");
    for _ in 0..24 {
        scene.replay();
    }
    scene.wait_for_an_empty_spool();
    scene.wait_for_record(ALICE, DEAD, "its sender was told of this very message already");
    assert!(scene.onward.terminate().success());
    scene.onward.serve();
    for _ in 0..26 {
        scene.replay();
    }
    // A message of another name shows that all is well, and how many there were before it.
    scene.bring(1, &[ALIAS, DEAD]).expect("250 2.0.0");
    scene.senders.wait_for_messages(2);
    scene.wait_for_an_empty_spool();
    assert_eq!(scene.senders.count(), 2);
}

/// A copy that was answered 250 before the first one failed: its sender knows then.
#[test]
fn two_copies_that_wait_are_one_dsn() {
    let scene = with_dead(|onward| onward.config("spool.retry = [\"1d\"]"));
    for _ in 0..2 {
        scene.send(ALICE, &[LATER]).expect("250 2.0.0");
    }
    scene.sink.on_recipient("later@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    scene.onward.run(&["queue", "retry", "--all"]);
    scene.wait_for_an_empty_spool();
    assert_eq!(scene.senders.wait_for_messages(1).len(), 1);
    scene.wait_for_record(ALICE, LATER, "no notice to the sender: its sender was told");
}

/// What leaves for an alias has a From of its own; it is the message that came all the same.
#[test]
fn a_replay_of_what_was_munged_is_known_too() {
    let scene = with_dead(|onward| onward);
    scene._dns.txt("_dmarc.spf.test", "v=DMARC1; p=reject");
    scene.send(ALICE, &[LATER]).expect("250 2.0.0");
    scene.wait_for_record(ALICE, LATER, ", munged");
    scene.sink.on_recipient("later@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    scene.wait_for_notice();
    scene.wait_for_outcome(LATER, "failed");
    scene.sink.on_recipient("later@sink.test", Action::reply("450 4.2.0 greylisted"));
    scene.send(ALICE, &[LATER]).expect("451 4.2.0");
    scene.bring(1, &[LATER]).expect("250 2.0.0");
}

/// Records that let everybody write in the name of their domain, and one that does not.
#[test]
fn an_spf_pass_that_everybody_has_is_worth_nothing_to_a_bounce() {
    let dns = Dns::start();
    dns.a("wild.test", "192.0.2.9".parse().unwrap());
    for (domain, record) in [
        ("all.test", "+all"),
        ("halves.test", "ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"),
        ("exists.test", "exists:wild.test -all"),
        ("include.test", "include:all.test -all"),
        ("some.test", "ip4:127.0.0.0/8 -all"),
        ("unknown.test", "ip4:127.0.0.1 include:fails.test -all"),
    ] {
        dns.txt(domain, &format!("v=spf1 {record}"));
    }
    dns.fault("fails.test", crate::support::dns::Fault::ServFail);
    let scene = with_dead(|onward| onward.dns(&dns));
    for (domain, is_safe, why) in [
        ("all.test", false, "SPF of the reverse-path passes everybody"),
        ("halves.test", false, "SPF of the reverse-path passes everybody"),
        ("exists.test", false, "SPF of the reverse-path passes everybody"),
        ("include.test", false, "SPF of the reverse-path passes everybody"),
        ("unknown.test", false, "DNS does not tell whether"),
        ("some.test", true, ""),
    ] {
        let from = format!("alice@{domain}");
        let send = |to: &[&str]| scene.send(&from, to);
        let code = |safe, otherwise| if is_safe { safe } else { otherwise };
        assert_eq!(send(&[LATER]).code, code(250, 451), "{domain}");
        scene.wait_for_record(&from, LATER, why);
        assert_eq!(send(&[ALIAS, DEAD]).code, code(250, 451), "{domain}");
        // In what is told of it, a pass is a pass.
        scene.wait_for_record(&from, ALIAS, "spf=pass");
    }
}

/// What is over the limit is not answered 250; where it was before, the journal has it.
#[test]
fn an_address_is_told_so_often_a_day() {
    let scene = with_dead(|onward| {
        onward.config("spool.max_notices = \"2/1d\"").config("spool.retry = [\"1d\"]")
    });
    scene.bring(0, &[LATER]).expect("250 2.0.0");
    for number in 1..=2 {
        scene.bring(number, &[ALIAS, DEAD]).expect("250 2.0.0");
    }
    scene.senders.wait_for_messages(2);
    let limit = "told as often as spool.max_notices allows";
    scene.bring(3, &[ALIAS, DEAD]).expect("451 4.5.3");
    scene.wait_for_record(ALICE, DEAD, limit);
    scene.bring(4, &[LATER]).expect("451 4.2.0");

    scene.sink.on_recipient("later@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    scene.onward.run(&["queue", "retry", "--all"]);
    scene.wait_for_record(ALICE, LATER, "no notice to the sender: its sender was told as often");
    scene.wait_for_an_empty_spool();
    assert_eq!(scene.senders.count(), 2);
}
