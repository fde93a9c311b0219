//! The set-ups of contrib/postfix: Postfix and Onward take them as they are.

use crate::support::postfix::Postfix;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn set_ups() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/postfix");
    let mut found: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    assert!(found.len() >= 5, "{found:?}");
    found
}

#[test]
fn onward_takes_them() {
    for set_up in set_ups() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("onward.toml");
        let secret = directory.path().join("secret");
        fs::write(&secret, "a secret that is long enough to be one\n").unwrap();
        let text = fs::read_to_string(set_up.join("onward.toml")).unwrap();
        let text = text.replace("[srs]", &format!("[srs]\nsecret_file = \"{}\"", secret.display()));
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::write(&config, format!("state_dir = \"{}\"\n{text}", state.display())).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
        let check = command.args(["check", "--config"]).arg(&config).env_remove("STATE_DIRECTORY");
        let check = check.output().unwrap();
        let complaint = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{}: {complaint}", set_up.display());
    }
}

/// Whoever follows the guide line by line gets what contrib has.
#[test]
fn the_commands_of_the_guide_work() {
    let Some(postfix) = Postfix::builder() else { return };
    let postfix = postfix.start();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/POSTFIX.md");
    let guide = fs::read_to_string(guide).unwrap();
    let commands: Vec<&str> =
        guide.lines().map(str::trim).filter(|line| line.starts_with("postconf ")).collect();
    assert!(commands.len() > 10, "{commands:?}");
    // The table may have another socket, as packaging/host sets it up on a machine.
    let sockets = ["inet:127.0.0.1:10003", "unix:srs", "unix:onward/srs"];
    let files: Vec<String> = set_ups()
        .iter()
        .map(|set_up| fs::read_to_string(set_up.join("main.cf")).unwrap())
        .map(|text| text.replace("\n    ", " "))
        .flat_map(|text| sockets.map(|socket| text.replace(sockets[0], socket)))
        .collect();
    for command in commands {
        let directory = postfix.config_dir();
        let here = command.replacen(
            "postconf",
            &format!("/usr/sbin/postconf -c {}", directory.display()),
            1,
        );
        let done = Command::new("sh").arg("-c").arg(&here).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
        let setting = command.split('\'').nth(1).unwrap();
        let (name, value) = setting.split_once(" =").unwrap();
        let is_there = |text: &String| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            lines.any(|(known, given)| known.trim() == name && given.trim() == value.trim())
        };
        assert!(files.iter().any(is_there), "no main.cf of contrib has {setting}");
    }
}

#[test]
fn postfix_takes_them() {
    for set_up in set_ups() {
        let Some(postfix) = Postfix::builder() else { return };
        let main = fs::read_to_string(set_up.join("main.cf")).unwrap();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for line in main.lines().filter(|line| !line.starts_with('#')) {
            match (line.strip_prefix(' '), line.split_once('=')) {
                (Some(more), _) => {
                    parameters.last_mut().unwrap().1.push_str(&format!(" {}", more.trim()))
                }
                (None, Some((name, value))) => {
                    parameters.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                (None, None) => panic!("{}: {line:?}", set_up.display()),
            }
        }
        let postfix = parameters
            .iter()
            .fold(postfix, |postfix, (name, value)| postfix.set(name, value))
            .start();
        for (name, value) in &parameters {
            let mut postconf = Command::new("/usr/sbin/postconf");
            postconf.arg("-c").arg(postfix.config_dir()).args(["-h", name]);
            let answer = postconf.output().unwrap();
            let known = String::from_utf8_lossy(&answer.stdout);
            assert_eq!(known.trim(), value.trim(), "{}: {name}", set_up.display());
        }
    }
}
