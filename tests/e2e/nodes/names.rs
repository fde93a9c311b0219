//! Who serves by a name, and by which version of the tables.

use super::{BUSY, Nodes, node, queue, raw, send};
use crate::support::receiver::{Action, Step};

#[test]
fn a_second_node_of_a_name_is_refused_and_one_that_was_killed_comes_again_at_once() {
    let Some(mut nodes) = Nodes::serving() else { return };
    let double = node(&nodes.url, "a", &nodes.sink, &nodes.dns).build();
    let refused = double.serve_refused();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("another onward serves as node a from"), "{refused:?}");
    nodes.a.kill_9();
    nodes.a.serve();
    send(&nodes.a).expect("250 2.0.0");
}

#[test]
fn a_second_daemon_of_a_state_directory_does_not_take_the_place_of_the_first() {
    let Some(nodes) = Nodes::serving() else { return };
    let refused = nodes.a.serve_refused();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("another onward serves from this state directory"),
        "{refused:?}"
    );
    nodes.sink.on(Step::Rcpt, Action::reply(BUSY));
    send(&nodes.a).expect("250 2.0.0");
    assert_eq!(queue(&nodes.b)[0]["node"], "a");
}

#[test]
fn a_reload_does_not_move_the_store() {
    let Some(nodes) = Nodes::serving() else { return };
    nodes.a.edit_config(|text| text.replace("node = \"a\"", "node = \"c\""));
    let refused = nodes.a.cli(&["reload"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("[store] has changed"), "{refused:?}");
    send(&nodes.a).expect("250 2.0.0");
}

#[test]
fn another_version_of_the_tables_is_refused_by_what_mends_it() {
    let Some(nodes) = Nodes::new() else { return };
    assert_eq!(nodes.a.run(&["store", "upgrade", "--plan"]), "the database is up to date\n");
    raw(&nodes.url, "UPDATE onward_schema SET version = version - 1");
    for older in [nodes.a.serve_refused(), nodes.a.cli(&["alias", "list"]), nodes.a.cli(&["check"])]
    {
        assert_eq!(older.code, Some(1), "{older:?}");
        assert!(older.stderr.contains("`onward store upgrade` makes steps"), "{older:?}");
    }
    let plan = nodes.a.run(&["store", "upgrade", "--plan"]);
    assert!(plan.starts_with("step ") && plan.ends_with("(would be done)\n"), "{plan}");
    raw(&nodes.url, "UPDATE onward_schema SET version = 999");
    for newer in [nodes.a.serve_refused(), nodes.a.cli(&["store", "upgrade"])] {
        assert_eq!(newer.code, Some(1), "{newer:?}");
        assert!(newer.stderr.contains("was written by a newer Onward"), "{newer:?}");
    }
}
