//! The commands that README and the guide show are run, in their order.

use crate::support::dns::Dns;
use std::fs;
use std::process::Command;

/// The lines of the `sh` blocks of a document that begin with `onward `; `is_chosen` says of which blocks, by
/// what stands before them.
fn commands(document: &str, is_chosen: impl Fn(&str) -> bool) -> Vec<String> {
    let text = fs::read_to_string(format!("{}/{document}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut commands = Vec::new();
    let mut parts = text.split("```");
    let mut before = parts.next().unwrap_or_default();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        if let Some(lines) = block.strip_prefix("sh\n").filter(|_| is_chosen(before)) {
            let lines = lines.lines().filter(|line| line.starts_with("onward "));
            commands.extend(lines.map(str::to_owned));
        }
        before = after;
    }
    commands
}

/// Runs them with a shell, in a tree of their own.
fn run(commands: &[String]) {
    let dns = Dns::start();
    dns.mx("mailbox.example", 10, "mx.mailbox.example");
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("etc/onward.toml");
    let program = env!("CARGO_BIN_EXE_onward");
    for line in commands {
        let mut line = line.replacen("onward ", &format!("'{program}' "), 1);
        if line.contains(" init ") {
            line.push_str(&format!(
                " --yes --state-dir '{}'",
                directory.path().join("state").display()
            ));
            line = line.replacen("--yes", "", line.matches("--yes").count() - 1);
        }
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&line).env("ONWARD_CONFIG", &config);
        let done = shell.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{line}: {said}");
        if line.contains(" init ") {
            // Names are not looked up outside.
            let text = fs::read_to_string(&config).unwrap();
            fs::write(&config, format!("{text}\n[dns]\nservers = [\"{}\"]\n", dns.address()))
                .unwrap();
        }
    }
}

#[test]
fn readme() {
    let mut commands = commands("README.md", |_| true);
    // The daemon, which would not end; and a trace of mail that never came.
    commands.retain(|line| line != "onward serve" && !line.starts_with("onward trace"));
    assert!(commands.len() >= 4, "{commands:?}");
    run(&commands);
}

#[test]
fn guide() {
    let is_run = |before: &str| before.trim_end().ends_with("<!-- run -->");
    let mut all = commands("docs/GUIDE.md", is_run);
    assert_eq!(all.len(), 2, "{all:?}");
    // What the guide leaves to the document of aliases.
    all.extend(commands("docs/ALIASES.md", is_run));
    assert!(all.len() >= 5, "{all:?}");
    // The units are not those of this test.
    let all: Vec<String> = all.iter().map(|line| line.replace(" --enable", "")).collect();
    run(&all);
}

#[test]
fn the_guide_has_seven_commands_and_no_editing() {
    let text = fs::read_to_string(format!("{}/docs/GUIDE.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let blocks: Vec<&str> = text.split("```").skip(1).step_by(2).collect();
    assert!(blocks.iter().all(|block| block.starts_with("sh\n")), "{blocks:?}");
    let lines: Vec<&str> = blocks.iter().flat_map(|block| block.lines().skip(1)).collect();
    assert!(lines.len() <= 7, "{lines:#?}");
}
