//! Another key in the place of the one that seals.

use super::*;

#[test]
fn nodes_that_have_both_keys_notice_nothing_and_others_go_on_until_they_have_the_new_one() {
    let Some(cluster) = Cluster::get() else { return };
    let mut nodes = imported(now(cluster.database()));
    nodes.a.serve();
    nodes.b.serve();
    let address = forwarded(&nodes.b, &nodes.sink).from;
    let write = |node: &Onward, keys: &str| fs::write(key_file(&directory(node)), keys).unwrap();
    write(&nodes.a, &format!("{KEY}\n{OTHER_KEY}\n"));
    let new = directory(&nodes.a).join("new.key");
    fs::write(&new, OTHER_KEY).unwrap();
    let new = new.to_str().unwrap();
    let under = |node: &Onward| {
        let listed = node.run(&["store", "secrets", "list"]);
        listed.lines().next().unwrap().to_owned()
    };
    let before = under(&nodes.a);
    let rekeyed = nodes.a.run(&["store", "secrets", "rekey", new]);
    assert!(rekeyed.starts_with("sealed under the key "), "{rekeyed}");
    assert_ne!(under(&nodes.a), before);
    let again = nodes.a.cli(&["store", "secrets", "rekey", new]);
    assert!(again.stderr.contains("is the one that all of it is sealed under"), "{again:?}");
    assert!(!format!("{rekeyed}{again:?}").contains(OTHER_KEY));

    nodes.b.wait_for_log("until then this node goes by those that it had");
    nodes.b.kill_9();
    nodes.b.serve();
    assert_eq!(forwarded(&nodes.b, &nodes.sink).from, address, "by its copy");
    // Sealed under the first again, which b has.
    nodes.a.run(&["srs", "key", "add"]);
    assert_eq!(under(&nodes.a), before);
    let second = nodes.a.srs_forward(ALICE);
    wait_until("b has it", || (forwarded(&nodes.b, &nodes.sink).from == second).then_some(()));

    nodes.a.run(&["store", "secrets", "rekey", new]);
    write(&nodes.a, OTHER_KEY);
    nodes.a.run(&["srs", "key", "add"]);
    let third = nodes.a.srs_forward(ALICE);
    wait_until("a has it", || (forwarded(&nodes.a, &nodes.sink).from == third).then_some(()));
    assert_eq!(forwarded(&nodes.b, &nodes.sink).from, second);
    write(&nodes.b, OTHER_KEY);
    wait_until("b has it", || (forwarded(&nodes.b, &nodes.sink).from == third).then_some(()));
}
