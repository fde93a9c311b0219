//! Accounts, aliases and domains that change while a session is open: the next message is judged by what is then.

use super::{Host, NAME, add_password, begins, plain, starttls};
use crate::support::client::Client;
use crate::support::peer;
use crate::support::postfix::Postfix;
use crate::support::tls::TlsClient;
use crate::support::wait_until;

/// The reply to MAIL FROM, with RSET behind it.
fn mail(client: &mut TlsClient, address: &str) -> String {
    let reply = client.command(&format!("MAIL FROM:<{address}>"));
    begins(client, "RSET", "250");
    reply
}

/// Waits until MAIL FROM of `address` is answered so: a change is in force within a second.
fn becomes(client: &mut TlsClient, address: &str, code: &str) {
    wait_until(format!("{code} to {address}"), || {
        let reply = client.command(&format!("MAIL FROM:<{address}>"));
        begins(client, "RSET", "250");
        reply.starts_with(code).then_some(())
    });
}

#[test]
fn what_an_account_may_send_as() {
    let host = Host::start();
    let mut client = host.session();
    assert!(mail(&mut client, "hello@example.org").starts_with("250"));
    host.onward.run(&["alias", "add", "shop@example.org", "bob@sink.test"]);
    assert!(mail(&mut client, "shop@example.org").starts_with("553"));
    host.onward.run(&["account", "set", NAME, "--as", "shop@example.org"]);
    assert!(mail(&mut client, "shop@example.org").starts_with("250"));
    host.onward.run(&["account", "set", NAME, "--no-as", "hello@example.org"]);
    let reply = mail(&mut client, "hello@example.org");
    assert!(
        reply.starts_with("553 5.7.1") && reply.contains("may send as shop@example.org"),
        "{reply}"
    );
    // An alias that is gone answers nobody, so nobody writes as it.
    host.onward.run(&["alias", "remove", "shop@example.org"]);
    becomes(&mut client, "shop@example.org", "553");
    host.onward.run(&["account", "remove", NAME]);
    assert!(mail(&mut client, "shop@example.org").starts_with("535"));
    // Whoever gets its name afterwards is another.
    host.onward.run(&["account", "add", NAME, "--as", "neighbour@example.org"]);
    add_password(&host.onward, "phone");
    assert!(mail(&mut client, "neighbour@example.org").starts_with("535"));
    begins(&mut starttls(host.starttls), &plain(NAME, &host.password), "535");
}

/// However far a transaction is, and however long its text takes.
#[test]
fn who_may_not_send_any_more_finishes_no_message() {
    let host = Host::start();
    host.onward.run(&["alias", "add", "shop@example.org", "bob@sink.test"]);
    host.onward.run(&["account", "set", NAME, "--as", "shop@example.org"]);
    let open = |text: &str| {
        let mut client = host.session();
        begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
        begins(&mut client, "RCPT TO:<stranger@sink.test>", "250");
        begins(&mut client, "DATA", "354");
        client.send(text.as_bytes());
        client
    };
    let ends = |client: &mut TlsClient, with: &str| begins(client, "\r\nhello\r\n.", with);
    let text = "From: hello@example.org\r\n";
    let (mut by_path, mut by_from) = (open(text), open("From: shop@example.org\r\n"));
    host.onward.run(&["account", "set", NAME, "--no-as", "shop@example.org"]);
    ends(&mut by_from, "553 5.7.1");
    host.onward.run(&[
        "account",
        "set",
        NAME,
        "--as",
        "shop@example.org",
        "--no-as",
        "hello@example.org",
    ]);
    ends(&mut by_path, "553 5.7.1");
    host.onward.run(&["account", "set", NAME, "--as", "hello@example.org"]);
    let (mut disabled, mut revoked, mut removed) = (open(text), open(text), open(text));
    host.onward.run(&["account", "disable", NAME]);
    ends(&mut disabled, "535 5.7.8");
    host.onward.run(&["account", "enable", NAME]);
    host.onward.run(&["account", "password", "revoke", NAME, "--label", "phone"]);
    ends(&mut revoked, "535 5.7.8");
    host.onward.run(&["account", "remove", NAME]);
    ends(&mut removed, "535 5.7.8");
    assert_eq!(host.sink.count(), 0);
}

/// A server at home trusts its own host: an account must not get there by an address.
#[test]
fn nothing_goes_to_address_literals() {
    let host = Host::start();
    let mut client = host.session();
    begins(&mut client, "MAIL FROM:<hello@example.org>", "250");
    for literal in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "IPv6:::1"] {
        begins(&mut client, &format!("RCPT TO:<x%bank.test@[{literal}]>"), "550 5.1.2");
    }
}

/// A relaying Postfix keeps its mail where the password is wrong, and says why.
#[test]
fn a_postfix_whose_password_is_wrong_keeps_the_mail_until_it_is_right() {
    let Some(_) = peer::program("postconf") else { return };
    let host = Host::start();
    let Some(postfix) = Postfix::builder() else { return };
    let next = format!("[{}]:{}", host.starttls.ip(), host.starttls.port());
    let logins = host.onward.state_dir().parent().unwrap().join("logins");
    let write = |password: &str| std::fs::write(&logins, format!("{next} {NAME}:{password}\n"));
    write("revoked").unwrap();
    let mut postfix = postfix
        .relay(host.starttls)
        .set("smtp_tls_security_level", "encrypt")
        .set("smtp_sasl_auth_enable", "yes")
        .set("smtp_sasl_password_maps", &format!("texthash:{}", logins.display()))
        .set("smtp_sasl_security_options", "noanonymous")
        .start();
    let mut client = Client::session(postfix.address());
    let text = b"From: hello@example.org\r\n\r\nhello\r\n";
    client.transaction("hello@example.org", &["stranger@sink.test"], text).expect_code(250);
    postfix.wait_for_log("535 5.7.8");
    assert_eq!(host.sink.count(), 0);
    write(&host.password).unwrap();
    postfix.restart();
    postfix.flush();
    host.sink.wait_for_message();
}
