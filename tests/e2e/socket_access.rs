//! Who may connect to the unix sockets of listeners.

use crate::support::onward::{Builder, Onward};
use crate::support::peer;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A uid that owns nothing, and a gid that it may have or not.
const SOMEBODY: u32 = 65_534;
const GROUP: u32 = 54_321;

fn with_sockets(lines: &str) -> (Builder, Vec<PathBuf>) {
    let mut builder = Onward::builder();
    fs::set_permissions(builder.directory(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut paths = Vec::new();
    for protocol in ["smtp", "socketmap", "policy", "milter", "http"] {
        let path = builder.directory().join(format!("{protocol}.socket"));
        let address = path.display();
        builder = builder.toml(&format!(
            "[[listen]]\nprotocol = \"{protocol}\"\naddress = \"unix:{address}\"\n{lines}\n"
        ));
        paths.push(path);
    }
    (builder, paths)
}

/// Mode and group.
fn access(path: &Path) -> (u32, u32) {
    let found = fs::metadata(path).unwrap();
    (found.mode() & 0o7777, found.gid())
}

/// Whether a process of that group, and no other, may connect: who may write to a socket may (unix(7)).
fn may_connect(path: &Path, group: u32) -> bool {
    Command::new("setpriv")
        .args([format!("--reuid={SOMEBODY}"), format!("--regid={group}")])
        .args(["--clear-groups", "test", "-w"])
        .arg(path)
        .status()
        .unwrap()
        .success()
}

/// They can be given to another group, and looked at as somebody else.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_socket_is_for_the_daemons_own_user_and_group() {
    let (builder, paths) = with_sockets("");
    let onward = builder.start();
    let own = fs::metadata(onward.config_path()).unwrap().gid();
    for path in &paths {
        assert_eq!(access(path), (0o660, own), "{}", path.display());
        assert!(!is_root() || !may_connect(path, SOMEBODY), "{}", path.display());
    }
}

#[test]
fn a_socket_is_for_the_group_that_it_is_given_to() {
    if !is_root() {
        return;
    }
    let (builder, paths) = with_sockets(&format!("group = \"{GROUP}\""));
    let mut onward = builder.start();
    for path in &paths {
        assert_eq!(access(path), (0o660, GROUP), "{}", path.display());
        assert!(may_connect(path, GROUP) && !may_connect(path, SOMEBODY), "{}", path.display());
    }
    // A reload changes them, and none that is refused does.
    let group = format!("group = \"{GROUP}\"");
    onward.edit_config(|text| text.replace(&group, "mode = \"666\"\ngroup = \"root\""));
    onward.run(&["reload"]);
    assert!(paths.iter().all(|path| access(path) == (0o666, 0)), "{:?}", access(&paths[0]));
    onward.edit_config(|text| text.replace("\"666\"\ngroup", "\"600\"\nperson"));
    assert_eq!(onward.cli(&["reload"]).code, Some(1));
    assert_eq!(access(&paths[0]), (0o666, 0));
    // One that is left over does not say how the next one is.
    onward.kill_9();
    onward.edit_config(|text| text.replace("\"600\"\nperson = \"root\"", "\"0600\""));
    onward.serve();
    assert!(paths.iter().all(|path| access(path) == (0o600, 0)), "{:?}", access(&paths[0]));
    assert!(!may_connect(&paths[0], 0));
}

/// Connections are refused until a socket listens, so its mode has to be set before that.
#[test]
fn no_socket_listens_before_it_has_its_mode() {
    if peer::program("strace").is_none() {
        return;
    }
    let (builder, paths) = with_sockets("mode = \"0600\"");
    let mut onward = builder.build();
    let log = onward.state_dir().join("strace.log");
    let calls = ["-e", "trace=bind,listen,chmod,fchmodat"];
    onward.serve_traced(&log, &calls).unwrap();
    let log = fs::read_to_string(log).unwrap();
    for path in paths {
        let path = path.display().to_string();
        let calls: Vec<&str> = log
            .lines()
            .skip_while(|line| !(line.contains("bind(") && line.contains(&path)))
            .filter_map(|line| line.split_once('(')?.0.rsplit(' ').next())
            .collect();
        assert!(matches!(calls[1], "chmod" | "fchmodat"), "{path}: {log}");
        assert_eq!((calls[0], calls[2]), ("bind", "listen"), "{path}: {log}");
    }
}
