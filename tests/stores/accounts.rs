//! Accounts: logins, what they send as, and changes of several processes.

use crate::place::{Place, address, at, domain, forward, mailbox};
use onward::{
    account::{
        Account, AccountId, KeptUsage, Label, LastUse, Login, MAX_PASSWORDS, Password, SendAs,
        State, StoredPassword,
    },
    alias::Alias,
    rate::Heard,
    store::{AccountChangeError, ChangeError, Store},
    time::Millis,
};

pub(crate) fn account(number: u8, name: &str, may: &str) -> Account {
    let may = may.split(' ').map(|text| SendAs::parse(text).unwrap()).collect();
    Account::new(AccountId::new([number; 5]), mailbox(name), may, at(7)).unwrap()
}

pub(crate) fn password(label: &str, random: u8) -> StoredPassword {
    StoredPassword {
        label: Label::parse(label).unwrap(),
        hash: Password::from_random([random; 16]).hash(),
        added: at(random.into()),
        last_use: None,
    }
}

/// A store that hosts x.test with aliases a and b, and y.test with none.
async fn store(place: &dyn Place) -> Store {
    let store = place.open();
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    for name in ["a@x.test", "b@x.test"] {
        store.add_alias(&forward(name, "p@z.test")).await.unwrap();
    }
    store
}

async fn may(store: &Store, account: &Account, address: &str) -> bool {
    store.may_send_as(account, &mailbox(address)).await.unwrap()
}

pub(crate) async fn what_another_process_changes_counts_with_the_next_question(place: &dyn Place) {
    let (store, other) = (store(place).await, place.open());
    let me = mailbox("Me@home.test");
    assert_eq!(store.login(&me).await.unwrap(), None);
    let account = account(1, "me@home.test", "a@x.test *@y.test");
    other.add_account(&account).await.unwrap();
    let (first, second) = (password("phone", 2), password("desk", 1));
    other.add_password(&me, &first).await.unwrap();
    other.add_password(&me, &second).await.unwrap();

    let passwords = vec![second.clone(), first.clone()];
    let login = Login { account: account.clone(), passwords };
    assert_eq!(store.login(&mailbox("ME@HOME.test")).await.unwrap(), Some(login));
    let id = account.id;
    assert_eq!(store.logged_in(id, &first.hash).await.unwrap().as_ref(), Some(&account));
    assert_eq!(store.account_of(id).await.unwrap().as_ref(), Some(&account));
    assert_eq!(store.logged_in(id, &password("other", 3).hash).await.unwrap(), None);

    let off = other.set_account_state(&me, State::Disabled).await.unwrap();
    assert_eq!(store.logged_in(id, &first.hash).await.unwrap(), Some(off));
    let on = other.set_account_state(&me, State::Enabled).await.unwrap();
    assert_eq!(on, account);
    let frozen = State::Frozen { reason: "too many refusals".into(), since: at(9) };
    store.set_account_state(&me, frozen.clone()).await.unwrap();
    assert_eq!(other.account_of(id).await.unwrap().unwrap().state, frozen);
    other.set_account_state(&me, State::Enabled).await.unwrap();

    let more = other.amend_account(&me, &[SendAs::parse("b@x.test").unwrap()], &[]).await.unwrap();
    assert_eq!(store.account_of(id).await.unwrap(), Some(more));
    assert_eq!(other.revoke_password(&me, &first.label).await.unwrap(), first);
    assert_eq!(store.logged_in(id, &first.hash).await.unwrap(), None);
    assert!(store.logged_in(id, &second.hash).await.unwrap().is_some());

    other.remove_account(&me).await.unwrap();
    assert_eq!(store.logged_in(id, &second.hash).await.unwrap(), None);
    // Under the same name, somebody else.
    other.add_account(&self::account(2, "me@home.test", "b@x.test")).await.unwrap();
    assert_eq!(store.logged_in(id, &second.hash).await.unwrap(), None);
    assert_eq!(store.account_of(id).await.unwrap(), None);
    assert_eq!(store.login(&me).await.unwrap().unwrap().passwords, []);
}

pub(crate) async fn what_is_an_accounts_to_send_as(place: &dyn Place) {
    let store = store(place).await;
    for alias in [
        forward("a+news@x.test", "neighbour@z.test"),
        forward(r"/^s-.*@x\.test$/", "p@z.test"),
        Alias::reject(address("noreply@x.test"), "No").unwrap(),
        Alias::discard(address("void@x.test")).unwrap(),
        forward("off@x.test", "p@z.test").with_enabled(false),
        forward("postmaster@x.test", "p@z.test"),
    ] {
        store.add_alias(&alias).await.unwrap();
    }
    let all = "a@x.test s-1@x.test noreply@x.test void@x.test off@x.test gone@x.test postmaster@x.test *@y.test *@z.test";
    let account = account(1, "me@home.test", all);
    for own in [
        "a@x.test",
        "A@X.test",
        "a+tag@x.test",
        "a+news+tag@x.test",
        "s-1@x.test",
        "noreply@x.test",
        "void@x.test",
        "postmaster@x.test",
        "anyone@y.test",
    ] {
        assert!(may(&store, &account, own).await, "{own}");
    }
    for foreign in [
        "me@home.test",
        "b@x.test",
        "b+a@x.test",
        "a+news@x.test",
        "s-2@x.test",
        "s-1+tag@x.test",
        "off@x.test",
        "gone@x.test",
        "abuse@x.test",
        "anyone@z.test",
        "anyone@a.y.test",
        "srs0=a=b=c=d@y.test",
        "p@z.test",
    ] {
        assert!(!may(&store, &account, foreign).await, "{foreign}");
    }
}

pub(crate) async fn with_a_domain_goes_what_accounts_send_as_in_it(place: &dyn Place) {
    let store = store(place).await;
    let account = account(1, "me@home.test", "a@x.test b@x.test *@y.test");
    store.add_account(&account).await.unwrap();
    let refused = store.remove_domain(&domain("y.test"), false).await.unwrap_err();
    assert!(matches!(&refused, ChangeError::HasAliases { aliases: 0, .. }), "{refused}");
    assert!(refused.to_string().contains("send as its addresses (me@home.test)"), "{refused}");
    assert!(may(&store, &account, "c@y.test").await);
    store.remove_domain(&domain("y.test"), true).await.unwrap();
    assert!(!may(&store, &account, "c@y.test").await);
    let kept = store.account_of(account.id).await.unwrap().unwrap();
    assert_eq!(kept.may, self::account(1, "me@home.test", "a@x.test b@x.test").may);
    store.add_domain(&domain("y.test")).await.unwrap();
    assert!(!may(&store, &kept, "c@y.test").await, "whoever hosts it next is somebody else");

    // An alias that is removed may come back; till then nobody sends as it.
    store.remove_alias(&address("a@x.test")).await.unwrap();
    assert!(!may(&store, &kept, "a@x.test").await);
    assert_eq!(
        store.accounts_with(&SendAs::parse("A@x.test").unwrap()).await.unwrap(),
        ["me@home.test"]
    );
    store.add_alias(&forward("a@x.test", "q@z.test")).await.unwrap();
    assert!(may(&store, &kept, "a@x.test").await);
    store.remove_domain(&domain("x.test"), true).await.unwrap();
    assert_eq!(store.account_of(account.id).await.unwrap().unwrap().may, []);
}

pub(crate) async fn what_is_refused_of_an_account_changes_nothing(place: &dyn Place) {
    let store = store(place).await;
    let me = mailbox("me@home.test");
    let whole = account(1, "me@home.test", "a@x.test");
    store.add_account(&whole).await.unwrap();
    let again = store.add_account(&account(2, "ME@home.test", "b@x.test")).await.unwrap_err();
    assert_eq!(again, AccountChangeError::Exists(me.clone()));
    for (wrong, says) in [
        ("a@x.test c@x.test", "onward alias add c@x.test"),
        ("a@z.test", "onward domain add z.test"),
        ("*@z.test", "onward domain add z.test"),
    ] {
        let refused = store.add_account(&account(2, "you@home.test", wrong)).await.unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
        let more = account(2, "you@home.test", wrong).may;
        let refused = store.amend_account(&me, &more, &[]).await.unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    }
    store.amend_account(&me, &[], &whole.may).await.unwrap_err();
    for number in 0..MAX_PASSWORDS {
        store.add_password(&me, &password(&format!("n{number:02}"), 1)).await.unwrap();
    }
    let taken = store.add_password(&me, &password("n00", 9)).await.unwrap_err();
    assert!(matches!(taken, AccountChangeError::LabelTaken { .. }), "{taken}");
    let full = store.add_password(&me, &password("more", 9)).await.unwrap_err();
    assert!(full.to_string().contains("50 passwords already"), "{full}");
    let none = store.revoke_password(&me, &Label::parse("more").unwrap()).await.unwrap_err();
    assert!(matches!(none, AccountChangeError::NoSuchPassword { .. }), "{none}");
    let login = store.login(&me).await.unwrap().unwrap();
    assert_eq!((login.account, login.passwords.len()), (whole, MAX_PASSWORDS));

    let you = mailbox("you@home.test");
    let nobody = AccountChangeError::NoSuchAccount(you.clone());
    assert_eq!(store.remove_account(&you).await.unwrap_err(), nobody);
    assert_eq!(store.set_account_state(&you, State::Disabled).await.unwrap_err(), nobody);
    assert_eq!(store.add_password(&you, &password("a", 1)).await.unwrap_err(), nobody);
    assert_eq!(store.amend_account(&you, &[], &[]).await.unwrap_err(), nobody);
}

pub(crate) async fn of_many_logins_in_a_minute_one_is_written_down(place: &dyn Place) {
    let store = store(place).await;
    let me = mailbox("me@home.test");
    let account = account(1, "me@home.test", "a@x.test");
    store.add_account(&account).await.unwrap();
    store.add_password(&me, &password("phone", 1)).await.unwrap();
    store.add_password(&me, &password("desk", 2)).await.unwrap();
    let client = |last: u8| std::net::IpAddr::from([192, 0, 2, last]);
    for (now, from, noted) in [(100, 1, 100), (159, 2, 100), (160, 3, 160), (161, 4, 160)] {
        let phone = store.login(&me).await.unwrap().unwrap().passwords[0].clone();
        store.note_use(account.id, &phone, client(from), at(now)).await.unwrap();
        let passwords = store.login(&me).await.unwrap().unwrap().passwords;
        assert_eq!(passwords[0].last_use.map(|last| last.time), Some(at(noted)), "{now}");
        assert_eq!(passwords[1].last_use, None);
    }
    // What is revoked meanwhile stays so.
    let phone = store.revoke_password(&me, &Label::parse("phone").unwrap()).await.unwrap();
    assert_eq!(phone.last_use, Some(LastUse { time: at(160), client: client(3) }));
    store.note_use(account.id, &phone, client(5), at(900)).await.unwrap();
    assert_eq!(store.login(&me).await.unwrap().unwrap().passwords.len(), 1);
}

pub(crate) async fn pages_of_accounts(place: &dyn Place) {
    let store = store(place).await;
    let mut adding = tokio::task::JoinSet::new();
    for number in (0..1_100_u16).rev() {
        let [high, low] = number.to_be_bytes();
        let name = mailbox(&format!("n{number:04}@home.test"));
        let may = vec![SendAs::parse("a@x.test").unwrap()];
        let account = Account::new(AccountId::new([0, 0, 0, high, low]), name, may, at(1));
        let store = store.clone();
        adding.spawn(async move { store.add_account(&account.unwrap()).await.unwrap() });
    }
    adding.join_all().await;
    let (mut names, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = store.accounts(after.as_deref()).await.unwrap();
        names.extend(page.accounts.iter().map(|login| login.account.name.to_string()));
        assert!(page.accounts.iter().all(|login| login.account.may.len() == 1));
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let wanted: Vec<String> = (0..1_100).map(|number| format!("n{number:04}@home.test")).collect();
    assert_eq!(names, wanted);
    assert!(pages > 1);
}

pub(crate) async fn what_accounts_have_used_outlives_the_process_and_goes_with_them(
    place: &dyn Place,
) {
    let store = store(place).await;
    let (mine, gone) = (account(1, "me@x.test", "a@x.test"), account(2, "x@x.test", "a@x.test"));
    store.add_account(&mine).await.unwrap();
    assert_eq!(store.account_usage(mine.id).await.unwrap(), KeptUsage::default());
    let mut used = KeptUsage {
        at: Millis::new(5),
        messages: 1_500,
        recipients: 2_000,
        new_recipients: 1,
        heard: vec![Heard { piece: 7, refused: 1, of: 2 }],
        known: vec![(1, 10), (u64::MAX >> 1, 11)],
        forgotten: Vec::new(),
    };
    let both = vec![(mine.id, used.clone()), (gone.id, used.clone())];
    store.keep_account_usage(both).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(store.account_usage(mine.id).await.unwrap(), used);
    let changes =
        KeptUsage { known: vec![(1, 12)], forgotten: vec![u64::MAX >> 1], ..used.clone() };
    store.keep_account_usage(vec![(mine.id, changes)]).await.unwrap();
    used.known = vec![(1, 12)];
    assert_eq!(store.account_usage(mine.id).await.unwrap(), used);
    store.add_account(&gone).await.unwrap();
    assert_eq!(store.account_usage(gone.id).await.unwrap(), KeptUsage::default());
    store.remove_account(&mine.name).await.unwrap();
    assert_eq!(store.account_usage(mine.id).await.unwrap(), KeptUsage::default());
}
