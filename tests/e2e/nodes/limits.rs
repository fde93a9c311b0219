//! Limits of all nodes together.

use super::{Nodes, send};

#[test]
fn a_limit_is_divided_between_the_nodes_that_serve() {
    let Some(mut nodes) = Nodes::new() else { return };
    for node in [&mut nodes.a, &mut nodes.b] {
        node.change_config(|config| config.set_text("limits.messages_per_alias", "4/1h"));
        node.serve();
    }
    for node in [&nodes.a, &nodes.b] {
        node.wait_for_log("each node takes its part of the limits nodes=2");
        send(node).expect("250 2.0.0");
        send(node).expect("250 2.0.0");
        let mut third = node.session();
        third.command("MAIL FROM:<alice@spf.test>").expect_code(250);
        third.command("RCPT TO:<hello@example.org>").expect("450 4.2.1");
    }
    assert!(nodes.b.terminate().success());
    nodes.a.wait_for_log("each node takes its part of the limits nodes=1");
    send(&nodes.a).expect("250 2.0.0");
}
