use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::client::{Client, NoReply, stuffed};
use crate::support::config::Config;
use crate::support::onward::Onward;
use crate::support::port::free_address;
use crate::support::process::Process;
use crate::support::{DEADLINE, wait_until_for};

fn shell(script: &str) -> Process {
    Process::spawn("sh", Command::new("sh").args(["-c", script]))
}

#[test]
fn free_addresses_differ_and_can_be_bound() {
    let addresses = [free_address(), free_address(), free_address()];
    let bound = addresses.map(|address| TcpListener::bind(address).unwrap());
    assert_eq!(bound.len(), 3);
}

#[test]
#[should_panic = "waited 50ms in vain for a wonder"]
fn waiting_in_vain_ends_at_the_deadline() {
    wait_until_for(Duration::from_millis(50), "a wonder", || None::<()>);
}

#[test]
fn a_process_is_heard_and_its_end_is_seen() {
    let mut process = shell("echo one; echo two >&2; exit 3");
    assert_eq!(process.wait_for_line("one", |line| line == "one"), "one");
    assert_eq!(process.wait_for_line("two", |line| line == "two"), "two");
    assert_eq!(process.wait_exit(DEADLINE).code(), Some(3));
}

#[test]
#[should_panic = "but it ended"]
fn a_line_that_cannot_come_any_more_is_not_waited_for() {
    shell("echo something else").wait_for_line("readiness", |line| line == "ready");
}

#[test]
fn signals_reach_the_process() {
    let mut process = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done");
    process.wait_for_line("readiness", |line| line == "ready");
    process.signal("TERM");
    assert_eq!(process.wait_exit(DEADLINE).code(), Some(7));
    let mut process = shell("echo ready; exec sleep 60");
    process.wait_for_line("readiness", |line| line == "ready");
    process.kill_9();
    assert!(!process.is_running());
}

#[test]
fn dots_are_stuffed() {
    assert_eq!(stuffed(b""), b".\r\n");
    assert_eq!(stuffed(b".\r\na.\r\n..b\r\n"), b"..\r\na.\r\n...b\r\n.\r\n");
    assert_eq!(stuffed(b"no line end"), b"no line end\r\n.\r\n");
}

/// A client of a server that says just this and closes.
fn client_told(bytes: &'static [u8]) -> (Client, thread::JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream
    });
    (Client::connect(address), server)
}

#[test]
fn the_client_reads_whole_replies() {
    let (mut client, _server) = client_told(b"250-one\r\n250-two\r\n250 three\r\n550 5.7.1 no\r\n");
    let reply = client.reply();
    assert_eq!(reply.lines, ["250-one", "250-two", "250 three"]);
    assert_eq!(reply.enhanced(), None);
    let refusal = client.reply().expect("550 5.7.1").expect_code(550);
    assert_eq!(refusal.enhanced(), Some("5.7.1"));
    assert_eq!(client.eof(), Ok(Vec::new()));
}

#[test]
fn the_client_tells_what_is_no_reply() {
    let (mut client, _server) = client_told(b"250 bare line feed\n");
    assert_eq!(client.try_reply(), Err(NoReply::Malformed("250 bare line feed\n".to_owned())));
    let (mut client, _server) = client_told(b"two hundred\r\n");
    assert_eq!(client.try_reply(), Err(NoReply::Malformed("two hundred".to_owned())));
    let (mut client, _server) = client_told(b"250-half\r\n25");
    assert_eq!(client.try_reply(), Err(NoReply::Closed("250-half\r\n25".to_owned())));
}

#[test]
fn a_silent_server_is_told_from_one_that_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Client::connect(listener.local_addr().unwrap());
    client.set_deadline(Duration::from_millis(50));
    assert_eq!(client.try_reply(), Err(NoReply::Silent));
    assert_eq!(client.eof(), Err(NoReply::Silent));
}

#[test]
fn a_configuration_is_put_together_as_toml() {
    let mut config = Config::default();
    config.set_text("hostname", "mx.\"example\".org");
    config.set_line("limits.errors = 3");
    config.set("limits.errors", 4);
    config.set("gone", 1);
    config.remove("gone");
    config.push("route", &["domain = \"*\"".to_owned()]);
    config.append("# end");
    let expected = "hostname = \"mx.\\\"example\\\".org\"\n\n[limits]\nerrors = 4\n\n[[route]]\n\
                    domain = \"*\"\n\n# end\n";
    assert_eq!(config.to_string(), expected);
}

#[test]
fn the_configuration_of_onward_is_complete_before_it_runs() {
    let (builder, map) = Onward::builder()
        .config("limits.errors = 3")
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
        .route_with("sink.test", "127.0.0.1:2526", &["tls = \"none\""])
        .listen("socketmap", &[]);
    let onward = builder.build();
    let text = std::fs::read_to_string(onward.config_path()).unwrap();
    assert!(toml::de::DeTable::parse(&text).is_ok(), "{text}");
    let listener = |protocol: &str, address| {
        format!("[[listen]]\nprotocol = \"{protocol}\"\naddress = \"{address}\"\n")
    };
    for part in [
        "[limits]\nerrors = 3\n".to_owned(),
        "to = \"127.0.0.1:2526\"\ntls = \"none\"\n".to_owned(),
        "servers = [\"127.0.0.1:".to_owned(),
        listener("socketmap", map),
        listener("smtp", onward.address()) + "proxy_protocol = [\"127.0.0.1/32\"]\n",
    ] {
        assert!(text.contains(&part), "{part:?} in {text}");
    }
}
