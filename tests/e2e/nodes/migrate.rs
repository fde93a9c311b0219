//! A store in a state directory that is moved into a database by the command line, and back.

use super::{ALIAS, BUSY, Cluster, connect, now, queue, send};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::process::Process;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use std::fs;
use std::process::Command;

const ALIASES: usize = 10_000;

/// Begins to move, and is killed once so many aliases are in the database.
fn cut_off(onward: &Onward, url: &str, aliases: i64) {
    let mut command = Command::new(onward.program());
    command.args(["store", "migrate", "--config"]).arg(onward.config_path());
    let mut moving = Process::spawn("onward store migrate", &mut command);
    let count = async || {
        let raw = connect(url).await;
        let there = "SELECT 1 FROM pg_tables WHERE tablename = 'aliases'";
        if raw.query_opt(there, &[]).await.unwrap().is_none() {
            return 0;
        }
        raw.query_one("SELECT count(*) FROM aliases", &[]).await.unwrap().get::<_, i64>(0)
    };
    wait_until("some of it to be there", || (now(count()) >= aliases).then_some(()));
    moving.kill_9();
}

#[test]
fn all_is_moved_into_a_database_and_back_and_what_waits_is_delivered_once() {
    let Some(cluster) = Cluster::get() else { return };
    let url = now(cluster.database());
    let (dns, sink) = (Dns::start(), Receiver::smtp().start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    sink.on(Step::Rcpt, Action::reply(BUSY));
    let mut onward = Onward::builder()
        .config("delivery.budget = \"2s\"")
        .config("spool.retry = [\"1h\"]")
        .route("sink.test", sink.name())
        .dns(&dns)
        .domain("example.org")
        .build();
    let list: String = (0..ALIASES)
        .map(|n| {
            format!("{{\"address\":\"a{n}@example.org\",\"destinations\":[\"bob@sink.test\"]}}\n")
        })
        .collect();
    let file = onward.state_dir().parent().unwrap().join("list.json");
    fs::write(&file, list).unwrap();
    onward.run(&["alias", "import", "--from", "onward", file.to_str().unwrap()]);
    onward.run(&["alias", "add", ALIAS, "bob@sink.test"]);
    let without = fs::read_to_string(onward.config_path()).unwrap();
    let with_it = format!("{without}\n[store]\npostgres = \"{url}\"\nnode = \"mx1\"\n");
    onward.edit_config(|_| with_it.clone());
    let early = onward.serve_refused();
    assert!(early.stderr.contains("run `onward store migrate`"), "{early:?}");
    onward.edit_config(|_| without.clone());
    onward.serve();
    for _ in 0..3 {
        send(&onward).expect("250 2.0.0");
    }

    // The daemon goes on with the configuration that it read.
    onward.edit_config(|_| with_it.clone());
    let plan = onward.run(&["store", "migrate", "--plan"]);
    assert!(plan.contains("10001 rows"), "{plan}");
    cut_off(&onward, &url, 1);
    let half = onward.cli(&["alias", "list"]);
    assert!(half.stderr.contains("did not come to its end"), "{half:?}");
    let served = onward.cli(&["store", "migrate"]);
    assert_eq!(served.code, Some(1), "{served:?}");
    assert!(served.stderr.contains("is served from, and still is"), "{served:?}");
    send(&onward).expect("250 2.0.0");
    assert!(onward.terminate().success());
    cut_off(&onward, &url, 1_000);
    let moved = onward.run(&["store", "migrate"]);
    assert!(moved.contains("\nspool                         4 rows, checksum "), "{moved}");
    assert!(moved.contains("and the same on both sides"), "{moved}");

    onward.edit_config(|_| without.clone());
    let left = onward.serve_refused();
    assert!(left.stderr.contains("was moved away by `onward store migrate`"), "{left:?}");
    assert_eq!(onward.cli(&["alias", "list"]).code, Some(1));
    onward.edit_config(|_| with_it.clone());
    onward.serve();
    assert_eq!(onward.run(&["alias", "list"]).lines().count(), ALIASES + 1);
    assert_eq!(queue(&onward).len(), 4);
    assert_eq!(onward.wait_for_trace(&[], 4).len(), 4);
    sink.accept_all();
    onward.run(&["queue", "retry", "--all"]);
    sink.wait_for_messages(4);
    wait_until("an empty spool", || queue(&onward).is_empty().then_some(()));
    send(&onward).expect("250 2.0.0");
    sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&onward).expect("250 2.0.0");

    let served = onward.cli(&["store", "migrate", "--to-sqlite"]);
    assert_eq!(served.code, Some(1), "{served:?}");
    assert!(onward.terminate().success());
    let back = onward.run(&["store", "migrate", "--to-sqlite", "--json"]);
    assert!(back.contains("{\"table\":\"spool\",\"rows\":1,\"checksum\":\""), "{back}");
    let left = onward.serve_refused();
    assert!(left.stderr.contains("was moved away"), "{left:?}");
    onward.edit_config(|_| without.clone());
    onward.serve();
    sink.accept_all();
    onward.run(&["queue", "retry", "--all"]);
    sink.wait_for_messages(6);
    wait_until("an empty spool", || queue(&onward).is_empty().then_some(()));
    assert_eq!(sink.count(), 6, "each once");
    assert_eq!(onward.wait_for_trace(&[], 6).len(), 6);
}
