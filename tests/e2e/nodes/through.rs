//! Mail through each node, and what is told of it at the others.

use super::{Nodes, send, status};
use crate::support::wait_until;

#[test]
fn mail_goes_through_each_node_by_one_directory_and_each_tells_of_all() {
    let Some(mut nodes) = Nodes::serving() else { return };
    for node in [&nodes.a, &nodes.b] {
        send(node).expect("250 2.0.0");
    }
    assert_eq!(nodes.sink.wait_for_messages(2).len(), 2);
    let records = nodes.a.wait_for_trace(&[], 2);
    let mut by: Vec<&str> = records.iter().map(|record| record["node"].as_str().unwrap()).collect();
    by.sort_unstable();
    assert_eq!(by, ["a", "b"]);
    assert!(nodes.b.run(&["trace"]).contains("\n  node    a\n"));

    let told = status(&nodes.b);
    let told: Vec<_> = told["nodes"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for (node, name) in told.iter().zip(["a", "b"]) {
        assert_eq!(node["name"], name);
        assert_eq!(node["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(node["serves"], true);
        assert_eq!(node["spool"], 0);
    }
    assert!(nodes.a.run(&["status"]).contains("\nnode      b ("));
    assert!(nodes.b.terminate().success());
    wait_until("the others know that a node ended", || {
        (status(&nodes.a)["nodes"][1]["serves"] == false).then_some(())
    });
}

#[test]
fn check_names_the_store_and_asks_its_server() {
    let Some(nodes) = Nodes::new() else { return };
    let mut a = nodes.a;
    a.change_config(|config| {
        config.set_text("store.postgres", nodes.url.clone() + "&password=hunter2");
    });
    let told = a.run(&["check"]);
    assert!(told.contains("\nstore      postgresql://postgres@/"), "{told}");
    assert!(told.contains(", as node a\n") && told.contains("PostgreSQL "), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    a.serve();
    assert!(!a.log().join("\n").contains("hunter2"));
    assert!(a.terminate().success());

    let name = nodes.url.split(['/', '?']).nth(3).unwrap();
    super::raw(&nodes.url, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    for refused in [a.cli(&["check"]), a.serve_refused()] {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("has synchronous_commit = off"), "{refused:?}");
        assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
    }
}

#[test]
fn a_backup_is_the_databases_own() {
    let Some(nodes) = Nodes::new() else { return };
    let refused = nodes.a.cli(&["backup", "/nonexistent/copy.db"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("which pg_dump copies"), "{refused:?}");
}
