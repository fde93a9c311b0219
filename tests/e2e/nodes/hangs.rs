//! A database that neither answers nor refuses.

use super::{ALIAS, ALICE, BUSY, Nodes, now, queue, send};
use crate::support::cluster::Cluster;
use crate::support::disk::Disk;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Step};
use crate::support::{poll, wait_until, wait_until_for};
use crate::web::site::Site;
use std::time::{Duration, Instant};

/// Within which any command and any reply has to come.
const BOUND: Duration = Duration::from_secs(60);

fn bounded<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    assert!(began.elapsed() < BOUND, "{what} took {:?}", began.elapsed());
    done
}

/// What goes through goes on, what would be kept is put off, commands say what is wrong, all of it in time; and so does the end
/// of the daemon.
#[test]
fn nothing_waits_for_ever_for_a_database_that_hangs() {
    let Some(cluster) = Cluster::alone() else { return };
    let mut nodes = Nodes::in_database(now(cluster.database()));
    nodes.a.serve();
    send(&nodes.a).expect("250 2.0.0");
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    for ends in [false, true] {
        cluster.hang();
        nodes.sink.accept_all();
        bounded("what goes through", || send(&nodes.a)).expect("250 2.0.0");
        nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
        let mut client = nodes.a.session();
        client.set_deadline(BOUND);
        bounded("what would be kept", || client.transaction(ALICE, &[ALIAS], super::MESSAGE))
            .expect("451 4.3.0");
        for command in [&["status"][..], &["queue", "list"], &["alias", "list"]] {
            let told = bounded("a command", || nodes.a.cli(command));
            assert_eq!(told.code, Some(1), "{command:?}: {told:?}");
            let words = format!("{}{}", told.stdout, told.stderr);
            assert!(words.contains("does not answer"), "{command:?}: {told:?}");
        }
        if ends {
            assert!(bounded("the end", || nodes.a.terminate()).success());
        }
        cluster.go_on();
        if !ends {
            let mut n = 0;
            wait_until_for(BOUND * 2, "what waits is kept again", || {
                n += 1;
                (send(&nodes.a).code == 250).then_some(())
            });
        }
    }
    nodes.sink.accept_all();
    nodes.b.serve();
    wait_until_for(BOUND, "an empty spool", || queue(&nodes.b).is_empty().then_some(()));
}

/// Whoever is at the page is told, and goes on with the same session.
#[test]
fn the_page_says_what_is_wrong_where_its_database_hangs() {
    let Some(cluster) = Cluster::alone() else { return };
    let url = now(cluster.database());
    let site = Site::start_with(Onward::builder().config(&format!("store.postgres = \"{url}\"")));
    let admin = site.admin();
    assert_eq!(site.get(&admin, "/domains").status, 200);
    cluster.hang();
    let told = site.get(&admin, "/domains");
    assert_eq!(told.status, 503, "{told:?}");
    cluster.go_on();
    wait_until("the page", || (site.get(&admin, "/domains").status == 200).then_some(()));
}

/// Nothing is answered 250 that does not fit, nothing is lost that was, and all joins in when there is room.
#[test]
fn where_the_databases_disk_is_full_what_would_be_kept_is_put_off_until_there_is_room() {
    let Some(disk) = Disk::mount("160m") else { return };
    let Some(cluster) = Cluster::on(disk.path()) else { return };
    let mut nodes = Nodes::in_database(now(cluster.database()));
    nodes.a.serve();
    nodes.b.serve();
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    let mut kept = 1;
    let filler = disk.fill();
    let big =
        [super::MESSAGE, "a line of a message that takes some room\r\n".repeat(20_000).as_bytes()]
            .concat();
    let mut client = nodes.a.session();
    client.set_deadline(BOUND);
    let mut put_off = 0;
    wait_until_for(BOUND, "what does not fit is put off", || {
        let reply = client.transaction(ALICE, &[ALIAS], &big);
        match reply.code {
            250 => kept += 1,
            _ => {
                assert_eq!(reply.code / 100, 4, "{reply}");
                put_off += 1;
            }
        }
        (put_off >= 3).then_some(())
    });
    nodes.sink.accept_all();
    // What goes through asks for no room.
    send(&nodes.b).expect("250 2.0.0");
    std::fs::remove_file(filler).unwrap();
    if poll(Duration::from_secs(10), || (!cluster.is_running()).then_some(())).is_some() {
        cluster.start_again();
    }
    wait_until_for(BOUND, "an empty spool", || {
        let told = nodes.b.cli(&["queue", "list"]);
        (told.code == Some(0) && told.stdout.is_empty()).then_some(())
    });
    assert!(nodes.sink.count() > kept, "{} arrived of {kept}, and one", nodes.sink.count());
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    wait_until("what waits is kept again", || (send(&nodes.a).code == 250).then_some(()));
}

/// A login that is refused for a while, and connections that others have.
#[test]
fn a_node_whose_login_is_refused_goes_on_when_it_is_not() {
    let Some(cluster) = Cluster::alone() else { return };
    let url = now(cluster.database());
    let name = url.split(['/', '?']).nth(3).unwrap().to_owned();
    let set = |sql: &str| super::raw(&url, sql);
    set(&format!(
        "CREATE ROLE mail LOGIN PASSWORD 'hunter2'; GRANT ALL ON DATABASE {name} TO mail; ALTER DATABASE {name} OWNER TO mail; GRANT ALL ON SCHEMA public TO mail"
    ));
    cluster.ask_for_passwords();
    let mut nodes =
        Nodes::in_database(url.replace("user=postgres", "user=mail") + "&password=hunter2");
    nodes.a.serve();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mail'";
    for (takes, gives) in [
        ("ALTER ROLE mail PASSWORD 'wrong'", "ALTER ROLE mail PASSWORD 'hunter2'"),
        ("ALTER ROLE mail CONNECTION LIMIT 0", "ALTER ROLE mail CONNECTION LIMIT -1"),
    ] {
        set(takes);
        nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
        wait_until("what would be kept is put off", || {
            // Each time, as one may have been let in before that it is not listed yet.
            set(cut);
            let reply = send(&nodes.a);
            (reply.code == 451).then(|| reply.expect("451 4.3.0"))
        });
        nodes.sink.accept_all();
        send(&nodes.a).expect("250 2.0.0");
        let told = nodes.a.cli(&["status"]);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        set(gives);
        nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
        wait_until("what waits is kept again", || (send(&nodes.a).code == 250).then_some(()));
        nodes.sink.accept_all();
        wait_until("an empty spool", || queue(&nodes.a).is_empty().then_some(()));
    }
}
