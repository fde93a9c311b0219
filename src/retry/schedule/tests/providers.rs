//! Destinations whose hosts one provider has.

use super::*;

/// Ten destinations of one provider, each with one message, of which nobody knows yet that they are.
fn of_one_provider(per_destination: usize) -> (Schedule, Arc<str>) {
    let mut schedule = Schedule::new(Concurrency { mail: 100, notices: 4, per_destination });
    for message in 0..10 {
        schedule.add(domain(&format!("h{message}.test")), entry(message, 0), at(0));
    }
    let provider: Arc<str> = "google".into();
    let all: Vec<Work> = std::iter::from_fn(|| schedule.next(at(0))).collect();
    assert_eq!(all.len(), 10, "as far as anybody knows they have nothing to do with each other");
    for work in all {
        assert!(!work.is_known);
        schedule.learn(&work.hop, &provider, at(0));
        schedule.done(&work, Some(work.again(at(0), at(1000))), HostState::Unknown, at(0));
    }
    (schedule, provider)
}

#[test]
fn destinations_of_one_provider_share_its_places() {
    let (mut schedule, _) = of_one_provider(3);
    schedule.add(domain("else.test"), entry(100, 0), at(0));
    let first: Vec<Work> = std::iter::from_fn(|| schedule.next(at(0))).collect();
    assert_eq!(first.len(), 4, "three of it, and others are not held up");
    assert!(first.iter().filter(|work| work.is_known).all(|work| &*work.group == "google"));
    let mut left = 7;
    let mut open: VecDeque<Work> = first.into_iter().filter(|work| work.is_known).collect();
    while let Some(work) = open.pop_front() {
        schedule.done(&work, None, HostState::Answers, at(1));
        let more: Vec<Work> = std::iter::from_fn(|| schedule.next(at(1))).collect();
        left -= more.len();
        open.extend(more);
        assert!(open.len() <= 3);
    }
    assert_eq!(left, 0);
}

#[test]
fn a_provider_sleeps_and_wakes_as_one_whatever_the_domain() {
    let (mut schedule, provider) = of_one_provider(3);
    let open: Vec<Work> = std::iter::from_fn(|| schedule.next(at(0))).collect();
    for work in &open {
        let again = work.again(at(100), at(1000));
        schedule.done(work, Some(again), HostState::Sleeps { until: at(100) }, at(1));
    }
    assert_eq!(schedule.next(at(99)), None);
    assert_eq!(schedule.wake_at(), Some(at(100)));
    // What comes for it meanwhile waits with it, once it is known whose it is.
    schedule.add(domain("late.test"), entry(50, 0), at(50));
    let late = schedule.next(at(50)).unwrap();
    schedule.learn(&late.hop, &provider, at(50));
    schedule.done(&late, Some(late.again(at(50), at(1000))), HostState::Unknown, at(50));
    assert_eq!(schedule.next(at(51)), None);
    let probe = schedule.next(at(100)).unwrap();
    assert_eq!(schedule.next(at(100)), None, "one finds out for all");
    let again = probe.again(at(300), at(1000));
    schedule.done(&probe, Some(again), HostState::Sleeps { until: at(300) }, at(101));
    assert_eq!(schedule.next(at(299)), None);
    let probe = schedule.next(at(300)).unwrap();
    schedule.done(&probe, None, HostState::Answers, at(301));
    let mut done = 1;
    let mut open: VecDeque<Work> = std::iter::from_fn(|| schedule.next(at(301))).collect();
    assert_eq!(open.len(), 3, "all places again");
    while let Some(work) = open.pop_front() {
        done += 1;
        schedule.done(&work, None, HostState::Answers, at(301));
        open.extend(std::iter::from_fn(|| schedule.next(at(301))));
    }
    assert_eq!(done, 11);
    assert!(schedule.is_empty());
}

#[test]
fn a_provider_that_answers_somebody_else_is_awake() {
    let (mut schedule, provider) = of_one_provider(3);
    let work = schedule.next(at(0)).unwrap();
    schedule.done(
        &work,
        Some(work.again(at(900), at(1000))),
        HostState::Sleeps { until: at(800) },
        at(0),
    );
    assert_eq!(schedule.next(at(10)), None);
    schedule.answered(&provider, at(10));
    assert_eq!(begun(&mut schedule, 10).len(), 3);
}

/// Whose hosts they are nobody knows before it is due: such as behind a restart.
#[test]
fn a_resume_wakes_what_was_held_before_a_restart_and_what_has_a_next_time_of_its_own() {
    let mut schedule = Schedule::new(Concurrency { mail: 100, notices: 4, per_destination: 3 });
    let (yahoo, other): (Arc<str>, Arc<str>) = ("yahoo".into(), "other".into());
    for message in 0..4 {
        schedule.add(domain(&format!("y{message}.test")), entry(message, 900), at(0));
    }
    schedule.add(domain("y0.test"), entry(4, 800), at(0));
    schedule.add(domain("else.test"), entry(9, 900), at(0));
    assert_eq!(schedule.next(at(1)), None);
    let all: Vec<_> = std::iter::from_fn(|| schedule.next_unknown()).collect();
    assert_eq!(all.len(), 5, "each once: {all:?}");
    let (first, rest) = all.split_at(2);
    first.iter().for_each(|hop| schedule.learn(hop, &yahoo, at(1)));
    schedule.resume(&yahoo, at(2));
    assert_eq!(begun(&mut schedule, 2), [4, 1, 0], "those that are known, in turns and bounded");
    // What is found out behind it is no later than it.
    for hop in rest {
        let group = if hop.to_string().contains("else") { &other } else { &yahoo };
        schedule.learn(hop, group, at(3));
    }
    for message in [0, 4, 1] {
        let hop = domain(&format!("y{}.test", message % 4)).into();
        let work = Work { hop, group: Arc::clone(&yahoo), ..work_of("a", message) };
        schedule.done(&work, None, HostState::Answers, at(3));
    }
    assert_eq!(begun(&mut schedule, 3), [2, 3]);
    // Nobody had this one go on.
    schedule.add(domain("y0.test"), entry(10, 900), at(4));
    assert_eq!(schedule.next(at(899)), None);
}

#[test]
fn what_was_heard_before_a_resume_puts_nothing_to_sleep_behind_it() {
    let (mut schedule, provider) = of_one_provider(1);
    let work = schedule.next(at(0)).unwrap();
    schedule.resume(&provider, at(5));
    let again = work.again(at(900), at(1000));
    schedule.done(&work, Some(again), HostState::Sleeps { until: at(900) }, at(6));
    let mut left = Vec::new();
    while let Some(work) = schedule.next(at(6)) {
        schedule.done(&work, None, HostState::Answers, at(6));
        left.push(work.message);
    }
    left.sort();
    assert_eq!(left, (0..10).collect::<Vec<_>>());
}

#[test]
fn who_was_to_be_tried_first_is_first_behind_a_resume() {
    let mut schedule = Schedule::new(Concurrency { mail: 100, notices: 4, per_destination: 100 });
    let provider: Arc<str> = "yahoo".into();
    let dues = [(7, 930), (3, 910), (9, 950), (1, 920), (5, 940), (8, 900)];
    for (message, due) in dues {
        schedule.add(domain(&format!("y{message}.test")), entry(message, due), at(0));
    }
    while let Some(hop) = schedule.next_unknown() {
        schedule.learn(&hop, &provider, at(1));
    }
    schedule.resume(&provider, at(2));
    assert_eq!(begun(&mut schedule, 2), [8, 3, 1, 7, 5, 9]);
}
