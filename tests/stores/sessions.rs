//! Sessions: made of links once, known by what proves them, ended, and gone with their domains.

use crate::place::{Place, at, domain};
use onward::{
    account::Label,
    session::{LINK_LIFE, MAX_SESSIONS, Role, SESSION_LIFE, Secret, Session, SessionId},
    store::{Begin, SessionChangeError, Store, TokenChangeError},
    token::{
        Changes, LastUse, Maker, NameFormat, Scope, Secret as TokenSecret, SecretHash, Token,
        TokenId,
    },
};
use tokio::task::JoinSet;

pub(crate) fn link(number: u16, role: Role) -> (Session, Secret) {
    let [high, low] = number.to_be_bytes();
    let id = SessionId::new([0, 0, 0, high, low]);
    let mut random = [7; 20];
    random[..2].copy_from_slice(&[high, low]);
    let label = Some(Label::parse("Anna").unwrap());
    let link = Session::link(id, role, label, at(u64::from(number))).unwrap();
    (link, Secret::from_random(random))
}

pub(crate) fn owner(names: &[&str]) -> Role {
    Role::Owner(names.iter().map(|name| domain(name)).collect())
}

pub(crate) fn begin(secret: u8, after: u64) -> Begin {
    let time = at(after);
    let client = Some("192.0.2.1".parse().unwrap());
    let hash = Secret::from_random([secret; 20]).session_hash();
    Begin { hash, at: time, ends: time + SESSION_LIFE, client, instead_of: None }
}

async fn kept(store: &Store, number: u16, role: Role) -> (Session, Secret) {
    let (link, secret) = link(number, role);
    store.add_link(&link, &secret.link_hash()).await.unwrap();
    (link, secret)
}

pub(crate) async fn a_link_makes_one_session(place: &impl Place) {
    let (store, other) = (place.open(), place.open());
    store.add_domain(&domain("x.test")).await.unwrap();
    let (made, secret) = kept(&store, 1, owner(&["X.test"])).await;
    let hash = secret.link_hash();
    assert_eq!(other.link(&hash).await.unwrap(), Some(made.clone()), "as it was");
    assert_eq!(other.session(&hash).await.unwrap(), None, "it is no session");
    assert_eq!(other.session(&secret.session_hash()).await.unwrap(), None);
    let late = begin(1, 1 + LINK_LIFE.as_secs());
    assert_eq!(store.begin_session(&hash, late).await.unwrap(), None, "too late");
    let (one, two) = (begin(1, 100), begin(2, 100));
    let both = tokio::join!(store.begin_session(&hash, one), other.begin_session(&hash, two));
    let begun: Vec<_> = [both.0.unwrap(), both.1.unwrap()].into_iter().flatten().collect();
    let [session] = &begun[..] else { panic!("{begun:?}") };
    let last_use = Some(LastUse { time: at(100), client: one.client });
    let expected = Session { began: Some(at(100)), ends: one.ends, last_use, ..made };
    assert_eq!(*session, expected);
    assert_eq!(store.link(&hash).await.unwrap(), None);
    let mut known = Vec::new();
    for begin in [one, two] {
        known.extend(other.session(&begin.hash).await.unwrap());
    }
    assert_eq!(known, [expected]);
    let last = LastUse { time: at(200), client: None };
    store
        .note_session_uses(vec![(session.id, last), (SessionId::new([9; 5]), last)])
        .await
        .unwrap();
    assert_eq!(other.sessions().await.unwrap()[0].last_use, Some(last));
    let ended = other.end_session(session.id, false).await.unwrap();
    assert_eq!(ended.session.unwrap().began, Some(at(100)));
    let again = store.end_session(session.id, true).await.unwrap_err();
    assert_eq!(again, SessionChangeError::NoSuchSession(session.id));
    assert!(store.sessions().await.unwrap().is_empty());
}

pub(crate) async fn with_a_domain_goes_what_its_owners_see(place: &impl Place) {
    let store = place.open();
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    let (refused, secret) = link(1, owner(&["x.test", "z.test"]));
    let error = store.add_link(&refused, &secret.link_hash()).await.unwrap_err();
    assert_eq!(error, SessionChangeError::NotHosted(domain("z.test")));
    kept(&store, 1, owner(&["x.test"])).await;
    let (_, both) = kept(&store, 2, owner(&["x.test", "y.test"])).await;
    kept(&store, 3, Role::Admin).await;
    store.begin_session(&both.link_hash(), begin(2, 50)).await.unwrap().unwrap();
    store.remove_domain(&domain("x.test"), false).await.unwrap();
    let roles =
        |sessions: Vec<Session>| sessions.into_iter().map(|one| one.role).collect::<Vec<_>>();
    assert_eq!(roles(store.sessions().await.unwrap()), [owner(&["y.test"]), Role::Admin]);
    store.add_domain(&domain("x.test")).await.unwrap();
    let session = store.session(&begin(2, 50).hash).await.unwrap().unwrap();
    assert_eq!(session.role, owner(&["y.test"]), "whoever hosts it next is somebody else");
    store.remove_domain(&domain("y.test"), false).await.unwrap();
    assert_eq!(roles(store.sessions().await.unwrap()), [Role::Admin]);
}

pub(crate) async fn a_link_ends_the_session_that_was_there_before(place: &impl Place) {
    let store = place.open();
    let (before, first) = kept(&store, 1, Role::Admin).await;
    let (next, second) = kept(&store, 2, Role::Admin).await;
    store.begin_session(&first.link_hash(), begin(1, 50)).await.unwrap().unwrap();
    let late = Begin { instead_of: Some(before.id), ..begin(2, 2 + LINK_LIFE.as_secs()) };
    assert_eq!(store.begin_session(&second.link_hash(), late).await.unwrap(), None);
    let known = async |secret| store.session(&begin(secret, 50).hash).await.unwrap();
    assert!(known(1).await.is_some(), "without the one the other does not end");
    let instead = Begin { instead_of: Some(before.id), ..begin(2, 50) };
    let begun = store.begin_session(&second.link_hash(), instead).await.unwrap().unwrap();
    assert_eq!(begun.id, next.id);
    assert!(known(1).await.is_none() && known(2).await.is_some());
}

/// A token that somebody made.
fn token(number: u8, maker: Option<Maker>) -> (Token, SecretHash) {
    let token = Token {
        id: TokenId::new([number; 5]),
        label: Label::parse("phone").unwrap(),
        scope: Scope::Admin,
        domain: None,
        destinations: Vec::new(),
        format: NameFormat::default(),
        daily_limit: None,
        added: at(u64::from(number)),
        maker,
        expires: None,
        last_use: None,
        changes: Changes::default(),
    };
    (token, TokenSecret::from_random([number; 20]).hash())
}

pub(crate) async fn a_session_ends_with_its_tokens_or_leaves_them(place: &impl Place) {
    let store = place.open();
    let (one, _) = kept(&store, 1, Role::Admin).await;
    let (two, _) = kept(&store, 2, Role::Admin).await;
    let by = |session: &Session, label: Option<&str>| {
        let label = label.map(|label| Label::parse(label).unwrap());
        Some(Maker::Session { id: session.id, label })
    };
    let mut made = Vec::new();
    for (number, maker) in [
        (1, by(&one, Some("user of phones"))),
        (2, by(&one, None)),
        (3, by(&two, Some("command line"))),
        (4, Some(Maker::CommandLine)),
        (5, Some(Maker::Proxied("command line".into()))),
        (6, None),
    ] {
        let (token, hash) = token(number, maker);
        store.add_token(&token, &hash).await.unwrap();
        made.push(token);
    }
    assert_eq!(store.tokens().await.unwrap(), made, "each with who made it");
    let left = store.end_session(two.id, false).await.unwrap();
    assert_eq!((left.session.unwrap().id, &left.tokens[..]), (two.id, &made[2..3]));
    assert_eq!(store.tokens().await.unwrap().len(), 6, "they go on");
    let (late, hash) = token(7, by(&two, None));
    let refused = store.add_token(&late, &hash).await.unwrap_err();
    assert_eq!(refused, TokenChangeError::NoSession(two.id), "it is over");
    let taken = store.end_session(one.id, true).await.unwrap();
    assert_eq!((taken.session.unwrap().id, &taken.tokens[..]), (one.id, &made[..2]));
    assert_eq!(store.tokens().await.unwrap(), made[2..]);
    let later = store.end_session(two.id, true).await.unwrap();
    assert_eq!((later.session, &later.tokens[..]), (None, &made[2..3]));
    let again = store.end_session(two.id, true).await.unwrap_err();
    assert_eq!(again, SessionChangeError::NoSuchSession(two.id));
    assert_eq!(store.tokens().await.unwrap(), made[3..]);
}

pub(crate) async fn there_are_so_many_and_what_has_ended_makes_room(place: &impl Place) {
    let store = place.open();
    let most = u16::try_from(MAX_SESSIONS).unwrap();
    let mut added = JoinSet::new();
    for number in 0..most {
        let (mut link, secret) = link(number, Role::Admin);
        link.made = at(0);
        link.ends = at(600 + u64::from(number));
        let store = store.clone();
        // Many share a commit.
        added.spawn(async move { store.add_link(&link, &secret.link_hash()).await });
    }
    assert!(added.join_all().await.iter().all(Result::is_ok));
    let (next, secret) = link(most, Role::Admin);
    let add = async |made: u64| {
        let link = Session { made: at(made), ends: at(made + 600), ..next.clone() };
        store.add_link(&link, &secret.link_hash()).await
    };
    assert_eq!(add(599).await, Err(SessionChangeError::TooMany));
    assert_eq!(store.sessions().await.unwrap().len(), usize::from(most));
    assert_eq!(add(600).await, Ok(()));
    assert_eq!(store.sessions().await.unwrap().len(), usize::from(most));
}
