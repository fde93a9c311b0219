//! Messages in figures: what a chart is made of.

use crate::{
    journal::record,
    place::{JournalPlace, domain},
};
use onward::{
    account::AccountId,
    address::{Domain, Mailbox, ReversePath},
    clock::millis as now,
    reply::Reply,
    store::journal::{AttemptLine, Bounce, Bounds, Journal, Outcome, Record, Span},
    time::{DAY, Millis, UnixTime},
};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(1);

/// What is counted of each class since then, as `class count`.
async fn counts(
    place: &dyn JournalPlace,
    of: Option<&Domain>,
    span: Span,
    since: UnixTime,
) -> Vec<String> {
    let counts = place.reading().traffic(of, span, since).await.unwrap();
    counts.iter().map(|it| format!("{} {}", it.class.to_key(), it.messages)).collect()
}

async fn all(place: &dyn JournalPlace) -> Vec<String> {
    counts(place, None, Span::Day, UnixTime::new(0)).await
}

/// A message late yesterday, so that all of a test are in one hour and day.
fn message(id: &str, outcome: Outcome, reply: &str) -> Record {
    let late = Span::Day.start(now().unix_time() - DAY) + DAY * 9 / 10;
    let time = Millis::new(late.as_secs() * 1000);
    Record { outcome, reply: reply.into(), attempts: Vec::new(), ..record(id, time) }
}

fn to(recipient: &str, message: Record) -> Record {
    Record { to: vec![recipient.into()], ..message }
}

async fn keep(journal: &Journal, records: impl IntoIterator<Item = Record>) {
    for record in records {
        journal.record(record).await;
    }
    journal.flush().await;
}

const OK: &str = "250 2.0.0 ok";
const NOBODY: &str = "550 5.1.1 No such address here";

pub(crate) async fn each_message_is_counted_once_as_what_became_of_it(place: &dyn JournalPlace) {
    let journal = place.journal();
    let later = Outcome::Spooled;
    keep(
        &journal,
        [
            message("f", Outcome::Forwarded, OK),
            message("bounces", Outcome::Forwarded, OK),
            message("waits", later, OK),
            message("arrives", later, OK),
            message("fails", later, OK),
            message("nobody", Outcome::Refused, NOBODY),
            message("rate", Outcome::Deferred, "450 4.7.1 Too many messages from 192.0.2.1 (5/1h)"),
            message("gone", Outcome::Aborted, ""),
            // Nobody brought it.
            message("own", Outcome::Forwarded, ""),
            // It comes again by the rules of the protocol.
            message("split", Outcome::Deferred, "452 4.5.3 One destination at a time"),
        ],
    )
    .await;
    let first = ["aborted 1", "deferred rate 1", "forwarded 2", "refused recipient 1", "spooled 3"];
    assert_eq!(all(place).await, first);
    let hours = counts(place, None, Span::Hour, UnixTime::new(0)).await;
    assert_eq!(hours, first);

    journal.amend(message("arrives", Outcome::Forwarded, OK)).await;
    journal.amend(message("arrives", Outcome::Forwarded, OK)).await;
    journal.amend(message("fails", Outcome::Failed, OK)).await;
    journal.amend(message("own", Outcome::Failed, "")).await;
    let bounce =
        Bounce { id: "bounces".into(), time: now(), is_final: true, detail: String::new() };
    journal.bounced(bounce.clone()).await;
    journal.bounced(bounce).await;
    // As a refused recipient of the same minute joins the first.
    journal.replace(message("nobody", Outcome::Refused, NOBODY)).await;
    // A first record that comes behind the end.
    journal.record(message("arrives", Outcome::Spooled, OK)).await;
    journal.flush().await;
    let then = [
        "aborted 1",
        "bounced 1",
        "deferred rate 1",
        "failed 1",
        "forwarded 2",
        "refused recipient 1",
        "spooled 1",
    ];
    assert_eq!(all(place).await, then);
    journal.close().await;
    assert_eq!(all(place).await, then, "they outlive the process");
}

pub(crate) async fn an_owner_sees_the_figures_of_the_own_domain(place: &dyn JournalPlace) {
    let journal = place.journal();
    let taken = |id| message(id, Outcome::Forwarded, OK);
    let relaying = Reply::relaying_denied().to_string();
    let account = Record {
        from: ReversePath::Mailbox(Mailbox::parse("me@a.test").unwrap()),
        auth: AccountId::new([7; 5]).cause().to_string(),
        ..to("you@elsewhere.test", taken("sent"))
    };
    let both = Record { to: vec!["x@a.test".into(), "y@b.test".into()], ..taken("both") };
    keep(
        &journal,
        [
            to("x@a.test", taken("a")),
            to("X@A.test", message("none", Outcome::Refused, NOBODY)),
            both,
            account,
            // It stands for somebody elsewhere.
            to("SRS0=AAAA=XY=c.test=eve@a.test", taken("srs")),
            to("x@c.test", message("relay", Outcome::Refused, &relaying)),
        ],
    )
    .await;
    let of =
        async |name: &str| counts(place, Some(&domain(name)), Span::Day, UnixTime::new(0)).await;
    assert_eq!(of("a.test").await, ["forwarded 3", "refused recipient 1"]);
    assert_eq!(of("b.test").await, ["forwarded 1"]);
    for name in ["c.test", "elsewhere.test", "est"] {
        assert_eq!(of(name).await, [""; 0], "{name}");
    }
    assert_eq!(all(place).await, ["forwarded 4", "refused recipient 1", "refused relaying 1"]);
}

pub(crate) async fn counts_of_long_ago_go_and_those_of_domains_have_bounded_room(
    place: &dyn JournalPlace,
) {
    let journal = place.journal();
    let ago = |id: &str, days: u32| Record { time: now() - DAY * days, ..record(id, now()) };
    // What is older than what is kept is not even counted.
    keep(&journal, [ago("new", 0), ago("days", 10), ago("year", 399), ago("old", 402)]).await;
    let days = place.reading().traffic(None, Span::Day, UnixTime::new(0)).await.unwrap();
    assert_eq!(days.len(), 3, "{days:?}");
    let hours = place.reading().traffic(None, Span::Hour, UnixTime::new(0)).await.unwrap();
    assert_eq!(hours.len(), 1, "{hours:?}");
    let since = (now() - DAY * 20).unix_time();
    assert_eq!(place.reading().traffic(None, Span::Day, since).await.unwrap().len(), 2);
    journal.close().await;

    // Room for 60 rows: each of 100 domains has two, and an hour and a day are of all.
    let bounds = Bounds { size: 60 << 10, ..Bounds::default() };
    let journal = place.journal_with(bounds);
    let many = (0..100).map(|n| to(&format!("x@d{n}.test"), ago(&format!("d{n}"), 0)));
    keep(&journal, many).await;
    journal.close().await;
    let journal = place.journal_with(bounds);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let mut rows = 0;
        for n in 0..100 {
            let of = domain(&format!("d{n}.test"));
            for span in Span::ALL {
                rows += counts(place, Some(&of), span, UnixTime::new(0)).await.len();
            }
        }
        if rows <= 60 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{rows} rows are left");
        journal.flush().await;
    }
    assert!(all(place).await.contains(&"forwarded 101".to_owned()), "of all none is lost");
}

pub(crate) async fn the_slowest_hosts_of_late(place: &dyn JournalPlace) {
    let journal = place.journal();
    let attempt = |host: &str, verdict: &str, ms: u64, ago: Duration| AttemptLine {
        time: now() - ago,
        to: Vec::new(),
        host: host.into(),
        reply: String::new(),
        ms,
        tls: String::new(),
        verdict: verdict.into(),
    };
    let attempts = vec![
        attempt("fast.test", "delivered", 10, SOON),
        attempt("slow.test", "deferred", 30_000, SOON),
        attempt("slow.test", "delivered", 2000, SOON),
        attempt("slower.test", "delivered", 20_000, SOON),
        attempt("forgotten.test", "delivered", 90_000, DAY * 2),
    ];
    keep(&journal, [Record { attempts, ..record("a", now()) }]).await;
    let told = async |limit| {
        let hosts = place.reading().slowest(now() - DAY, limit).await.unwrap();
        let told = hosts.iter().map(|it| {
            let (attempts, deferred) = (it.attempts, it.deferred);
            format!("{} {attempts} {deferred} {} {}", it.host, it.average_ms, it.longest_ms)
        });
        told.collect::<Vec<_>>()
    };
    let all = ["slower.test 1 0 20000 20000", "slow.test 2 1 16000 30000", "fast.test 1 0 10 10"];
    assert_eq!(told(10).await, all);
    assert_eq!(told(1).await, all[..1]);
}
