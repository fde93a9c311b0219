//! What stands in the way of `onward import-postsrsd`, and what does not.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Settings of PostSRSd 1 beside a secret, and where their counterpart is to be.
struct World {
    directory: tempfile::TempDir,
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl World {
    fn new(settings: &str) -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        fs::write(world.path("postsrsd.secret"), "tops3cr3t\n").unwrap();
        let secret = world.path("postsrsd.secret");
        let settings = format!("{settings}SRS_SECRET={}\n", secret.display());
        fs::write(world.path("postsrsd"), settings).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn import(&self, more: &[&str]) -> Said {
        self.import_with_path(more, None)
    }

    fn import_with_path(&self, more: &[&str], path: Option<&Path>) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
        command.args(["import-postsrsd", "--defaults"]).arg(self.path("postsrsd"));
        command.arg("--state-dir").arg(self.path("state"));
        command.arg("--config").arg(self.path("onward.toml")).args(more);
        command.env_remove("STATE_DIRECTORY");
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let ended = command.output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        Said { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

#[test]
fn a_secret_that_is_there_is_kept_to_verify() {
    let world = World::new("SRS_DOMAIN=srs.example.net\n");
    fs::write(world.path("srs.secret"), "the package's\n").unwrap();
    fs::set_permissions(world.path("srs.secret"), PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(world.import(&["--plan"]).code, Some(0));
    let said = world.import(&[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("kept 1 secret"), "{}", said.out);
    assert_eq!(world.read("srs.secret"), "tops3cr3t\nthe package's\n");
    let mode = fs::metadata(world.path("srs.secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // Once more, as after a configuration that was thrown away: nothing is there twice.
    fs::remove_file(world.path("onward.toml")).unwrap();
    assert_eq!(world.import(&[]).code, Some(0));
    assert_eq!(world.read("srs.secret"), "tops3cr3t\nthe package's\n");
}

#[test]
fn the_plan_says_all_that_stands_in_the_way() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let world = World::new(&format!("SRS_DOMAIN=srs.example.net\nSRS_FORWARD_PORT={port}\n"));
    fs::write(world.path("onward.toml"), "somebody's").unwrap();
    fs::write(world.path("srs.secret"), "\n").unwrap();
    fs::remove_file(world.path("postsrsd.secret")).unwrap();
    let plan = world.import(&["--plan"]);
    assert_eq!(plan.code, Some(1), "{}", plan.out);
    let stands: Vec<&str> =
        plan.out.lines().filter(|line| line.starts_with("# stands in the way: ")).collect();
    for (line, part) in stands.iter().zip(["postsrsd.secret", "onward.toml exists", "srs.secret"]) {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(stands.len(), 3, "{stands:?}");
    assert!(
        plan.out.contains(&format!("# warning: a program has 127.0.0.1:{port}")),
        "{}",
        plan.out
    );
    assert!(plan.out.contains("[srs]\n"), "{}", plan.out);
    let done = world.import(&[]);
    assert_eq!((done.code, done.err.lines().count()), (Some(1), 1), "{}", done.err);
    assert_eq!(world.read("onward.toml"), "somebody's");
    assert!(!world.path("state").exists(), "nothing is written");
}

#[test]
fn without_a_domain_that_of_postfix_is_proposed() {
    let world = World::new("");
    let programs = world.path("bin");
    fs::create_dir(&programs).unwrap();
    let missing = world.import_with_path(&[], Some(&programs));
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("--domain DOMAIN says it"), "{}", missing.err);
    let postconf = programs.join("postconf");
    fs::write(&postconf, "#!/bin/sh\n[ \"$*\" = '-h mydomain' ] && echo example.net\n").unwrap();
    fs::set_permissions(&postconf, PermissionsExt::from_mode(0o755)).unwrap();
    let proposed = world.import_with_path(&[], Some(&programs));
    assert_eq!(proposed.code, Some(1));
    assert!(proposed.err.contains("--domain example.net"), "{}", proposed.err);
    assert_eq!(world.import(&["--domain", "example.net"]).code, Some(0));
}
