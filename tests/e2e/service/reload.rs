use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::port::free_address;
use crate::support::receiver::Receiver;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const TEXT: &[u8] = b"From: <a@sender.test>\r\nSubject: x\r\n\r\nx\r\n";

fn send(client: &mut Client) -> crate::support::client::Reply {
    client.transaction("a@sender.test", &["hello@example.org"], TEXT)
}

fn forwarding(sink: &Receiver) -> Onward {
    Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &sink.route())
        .start()
}

#[test]
fn routes_listeners_and_limits_change_and_sessions_go_on() {
    let (first, second) = (Receiver::smtp().start(), Receiver::smtp().start());
    let mut onward = forwarding(&first);
    let mut before = onward.session();
    send(&mut before).expect_code(250);
    let more = free_address();
    let (old_to, new_to) = (first.route(), second.route());
    let listener = format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"{more}\"\n");
    onward.edit_config(|text| {
        format!("{}{listener}[limits]\nrecipients = 1\n", text.replace(&old_to, &new_to))
    });
    assert_eq!(onward.run(&["reload"]), "reloaded\n");
    // Whoever came before goes by what was then; who comes now, by what is.
    send(&mut before).expect_code(250);
    assert_eq!((first.count(), second.count()), (2, 0));
    let mut after = onward.session();
    send(&mut after).expect_code(250);
    let mut at_more = Client::session(more);
    send(&mut at_more).expect_code(250);
    assert_eq!((first.count(), second.count()), (2, 2));
    after.mail("a@sender.test").expect_code(250);
    after.rcpt("hello@example.org").expect_code(250);
    after.rcpt("hello@example.org").expect("452 4.5.3");
    // And back: the listener that is gone lets nobody in, its session ends as any other.
    onward.edit_config(|text| text.replace(&listener, ""));
    onward.run(&["reload"]);
    assert!(TcpStream::connect(more).is_err());
    send(&mut at_more).expect_code(250);
    at_more.quit().expect_code(221);
    send(&mut before).expect_code(250);
    onward.terminate();
}

#[test]
fn what_is_wrong_changes_nothing() {
    let sink = Receiver::smtp().start();
    let mut onward = forwarding(&sink);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (taken, address)).unwrap();
    let good = std::fs::read_to_string(onward.config_path()).unwrap();
    for (text, said) in [
        ("nonsense = 1\n".to_owned(), "nonsense"),
        (
            format!("[[listen]]\nprotocol = \"smtp\"\naddress = \"{}\"\n", taken.1),
            "cannot listen on",
        ),
        (
            "[tls]\ncertificate = \"/nonexistent\"\nkey = \"/nonexistent\"\n".to_owned(),
            "cannot be read",
        ),
    ] {
        let broken = match text.starts_with("nonsense") {
            true => format!("{text}{good}"),
            false => format!("{good}{text}"),
        };
        std::fs::write(onward.config_path(), broken).unwrap();
        let refused = onward.cli(&["reload"]);
        assert!(refused.code == Some(1) && refused.stderr.contains(said), "{}", refused.stderr);
        onward.signal("HUP");
        onward.wait_for_log("the configuration stays as it was");
        send(&mut onward.session()).expect_code(250);
    }
    std::fs::write(onward.config_path(), good.replace("state\"", "elsewhere\"")).unwrap();
    onward.signal("HUP");
    onward.wait_for_log("that needs a restart");
    std::fs::write(onward.config_path(), good).unwrap();
    assert_eq!(onward.run(&["reload"]), "reloaded\n");
    onward.terminate();
    let nobody = onward.cli(&["reload"]);
    assert!(
        nobody.code == Some(1) && nobody.stderr.contains("no onward serves"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn under_load_no_session_fails() {
    let Some(_) = peer::program("smtp-source") else { return };
    let sink = Receiver::smtp().counting().start();
    let onward = Onward::forwarding_to(sink.name()).without_rates().start();
    let server = onward.address().to_string();
    let is_over = AtomicBool::new(false);
    let mut reloads = 0;
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut arguments = vec!["-s", "6", "-m", "3000", "-l", "2000", "-f", "a@sender.test"];
            arguments.extend(["-t", "hello@example.org", &server]);
            let ended = peer::run_for(Duration::from_secs(120), "smtp-source", &arguments).unwrap();
            is_over.store(true, Ordering::Relaxed);
            assert!(ended.success && ended.output.is_empty(), "{}", ended.output);
        });
        while !is_over.load(Ordering::Relaxed) {
            onward.edit_config(|text| format!("{text}# {reloads}\n"));
            onward.run(&["reload"]);
            reloads += 1;
        }
        load.join().unwrap();
    });
    assert!(reloads > 3, "{reloads}");
    assert_eq!(sink.counted().len(), 3000);
}

#[test]
fn how_much_is_logged_changes_too() {
    let mut onward = Onward::builder().build();
    onward.env("ONWARD_LOG_FORMAT", "json").serve();
    let lines = |onward: &Onward| -> Vec<serde_json::Value> {
        onward.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(lines(&onward).iter().any(|line| line["message"] == "listening"));
    onward.edit_config(|text| format!("log_level = \"error\"\n{text}"));
    onward.run(&["reload"]);
    let before = lines(&onward).len();
    onward.session().quit();
    onward.run(&["reload"]);
    assert_eq!(lines(&onward).len(), before, "nothing below error");
    onward.edit_config(|text| text.replace("log_level = \"error\"", "log_level = \"info\""));
    onward.run(&["reload"]);
    onward.wait_for_log("configuration read again");
}
