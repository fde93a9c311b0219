//! Certificates that are replaced under a running daemon.

use super::shown;
use crate::support::certificates::Authority;
use crate::support::onward::Onward;
use crate::support::receiver::Receiver;
use crate::support::tls::TlsClient;
use crate::support::wait_until;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

const TEXT: &str = "From: <a@sender.test>\r\nSubject: x\r\n\r\nx";

#[test]
fn as_certbot_does_it_under_load() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    // Links in one directory, files in another: what is replaced is the links.
    let (first, second) =
        (authority.issue("mx.example.org", "1"), authority.issue("mx.example.org", "2"));
    let live = tempfile::tempdir().unwrap();
    let (certificate, key) = (live.path().join("fullchain.pem"), live.path().join("privkey.pem"));
    symlink(&first.certificate, &certificate).unwrap();
    symlink(&first.key, &key).unwrap();
    let toml = format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        certificate.display(),
        key.display()
    );
    let onward = Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &sink.route())
        .toml(&toml)
        .start();
    let old = shown(&onward);
    // A session from before outlives it all.
    let mut client = onward.session();
    client.command("STARTTLS").expect_code(220);
    let mut before = TlsClient::over(client.into_stream()).unwrap();
    let (is_over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut client = onward.session();
                    client.command("STARTTLS").expect_code(220);
                    let mut client = TlsClient::over(client.into_stream()).unwrap();
                    let reply = client.message("a@sender.test", "hello@example.org", TEXT);
                    assert!(reply.starts_with("250 2.0.0"), "{reply}");
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("some messages", || (sent.load(Ordering::Relaxed) > 20).then_some(()));
        for (link, target) in [(&certificate, &second.certificate), (&key, &second.key)] {
            let new = live.path().join("new");
            symlink(target, &new).unwrap();
            fs::rename(&new, link).unwrap();
        }
        wait_until("the new certificate", || (shown(&onward) != old).then_some(()));
        let until = sent.load(Ordering::Relaxed) + 20;
        wait_until("more messages", || (sent.load(Ordering::Relaxed) > until).then_some(()));
        is_over.store(true, Ordering::Relaxed);
    });
    let reply = before.message("a@sender.test", "hello@example.org", TEXT);
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
}

#[test]
fn what_does_not_fit_leaves_the_old_in_force() {
    let authority = Authority::new();
    let pair = authority.issue("mx.example.org", "a");
    let onward = Onward::builder().toml(&pair.toml()).start();
    let old = shown(&onward);
    let good = fs::read_to_string(&pair.certificate).unwrap();
    for (text, said) in [
        ("rubbish".to_owned(), "no certificate in PEM is in it"),
        (String::new(), "no certificate in PEM is in it"),
        (fs::read_to_string(authority.file()).unwrap(), "it is not the key of the certificate in"),
    ] {
        fs::write(&pair.certificate, &text).unwrap();
        wait_until("an error", || {
            let log = onward.log();
            log.iter().any(|line| line.contains("ERROR") && line.contains(said)).then_some(())
        });
        assert_eq!(shown(&onward), old, "{said}");
    }
    fs::remove_file(&pair.certificate).unwrap();
    onward.wait_for_log("cannot be read");
    assert_eq!(shown(&onward), old);
    fs::write(&pair.certificate, good).unwrap();
    onward.wait_for_log("certificates read again");
    authority.issue_to("mx.example.org", &pair.certificate, &pair.key);
    wait_until("the new certificate", || (shown(&onward) != old).then_some(()));
}

#[test]
fn a_daemon_does_not_start_with_what_does_not_fit() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("a.test", "a"), authority.issue("b.test", "b"));
    for (certificate, key, said) in [
        (&one.certificate, &other.key, "it is not the key of the certificate in"),
        (&one.key, &one.key, "certificate in PEM is"),
        (&one.certificate, &one.certificate, "a private key in PEM is not in it"),
    ] {
        let toml = format!(
            "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
            certificate.display(),
            key.display()
        );
        let onward = Onward::builder().toml(&toml).build();
        let refused = onward.serve_refused();
        assert!(refused.code == Some(1) && refused.stderr.contains(said), "{}", refused.stderr);
        let checked = onward.cli(&["check"]);
        assert!(checked.code == Some(1) && checked.stderr.contains(said), "{}", checked.stderr);
    }
}
