use super::*;
use proptest::prelude::*;
use std::{collections::VecDeque, time::Duration};

mod hold;
mod providers;

const MS: Duration = Duration::from_millis(1);
const CONCURRENCY: Concurrency = Concurrency { mail: 4, notices: 4, per_destination: 2 };

fn hop(name: &str) -> NextHop {
    name.parse().unwrap()
}

fn at(ms: u64) -> Millis {
    Millis::new(ms)
}

/// Each from another sender.
fn entry(message: i64, due: u64) -> Entry {
    let cause = Cause::named(&message.to_string());
    Entry { message, cause, kind: Kind::Mail, due: at(due), expires: at(1000) }
}

fn from(cause: &str, message: i64) -> Entry {
    Entry { cause: Cause::named(cause), ..entry(message, 0) }
}

fn work_of(to: &str, message: i64) -> Work {
    let Entry { cause, kind, due, expires, .. } = entry(message, 0);
    let hop = Arc::new(hop(to));
    let group = hop.owner();
    Work { message, hop, group, is_known: true, cause, kind, due, expires, give_up: false }
}

fn schedule(entries: &[(&str, i64, u64)]) -> Schedule {
    let mut schedule = Schedule::new(CONCURRENCY);
    for (name, message, due) in entries {
        schedule.add(hop(name), entry(*message, *due), at(0));
    }
    schedule
}

/// All that can be begun at `now`.
fn begun(schedule: &mut Schedule, now: u64) -> Vec<i64> {
    std::iter::from_fn(|| schedule.next(at(now))).map(|work| work.message).collect()
}

#[test]
fn destinations_take_turns_and_are_bounded() {
    let mut schedule =
        schedule(&[("a", 1, 0), ("a", 2, 0), ("a", 3, 0), ("b", 4, 0), ("c", 5, 10), ("b", 6, 0)]);
    assert_eq!(begun(&mut schedule, 5), [1, 4, 2, 6], "four in all, two a destination");
    assert_eq!(schedule.wake_at(), None, "only an end makes room");
    let done = work_of("a", 1);
    schedule.done(&done, None, HostState::Answers, at(5));
    assert_eq!(begun(&mut schedule, 5), [3]);
}

#[test]
fn who_has_answered_leaves_the_place_to_others_until_too_many_are_written_down() {
    let entries: Vec<_> = (1..=6).map(|message| ("a", message, 0)).collect();
    let mut schedule = schedule(&entries);
    assert_eq!(begun(&mut schedule, 0), [1, 2], "two a destination");
    for answered in [1, 2] {
        schedule.give_back(&work_of("a", answered), at(0));
        schedule.give_back(&work_of("a", answered), at(0));
        assert_eq!(begun(&mut schedule, 0), [answered + 2], "{answered}");
    }
    schedule.give_back(&work_of("a", 3), at(0));
    assert_eq!(begun(&mut schedule, 0), [0; 0], "as many are written down as are tried");
    schedule.replace((1..=6).map(|message| (hop("a"), entry(message, 0))), at(0));
    assert_eq!(begun(&mut schedule, 0), [0; 0], "what is written down is not tried again");
    schedule.done(&work_of("a", 1), None, HostState::Answers, at(0));
    assert_eq!(begun(&mut schedule, 0), [0; 0], "it had no place any more");
    schedule.give_back(&work_of("a", 4), at(0));
    assert_eq!(begun(&mut schedule, 0), [5]);
    schedule.done(&work_of("a", 3), None, HostState::Answers, at(0));
    assert_eq!(begun(&mut schedule, 0), [6]);
    for answered in [2, 4, 5, 6] {
        schedule.done(&work_of("a", answered), None, HostState::Answers, at(0));
    }
    assert!(schedule.is_empty());
}

#[test]
fn no_more_are_written_down_in_all_than_there_are_places() {
    let to = ["a", "b", "c"];
    let entries: Vec<_> = (0..12).map(|n| (to[n % 3], n as i64, 0)).collect();
    let mut schedule = schedule(&entries);
    let mut written_down = 0;
    let mut open: Vec<Work> = std::iter::from_fn(|| schedule.next(at(0))).collect();
    assert_eq!(open.len(), 4);
    while let Some(work) = open.pop() {
        schedule.give_back(&work, at(0));
        written_down += 1;
        open.extend(std::iter::from_fn(|| schedule.next(at(0))));
    }
    assert_eq!(written_down, 8, "four that are written down, and four that keep their places");
}

#[test]
fn a_host_that_has_answered_is_awake_before_that_is_written_down() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0), ("a", 3, 0), ("a", 4, 0)]);
    let first = schedule.next(at(0)).unwrap();
    schedule.done(&first, Some(entry(1, 900)), HostState::Sleeps { until: at(100) }, at(0));
    let probe = schedule.next(at(100)).unwrap();
    assert_eq!(begun(&mut schedule, 100), [0; 0]);
    schedule.give_back(&probe, at(101));
    assert_eq!(begun(&mut schedule, 101), [3, 4]);
}

#[test]
fn nothing_before_its_time() {
    let mut schedule = schedule(&[("a", 1, 10), ("b", 2, 20)]);
    assert_eq!(begun(&mut schedule, 9), [0; 0]);
    assert_eq!(schedule.wake_at(), Some(at(10)));
    assert_eq!(begun(&mut schedule, 10), [1]);
    schedule.add(hop("b"), entry(2, 11), at(10));
    assert_eq!(begun(&mut schedule, 11), [2], "a new time replaces the old one");
}

#[test]
fn a_sleeping_host_is_asked_by_one_message_at_a_time() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0), ("a", 3, 0), ("b", 4, 0)]);
    let first = schedule.next(at(0)).unwrap();
    schedule.done(&first, Some(entry(1, 500)), HostState::Sleeps { until: at(100) }, at(0));
    assert_eq!(schedule.failures(&work_of("a", 1)), 1);
    assert_eq!(begun(&mut schedule, 99), [4], "others are not held up");
    assert_eq!(schedule.wake_at(), Some(at(100)));
    let probe = schedule.next(at(100)).unwrap();
    assert_eq!(probe.message, 2);
    assert_eq!(schedule.next(at(100)), None, "the third waits for the verdict");
    schedule.done(&probe, Some(entry(2, 600)), HostState::Sleeps { until: at(300) }, at(100));
    assert_eq!(schedule.next(at(299)), None);
    let probe = schedule.next(at(300)).unwrap();
    assert_eq!(probe.message, 3);
    schedule.done(&probe, None, HostState::Answers, at(310));
    assert_eq!(begun(&mut schedule, 310), [1, 2], "what was put off because it slept is due");
}

#[test]
fn attempts_that_fail_together_are_one_failure() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0)]);
    let (one, two) = (schedule.next(at(0)).unwrap(), schedule.next(at(0)).unwrap());
    schedule.done(&one, Some(entry(1, 100)), HostState::Sleeps { until: at(100) }, at(5));
    schedule.done(&two, Some(entry(2, 100)), HostState::Sleeps { until: at(400) }, at(6));
    assert_eq!(schedule.failures(&work_of("a", 1)), 1);
    assert_eq!(schedule.wake_at(), Some(at(100)));
}

#[test]
fn a_host_that_answers_somebody_else_is_awake() {
    let mut schedule = schedule(&[("a", 1, 0)]);
    let work = schedule.next(at(0)).unwrap();
    schedule.done(&work, Some(entry(1, 900)), HostState::Sleeps { until: at(800) }, at(0));
    assert_eq!(schedule.next(at(10)), None);
    schedule.answered(&hop("a").owner(), at(10));
    assert_eq!(begun(&mut schedule, 10), [1]);
    // What waits because of its own deferral does not come sooner.
    let done = work_of("a", 1);
    schedule.done(&done, Some(entry(1, 900)), HostState::Answers, at(10));
    schedule.answered(&hop("a").owner(), at(11));
    assert_eq!(schedule.next(at(11)), None);
}

#[test]
fn expired_ones_are_given_up_or_tried_a_last_time() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 5000), ("b", 3, 5000)]);
    let work = schedule.next(at(0)).unwrap();
    let again = Entry { expires: at(9000), ..entry(1, 8000) };
    schedule.done(&work, Some(again), HostState::Sleeps { until: at(8000) }, at(0));
    assert_eq!(schedule.wake_at(), Some(at(1000)));
    let given_up = schedule.next(at(1000)).unwrap();
    assert!(given_up.give_up && given_up.message == 2, "{given_up:?}");
    let last = schedule.next(at(1000)).unwrap();
    assert!(!last.give_up && last.message == 3, "{last:?}");
    assert_eq!(schedule.next(at(1000)), None);
}

#[test]
fn replacing_keeps_what_is_in_flight() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0), ("b", 3, 50)]);
    let work = schedule.next(at(0)).unwrap();
    schedule.replace([], at(0));
    assert!(schedule.contains(&hop("a"), 1) && !schedule.contains(&hop("a"), 2));
    schedule.add(hop("a"), entry(1, 0), at(0));
    schedule.add(hop("a"), entry(2, 0), at(0));
    assert_eq!(begun(&mut schedule, 0), [2], "the first is not begun twice");
    schedule.done(&work, None, HostState::Answers, at(0));
    let done = work_of("a", 2);
    schedule.done(&done, None, HostState::Answers, at(0));
    assert!(schedule.is_empty());
}

#[test]
fn replacing_keeps_who_sleeps_unless_it_is_to_be_asked_at_once() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0), ("b", 3, 0), ("b", 4, 0)]);
    for work in [schedule.next(at(0)).unwrap(), schedule.next(at(0)).unwrap()] {
        let again = entry(work.message, 500);
        schedule.done(&work, Some(again), HostState::Sleeps { until: at(400) }, at(0));
    }
    assert_eq!(schedule.next(at(1)), None, "both sleep");
    let due = [
        ("a", 1, 500),
        ("a", 2, 1),
        ("b", 3, 500),
        ("b", 4, 1),
        ("b", 5, Entry::AT_ONCE.as_millis()),
    ];
    schedule.replace(due.map(|(to, message, due)| (hop(to), entry(message, due))), at(2));
    let asked = schedule.next(at(2)).unwrap();
    assert_eq!(asked.message, 5, "before those that wait for longer");
    assert_eq!(schedule.next(at(2)), None, "one at a time, and a still sleeps");
    schedule.done(&asked, None, HostState::Answers, at(3));
    assert_eq!(begun(&mut schedule, 3), [4, 3], "what was put off is not forgotten");
}

/// Of one owner each: `h1.test`, `mx:h1.test`.
fn domain(name: &str) -> NextHop {
    NextHop::of(&crate::address::Domain::parse(name).unwrap())
}

#[test]
fn mail_and_notices_never_wait_for_each_other() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..100 {
        let notice = Entry { kind: Kind::Notice, ..entry(message, 0) };
        schedule.add(hop(&format!("h{message}")), notice, at(0));
    }
    assert_eq!(begun(&mut schedule, 0).len(), 4, "all places of notices");
    schedule.add(hop("h1"), entry(200, 0), at(0));
    assert_eq!(begun(&mut schedule, 0), [200]);
}

#[test]
fn a_host_that_answers_one_kind_is_awake_for_the_other() {
    let mut schedule = Schedule::new(CONCURRENCY);
    let notice = Entry { kind: Kind::Notice, ..entry(1, 0) };
    schedule.add(hop("a"), notice, at(0));
    let first = schedule.next(at(0)).unwrap();
    let again = first.again(at(900), at(1000));
    schedule.done(&first, Some(again), HostState::Sleeps { until: at(800) }, at(0));
    schedule.add(hop("a"), entry(2, 0), at(0));
    let second = schedule.next(at(1)).unwrap();
    schedule.done(&second, None, HostState::Answers, at(2));
    assert_eq!(begun(&mut schedule, 2), [1]);
}

#[test]
fn a_sender_of_many_is_not_before_a_sender_of_one() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..1000 {
        schedule.add(hop("a"), from("many", message), at(0));
    }
    let busy = [schedule.next(at(0)).unwrap(), schedule.next(at(0)).unwrap()];
    schedule.add(hop("a"), from("one", 2000), at(0));
    schedule.done(&busy[0], None, HostState::Answers, at(0));
    assert_eq!(begun(&mut schedule, 0), [2000]);
    // As after a restart.
    let mut schedule = Schedule::new(CONCURRENCY);
    let many = (0..1000).map(|message| from("many", message));
    let all = many.chain([from("one", 2000)]).map(|entry| (hop("b"), entry));
    schedule.replace(all, at(0));
    assert_eq!(begun(&mut schedule, 0), [0, 2000]);
}

#[test]
fn one_sender_has_half_of_the_places_and_the_rest_is_for_others() {
    let mut schedule = Schedule::new(Concurrency { mail: 20, ..CONCURRENCY });
    for message in 0..1000 {
        schedule.add(domain(&format!("h{message}.test")), from("many", message), at(0));
    }
    let held = begun(&mut schedule, 0);
    assert_eq!(held.len(), 10, "half of them");
    for (nth, name) in ["a", "b", "c"].into_iter().enumerate() {
        let message = 2000 + nth as i64;
        schedule.add(domain("h1.test"), from(name, message), at(0));
        assert_eq!(
            begun(&mut schedule, 0).len(),
            usize::from(nth < 1),
            "{name}: two a destination"
        );
        schedule.add(domain(&format!("{name}.test")), from(name, message + 100), at(0));
        assert_eq!(begun(&mut schedule, 0), [message + 100], "{name}");
    }
}

/// Who has a share already comes to another one while others always have something to do.
#[test]
fn nobody_starves_where_all_places_are_always_wanted() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..6 {
        schedule.add(hop(&format!("many{message}")), from("many", message), at(0));
    }
    let other = |schedule: &mut Schedule, message| {
        schedule.add(hop(&format!("h{message}")), entry(message, 0), at(0));
    };
    (100..110).for_each(|message| other(&mut schedule, message));
    let (mut open, mut left) = (VecDeque::new(), 6);
    for message in 110..300 {
        open.extend(std::iter::from_fn(|| schedule.next(at(0))));
        other(&mut schedule, message);
        let ended: Work = open.pop_front().unwrap();
        left -= usize::from(ended.message < 100);
        schedule.done(&ended, None, HostState::Answers, at(0));
    }
    assert_eq!(left, 0);
}

#[test]
fn names_below_one_registered_domain_are_one_destination() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..10 {
        schedule.add(domain(&format!("h{message}.a.test")), entry(message, 0), at(0));
    }
    let first = [schedule.next(at(0)).unwrap(), schedule.next(at(0)).unwrap()];
    assert_eq!(schedule.next(at(0)), None);
    schedule.add(domain("h1.b.test"), entry(100, 0), at(0));
    assert_eq!(begun(&mut schedule, 0), [100]);
    for work in first {
        schedule.done(&work, None, HostState::Answers, at(0));
    }
    assert_eq!(begun(&mut schedule, 0).len(), 2);
}

proptest! {
    /// Hosts that fall asleep and wake at random: everything is done in the end, never more at once
    /// than allowed, never the same twice at once, and a destination that always answers is not held
    /// up by one that never does.
    #[test]
    fn everything_is_done(
        messages in prop::collection::vec((0..4u8, 0..50u64), 1..60),
        answers in prop::collection::vec(any::<bool>(), 50),
        groups in prop::collection::vec(0..3_u8, 4),
    ) {
        let mut schedule = Schedule::new(CONCURRENCY);
        for (message, (to, due)) in messages.iter().enumerate() {
            let cause = Cause::named(&(message % 3).to_string());
            let kind = if message % 5 == 0 { Kind::Notice } else { Kind::Mail };
            let message = message as i64;
            let entry = Entry { message, cause, kind, due: at(*due), expires: Millis::MAX };
            schedule.add(hop(&format!("h{to}")), entry, at(0));
        }
        let (mut now, mut open, mut answers) = (at(0), Vec::<Work>::new(), answers.into_iter());
        let (mut done, mut concluding) = (Vec::new(), Vec::<Work>::new());
        while done.len() < messages.len() {
            while let Some(work) = schedule.next(now) {
                prop_assert!(!open.contains(&work) && !concluding.contains(&work));
                open.push(work);
            }
            for kind in [Kind::Mail, Kind::Notice] {
                let of_kind = || open.iter().filter(|work| work.kind == kind);
                prop_assert!(of_kind().count() <= CONCURRENCY.mail);
                for to in 0..4 {
                    let hop = hop(&format!("h{to}"));
                    let here = of_kind().filter(|work| *work.hop == hop).count();
                    prop_assert!(here <= CONCURRENCY.per_destination);
                }
                for group in 0..3 {
                    let group = format!("group{group}");
                    let here = of_kind().filter(|work| *work.group == *group).count();
                    prop_assert!(here <= CONCURRENCY.per_destination);
                }
            }
            if concluding.len() > 2 || open.is_empty() && !concluding.is_empty() {
                let work = concluding.remove(0);
                done.push(work.message);
                schedule.done(&work, None, HostState::Answers, now);
                continue;
            }
            if open.is_empty() {
                let wake = schedule.wake_at();
                prop_assert!(wake.is_some_and(|at| at > now), "stuck at {:?}", now);
                now = wake.unwrap_or(now);
                continue;
            }
            let work = open.remove(0);
            if !work.is_known {
                let of = |name: &str| *work.hop == hop(name);
                let to = (0..4).find(|to| of(&format!("h{to}"))).unwrap();
                let group: Arc<str> = format!("group{}", groups[to]).into();
                schedule.learn(&work.hop, &group, now);
                schedule.done(&work, Some(work.again(work.due, Millis::MAX)), HostState::Unknown, now);
                continue;
            }
            if answers.next().unwrap_or(true) {
                schedule.give_back(&work, now);
                concluding.push(work);
            } else {
                let again = work.again(now + MS * 7, Millis::MAX);
                schedule.done(&work, Some(again), HostState::Sleeps { until: now + MS * 3 }, now);
            }
        }
        prop_assert!(schedule.is_empty());
        done.sort_unstable();
        done.dedup();
        prop_assert_eq!(done.len(), messages.len());
    }
}
