//! Sockets that systemd hands over: one that no listener names is told wherever somebody may look.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::port::free_address;
use crate::support::process::Process;
use serde_json::Value;
use std::net::TcpStream;
use std::process::Command;

#[test]
fn a_socket_that_no_listener_names() {
    let Some(activate) = peer::program("systemd-socket-activate") else { return };
    let port = free_address();
    let onward = Onward::builder().build();
    let mut command = Command::new(activate);
    command.args(["-l", &port.to_string(), "--fdname=smtp"]);
    command.arg(onward.program()).arg("serve").arg("--config").arg(onward.config_path());
    let daemon = Process::spawn("systemd-socket-activate", &mut command);
    daemon.wait_for_line("the socket", |line| line.contains("Listening on"));
    // It starts the program at the first connection.
    let _waits = TcpStream::connect(port).unwrap();
    let told = daemon.wait_for_line("the error", |line| line.contains("no listener names"));
    for part in ["ERROR", "\"smtp\"", "systemctl disable --now onward.socket", "systemd:smtp"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    daemon.wait_for_line("the listener", |line| line.contains(&onward.address().to_string()));
    onward.session().command("NOOP").expect_code(250);

    let status = onward.cli(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.stdout.contains("socket    systemd hands over"), "{}", status.stdout);
    let status: Value = serde_json::from_str(&onward.cli(&["status", "--json"]).stdout).unwrap();
    assert_eq!(status["unnamed_sockets"], serde_json::json!(["smtp"]));
    let found = onward.cli(&["doctor", "--json", "--address", "192.0.2.10"]).stdout;
    let mut found = found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = found.find(|finding| finding["id"] == "unnamed-socket").unwrap();
    assert_eq!(found["severity"], "error");
    let mend = found["mend"][0].as_str().unwrap();
    assert!(mend.starts_with("systemctl disable --now onward.socket"), "{mend}");

    // Named, all is well.
    onward.edit_config(|text| {
        text + "\n[[listen]]\nprotocol = \"smtp\"\naddress = \"systemd:smtp\"\n"
    });
    onward.run(&["reload"]);
    Client::session(port).command("NOOP").expect_code(250);
    assert!(!onward.run(&["status"]).contains("systemd hands over"));
}

#[test]
fn a_socket_that_is_not_handed_over_names_its_unit() {
    let mut onward = Onward::builder()
        .without_listener()
        .toml("[[listen]]\nprotocol = \"smtp\"\naddress = \"systemd:smtp\"\n")
        .build();
    assert_eq!(onward.serve_refused().code, Some(1));
    onward.env("INVOCATION_ID", "0123456789abcdef").env("NOTIFY_SOCKET", "/nonexistent");
    let refused = onward.serve_refused();
    assert_eq!(refused.code, Some(78), "the unit does not try again");
    assert!(refused.stderr.contains("`systemctl enable --now` of onward.socket"), "{refused:?}");
}
