//! What docs/SMART-HOSTS.md shows is a configuration.

use crate::support::onward::Onward;
use std::fs;

#[test]
fn every_example_is_one_that_check_takes() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/SMART-HOSTS.md");
    let text = fs::read_to_string(document).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut seen = 0;
    for block in blocks {
        let builder = Onward::builder().domain("example.org");
        let file = builder.directory().join("relay.password");
        fs::write(&file, "geheim\n").unwrap();
        let block = block.replace("/etc/onward/relay.password", &file.display().to_string());
        let onward = builder.toml(&block).build();
        let told = onward.run(&["check"]);
        let route = told.lines().find(|line| line.starts_with("route")).unwrap();
        assert!(route.contains("TLS with its own certificate or nothing"), "{block}\n{route}");
        assert!(route.contains("with a login"), "{block}\n{route}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen} examples");
}
