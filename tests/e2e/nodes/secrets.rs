//! What every node must have alike.

use super::{Nodes, Onward};
use crate::support::wait_until;
use std::fs;

/// What `onward doctor` says of the secrets of others.
fn told(node: &Onward) -> Vec<String> {
    let doctor = node.cli(&["doctor", "--json", "--address", "192.0.2.1"]).stdout;
    doctor.lines().filter(|line| line.contains("\"id\":\"secrets\"")).map(str::to_owned).collect()
}

#[test]
fn doctor_names_the_node_with_other_secrets() {
    let Some(mut nodes) = Nodes::new() else { return };
    let secret = |node: &Onward| {
        let config = fs::read_to_string(node.config_path()).unwrap();
        let line = config.lines().find(|line| line.contains("secret_file")).unwrap().to_owned();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let (of_a, of_b) = (secret(&nodes.a), secret(&nodes.b));
    fs::write(&of_a, "one-secret-of-all-nodes\nan-older-one-of-all-nodes\n").unwrap();
    fs::write(&of_b, "one-secret-of-all-nodes\n").unwrap();
    nodes.a.run(&["dkim", "key", "add", "example.org"]);
    nodes.a.serve();
    nodes.b.serve();
    let differ = wait_until("both told", || Some(told(&nodes.a)).filter(|told| told.len() == 2));
    assert!(differ.iter().all(|line| line.contains("the node b lacks a secret of this machine: ")));
    assert!(differ[0].contains("DKIM key ") && differ[0].contains(" of example.org"), "{differ:?}");
    assert!(differ[1].contains(": SRS secret"), "{differ:?}");
    let others = told(&nodes.b);
    assert!(
        others
            .iter()
            .all(|line| line.contains("the node a has a secret that this machine has not"))
    );
    let kept = super::now(async {
        let raw = super::connect(&nodes.url).await;
        let rows = raw.query("SELECT node || name || print FROM node_secrets", &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    });
    assert!(!kept.contains("of-all-nodes") && kept.lines().count() == 4, "{kept}");

    assert!(nodes.b.terminate().success());
    assert_eq!(told(&nodes.a), [""; 0], "who does not serve does no harm");
    fs::copy(&of_a, &of_b).unwrap();
    nodes.b.serve();
    let differ = wait_until("b told", || Some(told(&nodes.a)).filter(|told| !told.is_empty()));
    assert_eq!(differ.len(), 1, "{differ:?}");
}
