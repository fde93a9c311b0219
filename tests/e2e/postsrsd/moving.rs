//! From PostSRSd to Onward: the settings taken over, addresses that PostSRSd made come back, and Postfix's
//! tables are answered as before.

use crate::support::port::free_address;
use crate::support::postsrsd::{PostSrsd, tcp_table_get};
use crate::support::process::Process;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn addresses_that_postsrsd_made_come_back() {
    let options = ["-n6", "-a+", "-Xours.test,.below.test"];
    let Some(before) = PostSrsd::start_with("srs.example.net", &["tops3cr3t", "older"], &options)
    else {
        return;
    };
    let senders =
        ["alice@sender.test", "SRS0=abcd=XY=a.test=b@other.test", "me@ours.test", "x@a.below.test"];
    let made = senders.map(|sender| before.forward(sender));
    // One that PostSRSd sends out as it is, and that is kept behind a short address here.
    let long = "a.sender.with.a.name.of.many.octets@a.domain.of.many.octets.too.test";
    let long_made = before.forward(long).unwrap();
    assert!(long_made.split('@').next().unwrap().len() > 64, "{long_made}");
    // And one of before its tags were made longer.
    let earlier = ["-n4", "-a+"];
    let earlier = PostSrsd::start_with("srs.example.net", &["tops3cr3t", "older"], &earlier);
    let short_made = earlier.unwrap().forward("alice@sender.test").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let [forward, reverse] = [free_address(), free_address()];
    fs::write(path("secret"), "tops3cr3t\nolder\n").unwrap();
    fs::write(
        path("postsrsd"),
        format!(
            "# as Debian has it\nSRS_DOMAIN=srs.example.net\nSRS_EXCLUDE_DOMAINS=ours.test,.below.test\n\
             SRS_SEPARATOR=+\nSRS_HASHLENGTH=6\nSRS_HASHMIN=4\nSRS_SECRET={}\nSRS_FORWARD_PORT={}\nSRS_REVERSE_PORT={}\n\
             SRS_LISTEN_ADDR=127.0.0.1\nRUN_AS=postsrsd\n",
            path("secret").display(),
            forward.port(),
            reverse.port()
        ),
    )
    .unwrap();
    let onward = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
        command.args(arguments).arg("--config").arg(path("onward.toml"));
        command.env_remove("STATE_DIRECTORY");
        command
    };
    let (settings, state) = (path("postsrsd"), path("state"));
    let import = [
        "import-postsrsd",
        "--defaults",
        settings.to_str().unwrap(),
        "--state-dir",
        state.to_str().unwrap(),
    ];
    let plan = onward(&[&import[..], &["--plan"]].concat()).output().unwrap();
    assert!(plan.status.success(), "{}", String::from_utf8_lossy(&plan.stderr));
    assert!(!path("onward.toml").exists());
    let done = onward(&import).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && said.contains("not taken over: RUN_AS"), "{said}");
    let planned = String::from_utf8(plan.stdout).unwrap();
    let written = fs::read_to_string(path("onward.toml")).unwrap();
    assert!(planned.starts_with(&written), "{planned}");
    let mode = fs::metadata(path("srs.secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = onward(&import).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing is overwritten"));

    let serving = Process::spawn("onward serve", &mut onward(&["serve"]));
    for address in [forward, reverse] {
        serving.wait_for_line(&format!("readiness at {address}"), |line| {
            line.contains("listening") && line.contains(&address.to_string())
        });
    }
    assert_eq!(tcp_table_get(reverse, &long_made).as_deref(), Ok(long));
    assert_eq!(tcp_table_get(reverse, &short_made).as_deref(), Ok("alice@sender.test"));
    for (sender, made) in senders.iter().zip(made) {
        assert_eq!(tcp_table_get(forward, sender), made, "{sender}");
        if let Ok(made) = made {
            assert_eq!(tcp_table_get(reverse, &made), before.reverse(&made), "{made}");
        }
    }
}
