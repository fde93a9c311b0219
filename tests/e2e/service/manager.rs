use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::port::free_address;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use crate::support::{DEADLINE, peer};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What systemd would hear.
struct Manager {
    _directory: TempDir,
    path: PathBuf,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self { _directory: directory, path, socket }
    }

    /// The next message, but for the watchdog's.
    fn hears(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }

    fn any(&self) -> String {
        let mut buffer = [0; 4096];
        let count = self.socket.recv(&mut buffer).expect("the service manager is told");
        String::from_utf8_lossy(&buffer[..count]).trim().to_owned()
    }
}

#[test]
fn it_is_told_what_it_wants_to_know() {
    let manager = Manager::new();
    let mut onward = Onward::builder().build();
    let path = manager.path.display().to_string();
    onward.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000").serve();
    let ready = manager.hears();
    assert!(ready.starts_with("READY=1\nSTATUS=listening on 127.0.0.1:"), "{ready}");
    onward.signal("HUP");
    let reloading = manager.hears();
    let (first, time) = reloading.split_once('\n').unwrap();
    assert_eq!(first, "RELOADING=1");
    let micros: u64 = time.strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!(micros > 0);
    assert_eq!(manager.hears(), "READY=1\nSTATUS=reloaded");
    // Well, at least twice an interval; and silent as soon as it hangs.
    let began = Instant::now();
    for _ in 0..5 {
        while manager.any() != "WATCHDOG=1" {}
    }
    assert!(began.elapsed() < Duration::from_secs(2));
    onward.signal("STOP");
    manager.socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut buffer = [0; 100];
    while manager.socket.recv(&mut buffer).is_ok() {}
    onward.signal("CONT");
    manager.socket.set_read_timeout(Some(DEADLINE)).unwrap();
    while manager.any() != "WATCHDOG=1" {}
    onward.signal("TERM");
    assert_eq!(manager.hears(), "STOPPING=1\nSTATUS=stopping");
    onward.wait_exit();
}

#[test]
fn sockets_of_systemd_by_name() {
    let Some(activate) = peer::program("systemd-socket-activate") else { return };
    let sink = Receiver::smtp().start();
    let (mail, map) = (free_address(), free_address());
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &sink.route())
        .without_listener()
        .toml(
            "[[listen]]\nprotocol = \"smtp\"\naddress = \"systemd:mail\"\n\
             [[listen]]\nprotocol = \"socketmap\"\naddress = \"systemd:map\"\n",
        )
        .build();
    // It starts the program at the first connection, which then waits in the queue.
    let mut command = Command::new(activate);
    command.args(["-l", &mail.to_string(), "-l", &map.to_string(), "--fdname=mail:map"]);
    command.arg(onward.program()).arg("serve").arg("--config").arg(onward.config_path());
    let daemon = Process::spawn("systemd-socket-activate", &mut command);
    daemon.wait_for_line("the sockets", |line| line.contains("Listening on"));
    let mut client = Client::session(mail);
    let text = b"From: <a@sender.test>\r\nSubject: x\r\n\r\nx\r\n";
    client.transaction("a@sender.test", &["hello@example.org"], text).expect_code(250);
    assert_eq!(sink.wait_for_messages(1).len(), 1);
    let mut client = Client::connect(map);
    client.send(b"16:reverse a@b.test,");
    client.finish_sending();
    let answer = client.eof().unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("NOTFOUND"), "{answer:?}");
    // A name that nobody has bound.
    let other = Onward::builder()
        .without_listener()
        .toml("[[listen]]\nprotocol = \"smtp\"\naddress = \"systemd:other\"\n")
        .build();
    let refused = other.serve_refused();
    assert!(refused.stderr.contains("no socket of the name \"other\""), "{}", refused.stderr);
}
