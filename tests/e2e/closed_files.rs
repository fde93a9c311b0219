//! What is there and may not be read is not called missing.

use crate::support::onward::Onward;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What a user says to whom the modes of files mean something; stdout and stderr.
fn as_somebody(onward: &Onward, arguments: &[&str]) -> String {
    let program = onward.config_path().with_file_name("onward");
    fs::copy(onward.program(), &program).unwrap();
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = match is_root {
        true => Command::new("setpriv"),
        false => Command::new(&program),
    };
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    }
    let output =
        command.args(arguments).arg("--config").arg(onward.config_path()).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn a_file_of_another_user_is_called_closed() {
    let onward = Onward::builder().domain("example.org").build();
    let config = onward.config_path();
    set_mode(config.parent().unwrap(), 0o755);
    let secret = config.with_file_name("srs.secret");
    let is_told = |said: &str, file: &Path| {
        let is_named = said.contains(&file.display().to_string());
        assert!(is_named && said.contains("ermission denied") && said.contains("sudo"), "{said}");
        assert!(!said.contains("srs key add"), "{said}");
    };
    set_mode(&config, 0);
    is_told(&as_somebody(&onward, &["status"]), &config);
    set_mode(&config, 0o644);
    set_mode(&secret, 0);
    is_told(&as_somebody(&onward, &["srs", "forward", "a@sink.test"]), &secret);
    is_told(&as_somebody(&onward, &["check"]), &secret);
    set_mode(&onward.state_dir(), 0);
    for command in [&["status"][..], &["alias", "list"], &["queue", "list"], &["doctor"]] {
        is_told(&as_somebody(&onward, command), &onward.state_dir());
    }
    set_mode(&onward.state_dir(), 0o700);
    set_mode(&secret, 0o600);

    // One that is not there is made by a command.
    fs::remove_file(&secret).unwrap();
    let missing = onward.cli(&["srs", "forward", "a@sink.test"]).stderr;
    assert!(missing.contains("No such file") && missing.contains("srs key add"), "{missing}");
}

#[test]
fn doctor_says_that_the_daemon_does_not_run_and_what_starts_it() {
    let mut onward = Onward::builder().domain("example.org").build();
    let doctor = |onward: &Onward| onward.cli(&["doctor", "--address", "192.0.2.10"]).stdout;
    let down = doctor(&onward);
    assert!(down.contains("ERROR daemon: the daemon does not run"), "{down}");
    assert!(down.contains("mend: onward serve") || down.contains("mend: systemctl"), "{down}");
    onward.serve();
    assert!(!doctor(&onward).contains("ERROR daemon"));
    fs::remove_file(onward.config_path().with_file_name("srs.secret")).unwrap();
    let lost = doctor(&onward);
    assert!(lost.contains("ERROR access: ") && lost.contains("`onward srs key add`"), "{lost}");
}
