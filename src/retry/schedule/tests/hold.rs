//! What a schedule lets go of where more waits than it may hold.

use super::*;
use crate::retry::{Left, Line};

fn numbers(left: &[Left]) -> Vec<i64> {
    let mut numbers: Vec<i64> = left.iter().map(|left| left.message).collect();
    numbers.sort_unstable();
    numbers
}

fn to(group: &str) -> Option<Line> {
    Some(Line::To(hop(group).owner()))
}

#[test]
fn nothing_is_let_go_of_where_there_is_room() {
    let mut schedule = schedule(&[("a", 1, 0), ("b", 2, 900)]);
    assert_eq!((schedule.held(), schedule.workable(at(5))), (2, 1));
    assert_eq!(schedule.let_go(2, at(5)), []);
}

#[test]
fn what_is_due_last_goes_first_at_its_own_time() {
    let mut schedule =
        schedule(&[("a", 1, 0), ("a", 2, 300), ("b", 3, 700), ("c", 4, 500), ("d", 5, 2)]);
    let left = schedule.let_go(3, at(5));
    let own = |message, due| Left { message, due: at(due), line: None };
    assert_eq!(left, [own(3, 700), own(4, 500)]);
    assert_eq!(schedule.held(), 3);
    assert_eq!(begun(&mut schedule, 300), [1, 5, 2]);
}

#[test]
fn what_waits_for_hosts_that_sleep_goes_to_their_line_and_is_due_when_they_wake_or_it_ends() {
    let mut schedule = schedule(&[("a", 1, 0), ("a", 2, 0), ("a", 3, 0), ("b", 4, 0)]);
    let first = schedule.next(at(0)).unwrap();
    schedule.done(&first, Some(entry(1, 400)), HostState::Sleeps { until: at(600) }, at(0));
    let short = Entry { expires: at(500), ..entry(5, 0) };
    schedule.add(hop("a"), short, at(0));
    assert_eq!(schedule.workable(at(5)), 1);
    assert!(schedule.is_asleep(&hop("a").owner()));
    let left = schedule.let_go(2, at(5));
    let due = |message| Left { message, due: at(600), line: to("a") };
    assert_eq!(left, [due(3), due(2), due(1)]);
    assert_eq!(begun(&mut schedule, 5), [4], "and who ends soon is not let go of");
}

#[test]
fn who_causes_little_keeps_it_and_what_most_goes_to_is_let_go_of() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..20 {
        schedule.add(hop("big"), Entry { due: at(1), ..from("flood", message) }, at(0));
    }
    schedule.add(hop("big"), Entry { due: at(4), ..from("anna", 100) }, at(0));
    schedule.add(hop("small"), Entry { due: at(4), ..from("flood", 101) }, at(0));
    schedule.add(hop("small"), Entry { due: at(4), ..from("otto", 102) }, at(0));
    let left = schedule.let_go(8, at(5));
    assert_eq!(schedule.held(), 7, "with room for some");
    assert_eq!(numbers(&left), (4..20).collect::<Vec<i64>>());
    assert!(left.iter().all(|left| left.line == to("big")), "{left:?}");
}

#[test]
fn of_one_who_sends_to_many_others_stand_before_it() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..20 {
        let to = format!("h{message}.test");
        schedule.add(domain(&to), from("flood", message), at(0));
    }
    schedule.add(domain("x.test"), Entry { due: at(4), ..from("anna", 100) }, at(0));
    schedule.add(domain("y.test"), Entry { due: at(4), ..from("anna", 101) }, at(0));
    let left = schedule.let_go(10, at(5));
    assert!(left.iter().all(|left| left.line == Some(Line::By(Cause::named("flood")))));
    assert_eq!(schedule.held(), 9);
}

#[test]
fn what_one_sends_elsewhere_does_not_wait_behind_what_much_of_it_waits_for() {
    let mut schedule = Schedule::new(CONCURRENCY);
    for message in 0..20 {
        schedule.add(hop("big"), from("flood", message), at(0));
    }
    schedule.add(hop("small"), Entry { due: at(4), ..from("flood", 100) }, at(0));
    let left = schedule.let_go(10, at(5));
    assert_eq!(numbers(&left), (8..20).collect::<Vec<i64>>());
    assert!(left.iter().all(|left| left.line == to("big")));
}

#[test]
fn what_is_in_flight_anywhere_stays_and_other_messages_go_whole() {
    let all = [("a", 1, 0), ("b", 1, 900), ("a", 2, 900), ("b", 2, 950), ("c", 3, 100)];
    let mut schedule = schedule(&all);
    assert_eq!(begun(&mut schedule, 0), [1]);
    let left = schedule.let_go(1, at(5));
    assert_eq!(left, [Left { message: 2, due: at(900), line: None }]);
    assert_eq!(schedule.held(), 3);
    assert!(!schedule.contains(&hop("a"), 2) && !schedule.contains(&hop("b"), 2));
}

#[test]
fn one_that_is_more_than_all_that_may_be_held_is_tried() {
    let mut schedule = schedule(&[("a", 1, 0), ("b", 1, 0), ("c", 1, 0)]);
    assert_eq!(schedule.let_go(2, at(5)), []);
    assert_eq!(begun(&mut schedule, 5), [1, 1], "as many places as one cause may have");
}

#[test]
fn a_line_is_read_as_it_is_printed() {
    for line in [Line::To("google".into()), Line::By(Cause::named("account 12 3"))] {
        assert_eq!(Line::parse(&line.to_string()), Some(line));
    }
    assert_eq!(Line::parse("google"), None);
}
