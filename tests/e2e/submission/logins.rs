//! Who gets in, and who does not.

use super::{Host, add_password, begins, plain, starttls};
use crate::support::client::Client;
use crate::support::tls::TlsClient;

const REFUSED: &str = "535 5.7.8 Authentication credentials invalid\r\n";

#[test]
fn nothing_is_taken_in_plaintext_or_from_nobody() {
    let host = Host::start();
    let mut client = Client::session(host.starttls);
    let right = plain("me@example.org", &host.password);
    client.command(&right).expect("530 5.7.0 Must issue a STARTTLS command first");
    client.command("MAIL FROM:<hello@example.org>").expect("530 5.7.0");
    client.command("XCLIENT LOGIN=me@example.org").expect("500 5.5.2");
    let mut client = starttls(host.starttls);
    begins(&mut client, "MAIL FROM:<hello@example.org>", "530 5.7.0 Authentication required");
    begins(&mut client, "AUTH CRAM-MD5", "504 5.5.4");
    // On the port for everybody a login has no meaning.
    let mut public = host.onward.session();
    public.command("STARTTLS").expect_code(220);
    let mut public = TlsClient::over(public.into_stream()).unwrap();
    assert!(!public.command("EHLO client.test").contains("AUTH"));
    begins(&mut public, &right, "500 5.5.2");
}

#[test]
fn implicit_tls_and_what_is_pipelined_behind_a_login() {
    let host = Host::start();
    let right = plain("me@example.org", &host.password);
    let mut client = TlsClient::over(std::net::TcpStream::connect(host.implicit).unwrap()).unwrap();
    assert!(client.reply().unwrap().starts_with("220"));
    begins(&mut client, "EHLO client.test", "250");
    client.send(format!("{right}\r\nMAIL FROM:<hello@example.org>\r\n").as_bytes());
    assert!(client.reply().unwrap().starts_with("421 4.7.0"), "{right}");
    let mut client = starttls(host.starttls);
    begins(&mut client, &right, "235 2.7.0");
    begins(&mut client, &right, "503 5.5.1");
    begins(&mut client, "MAIL FROM:<hello@example.org> AUTH=<>", "250");
    begins(&mut client, "AUTH PLAIN", "503 5.5.1");
}

/// In front of STARTTLS and of implicit TLS alike: the client is the one whom the proxy names.
#[test]
fn behind_a_proxy() {
    let mut listeners = Vec::new();
    let host = Host::start_with(|mut builder| {
        for tls in ["starttls", "implicit"] {
            let lines = [&format!("tls = \"{tls}\"")[..], "proxy_protocol = [\"127.0.0.1/32\"]"];
            let (more, address) = builder.listen("submission", &lines);
            (builder, listeners) = (more, [&listeners[..], &[address]].concat());
        }
        builder
    });
    for (number, address) in listeners.into_iter().enumerate() {
        let mut client = Client::connect(address);
        client.send(format!("PROXY TCP4 192.0.2.{number} 198.51.100.1 1 2\r\n").as_bytes());
        let mut client = if number == 0 {
            client.reply().expect_code(220);
            client.ehlo("client.test").expect_code(250);
            client.command("STARTTLS").expect_code(220);
            TlsClient::over(client.into_stream()).unwrap()
        } else {
            let mut client = TlsClient::over(client.into_stream()).unwrap();
            assert!(client.reply().unwrap().starts_with("220"));
            client
        };
        begins(&mut client, "EHLO client.test", "250");
        begins(&mut client, &plain("me@example.org", &host.password), "235");
        host.onward.wait_for_log(&format!("logged in client=192.0.2.{number}"));
    }
}

#[test]
fn a_wrong_password_is_answered_as_an_unknown_account() {
    let host = Host::start();
    let mut client = starttls(host.starttls);
    assert_eq!(client.command(&plain("me@example.org", "hunter2")), REFUSED);
    assert_eq!(client.command(&plain("nobody@example.org", "hunter2")), REFUSED);
    assert_eq!(client.command(&plain("no address", &host.password)), REFUSED);
    begins(&mut client, &plain("me@example.org", &host.password), "421 4.7.0");
}

#[test]
fn who_is_revoked_or_disabled_sends_nothing_more() {
    let host = Host::start();
    let second = add_password(&host.onward, "laptop");
    let mut phone = starttls(host.starttls);
    begins(&mut phone, &plain("ME@example.org", &host.password.to_lowercase()), "235 2.7.0");
    host.onward.run(&["account", "password", "revoke", "me@example.org", "--label", "phone"]);
    begins(&mut phone, "MAIL FROM:<hello@example.org>", "535 5.7.8");
    begins(&mut starttls(host.starttls), &plain("me@example.org", &host.password), "535 5.7.8");
    let mut laptop = starttls(host.starttls);
    begins(&mut laptop, &plain("me@example.org", &second), "235 2.7.0");
    begins(&mut laptop, "MAIL FROM:<hello@example.org>", "250");
    begins(&mut laptop, "RSET", "250");
    host.onward.run(&["account", "disable", "me@example.org"]);
    begins(&mut laptop, "MAIL FROM:<hello@example.org>", "535 5.7.8");
    begins(&mut starttls(host.starttls), &plain("me@example.org", &second), "535 5.7.8");
    host.onward.run(&["account", "enable", "me@example.org"]);
    begins(&mut laptop, "MAIL FROM:<hello@example.org>", "250");
}

fn guess(host: &Host, name: &str, password: &str) -> String {
    starttls(host.starttls).command(&plain(name, password))
}

#[test]
fn who_guesses_waits_and_a_device_whose_password_was_revoked_does_not() {
    let host = Host::start();
    for _ in 0..20 {
        assert_eq!(guess(&host, "me@example.org", "revoked"), REFUSED);
    }
    for n in 0..4 {
        assert_eq!(guess(&host, &format!("user{n}@example.org"), "guess"), REFUSED);
    }
    let put_off = guess(&host, "user5@example.org", "guess");
    assert!(put_off.starts_with("421 4.7.0 Too many failed logins, try again in "), "{put_off}");
    let put_off = guess(&host, "me@example.org", &host.password);
    assert!(put_off.starts_with("421 4.7.0"), "nothing is looked at: {put_off}");
}
