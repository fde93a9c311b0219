//! A standby in the place of the server that it follows.

use super::crash::account::What;
use super::crash::load::clock;
use super::crash::{Over, Scene};
use super::{ALIAS, BUSY, Nodes, now, raw, send};
use crate::support::cluster::{Cluster, connect};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use std::thread;

/// The URL of both servers, as NODES.md has it.
fn both(url: &str, one: &Cluster, other: &Cluster) -> String {
    let (one, other) = (one.directory().display(), other.directory().display());
    let url = url.replace(&format!("host={one}"), &format!("host={one}&host={other}"));
    url + "&target_session_attrs=read-write"
}

/// Nobody is answered 250 for what the standby does not have; the nodes find it by themselves. The old server, which comes back
/// as if nothing had happened, is used by nobody any more.
#[test]
fn what_nodes_answered_250_is_with_the_standby_that_takes_over_and_the_old_server_gets_nothing() {
    let Some(old) = Cluster::alone() else { return };
    let url = now(old.database());
    let standby = now(old.standby());
    let mut scene = Scene::with(2, &both(&url, &old, &standby), &url);
    let name = url.split(['/', '?']).nth(3).unwrap().to_owned();
    let load = scene.load();
    thread::scope(|scope| {
        let over = Over(&load);
        load.begin(scope);
        scene.begin_draining(&load);
        scene.happens(What::Database, |_| {
            old.break_down();
            standby.promote();
        });
        load.goes_on();
        scene.begin_draining(&load);
        scene.url = standby.url(&name);

        old.start_again();
        raw(&old.url("postgres"), "ALTER SYSTEM SET synchronous_standby_names = ''");
        raw(&old.url("postgres"), "SELECT pg_reload_conf()");
        let came_back = clock();
        // All that look for the server anew, running or begun anew, and commands.
        scene.happens(What::Database, |scene| {
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onward'";
            raw(&scene.url, others);
        });
        scene.happens(What::Killed("b".to_owned()), |scene| scene.nodes[1].kill_9());
        scene.nodes[1].serve();
        scene.begin_draining(&load);
        load.goes_on();
        scene.nodes[0].run(&["alias", "add", "new@example.org", "carol@sink.test"]);
        scene.nodes[1].run(&["alias", "show", "new@example.org"]);
        scene.nodes[0].run(&["status"]);
        let heard = now(async {
            let sql = "SELECT (extract(epoch FROM max(heard)) * 1000)::bigint, (SELECT count(*) FROM aliases WHERE local = 'new') FROM nodes";
            connect(&old.url(&name)).await.query_one(sql, &[]).await.unwrap()
        });
        assert!(heard.get::<_, i64>(0) < came_back, "a node has used the old server");
        assert_eq!(heard.get::<_, i64>(1), 0, "a command has used the old server");
        drop(over);
    });
    let figures = scene.end(load.into_sent());
    assert!(figures.spooled > 0, "{figures:?}");
}

/// A node that knows of the one that took over spools nothing where only the old server is there, also behind a restart.
#[test]
fn a_server_that_another_has_taken_over_from_is_not_used_where_it_alone_is_there() {
    let Some(old) = Cluster::alone() else { return };
    let url = now(old.database());
    let standby = now(old.standby());
    let mut nodes = Nodes::in_database(both(&url, &old, &standby));
    nodes.a.serve();
    send(&nodes.a).expect("250 2.0.0");
    old.break_down();
    standby.promote();
    wait_until("the node serves by the other", || {
        nodes.a.cli(&["alias", "set", ALIAS, "--note", "later"]).code.filter(|code| *code == 0)
    });
    nodes.a.wait_for_log("another server of the database serves");
    standby.break_down();
    old.start_again();
    raw(&old.url("postgres"), "ALTER SYSTEM SET synchronous_standby_names = ''");
    raw(&old.url("postgres"), "SELECT pg_reload_conf()");
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    for restarts in [false, true] {
        if restarts {
            nodes.a.kill_9();
            nodes.a.serve();
        }
        nodes.a.wait_for_log("another server has taken over from the one that answers");
        send(&nodes.a).expect("451 4.3.0");
    }
    standby.start_again();
    wait_until("what waits is kept again", || (send(&nodes.a).code == 250).then_some(()));
}

/// A node whose own connections have not met the standby goes by what others of its machine have: it and the journal write
/// nothing to the server that came back, and neither do commands.
#[test]
fn whoever_of_a_machine_has_met_the_server_that_took_over_speaks_for_all() {
    let Some(old) = Cluster::alone() else { return };
    let url = now(old.database());
    let standby = now(old.standby());
    let mut nodes = Nodes::in_database(both(&url, &old, &standby));
    nodes.a.serve();
    send(&nodes.a).expect("250 2.0.0");
    nodes.a.signal("STOP");
    old.break_down();
    standby.promote();
    let note = |note: &str| nodes.a.cli(&["alias", "set", ALIAS, "--note", note]);
    wait_until("a command is done by the other", || (note("later").code == Some(0)).then_some(()));
    standby.break_down();
    old.start_again();
    raw(&old.url("postgres"), "ALTER SYSTEM SET synchronous_standby_names = ''");
    raw(&old.url("postgres"), "SELECT pg_reload_conf()");
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    nodes.a.signal("CONT");

    let taken_over = "another server has taken over from the one that answers";
    nodes.a.wait_for_log(taken_over);
    send(&nodes.a).expect("451 4.3.0");
    let refused = note("too late");
    assert!(refused.code != Some(0) && refused.stderr.contains(taken_over), "{refused:?}");

    standby.start_again();
    wait_until("what waits is kept again", || (send(&nodes.a).code == 250).then_some(()));
    wait_until("the journal tells of it", || {
        nodes.a.run(&["trace"]).contains("spooled").then_some(())
    });
    let name = url.split(['/', '?']).nth(3).unwrap();
    let records = now(async {
        let sql = "SELECT count(*) FROM journal WHERE outcome <> 'forwarded'";
        connect(&old.url(name)).await.query_one(sql, &[]).await.unwrap()
    });
    assert_eq!(records.get::<_, i64>(0), 0, "the journal has used the old server");
}
