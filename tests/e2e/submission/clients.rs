//! Programs that people send with: each mechanism, each kind of TLS, a right password and a wrong one.

use super::Host;
use crate::support::client::Client;
use crate::support::peer;
use crate::support::postfix::Postfix;

const TEXT: &str = "From: <hello@example.org>\r\nSubject: a test\r\n\r\nhello";

/// Runs `command` of sh(1), which has the password as `$P`, and says whether the message was taken.
fn shell(command: &str, password: &str) -> bool {
    let script = format!("P='{password}'; {command}");
    let ended = peer::run("sh", &["-c", &script]).unwrap();
    assert!(ended.success || ended.output.contains("535"), "{command}: {}", ended.output);
    ended.success
}

/// `command` sends with the right password, and does not with another.
fn sends(host: &Host, command: &str) {
    let before = host.sink.count();
    assert!(!shell(command, "wrong"), "{command}");
    assert!(shell(command, &host.password), "{command}");
    let message = host.sink.wait_for_messages(before + 1).remove(before);
    assert!(message.header("Received").unwrap().contains("mx.example.org"));
}

#[test]
fn swaks() {
    let Some(_) = peer::program("swaks") else { return };
    let host = Host::start();
    for (mechanism, address, tls) in [
        ("PLAIN", host.starttls, "--tls"),
        ("LOGIN", host.starttls, "--tls"),
        ("PLAIN", host.implicit, "--tls-on-connect"),
        ("LOGIN", host.implicit, "--tls-on-connect"),
    ] {
        sends(
            &host,
            &format!(
                "swaks --server {address} {tls} --auth {mechanism} --auth-user me@example.org \
                 --auth-password \"$P\" --from hello@example.org --to bob@sink.test"
            ),
        );
    }
}

#[test]
fn smtplib_of_python() {
    let Some(_) = peer::program("python3") else { return };
    let host = Host::start();
    for (kind, address) in [("SMTP", host.starttls), ("SMTP_SSL", host.implicit)] {
        for mechanism in ["plain", "login"] {
            let script = format!(
                "import os, smtplib, ssl
c = ssl.create_default_context(cafile='{ca}')
c.check_hostname = False
tls = dict(context=c) if '{kind}' == 'SMTP_SSL' else dict()
s = smtplib.{kind}('{ip}', {port}, **tls)
if '{kind}' == 'SMTP': s.starttls(context=c)
s.ehlo()
s.user, s.password = 'me@example.org', os.environ['P']
s.auth('{mechanism}', s.auth_{mechanism})
s.sendmail('hello@example.org', ['bob@sink.test'], 'From: <hello@example.org>\\r\\nSubject: x\\r\\n\\r\\nhello')
s.quit()",
                ca = host.authority.file().display(),
                ip = address.ip(),
                port = address.port()
            );
            let file = host.onward.state_dir().join("send.py");
            std::fs::write(&file, script).unwrap();
            sends(&host, &format!("P=\"$P\" python3 {}", file.display()));
        }
    }
}

#[test]
fn curl_and_msmtp() {
    let (Some(_), Some(_)) = (peer::program("curl"), peer::program("msmtp")) else { return };
    let host = Host::start();
    let text = host.onward.state_dir().join("message");
    std::fs::write(&text, TEXT).unwrap();
    let text = text.display();
    for (url, address) in [("smtp", host.starttls), ("smtps", host.implicit)] {
        for mechanism in ["PLAIN", "LOGIN"] {
            sends(
                &host,
                &format!(
                    "curl -sSk --ssl-reqd {url}://{address} --login-options AUTH={mechanism} \
                     --user \"me@example.org:$P\" --mail-from hello@example.org --mail-rcpt bob@sink.test \
                     --upload-file {text} -v"
                ),
            );
        }
    }
    for (starttls, address) in [("on", host.starttls), ("off", host.implicit)] {
        for mechanism in ["plain", "login"] {
            sends(
                &host,
                &format!(
                    "msmtp --host={} --port={} --tls=on --tls-starttls={starttls} --tls-certcheck=off \
                     --auth={mechanism} --user=me@example.org --passwordeval=\"echo $P\" \
                     --from=hello@example.org bob@sink.test < {text}",
                    address.ip(),
                    address.port()
                ),
            );
        }
    }
}

#[test]
fn postfix_that_relays() {
    let host = Host::start();
    for (at, (address, wrapper, mechanism)) in
        [(host.starttls, "no", "plain"), (host.implicit, "yes", "login")].into_iter().enumerate()
    {
        let Some(postfix) = Postfix::builder() else { return };
        let next = format!("[{}]:{}", address.ip(), address.port());
        let login = format!("inline:{{ {{ {next} = me@example.org:{} }} }}", host.password);
        let postfix = postfix
            .relay(address)
            .set("smtp_tls_security_level", "encrypt")
            .set("smtp_tls_wrappermode", wrapper)
            .set("smtp_sasl_auth_enable", "yes")
            .set("smtp_sasl_password_maps", &login)
            .set("smtp_sasl_security_options", "noanonymous")
            .set("smtp_sasl_mechanism_filter", mechanism)
            .start();
        let mut client = Client::session(postfix.address());
        client
            .transaction("hello@example.org", &["bob@sink.test"], TEXT.as_bytes())
            .expect_code(250);
        host.sink.wait_for_messages(at + 1);
    }
}
