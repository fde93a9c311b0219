//! The governor over random histories.

use super::*;
use crate::{
    provider::{Measure, Pace, Repeated, Scope},
    rate::Rate,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Event {
    Asks(usize, u8),
    Ends(prop::sample::Index, Outcome),
    Leaves(prop::sample::Index),
    Passes(u64),
    Resumes(usize),
    Restarts,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Arrives,
    Slows(u32, u64),
    Suspends(u64),
    Closes,
}

fn event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Arrives),
        1 => (0..4_u32, 0..120_u64).prop_map(|(connections, each)| Outcome::Slows(connections, each)),
        1 => (1..20_000_u64).prop_map(Outcome::Suspends),
        2 => Just(Outcome::Closes),
    ];
    prop_oneof![
        8 => (0..3_usize, 0..9_u8).prop_map(|(to, cause)| Event::Asks(to, cause)),
        6 => (any::<prop::sample::Index>(), outcome).prop_map(|(which, how)| Event::Ends(which, how)),
        1 => any::<prop::sample::Index>().prop_map(Event::Leaves),
        2 => (1..2_000_u64).prop_map(Event::Passes),
        1 => (0..3_usize).prop_map(Event::Resumes),
        1 => Just(Event::Restarts),
    ]
}

/// What is held and waited for, beside the governor's own books.
#[derive(Default)]
struct Books {
    held: Vec<(usize, Cause, bool)>,
    waiting: Vec<(usize, Cause, Ticket)>,
}

impl Books {
    fn wake(&mut self, to: usize, woken: Woken) -> Result<(), TestCaseError> {
        for (cause, ticket) in woken.given {
            let known = self.waiting.iter().position(|one| *one == (to, cause.clone(), ticket));
            prop_assert!(known.is_some(), "given to nobody");
            self.waiting.swap_remove(known.unwrap());
            self.held.push((to, cause, false));
        }
        for ticket in woken.sent_away {
            let before = self.waiting.len();
            self.waiting.retain(|(of, _, other)| (*of, *other) != (to, ticket));
            prop_assert_eq!(self.waiting.len() + 1, before);
        }
        Ok(())
    }
}

proptest! {
    /// Whatever comes: never more connections than the table has, or are allowed when one is given; messages no closer
    /// together than a rate has them; nobody waits while nothing is under way; and in the end, when all time is up, each
    /// provider gets one again.
    #[test]
    fn never_over_a_limit_never_starving_always_resumes(
        events in prop::collection::vec(event(), 1..300),
    ) {
        let each = Duration::from_millis(700);
        let rate = Rate::new(NonZeroU32::new(1).unwrap(), each);
        let of_rate = Whose::new("c", Limits { connections: 3, messages: 9, rate });
        let all = [whose("a", 1), whose("b", 5), of_rate];
        let (mut governor, mut now, mut books) = (Governor::default(), NOW, Books::default());
        let mut left = Vec::<Millis>::new();
        for event in events {
            match event {
                Event::Asks(to, by) => {
                    let by = cause(&by.to_string());
                    let was_held = governor.hold(&all[to].name, now);
                    let (leave, woken) = governor.ask(&all[to], &by, now);
                    books.wake(to, woken)?;
                    match leave {
                        Leave::Granted { is_probe } => {
                            prop_assert!(was_held.is_none());
                            books.held.push((to, by, is_probe));
                            let here = books.held.iter().filter(|(of, ..)| *of == to).count();
                            prop_assert!(here <= governor.allows(&all[to], now).0 as usize);
                            if to == 2 && let Ok(at) = governor.turn(&all[2], now, Millis::MAX) {
                                prop_assert!(at >= now);
                                prop_assert!(left.last().is_none_or(|last| at.since(*last) >= each));
                                left.push(at);
                            }
                        }
                        Leave::Waits(ticket) => {
                            books.waiting.push((to, by, ticket));
                            let here = books.held.iter().filter(|(of, ..)| *of == to).count();
                            prop_assert!(here > 0, "waits for nobody");
                        }
                        Leave::Held(hold) => prop_assert!(hold.until > now, "{hold:?}"),
                    }
                }
                Event::Ends(which, how) if !books.held.is_empty() => {
                    let (to, by, is_probe) = books.held.swap_remove(which.index(books.held.len()));
                    let name = &*all[to].name;
                    let judged = |scope, measure, repeated| Judgement { meaning: None, scope, measure, repeated };
                    let judgement = match how {
                        Outcome::Arrives => None,
                        Outcome::Slows(connections, each) => Some(judged(Scope::Provider, Measure::Slow(Pace {
                            connections,
                            each: Duration::from_secs(each),
                            messages: 0,
                            time: MIN * 30,
                        }), None)),
                        Outcome::Suspends(time) => {
                            let time = Duration::from_secs(time);
                            Some(judged(Scope::Provider, Measure::Suspend(time), None))
                        }
                        Outcome::Closes => Some(judged(Scope::Message, Measure::PutOff, Some(Repeated {
                            times: 5,
                            of_one: 2,
                            within: MIN * 10,
                            suspend: MIN * 5,
                        }))),
                    };
                    let woken = match judgement {
                        None => governor.succeeded(name, is_probe, now),
                        Some(judgement) => governor.failed(name, &judgement, "421 no", &by, now),
                    };
                    books.wake(to, woken)?;
                    let woken = governor.give_back(name, &by, now);
                    books.wake(to, woken)?;
                }
                Event::Leaves(which) if !books.waiting.is_empty() => {
                    let (to, by, ticket) = books.waiting.swap_remove(which.index(books.waiting.len()));
                    governor.leave(&all[to].name, &by, ticket);
                }
                Event::Passes(seconds) => now = now + Duration::from_secs(seconds),
                Event::Resumes(to) => {
                    if let Some(woken) = governor.resume(&all[to].name, now) {
                        books.wake(to, woken)?;
                    }
                }
                Event::Restarts if books.held.is_empty() && books.waiting.is_empty() => {
                    let kept = governor.kept(now);
                    governor = Governor::default();
                    governor.go_on(kept, now);
                    // A rate may be used anew.
                    left.clear();
                }
                Event::Ends(..) | Event::Leaves(_) | Event::Restarts => {}
            }
            for (to, one) in all.iter().enumerate() {
                let here = books.held.iter().filter(|(of, ..)| *of == to).count();
                prop_assert_eq!(governor.in_use(&one.name), here);
                prop_assert!(here <= one.limits.connections as usize);
            }
        }
        // Whoever holds one ends: everybody who waits has a turn.
        while let Some((to, by, _)) = books.held.pop() {
            let woken = governor.give_back(&all[to].name, &by, now);
            books.wake(to, woken)?;
        }
        prop_assert!(books.waiting.is_empty(), "{:?} wait for ever", books.waiting.len());
        now = now + Duration::from_hours(24);
        for one in &all {
            let leave = governor.ask(one, &cause("last"), now).0;
            prop_assert_eq!(leave, Leave::Granted { is_probe: false });
        }
    }
}
