//! Long senders: what is kept, and who goes for whom.

use crate::place::{Place, long_sender, mailbox};
use onward::{
    store::{Kept, SrsPutError, Store},
    time::UnixTime,
};
use std::time::Duration;

const NEW: Kept = Kept { is_new: true, evicted: 0 };
const EVICTED: Kept = Kept { is_new: true, evicted: 1 };
const KNOWN: Kept = Kept { is_new: false, evicted: 0 };

/// The second after which rows of these tests expire on day 30.
fn now(second: u64) -> UnixTime {
    UnixTime::of_day(1) + Duration::from_secs(second)
}

/// Keeps `name`@y.test behind the token of that name, of at most `most`.
async fn put(
    store: &Store,
    name: &str,
    client: Option<&str>,
    second: u64,
    most: u64,
) -> Result<Kept, SrsPutError> {
    let sender = long_sender(name, &format!("{name}@y.test"), client, UnixTime::of_day(30));
    store.srs_put(sender, now(second), most).await
}

/// Those of `names` that are kept.
async fn kept(store: &Store, names: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    for name in names {
        if store.srs_get(name, now(0)).await.unwrap().is_some() {
            kept.push(name.clone());
        }
    }
    kept
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(crate) async fn long_srs_addresses(place: &dyn Place) {
    let store = place.open();
    let day = UnixTime::of_day;
    let put = async |token: &str, address: &str, expires, now| {
        store.srs_put(long_sender(token, address, None, expires), now, 9).await
    };
    assert_eq!(put("Ta", "a@y.test", day(20), day(1)).await, Ok(NEW));
    assert_eq!(put("tb", "b@y.test", day(5), day(1)).await, Ok(NEW));
    assert_eq!(put("ta", "b@y.test", day(9), day(1)).await, Err(SrsPutError::Taken));
    let (a, b) = (Some(mailbox("a@y.test")), Some(mailbox("b@y.test")));
    assert_eq!(store.srs_get("tA", day(20) - Duration::from_secs(1)).await.unwrap(), a);
    assert_eq!(store.srs_get("ta", day(21)).await.unwrap(), None);
    assert_eq!(store.srs_get("tx", day(1)).await.unwrap(), None);

    // Renewed, and never for a shorter time.
    assert_eq!(put("tb", "B@y.test", day(7), day(1)).await, Ok(KNOWN));
    assert_eq!(put("tb", "b@y.test", day(2), day(1)).await, Ok(KNOWN));
    assert_eq!(store.srs_get("tb", day(7) - Duration::from_secs(1)).await.unwrap(), b);

    // Where none may be kept, those that are stay.
    let none = store.srs_put(long_sender("tc", "c@y.test", None, day(9)), day(1), 0).await;
    assert_eq!(none, Err(SrsPutError::Full));
    let known = store.srs_put(long_sender("ta", "a@y.test", None, day(20)), day(1), 0).await;
    assert_eq!(known, Ok(KNOWN));

    // What is taken back is gone, and what was never there is no error.
    assert_eq!(put("tc", "c@y.test", day(9), day(1)).await, Ok(NEW));
    store.srs_forget("TC").await.unwrap();
    store.srs_forget("TC").await.unwrap();
    assert_eq!(store.srs_get("tc", day(1)).await.unwrap(), None);
    assert_eq!(put("tc", "c@y.test", day(30), day(1)).await, Ok(NEW));

    // Other processes see and keep them too, they outlive the daemon, and go when they have expired.
    drop(store);
    let other = place.open();
    assert_eq!(other.srs_get("TC", day(9)).await.unwrap(), Some(mailbox("c@y.test")));
    other.purge(day(20)).await.unwrap();
    assert_eq!(other.srs_get("ta", day(1)).await.unwrap(), None);
    assert_eq!(other.srs_get("tc", day(1)).await.unwrap(), Some(mailbox("c@y.test")));
}

pub(crate) async fn a_client_has_a_hundredth_of_the_long_senders_and_its_own_oldest_go(
    place: &dyn Place,
) {
    let store = place.open();
    let (honest, stranger) = (Some("192.0.2.1"), Some("2001:db8::1"));
    assert_eq!(put(&store, "h", honest, 0, 500).await, Ok(NEW));
    for n in 0..20 {
        // All of a /64 is one client.
        let client = format!("2001:db8::{n:x}");
        let put = put(&store, &format!("s{n}"), Some(&client), 1 + n, 500).await;
        assert_eq!(put, Ok(if n < 5 { NEW } else { EVICTED }), "{n}");
    }
    let all: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
    assert_eq!(kept(&store, &all).await, all[15..]);
    assert_eq!(kept(&store, &names(&["h"])).await, ["h"]);
    // One that is used again is not the oldest any more, and takes no other place.
    let again = long_sender("s15", "s15@y.test", stranger, UnixTime::of_day(31));
    assert_eq!(store.srs_put(again, now(30), 500).await, Ok(KNOWN));
    assert_eq!(put(&store, "s20", stranger, 31, 500).await, Ok(EVICTED));
    assert_eq!(kept(&store, &all).await, names(&["s15", "s17", "s18", "s19"]));
    // Of a share that became smaller all go that are too many.
    let all_others = Kept { is_new: true, evicted: 6 };
    assert_eq!(put(&store, "s21", stranger, 32, 1).await, Ok(all_others));
    assert_eq!(put(&store, "h", honest, 33, 1).await, Ok(EVICTED), "went with the others");
}

pub(crate) async fn long_senders_that_no_client_has_are_half_of_the_table(place: &dyn Place) {
    let store = place.open();
    assert_eq!(put(&store, "c", Some("192.0.2.1"), 0, 8).await, Ok(NEW));
    for (n, put_as) in [NEW, NEW, NEW, NEW, EVICTED, EVICTED].into_iter().enumerate() {
        let put = put(&store, &format!("n{n}"), None, 1 + n as u64, 8).await;
        assert_eq!(put, Ok(put_as), "{n}");
    }
    let left = kept(&store, &names(&["c", "n0", "n1", "n2", "n3", "n4", "n5"])).await;
    assert_eq!(left, ["c", "n2", "n3", "n4", "n5"]);
}

pub(crate) async fn of_a_full_table_the_long_sender_that_was_used_longest_ago_goes(
    place: &dyn Place,
) {
    let store = place.open();
    for n in 0..4 {
        let client = format!("192.0.2.{n}");
        assert_eq!(put(&store, &format!("c{n}"), Some(&client), n, 4).await, Ok(NEW));
    }
    // Used again on the next day.
    let again = long_sender("c0", "c0@y.test", Some("192.0.2.0"), UnixTime::of_day(31));
    store.srs_put(again, now(86_400), 4).await.unwrap();
    for n in 4..6 {
        let client = format!("192.0.2.{n}");
        let put = put(&store, &format!("c{n}"), Some(&client), 10 + n, 4).await;
        assert_eq!(put, Ok(EVICTED));
    }
    let left = kept(&store, &names(&["c0", "c1", "c2", "c3", "c4", "c5"])).await;
    assert_eq!(left, ["c0", "c3", "c4", "c5"]);
}

pub(crate) async fn strangers_that_fill_the_table_make_nobodys_long_senders_stay(
    place: &dyn Place,
) {
    let store = place.open();
    for n in 0..3 {
        assert_eq!(put(&store, &format!("n{n}"), None, n, 8).await, Ok(NEW));
    }
    for n in 0..20 {
        let client = format!("192.0.2.{n}");
        let put = put(&store, &format!("c{n}"), Some(&client), 10 + n, 8).await;
        assert_eq!(put, Ok(if n < 5 { NEW } else { EVICTED }), "{n}");
    }
    let all = names(&["n0", "n1", "n2", "c14", "c15", "c16", "c17", "c18", "c19"]);
    assert_eq!(
        kept(&store, &all).await,
        names(&["n0", "n1", "n2", "c15", "c16", "c17", "c18", "c19"])
    );
    // One more of nobody's, within the half, takes the place of a stranger's.
    assert_eq!(put(&store, "n3", None, 40, 8).await, Ok(EVICTED));
    assert_eq!(kept(&store, &all).await, names(&["n0", "n1", "n2", "c16", "c17", "c18", "c19"]));
    // Of a table that became smaller nobody's go as far as they are too many, and one is left of two.
    let rest = Kept { is_new: true, evicted: 7 };
    assert_eq!(put(&store, "c20", Some("192.0.2.20"), 41, 2).await, Ok(rest));
    let left = kept(&store, &names(&["n0", "n1", "n2", "n3", "c19", "c20"])).await;
    assert_eq!(left, ["n3", "c20"]);
}

/// Else whoever writes another's name would have his row, and make it go with rows of his own.
pub(crate) async fn a_long_sender_that_two_clients_bring_is_neithers(place: &dyn Place) {
    let store = place.open();
    let (honest, stranger) = (Some("192.0.2.1"), Some("192.0.2.2"));
    for (first, second) in [(stranger, honest), (honest, stranger)] {
        let name = if first == honest { "a" } else { "b" };
        assert_eq!(put(&store, name, first, 0, 100).await, Ok(NEW));
        assert_eq!(put(&store, name, second, 1, 100).await, Ok(KNOWN));
        assert_eq!(put(&store, name, first, 2, 100).await, Ok(KNOWN));
    }
    for n in 0..5 {
        for (name, client) in [("h", honest), ("s", stranger)] {
            put(&store, &format!("{name}{n}"), client, 3 + n, 100).await.unwrap();
        }
    }
    assert_eq!(kept(&store, &names(&["a", "b"])).await, ["a", "b"]);
}
