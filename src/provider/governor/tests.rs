use super::*;
use crate::provider::judge;
use std::time::Duration;

mod histories;

const MIN: Duration = Duration::from_mins(1);
const NOW: Millis = Millis::new(1_700_000_000_000);
const YAHOO: &str = "mta5.am0.yahoodns.net";
const GOOGLE: &str = "aspmx.l.google.com";

fn whose(name: &str, connections: u32) -> Whose {
    Whose::new(name, Limits { connections, messages: 20, rate: None })
}

fn cause(name: &str) -> Cause {
    Cause::named(name)
}

/// Takes all that somebody new each gets.
fn grab(governor: &mut Governor, whose: &Whose, now: Millis) -> Vec<Cause> {
    let mut held = Vec::new();
    for nth in 0..1000 {
        let cause = cause(&format!("grab{nth}"));
        match governor.ask(whose, &cause, now).0 {
            Leave::Granted { .. } => held.push(cause),
            Leave::Waits(ticket) => {
                governor.leave(&whose.name, &cause, ticket);
                break;
            }
            Leave::Held(_) => break,
        }
    }
    held
}

fn free(governor: &mut Governor, whose: &Whose, now: Millis) -> usize {
    let held = grab(governor, whose, now);
    for cause in &held {
        governor.give_back(&whose.name, cause, now);
    }
    held.len()
}

fn hear(governor: &mut Governor, whose: &Whose, host: &str, reply: &str, from: &str, now: Millis) {
    governor.failed(&whose.name, &judge(host, reply), reply, &cause(from), now);
}

#[test]
fn never_more_than_it_takes_and_one_more_for_twenty_after_a_slow_down() {
    let (mut governor, google) = (Governor::default(), whose("google", 8));
    assert_eq!(free(&mut governor, &google, NOW), 8);
    let reply = "421 4.7.28 unusual rate of unsolicited mail from your IP address";
    hear(&mut governor, &google, GOOGLE, reply, "a", NOW);
    hear(&mut governor, &google, GOOGLE, reply, "b", NOW);
    assert_eq!(
        free(&mut governor, &google, NOW),
        4,
        "once halved, as both were under way together"
    );
    for nth in 1..=200 {
        governor.succeeded("google", false, NOW);
        let expected = (4 + nth / 20).min(8);
        assert_eq!(governor.allows(&google, NOW).0, expected, "{nth}");
    }
    // Each of a rate: one in 6 s, doubled for as long as it goes well.
    let turn = |governor: &mut Governor, now| governor.turn(&google, now, Millis::MAX).unwrap();
    let first = turn(&mut governor, NOW);
    assert_eq!(turn(&mut governor, NOW).since(first), Duration::from_secs(6));
    let later = NOW + MIN * 31;
    let first = turn(&mut governor, later);
    assert_eq!(turn(&mut governor, later).since(first), Duration::from_secs(3));
    let over = NOW + MIN * 120;
    assert_eq!((turn(&mut governor, over), turn(&mut governor, over)), (over, over));
}

#[test]
fn a_suspended_provider_is_asked_by_one_at_a_time_and_only_a_probe_ends_it() {
    let (mut governor, yahoo) = (Governor::default(), whose("yahoo", 10));
    let before = cause("before");
    assert_eq!(governor.ask(&yahoo, &before, NOW).0, Leave::Granted { is_probe: false });
    let reply = "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred";
    hear(&mut governor, &yahoo, YAHOO, reply, "a", NOW);
    governor.succeeded("yahoo", false, NOW);
    let hold = governor.hold("yahoo", NOW).unwrap();
    assert_eq!((&*hold.provider, &*hold.why, hold.until), ("yahoo", reply, NOW + MIN * 15));
    assert_eq!(governor.ask(&yahoo, &cause("b"), NOW).0, Leave::Held(hold.clone()));
    governor.give_back("yahoo", &before, NOW);
    let at = hold.until;
    let probe = cause("probe");
    assert_eq!(governor.ask(&yahoo, &probe, at).0, Leave::Granted { is_probe: true });
    assert!(matches!(governor.ask(&yahoo, &cause("b"), at).0, Leave::Held(_)));
    // It hears the same.
    hear(&mut governor, &yahoo, YAHOO, reply, "probe", at);
    governor.give_back("yahoo", &probe, at);
    let told = governor.told(at).remove(0);
    assert_eq!(
        (told.state, told.since, told.until),
        (State::Suspended, Some(NOW), Some(at + MIN * 120))
    );
    let again = told.next_probe.unwrap();
    assert_eq!(governor.ask(&yahoo, &probe, again).0, Leave::Granted { is_probe: true });
    governor.succeeded("yahoo", true, again);
    governor.give_back("yahoo", &probe, again);
    assert_eq!(governor.hold("yahoo", again), None);
    assert_eq!(free(&mut governor, &yahoo, again), 1, "it begins with one");
}

#[test]
fn a_suspension_ends_in_time_and_when_it_is_ended() {
    let (mut governor, yahoo) = (Governor::default(), whose("yahoo", 10));
    let suspend = |governor: &mut Governor, now| {
        governor.allows(&yahoo, now);
        hear(governor, &yahoo, YAHOO, "421 4.7.0 [TSS04] deferred", "a", now);
        assert!(governor.hold("yahoo", now).is_some());
    };
    suspend(&mut governor, NOW);
    assert_eq!(free(&mut governor, &yahoo, NOW + MIN * 120), 1);
    suspend(&mut governor, NOW);
    assert!(governor.resume("yahoo", NOW).is_some());
    assert_eq!(free(&mut governor, &yahoo, NOW), 10);
    assert_eq!(governor.resume("yahoo", NOW), None);
    assert_eq!(governor.resume("nobody", NOW), None);
}

#[test]
fn whoever_waits_for_one_who_is_suspended_is_sent_away() {
    let (mut governor, yahoo) = (Governor::default(), whose("yahoo", 1));
    let (first, second) = (cause("a"), cause("b"));
    assert!(matches!(governor.ask(&yahoo, &first, NOW).0, Leave::Granted { .. }));
    let Leave::Waits(ticket) = governor.ask(&yahoo, &second, NOW).0 else { panic!() };
    let reply = "553 5.7.1 [BL21] Connections will not be accepted";
    let woken = governor.failed("yahoo", &judge(YAHOO, reply), reply, &first, NOW);
    assert_eq!(woken.sent_away, [ticket]);
    assert_eq!(governor.give_back("yahoo", &first, NOW), Woken::default());
}

#[test]
fn what_one_sends_does_not_suspend_a_provider_for_all() {
    let (mut governor, google) = (Governor::default(), whose("google", 5));
    governor.allows(&google, NOW);
    let spam = "550 5.7.1 This message is suspicious due to the nature of the content";
    for _ in 0..100 {
        hear(&mut governor, &google, GOOGLE, spam, "one", NOW);
    }
    assert_eq!(governor.hold("google", NOW), None);
    hear(&mut governor, &google, GOOGLE, spam, "two", NOW);
    hear(&mut governor, &google, GOOGLE, spam, "two", NOW);
    hear(&mut governor, &google, GOOGLE, spam, "three", NOW + MIN * 61);
    assert_eq!(governor.hold("google", NOW + MIN * 61), None, "those of an hour ago are forgotten");
    for from in ["one", "one", "two", "two"] {
        hear(&mut governor, &google, GOOGLE, spam, from, NOW + MIN * 62);
    }
    assert!(governor.hold("google", NOW + MIN * 62).is_some());
}

#[test]
fn five_421_that_nobody_knows_are_about_the_provider() {
    let (mut governor, other) = (Governor::default(), whose("hoster.test", 10));
    governor.allows(&other, NOW);
    for nth in 1..=5 {
        assert_eq!(governor.hold("hoster.test", NOW), None, "{nth}");
        let cause = format!("c{nth}");
        hear(&mut governor, &other, "mx.hoster.test", "421 4.0.0 later", &cause, NOW);
    }
    assert!(governor.hold("hoster.test", NOW).is_some());
}

#[test]
fn a_421_about_messages_or_of_one_stranger_stops_nobody_else() {
    let (mut governor, google) = (Governor::default(), whose("google", 5));
    governor.allows(&google, NOW);
    let about_it = "421 4.7.26 This mail has been rate limited because it is unauthenticated.";
    for nth in 0..20 {
        let cause = format!("c{nth}");
        hear(&mut governor, &google, "gmail-smtp-in.l.google.com", about_it, &cause, NOW);
        hear(&mut governor, &google, "gmail-smtp-in.l.google.com", "421 4.0.0 later", "a", NOW);
    }
    assert_eq!(governor.hold("google", NOW), None);
}

#[test]
fn fewer_messages_over_a_connection_are_no_fewer_connections() {
    let (mut governor, outlook) = (Governor::default(), whose("outlook", 5));
    let reply = "421 4.3.2 has exceeded maximum number of messages per connection.";
    governor.allows(&outlook, NOW);
    hear(&mut governor, &outlook, "a.olc.protection.outlook.com", reply, "a", NOW);
    assert_eq!(governor.allows(&outlook, NOW), (5, 2));
    governor.ask(&outlook, &cause("a"), NOW + MIN * 61);
    assert_eq!(governor.allows(&outlook, NOW + MIN * 61), (5, 20));
}

#[test]
fn limits_are_divided_by_the_machines_that_share_them() {
    let (mut governor, google) = (Governor::default(), whose("google", 5));
    governor.set_nodes(NonZeroU32::new(2).unwrap());
    assert_eq!(free(&mut governor, &google, NOW), 2);
    governor.set_nodes(NonZeroU32::new(100).unwrap());
    assert_eq!(free(&mut governor, &google, NOW), 1);
}

#[test]
fn what_is_known_outlives_a_restart() {
    let (mut governor, yahoo, google) =
        (Governor::default(), whose("yahoo", 10), whose("google", 5));
    for one in [&yahoo, &google, &whose("other", 3)] {
        governor.allows(one, NOW);
    }
    hear(&mut governor, &yahoo, YAHOO, "421 4.7.0 [TSS04] deferred", "a", NOW);
    hear(&mut governor, &google, GOOGLE, "421 4.7.28 rate from your IP address", "a", NOW);
    let kept = governor.kept(NOW);
    assert_eq!(kept.providers.len(), 2, "nothing of those that get what they take");
    let text = serde_json::to_string(&kept).unwrap();
    let mut next = Governor::default();
    next.go_on(serde_json::from_str(&text).unwrap(), NOW);
    assert_eq!(next.kept(NOW), kept);
    let told = |governor: &mut Governor| -> Vec<Told> {
        let mut told = governor.told(NOW);
        told.retain(|told| told.state != State::Usual);
        told
    };
    // What its rate was has no rate of the table beside it.
    assert_eq!(told(&mut next).len(), 2);
    assert_eq!(next.hold("yahoo", NOW), governor.hold("yahoo", NOW));
    // A clock that was set back by a year.
    let back = NOW - Duration::from_hours(24 * 365);
    let mut earlier = Governor::default();
    earlier.go_on(kept, back);
    assert!(earlier.hold("yahoo", back).is_some());
    assert_eq!(earlier.hold("yahoo", back + MIN * 121), None);
}

#[test]
fn providers_that_nobody_uses_are_forgotten() {
    let mut governor = Governor::default();
    for nth in 0..10_000 {
        let one = whose(&format!("d{nth}.test"), 3);
        let Leave::Granted { .. } = governor.ask(&one, &cause("a"), NOW).0 else { panic!() };
        if nth % 1000 != 0 {
            governor.give_back(&one.name, &cause("a"), NOW);
        }
    }
    assert!(governor.providers.len() < 600, "{}", governor.providers.len());
    assert_eq!(governor.in_use("d1000.test"), 1, "what is in use is not");
}
