//! Aliases that take a number of messages and no more.

use crate::place::{Place, address, at, domain, forward, mailbox, resolved};
use onward::{
    alias::{Alias, Amendment, Ended, Rules, Used},
    store::{Apply, Coming, OneChange, Removed, Store},
};
use std::sync::Arc;

/// An exact alias, a catch-all and a regex, and who writes to each.
const ALIASES: [(&str, &str); 3] =
    [("A@x.test", "a+tag@x.test"), ("*@y.test", "n@y.test"), (r"/^s-.*@x\.test$/", "s-1@x.test")];

fn burner(from: &str, most: u64) -> Alias {
    let rules = Rules { max_messages: Some(most), ..Rules::default() };
    forward(from, "p@z.test").with_rules(rules).unwrap()
}

fn taking(most: Option<u64>) -> Amendment {
    Amendment { max_messages: Some(most), ..Amendment::default() }
}

async fn take(store: &Store, alias: &str, messages: u64) {
    let key = address(alias).key();
    let used = Used { forwarded: messages, last_use: Some(at(50)), ..Used::new(key) };
    store.keep_counters(vec![used]).await.unwrap();
}

/// Empty, with an alias each.
async fn start(place: &dyn Place, most: u64) -> Store {
    let store = place.open();
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    for (alias, _) in ALIASES {
        store.add_alias(&burner(alias, most)).await.unwrap();
    }
    store
}

pub(crate) async fn an_alias_that_took_its_messages_takes_no_more(place: &dyn Place) {
    let store = start(place, 3).await;
    let version = *store.version().borrow();
    for (alias, recipient) in ALIASES {
        take(&store, alias, 2).await;
        assert_eq!(resolved(&store, recipient).await, "p@z.test", "{alias}: one is left");
        take(&store, alias, 2).await;
        let found = store.resolve(&mailbox(recipient)).await.unwrap();
        assert_eq!(found.ended, Some(Ended::UsedUp(3)), "{alias}");
    }
    assert_eq!(*store.version().borrow(), version, "nobody changed an alias");
    store.close().await;
    let store = place.open();
    for (_, recipient) in ALIASES {
        assert_eq!(resolved(&store, recipient).await, "550", "{recipient}");
    }
}

pub(crate) async fn another_number_of_messages_counts_from_the_first(place: &dyn Place) {
    let store = start(place, 9).await;
    for (alias, recipient) in ALIASES {
        take(&store, alias, 4).await;
        for (most, wanted) in [
            (Some(4), "550"),
            (Some(5), "p@z.test"),
            (Some(3), "550"),
            (None, "p@z.test"),
            (Some(1), "550"),
            (Some(9), "p@z.test"),
        ] {
            store.amend_alias(&address(alias), &taking(most)).await.unwrap();
            assert_eq!(resolved(&store, recipient).await, wanted, "{alias} {most:?}");
        }
    }
}

pub(crate) async fn however_an_alias_is_written_its_messages_count(place: &dyn Place) {
    let store = start(place, 9).await;
    for (alias, _) in ALIASES {
        take(&store, alias, 4).await;
    }
    let check = async |wanted: &str, how: &str| {
        for (alias, recipient) in ALIASES {
            assert_eq!(resolved(&store, recipient).await, wanted, "{alias} {how}");
        }
    };
    let all = |most: u64| ALIASES.map(|(alias, _)| burner(alias, most)).to_vec();
    check("p@z.test", "added").await;
    store.apply(all(4), Apply::Whole).await.unwrap();
    check("550", "applied").await;
    store.apply(all(5), Apply::Whole).await.unwrap();
    check("p@z.test", "applied again").await;
    for alias in all(2) {
        store.replace_alias(&alias).await.unwrap();
    }
    check("550", "replaced").await;
    let coming = |aliases| Coming {
        aliases: Arc::new(aliases),
        replaces: true,
        commits: true,
        ..Coming::default()
    };
    store.take_in(coming(all(7))).await.unwrap().whole().unwrap();
    check("p@z.test", "imported").await;
    store.take_in(coming(all(4))).await.unwrap().whole().unwrap();
    check("550", "imported again").await;
    for (alias, _) in ALIASES {
        store.set_enabled(&address(alias), false).await.unwrap();
        store.set_enabled(&address(alias), true).await.unwrap();
    }
    check("550", "switched off and on").await;
}

pub(crate) async fn an_alias_that_goes_takes_what_it_took_along_and_brings_it_back(
    place: &dyn Place,
) {
    let store = start(place, 3).await;
    for (alias, recipient) in ALIASES {
        take(&store, alias, 3).await;
        let removed = store.take_out(&address(alias), Box::new(|_| true)).await.unwrap().unwrap();
        assert_eq!(resolved(&store, recipient).await, "550", "{alias} is not there");
        let bring_back = async |removed: Removed| {
            let came =
                store.change_each(vec![OneChange::BringBack(Box::new(removed))]).await.unwrap();
            came.into_iter().next().unwrap().unwrap();
        };
        bring_back(removed).await;
        let found = store.resolve(&mailbox(recipient)).await.unwrap();
        assert_eq!(found.ended, Some(Ended::UsedUp(3)), "{alias} is back as it was");
        let alias = store.remove_alias(&address(alias)).await.unwrap();
        store.add_alias(&alias).await.unwrap();
        assert_eq!(resolved(&store, recipient).await, "p@z.test", "{recipient}: another alias");
    }
}
