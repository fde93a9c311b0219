//! What is changed at one node is in force at the others.

use super::{ALIAS, ALICE, Nodes, node, way::Way};
use crate::support::onward::Onward;
use crate::support::wait_until_for;
use std::time::Duration;

/// How soon, on a machine that does nothing else; for many changes in a row, whose number the environment says
/// (`NODE_CHANGES`).
const SOON: Duration = Duration::from_secs(2);
/// How many there are beside other tests, which take their share of the time.
const CHANGES: usize = 12;
const BESIDE_OTHERS: Duration = Duration::from_secs(10);

fn accepts(node: &Onward) -> bool {
    let mut client = node.session();
    client.mail(ALICE).expect("250");
    client.rcpt(ALIAS).code == 250
}

/// Switches the alias off and on at one node, and looks at the other.
fn change_and_look(changed: &Onward, looked_at: &Onward) {
    let asked_for = std::env::var("NODE_CHANGES").ok();
    let (changes, soon) = match asked_for {
        Some(changes) => (changes.parse().unwrap(), SOON),
        None => (CHANGES, BESIDE_OTHERS),
    };
    for n in 0..changes {
        let (word, is_on) = if n % 2 == 0 { ("disable", false) } else { ("enable", true) };
        changed.run(&["alias", word, ALIAS]);
        wait_until_for(soon, format!("change {n} to be in force"), || {
            (accepts(looked_at) == is_on).then_some(())
        });
    }
}

#[test]
fn an_alias_that_is_changed_at_one_node_is_changed_at_the_other() {
    let Some(nodes) = Nodes::serving() else { return };
    change_and_look(&nodes.a, &nodes.b);
    change_and_look(&nodes.b, &nodes.a);
}

#[test]
fn also_where_no_notice_arrives() {
    let Some(nodes) = Nodes::new() else { return };
    let way = Way::to(&nodes.url).deaf();
    let mut b = node(&way.url(), "deaf", &nodes.sink, &nodes.dns).build();
    b.serve();
    change_and_look(&nodes.a, &b);
    assert!(way.has_deafened(), "nobody listened");
}
