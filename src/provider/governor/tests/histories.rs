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

/// A connection that somebody holds.
#[derive(Clone)]
struct Held {
    to: usize,
    by: Cause,
    grant: Grant,
    /// Resumptions of the provider before it.
    resumed: u32,
}

/// What is held and waited for, beside the governor's own books.
#[derive(Default)]
struct Books {
    held: Vec<Held>,
    waiting: Vec<(usize, Cause, Ticket)>,
    /// When messages left for the one that has a rate.
    left: Vec<Millis>,
    resumed: [u32; 3],
    probed: [Option<Millis>; 3],
}

impl Books {
    fn wake(&mut self, to: usize, grant: Grant, woken: Woken) -> Result<(), TestCaseError> {
        for (by, ticket) in woken.given {
            let known = self.waiting.iter().position(|one| *one == (to, by.clone(), ticket));
            prop_assert!(known.is_some(), "given to nobody");
            self.waiting.swap_remove(known.unwrap());
            self.held.push(Held { to, by, grant, resumed: self.resumed[to] });
        }
        for ticket in woken.sent_away {
            let before = self.waiting.len();
            self.waiting.retain(|(of, _, other)| (*of, *other) != (to, ticket));
            prop_assert_eq!(self.waiting.len() + 1, before);
        }
        Ok(())
    }

    fn here(&self, to: usize) -> usize {
        self.held.iter().filter(|held| held.to == to).count()
    }
}

/// Somebody asks: never more than is allowed, nobody while it is suspended, but one probe a minute at most; messages no
/// closer together than a rate has them; and nobody waits while nothing is under way.
fn ask(
    governor: &mut Governor,
    books: &mut Books,
    all: &[Whose; 3],
    (to, by, now): (usize, Cause, Millis),
) -> Result<(), TestCaseError> {
    let name = &*all[to].name;
    let was_held = governor.hold(name, now);
    let was_suspended = state(governor, name, now) == State::Suspended;
    let (leave, woken) = governor.ask(&all[to], &by, now);
    books.wake(to, governor.grant(name), woken)?;
    match leave {
        Leave::Granted(grant) => {
            prop_assert!(was_held.is_none());
            prop_assert_eq!(grant.is_probe, was_suspended);
            if grant.is_probe {
                let last = books.probed[to].replace(now);
                prop_assert!(last.is_none_or(|last| now.since(last) >= MIN), "{last:?}, {now:?}");
            }
            books.held.push(Held { to, by, grant, resumed: books.resumed[to] });
            prop_assert!(books.here(to) <= governor.allows(&all[to], now).0 as usize);
            if let (Some(rate), Ok(at)) =
                (all[to].limits.rate, governor.turn(&all[to], now, Millis::MAX))
            {
                let last = books.left.last();
                prop_assert!(at >= now && last.is_none_or(|last| at.since(*last) >= rate.per()));
                books.left.push(at);
            }
        }
        Leave::Waits(ticket) => {
            books.waiting.push((to, by, ticket));
            prop_assert!(books.here(to) > 0, "waits for nobody");
        }
        Leave::Held(hold) => {
            prop_assert!(hold.until > now && hold.until <= now + MIN * 15, "{hold:?}");
        }
    }
    Ok(())
}

fn state(governor: &mut Governor, name: &str, now: Millis) -> State {
    let told = governor.told(now);
    told.into_iter().find(|told| told.provider == name).map_or(State::Usual, |told| told.state)
}

/// Somebody has an answer: one to what left before a resumption takes nothing back, and a probe that arrives ends what it
/// was sent for.
fn end(
    governor: &mut Governor,
    books: &mut Books,
    all: &[Whose; 3],
    (which, how, now): (usize, Outcome, Millis),
) -> Result<(), TestCaseError> {
    let Held { to, by, grant, resumed } = books.held.swap_remove(which);
    let name = &*all[to].name;
    let before = (state(governor, name, now), governor.hold(name, now));
    let woken = match judgement(how) {
        None => governor.succeeded(name, grant, now),
        Some(judgement) => governor.failed(name, grant, &judgement, "421 no", &by, now),
    };
    books.wake(to, governor.grant(name), woken)?;
    let is_stale = resumed < books.resumed[to];
    match how {
        Outcome::Arrives
            if grant.is_probe && grant == Grant { is_probe: true, ..governor.grant(name) } =>
        {
            prop_assert_ne!(state(governor, name, now), State::Suspended);
        }
        Outcome::Arrives => {}
        _ if is_stale => {
            prop_assert_eq!((state(governor, name, now), governor.hold(name, now)), before);
        }
        Outcome::Suspends(_) => prop_assert!(governor.hold(name, now).is_some()),
        Outcome::Slows(..) | Outcome::Closes => {}
    }
    let woken = governor.give_back(name, &by, now);
    books.wake(to, governor.grant(name), woken)
}

fn judgement(how: Outcome) -> Option<Judgement> {
    let judged = |scope, measure, repeated| Judgement { meaning: None, scope, measure, repeated };
    let pace = |connections, each| Pace {
        connections,
        each: Duration::from_secs(each),
        messages: 0,
        time: MIN * 30,
    };
    match how {
        Outcome::Arrives => None,
        Outcome::Slows(connections, each) => {
            Some(judged(Scope::Provider, Measure::Slow(pace(connections, each)), None))
        }
        Outcome::Suspends(time) => {
            let time = Duration::from_secs(time);
            Some(judged(Scope::Provider, Measure::Suspend(time), None))
        }
        Outcome::Closes => {
            let repeated =
                Repeated { times: 5, of_one: 2, within: MIN * 10, then: Measure::Suspend(MIN * 5) };
            Some(judged(Scope::Message, Measure::PutOff, Some(repeated)))
        }
    }
}

proptest! {
    /// Whatever comes, restarts and resumptions at any time included: never more connections than the table has, or are
    /// allowed when one is given; nobody waits for ever; and each provider gets something again: at once where somebody
    /// has it go on, by a probe within a quarter of an hour, and all when all time is up.
    #[test]
    fn never_over_a_limit_never_starving_always_resumes(
        events in prop::collection::vec(event(), 1..300),
    ) {
        let rate = Rate::new(NonZeroU32::new(1).unwrap(), Duration::from_millis(700));
        let of_rate = Whose::new("c", Limits { connections: 3, messages: 9, rate });
        let all = [whose("a", 1), whose("b", 5), of_rate];
        let (mut governor, mut now, mut books) = (Governor::default(), NOW, Books::default());
        for event in events {
            match event {
                Event::Asks(to, by) => {
                    ask(&mut governor, &mut books, &all, (to, cause(&by.to_string()), now))?;
                }
                Event::Ends(which, how) if !books.held.is_empty() => {
                    let which = which.index(books.held.len());
                    end(&mut governor, &mut books, &all, (which, how, now))?;
                }
                Event::Leaves(which) if !books.waiting.is_empty() => {
                    let (to, by, ticket) = books.waiting.swap_remove(which.index(books.waiting.len()));
                    governor.leave(&all[to].name, &by, ticket);
                }
                Event::Passes(seconds) => now = now + Duration::from_secs(seconds),
                Event::Resumes(to) => {
                    let name = &*all[to].name;
                    let (_, woken) = governor.resume(name, now);
                    books.resumed[to] += 1;
                    books.wake(to, governor.grant(name), woken)?;
                    prop_assert_eq!(governor.allows(&all[to], now).0, all[to].limits.connections);
                    prop_assert_eq!(state(&mut governor, name, now), State::Usual);
                }
                Event::Restarts => {
                    let of = |governor: &mut Governor| all.each_ref().map(|one| {
                        (state(governor, &one.name, now), governor.hold(&one.name, now))
                    });
                    let before = of(&mut governor);
                    let kept = governor.kept(now);
                    governor = Governor::default();
                    governor.go_on(kept, now);
                    prop_assert_eq!(of(&mut governor), before);
                    // What was under way is cut off, and a rate may be used anew.
                    books = Books { probed: books.probed, ..Books::default() };
                }
                Event::Ends(..) | Event::Leaves(_) => {}
            }
            for (to, one) in all.iter().enumerate() {
                prop_assert_eq!(governor.in_use(&one.name), books.here(to));
                prop_assert!(books.here(to) <= one.limits.connections as usize);
            }
        }
        // Whoever holds one ends: everybody who waits has a turn.
        while !books.held.is_empty() {
            let last = books.held.len() - 1;
            end(&mut governor, &mut books, &all, (last, Outcome::Arrives, now))?;
        }
        prop_assert!(books.waiting.is_empty(), "{:?} wait for ever", books.waiting.len());
        now = now + MIN * 15;
        for one in &all {
            let leave = governor.ask(one, &cause("soon"), now).0;
            prop_assert!(matches!(leave, Leave::Granted(_)), "{leave:?}");
            governor.give_back(&one.name, &cause("soon"), now);
        }
        now = now + Duration::from_hours(24);
        for one in &all {
            prop_assert_eq!(state(&mut governor, &one.name, now), State::Usual);
            prop_assert!(granted(&governor.ask(one, &cause("last"), now).0));
        }
    }
}
