//! What is told of aliases: events, and how far owners are told.

use crate::place::{Place, domain, mailbox, message};
use onward::{
    alias::{Alias, AliasAddress, Amendment, Digest},
    digest::Every,
    store::{Apply, DigestStep, Store, Told, UnderWay},
    time::{Millis, UnixTime},
};
use std::time::Duration;

const NOW: Millis = Millis::new(1_800_000_000_000);

fn alias(address: &str) -> Alias {
    Alias::forward(AliasAddress::parse(address).unwrap(), ["me@mailbox.test"]).unwrap()
}

/// What waits: the kind and the alias of each event.
async fn waiting(store: &Store) -> Vec<(String, String)> {
    let events = store.waiting_events(1000).await.unwrap();
    let read = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap();
    let events = events.iter().map(|event| read(&event.body));
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    events.map(|event| (word(&event["type"]), word(&event["alias"]))).collect()
}

pub(crate) async fn an_alias_that_is_made_is_an_event_whoever_makes_it(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    store.add_alias(&alias("before@x.test")).await.unwrap();
    assert_eq!(waiting(&store).await, [], "nobody is told");
    store.set_event_room(10, NOW).await.unwrap();
    other.add_alias(&alias("a@x.test")).await.unwrap();
    other.replace_alias(&alias("a@x.test")).await.unwrap();
    other.add_alias(&alias("a@x.test")).await.unwrap_err();
    other.replace_alias(&alias("b@x.test")).await.unwrap();
    let list = ["before", "a", "c"].map(|name| alias(&format!("{name}@x.test")));
    other.apply(list.to_vec(), Apply::Plan).await.unwrap();
    other.apply(list.to_vec(), Apply::Careful).await.unwrap();
    let made = ["a@x.test", "b@x.test", "c@x.test"];
    let expected: Vec<_> =
        made.iter().map(|alias| ("alias.made".to_owned(), (*alias).to_owned())).collect();
    assert_eq!(waiting(&store).await, expected);
    let first = store.waiting_events(1).await.unwrap()[0].seq;
    store.remove_event(first).await.unwrap();
    assert_eq!(waiting(&store).await, expected[1..]);
    store.set_event_room(0, NOW).await.unwrap();
    assert_eq!(waiting(&store).await, [], "what nobody wants is not kept");
}

pub(crate) async fn events_take_bounded_room(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    store.set_event_room(3, NOW).await.unwrap();
    for n in 0..5 {
        store.add_alias(&alias(&format!("a{n}@x.test"))).await.unwrap();
    }
    let list = (0..20).map(|n| alias(&format!("a{n}@x.test"))).collect();
    store.apply(list, Apply::Careful).await.unwrap();
    let figures = store.event_figures().await.unwrap();
    assert_eq!((figures.waiting, figures.lost), (3, 17));
    for event in store.waiting_events(2).await.unwrap() {
        store.remove_event(event.seq).await.unwrap();
    }
    store.add_alias(&alias("more@x.test")).await.unwrap();
    assert_eq!(waiting(&store).await.len(), 2);
}

pub(crate) async fn an_alias_expires_once(place: &dyn Place) {
    let store = place.open();
    store.add_domain(&domain("x.test")).await.unwrap();
    let until = |seconds: u64| Amendment {
        expires: Some(Some(UnixTime::new(seconds))),
        ..Amendment::default()
    };
    let now = NOW.unix_time().as_secs();
    for (name, end) in [("long", now - 9), ("soon", now + 5), ("late", now + 50)] {
        store.add_alias(&alias(&format!("{name}@x.test"))).await.unwrap();
        let address = AliasAddress::parse(&format!("{name}@x.test")).unwrap();
        store.amend_alias(&address, &until(end)).await.unwrap();
    }
    store.set_event_room(10, NOW).await.unwrap();
    let expired = |name: &str| ("alias.expired".to_owned(), format!("{name}@x.test"));
    for (after, told) in
        [(0, vec![]), (5, vec!["soon"]), (6, vec!["soon"]), (99, vec!["soon", "late"])]
    {
        store.find_expired(NOW + Duration::from_secs(after)).await.unwrap();
        let told: Vec<_> = told.into_iter().map(expired).collect();
        assert_eq!(waiting(&store).await, told, "after {after} s");
    }
}

pub(crate) async fn a_digest_is_spooled_once(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    let (of, every) = (domain("x.test"), Every::Day);
    assert_eq!(store.told(&of, every).await.unwrap(), None);
    store.begin_digests(&of, every, UnixTime::new(10)).await.unwrap();
    store.begin_digests(&of, every, UnixTime::new(99)).await.unwrap();
    let first = Told { until: UnixTime::new(10), under_way: None };
    assert_eq!(other.told(&of, every).await.unwrap(), Some(first.clone()));
    let half = Told {
        until: UnixTime::new(10),
        under_way: Some(UnderWay { until: UnixTime::new(20), up_to: "m".to_owned() }),
    };
    let done = Told { until: UnixTime::new(20), under_way: None };
    let step = |before: &Told, after: &Told| DigestStep {
        domain: of.clone(),
        every,
        before: before.clone(),
        after: after.clone(),
    };
    let spool = async |store: &Store, id: &str, step| {
        let spooled = store.spool_digests(step, vec![message(id, 1, &["a@y.test"])], false).await;
        spooled.unwrap().map(|numbers| numbers.len())
    };
    assert_eq!(spool(&store, "A", step(&first, &half)).await, Some(1));
    assert_eq!(spool(&other, "B", step(&first, &half)).await, None, "another one was faster");
    assert_eq!(other.told(&of, every).await.unwrap(), Some(half.clone()));
    assert_eq!(spool(&other, "C", step(&half, &done)).await, Some(1));
    assert_eq!(store.told(&of, every).await.unwrap(), Some(done));
    assert_eq!(store.spool_open().await.unwrap().0.len(), 2);
    store.remove_domain(&of, true).await.unwrap();
    assert_eq!(store.told(&of, every).await.unwrap(), None);
}

pub(crate) async fn whose_owners_are_told_and_which_alias_answers(place: &dyn Place) {
    let store = place.open();
    let addresses = ["a@x.test", "*@y.test", r"/^r-.*@z\.test$/", "b@w.test"];
    for (name, address) in ["x.test", "y.test", "z.test", "w.test"].iter().zip(addresses) {
        store.add_domain(&domain(name)).await.unwrap();
        store.add_alias(&alias(address)).await.unwrap();
    }
    for (address, word) in addresses.iter().zip([Digest::Daily, Digest::Weekly, Digest::Daily]) {
        let amendment = Amendment { digest: Some(Some(word)), ..Amendment::default() };
        store.amend_alias(&AliasAddress::parse(address).unwrap(), &amendment).await.unwrap();
    }
    let of = async |every| store.digest_domains(every).await.unwrap();
    assert_eq!(of(Every::Day).await, [domain("x.test"), domain("z.test")]);
    assert_eq!(of(Every::Week).await, [domain("y.test")]);
    let disabled = AliasAddress::parse("a@x.test").unwrap();
    store.set_enabled(&disabled, false).await.unwrap();
    let asked = ["A+tag@x.test", "any@y.test", "r-1@z.test", "no@z.test", "no@w.test"];
    let answering =
        store.answering(asked.iter().map(|text| mailbox(text)).collect()).await.unwrap();
    let answering: Vec<_> =
        answering.iter().map(|alias| alias.as_ref().map(|it| it.address().to_string())).collect();
    let expected = [Some("a@x.test"), Some("*@y.test"), Some(r"/^r-.*@z\.test$/"), None, None];
    assert_eq!(answering, expected.map(|text| text.map(str::to_owned)));
}
