//! All of a store moved into the other kind of store, and back.

mod tables;

use crate::{
    accounts::{account, password},
    alias_use::{key, used},
    journal::{read, record},
    place::{
        JournalPlace, Place, address, at, bytes, domain, forward, long_sender, mailbox, message,
    },
    postgres::InDatabase,
    sessions::{begin, link, owner},
    sqlite::InDirectory,
    standing::block,
    tokens::token,
};
use onward::{
    account::KeptUsage,
    alias::{Amendment, AutoCreate, DayUse, Digest, Reason, SettingsChange},
    clock,
    digest::Every,
    message::{Source, Text},
    mta_sts::CachedPolicy,
    rate::Heard,
    reply::ForeignReply,
    store::{
        Progress, QueueFilter, StateLock, Store, StoreError,
        journal::{Filter, Outcome, Record},
        moving::{Copied, Move, MoveError},
        spool::LegState,
    },
    time::{DAY, Millis, UnixTime},
    tls_rpt::{Counts, PolicyType, SessionResult},
};
use std::{sync::Arc, time::Duration};

const LATE: UnixTime = UnixTime::new(4_000_000_000);

fn moving(file: &InDirectory, database: &InDatabase, to_sqlite: bool) -> Move {
    let (state_dir, database) = (file.directory().to_owned(), database.database());
    Move { state_dir, database, node: "mx1.test".into(), to_sqlite }
}

async fn run(moving: &Move) -> Vec<Copied> {
    let moved = moving.run(&Progress::default()).await.unwrap();
    assert!(moved.is_over);
    moved.tables
}

/// Something in each table.
async fn fill(store: &Store, place: &dyn JournalPlace) {
    for name in ["x.test", "y.test"] {
        store.add_domain(&domain(name)).await.unwrap();
    }
    store.set_event_room(100, Millis::new(1)).await.unwrap();
    for n in 0..30 {
        store.add_alias(&forward(&format!("a{n}@x.test"), "p@z.test q@z.test")).await.unwrap();
    }
    for (from, to) in [("*@y.test", "p@z.test"), (r"/^s-(.+)@x\.test$/", "p@z.test")] {
        store.add_alias(&forward(from, to)).await.unwrap();
    }
    let words = Amendment {
        note: Some(Some("für die Zeitung".into())),
        expires: Some(Some(LATE)),
        max_messages: Some(Some(7)),
        digest: Some(Some(Digest::Daily)),
        ..Amendment::default()
    };
    store.amend_alias(&address("a1@x.test"), &words).await.unwrap();
    store.remove_alias(&address("a29@x.test")).await.unwrap();
    let today = clock::now().as_secs() / DAY.as_secs();
    let mut counted = used("a1@x.test", 2, &[(Reason::Block, 1)], 50);
    counted.days = [(today, DayUse { forwarded: 2, refused: 1 })].into();
    let most = Amendment { max_messages: Some(Some(2)), ..Amendment::default() };
    store.amend_alias(&address("a3@x.test"), &most).await.unwrap();
    store.keep_counters(vec![counted, used("a3@x.test", 2, &[], 50)]).await.unwrap();
    let blocks = vec![block(None, "@shop.test"), block(Some("x.test"), "*.spam.test")];
    store.add_blocks(blocks, Progress::default()).await.unwrap();
    let made = AutoCreate::new("^n-.+$", ["p@z.test"]).unwrap();
    let settings = SettingsChange { auto_create: Some(Some(made)), ..SettingsChange::default() };
    store.set_domain(&domain("x.test"), &settings).await.unwrap();

    let me = account(1, "me@x.test", "a1@x.test *@y.test");
    store.add_account(&me).await.unwrap();
    store.add_password(&me.name, &password("phone", 2)).await.unwrap();
    let usage = KeptUsage {
        at: Millis::new(5),
        messages: 1_500,
        recipients: 2_000,
        new_recipients: 1,
        heard: vec![Heard { piece: 7, refused: 1, of: 2 }],
        known: vec![(1, 10)],
        forgotten: Vec::new(),
    };
    store.keep_account_usage(vec![(me.id, usage)]).await.unwrap();
    for n in 1..4 {
        let (token, hash) = token(n, Some("x.test"), Some(5));
        store.add_token(&token, &hash).await.unwrap();
    }
    for n in 1..4 {
        let (link, secret) = link(n, owner(&["x.test"]));
        store.add_link(&link, &secret.link_hash()).await.unwrap();
        if n == 2 {
            store.begin_session(&secret.link_hash(), begin(1, 5)).await.unwrap().unwrap();
        }
    }
    for (name, client) in [("ta", None), ("tb", Some("192.0.2.1"))] {
        let sender = long_sender(name, "a@far.test", client, LATE);
        store.srs_put(sender, at(1), 99).await.unwrap();
    }
    store.remember_delivered(vec![[1; 32], [2; 32]], LATE).await.unwrap();
    store.remember_told(vec![[3; 32]], LATE).await.unwrap();
    let reply = ForeignReply { code: 550, status: None, text: "no".into() };
    store.remember_refused(vec![([4; 32], reply)], LATE).await.unwrap();
    let policy = CachedPolicy {
        id: "1".into(),
        text: "version: STSv1".into(),
        fetched: at(1),
        expires: LATE,
    };
    store.keep_sts_policy("x.test", policy).await.unwrap();
    let outcome = SessionResult {
        domain: "x.test".into(),
        policy: PolicyType::Sts,
        host: String::new(),
        result: None,
    };
    store.add_tls_results(Counts::from([(outcome, 2)]), clock::now()).await.unwrap();
    store.tls_results_to_report(7).await.unwrap();
    store.begin_digests(&domain("x.test"), Every::Day, at(10)).await.unwrap();

    let mut small = message("A", 10, &["a@x.test", "b@y.test"]);
    small.head.helo = "a name\0with a NUL".into();
    let source = Arc::new(Source::from(vec![b'y'; 700_000]));
    let forms = ["B", "C"].map(|id| {
        let mut form = message(id, 1, &["c@z.test"]);
        form.text = Text::new(format!("X: {id}\r\n"), Arc::clone(&source));
        form
    });
    let kept = store.spool(vec![small]).await.unwrap();
    store.spool(forms.into()).await.unwrap();
    store.spool_begin(kept[0], vec![0]).await.unwrap();
    crate::place::conclude(store, kept[0], 0, LegState::Delivered).await;

    let journal = place.journal();
    let now = clock::millis();
    for n in 0..20 {
        let time = now - Duration::from_secs(n * 40_000);
        let outcome = if n % 3 == 0 { Outcome::Refused } else { Outcome::Forwarded };
        journal.record(Record { outcome, ..record(&format!("r{n}"), time) }).await;
    }
    journal.flush().await;
}

/// What a store answers, as words.
async fn answers(store: &Store, place: &dyn JournalPlace) -> Vec<String> {
    let mut all = Vec::new();
    let mut say = |what: &dyn std::fmt::Debug| all.push(format!("{what:?}"));
    say(&store.domains().await.unwrap());
    say(&store.aliases(None, None).await.unwrap());
    for alias in ["a1@x.test", "*@y.test", r"/^s-(.+)@x\.test$/"] {
        say(&store.counters(&key(alias)).await.unwrap());
    }
    let today = clock::now().as_secs() / DAY.as_secs();
    say(&store.daily_uses(vec![key("a1@x.test")], today).await.unwrap());
    let filter = onward::alias::Filter { text: Some("zeitung".into()), ..Default::default() };
    say(&store.find_aliases(&filter, None, 9).await.unwrap().found);
    for recipient in ["A1+tag@x.test", "any@y.test", "s-b@x.test", "nobody@x.test", "a3@x.test"] {
        say(&crate::place::resolved(store, recipient).await);
    }
    say(&store.blocks().await.unwrap());
    say(&store.standing().settings_of(&domain("x.test")));
    let me = mailbox("me@x.test");
    say(&store.login(&me).await.unwrap());
    if let Some(login) = store.login(&me).await.unwrap() {
        say(&store.account_usage(login.account.id).await.unwrap());
    }
    say(&store.tokens().await.unwrap());
    say(&store.sessions().await.unwrap());
    say(&[store.srs_get("ta", at(1)).await.unwrap(), store.srs_get("tb", at(1)).await.unwrap()]);
    say(&[1, 2, 3].map(|n| store.was_delivered(&[n; 32], at(1))));
    say(&[1, 2, 3].map(|n| store.was_told(&[n; 32], at(1))));
    say(&store.sts_policy("x.test", at(1)).await.unwrap());
    say(&store.tls_results(today).await.unwrap());
    say(&store.event_figures().await.unwrap());
    say(&store.waiting_events(1000).await.unwrap());
    say(&store.told(&domain("x.test"), Every::Day).await.unwrap());
    let mut queue = store.queue_page(&QueueFilter::default(), 0).await.unwrap();
    // Where a message is served from by one alone, nobody has it in particular.
    queue.messages.iter_mut().for_each(|message| message.node = None);
    say(&queue.messages);
    for message in &queue.messages {
        say(&bytes(store, message.seq).await);
    }
    say(&store.spool_taken().await.unwrap());
    say(&read(place, &Filter::default()).await);
    all
}

#[track_caller]
fn assert_same(before: &[String], after: &[String]) {
    // A text of PostgreSQL has no NUL, and where a file still has it, that is the same.
    let clean = |text: &String| text.replace("name\\0with", "name\u{fffd}with");
    for (before, after) in before.iter().zip(after) {
        assert_eq!(clean(before), clean(after));
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_store_is_moved_and_moved_back() {
    let Some(database) = InDatabase::new() else { return };
    let file = InDirectory::new();
    let store = file.open();
    fill(&store, &file).await;
    let before = answers(&store, &file).await;
    store.close().await;
    let (there, back) = (moving(&file, &database, false), moving(&file, &database, true));
    let planned = there.plan().await.unwrap();
    for (table, from, to) in &planned.tables {
        assert!(*from > 0 && *to == 0, "{table}: {from}, {to}: nothing is shown of it here");
    }
    assert!(!planned.is_served);
    let moved = run(&there).await;
    let rows: Vec<u64> = moved.iter().map(|table| table.sum.rows).collect();
    assert_eq!(rows, planned.tables.iter().map(|(_, from, _)| *from).collect::<Vec<_>>());

    let left = Store::open(file.directory(), Default::default()).map(drop).unwrap_err();
    assert!(matches!(left, StoreError::Left { .. }), "{left}");
    let shared = database.node("mx1.test").await;
    assert_same(&before, &answers(&shared, &database).await);
    let totals = database.totals();
    assert_eq!(totals.0, 3);
    let again = there.run(&Progress::default()).await.unwrap_err();
    assert!(matches!(again, MoveError::Done { .. }), "{again}");

    // What comes now has numbers of its own, on either side.
    let numbers = shared.spool(vec![message("D", 5, &["d@z.test"])]).await.unwrap();
    assert!(numbers[0] > 3, "{numbers:?}");
    shared.add_alias(&forward("new@x.test", "r@z.test")).await.unwrap();
    shared.remove_alias(&address("a2@x.test")).await.unwrap();
    shared.add_alias(&forward("a2@x.test", "r@z.test")).await.unwrap();
    let journal = database.journal();
    journal.record(record("later", clock::millis())).await;
    journal.flush().await;
    drop(journal);
    let before = answers(&shared, &database).await;
    assert_ne!(before[1], "");
    let served = back.run(&Progress::default()).await.unwrap();
    assert!(!served.is_over, "a node serves");
    shared.close().await;
    run(&back).await;
    assert!(matches!(database.open_as(None).await.map(drop), Err(StoreError::Left { .. })));
    let store = file.open();
    assert_same(&before, &answers(&store, &file).await);
    assert_eq!(file.totals(), (totals.0 + 1, totals.1 + 5));
    store.add_alias(&forward("newer@x.test", "r@z.test")).await.unwrap();
    store.spool(vec![message("E", 5, &["d@z.test"])]).await.unwrap();
    store.close().await;

    // And there again, over what is there of the first time.
    let before = answers(&file.open(), &file).await;
    run(&there).await;
    assert_same(&before, &answers(&database.node("mx2.test").await, &database).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_somebody_serves_is_copied_by_the_next_try() {
    let Some(database) = InDatabase::new() else { return };
    let file = InDirectory::new();
    let store = file.open();
    fill(&store, &file).await;
    let there = moving(&file, &database, false);
    let lock = StateLock::take(file.directory()).unwrap().unwrap();
    assert!(there.plan().await.unwrap().is_served);
    let moved = there.run(&Progress::default()).await.unwrap();
    assert!(!moved.is_over && moved.tables.iter().all(|table| table.sum.rows > 0));
    let half = database.open_as(None).await.map(drop).unwrap_err();
    assert!(matches!(half, StoreError::Unfinished { .. }), "{half}");
    // Others with the names, secrets and numbers of those that go.
    store.remove_account(&mailbox("me@x.test")).await.unwrap();
    store.add_account(&account(9, "me@x.test", "a1@x.test")).await.unwrap();
    store.remove_alias(&address("a1@x.test")).await.unwrap();
    store.add_alias(&forward("a1@x.test", "new@z.test")).await.unwrap();
    let (other, hash) = token(9, Some("x.test"), None);
    store.revoke_token(token(2, None, None).0.id).await.unwrap();
    store.add_token(&other, &hash).await.unwrap();
    let gone = store.queue_page(&QueueFilter::default(), 0).await.unwrap().messages[1].seq;
    store.spool_bury(vec![gone]).await.unwrap();
    crate::place::conclude(&store, gone + 1, 0, LegState::Queued).await;
    store.spool(vec![message("D", 5, &["d@z.test"])]).await.unwrap();
    store.remove_domain(&domain("y.test"), true).await.unwrap();
    let before = answers(&store, &file).await;
    store.close().await;
    drop(lock);
    run(&there).await;
    assert_same(&before, &answers(&database.node("mx1.test").await, &database).await);
    database.totals();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_copied_over_what_is_there() {
    let Some(database) = InDatabase::new() else { return };
    let file = InDirectory::new();
    let there = moving(&file, &database, false);
    let absent = there.run(&Progress::default()).await.unwrap_err();
    assert!(matches!(absent, MoveError::Store(StoreError::Absent { .. })), "{absent}");
    file.open().add_domain(&domain("x.test")).await.unwrap();
    let shared = database.open_as(None).await.unwrap();
    shared.add_domain(&domain("other.test")).await.unwrap();
    let refused = there.run(&Progress::default()).await.unwrap_err();
    assert!(matches!(refused, MoveError::NotEmpty(_)), "{refused}");
    let refused = moving(&file, &database, true).run(&Progress::default()).await.unwrap_err();
    assert!(matches!(refused, MoveError::NotEmpty(_)), "{refused}");
    assert_eq!(shared.domains().await.unwrap(), [domain("other.test")]);
    let Some(empty) = InDatabase::new() else { return };
    let node = empty.node("mx1.test").await;
    let there = moving(&file, &empty, false);
    let served = there.run(&Progress::default()).await.unwrap_err();
    assert!(matches!(served, MoveError::Store(StoreError::Serving { .. })), "{served}");
    assert_eq!(file.open().domains().await.unwrap(), [domain("x.test")]);
    node.close().await;
    run(&there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_silent_while_all_was_moved_spools_and_sends_nothing() {
    let Some(database) = InDatabase::new() else { return };
    let file = InDirectory::new();
    let node = database.node("mx1.test").await;
    node.add_domain(&domain("x.test")).await.unwrap();
    let seq = node.spool(vec![message("A", 5, &["a@z.test"])]).await.unwrap()[0];
    assert_eq!(node.spool_begin(seq, vec![0]).await.unwrap(), [0]);
    database.raw("UPDATE nodes SET lease_until = now() - interval '1 s', is_replaced = true").await;
    run(&moving(&file, &database, true)).await;
    let lost = node.spool_uncertain(seq, vec![0]).await.unwrap_err();
    assert!(matches!(lost, StoreError::TakenOver { .. }), "{lost}");
    let refused = node.spool(vec![message("B", 5, &["a@z.test"])]).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(file.open().spool_open().await.unwrap().0.len(), 1);
}
