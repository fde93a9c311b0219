use super::*;
use proptest::prelude::*;

const PLACES: usize = 100;

/// Takes as many as there are for `who`, and gives how many that were.
fn grab(slots: &mut Slots<u8>, who: u8) -> usize {
    std::iter::from_fn(|| slots.may_have(&who).then(|| slots.take(&who).unwrap())).count()
}

#[test]
fn one_alone_has_half_and_many_leave_something_for_whoever_has_nothing() {
    let mut slots = Slots::new(PLACES);
    let grabbed: Vec<_> = (0..30).map(|who| grab(&mut slots, who)).collect();
    assert_eq!(grabbed[..4], [50, 10, 10, 10]);
    assert!(grabbed[4..24].iter().all(|held| *held == 1), "{grabbed:?}");
    assert_eq!(slots.taken(), PLACES);
}

#[test]
fn of_those_who_wait_who_has_least_is_next_and_then_who_came_first() {
    let mut slots = Slots::new(3);
    assert_eq!(slots.take(&1), Ok(()));
    assert_eq!(slots.take(&2), Ok(()));
    assert_eq!(slots.take(&3), Ok(()));
    let of_one = slots.take(&1).unwrap_err();
    let of_four = slots.take(&4).unwrap_err();
    let of_five = slots.take(&5).unwrap_err();
    assert_eq!(slots.give_back(&2), [(4, of_four)]);
    slots.leave(&5, of_five);
    assert_eq!(slots.give_back(&3), [], "the first has one");
    assert_eq!(slots.give_back(&1), [(1, of_one)]);
    assert_eq!(slots.taken(), 2);
}

#[derive(Debug, Clone)]
enum Event {
    Asks(u8),
    Ends(prop::sample::Index),
    Leaves(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..12_u8).prop_map(Event::Asks),
        2 => any::<prop::sample::Index>().prop_map(Event::Ends),
        1 => any::<prop::sample::Index>().prop_map(Event::Leaves),
    ]
}

proptest! {
    /// Whoever comes, ends and loses patience at random: no more places than there are; nobody is given one
    /// beyond a tenth while another waits who has less than that; while any is free, nobody waits who has none;
    /// and in the end all places are back and everybody had a turn.
    #[test]
    fn nobody_keeps_others_out(
        places in 1..80_usize,
        events in prop::collection::vec(event(), 1..400),
    ) {
        let mut slots = Slots::new(places);
        let tenth = (places / 10).max(1);
        let (mut held, mut waiting) = (Vec::<u8>::new(), Vec::<(u8, Ticket)>::new());
        for event in events {
            let mut given = Vec::new();
            match event {
                Event::Asks(who) => match slots.take(&who) {
                    Ok(()) => given.push(who),
                    Err(ticket) => waiting.push((who, ticket)),
                },
                Event::Ends(which) if !held.is_empty() => {
                    let who = held.swap_remove(which.index(held.len()));
                    for (who, ticket) in slots.give_back(&who) {
                        prop_assert!(waiting.contains(&(who, ticket)));
                        waiting.retain(|other| *other != (who, ticket));
                        given.push(who);
                    }
                }
                Event::Leaves(which) if !waiting.is_empty() => {
                    let (who, ticket) = waiting.swap_remove(which.index(waiting.len()));
                    slots.leave(&who, ticket);
                }
                Event::Ends(_) | Event::Leaves(_) => {}
            }
            held.extend(&given);
            let holds = |who: u8| held.iter().filter(|other| **other == who).count();
            let has_little = waiting.iter().any(|(who, _)| holds(*who) < tenth);
            for who in given {
                prop_assert!(!has_little || holds(who) <= tenth, "{who}: {}", holds(who));
            }
            prop_assert_eq!(held.len(), slots.taken());
            prop_assert!(held.len() <= places);
            let has_none = |who: &u8| !held.contains(who);
            let kept_out = waiting.iter().any(|(who, _)| has_none(who));
            prop_assert!(!kept_out || held.len() == places, "{:?}", slots);
        }
        while let Some(who) = held.pop() {
            for (who, ticket) in slots.give_back(&who) {
                waiting.retain(|other| *other != (who, ticket));
                held.push(who);
            }
        }
        prop_assert!(waiting.is_empty() && slots.taken() == 0 && slots.held.is_empty());
    }
}
