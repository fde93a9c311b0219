//! Tokens: known by what proves them, counted, revoked, and gone with their domain.

use crate::place::{Place, at, domain, mailbox};
use onward::{
    account::Label,
    address::Domain,
    alias::{Edit, NewDestination},
    store::{Many, MayChange, Progress, Store, TokenChangeError},
    time::UnixTime,
    token::{Changes, LastUse, Maker, NameFormat, Scope, Secret, SecretHash, Token, TokenId},
};
use std::num::NonZeroU32;

pub(crate) fn token(
    number: u8,
    at_domain: Option<&str>,
    limit: Option<u32>,
) -> (Token, SecretHash) {
    let token = Token {
        id: TokenId::new([number; 5]),
        label: Label::parse("phone").unwrap(),
        scope: if at_domain.is_some() { Scope::Create } else { Scope::Admin },
        domain: at_domain.map(domain),
        destinations: vec![mailbox("me@y.test"), mailbox("You@z.test")],
        format: NameFormat::RandomWords,
        daily_limit: limit.and_then(NonZeroU32::new),
        added: at(u64::from(number)),
        maker: Some(Maker::Proxied("anna".into())),
        expires: Some(at(99)),
        last_use: None,
        changes: Changes::default(),
    };
    (token, Secret::from_random([number; 20]).hash())
}

async fn hosting(store: &Store, name: &str) -> Domain {
    let domain = domain(name);
    store.add_domain(&domain).await.unwrap();
    domain
}

pub(crate) async fn what_another_process_revokes_is_gone_with_the_next_question(
    place: &impl Place,
) {
    let (store, other) = (place.open(), place.open());
    hosting(&store, "x.test").await;
    let (kept, hash) = token(1, Some("x.test"), Some(5));
    store.add_token(&kept, &hash).await.unwrap();
    assert_eq!(other.token(&hash).await.unwrap(), Some(kept.clone()), "as it was");
    assert_eq!(other.token(&token(2, None, None).1).await.unwrap(), None);
    let last = LastUse { time: at(50), client: Some("192.0.2.1".parse().unwrap()) };
    store.note_token_uses(vec![(kept.id, last), (TokenId::new([9; 5]), last)]).await.unwrap();
    let used = other.token(&hash).await.unwrap().unwrap();
    assert_eq!(used.last_use, Some(last));
    assert_eq!(other.revoke_token(kept.id).await.unwrap().label, kept.label);
    assert_eq!(store.token(&hash).await.unwrap(), None);
    let again = store.revoke_token(kept.id).await.unwrap_err();
    assert_eq!(again, TokenChangeError::NoSuchToken(kept.id));
    assert!(store.tokens().await.unwrap().is_empty());
}

pub(crate) async fn where_they_lead_follows_a_new_destination(place: &impl Place) {
    let store = place.open();
    hosting(&store, "x.test").await;
    let (made, hash) = token(1, Some("x.test"), None);
    store.add_token(&made, &hash).await.unwrap();
    let leads = async || {
        let token = store.token(&hash).await.unwrap().unwrap();
        token.destinations.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let edit = |old, new, commits| {
        let change = NewDestination::new(mailbox(old), mailbox(new)).unwrap();
        let edit = Edit::Destination(change);
        Many { edit, which: None, commits, told: None, progress: Progress::default() }
    };
    let planned = store.edit_aliases(edit("ME@y.test", "new@y.test", false)).await.unwrap();
    assert_eq!((planned.changed, planned.tokens), (0, vec!["phone".to_owned()]));
    assert_eq!(leads().await, ["me@y.test", "You@z.test"]);
    store.edit_aliases(edit("ME@y.test", "new@y.test", true)).await.unwrap();
    assert_eq!(leads().await, ["new@y.test", "You@z.test"]);
    store.edit_aliases(edit("you@z.test", "NEW@y.test", true)).await.unwrap();
    assert_eq!(leads().await, ["new@y.test"], "once");
    let none = store.edit_aliases(edit("you@z.test", "b@y.test", true)).await.unwrap();
    assert!(none.tokens.is_empty());
}

pub(crate) async fn no_token_passes_its_limit(place: &impl Place) {
    let store = place.open();
    hosting(&store, "x.test").await;
    let (limited, hash) = token(1, Some("x.test"), Some(3));
    store.add_token(&limited, &hash).await.unwrap();
    let (day, next) = (UnixTime::of_day(7), UnixTime::of_day(8));
    let mut at_once = Vec::new();
    for _ in 0..9 {
        let (store, id) = (store.clone(), limited.id);
        at_once.push(tokio::spawn(async move { store.count_token_change(id, day).await.unwrap() }));
    }
    let mut made = 0;
    for one in at_once {
        made += usize::from(one.await.unwrap() == MayChange::Yes);
    }
    assert_eq!(made, 3);
    let count = async |time| store.count_token_change(limited.id, time).await.unwrap();
    assert_eq!(count(day).await, MayChange::OverLimit);
    store.uncount_token_change(limited.id, day).await.unwrap();
    assert_eq!(count(day).await, MayChange::Yes);
    assert_eq!(count(next).await, MayChange::Yes, "another day");
    store.uncount_token_change(limited.id, day).await.unwrap();
    let known = store.token(&hash).await.unwrap().unwrap();
    assert_eq!(
        known.changes,
        Changes { day: 8, count: 1 },
        "of a day that is over nothing is taken back"
    );
    assert_eq!(store.count_token_change(TokenId::new([9; 5]), day).await.unwrap(), MayChange::Gone);
}

pub(crate) async fn with_a_domain_go_its_tokens(place: &impl Place) {
    let store = place.open();
    let (own, hash) = token(1, Some("x.test"), None);
    let refused = store.add_token(&own, &hash).await.unwrap_err();
    assert!(matches!(refused, TokenChangeError::NotHosted(_)), "{refused}");
    let x = hosting(&store, "x.test").await;
    store.add_token(&own, &hash).await.unwrap();
    let (admin, of_admin) = token(2, None, None);
    store.add_token(&admin, &of_admin).await.unwrap();
    let all: Vec<TokenId> = store.tokens().await.unwrap().iter().map(|token| token.id).collect();
    assert_eq!(all, [own.id, admin.id], "the oldest first");
    store.remove_domain(&x, false).await.unwrap();
    store.add_domain(&x).await.unwrap();
    assert_eq!(store.token(&hash).await.unwrap(), None, "not for whoever hosts it next");
    assert_eq!(store.token(&of_admin).await.unwrap(), Some(admin));
}
