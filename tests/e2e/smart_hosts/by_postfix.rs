//! Debian's Postfix as the smart host, with its accounts in a file of Cyrus SASL, over TLS by an authority of ours.

use super::{ALIAS, PASSWORD, TEXT, USER, forwarding, is_nowhere};
use crate::support::{
    certificates::Authority, client::Reply, config::quoted, dns::Dns, onward::Onward, peer,
    port::free_address, postfix::Postfix,
};
use data_encoding::BASE64;
use std::{
    fs::{self, Permissions},
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// The account, and what Postfix asks SASL for, where Debian's looks for it: below its main.cf.
fn make_account(postfix: &Postfix, saslpasswd: &Path, mechanisms: &str) {
    let directory = postfix.config_dir().join("sasl");
    fs::create_dir(&directory).unwrap();
    let accounts = directory.join("accounts");
    let (name, realm) = USER.split_once('@').unwrap();
    let mut command = Command::new(saslpasswd);
    command.args(["-p", "-c", "-u", realm, "-f"]).arg(&accounts).arg(name);
    let mut made = command.stdin(Stdio::piped()).spawn().unwrap();
    made.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(made.wait().unwrap().success());
    fs::set_permissions(&accounts, Permissions::from_mode(0o644)).unwrap();
    let settings = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: {mechanisms}\n",
        accounts.display()
    );
    fs::write(directory.join("smtpd.conf"), settings).unwrap();
}

struct SmartHost {
    postfix: Postfix,
    /// TLS from the first octet on.
    smtps: SocketAddr,
    authority: Authority,
    dns: Dns,
}

impl SmartHost {
    /// Relays for who logs in, under TLS, and for nobody else; its certificate is for `name`.
    fn start(name: &str, mechanisms: &str) -> Option<Self> {
        let saslpasswd = peer::program("saslpasswd2")?;
        let (authority, smtps) = (Authority::new(), free_address());
        let pair = authority.issue(name, "postfix");
        let postfix = Postfix::builder()?
            .mailbox("bob@sink.test")
            .set("mynetworks", "192.0.2.0/24")
            .set("smtpd_tls_security_level", "may")
            .set("smtpd_tls_auth_only", "yes")
            .set("smtpd_tls_cert_file", &pair.certificate.display().to_string())
            .set("smtpd_tls_key_file", &pair.key.display().to_string())
            .set("smtpd_sasl_auth_enable", if mechanisms.is_empty() { "no" } else { "yes" })
            .set("smtpd_sasl_authenticated_header", "yes")
            .set("smtpd_recipient_restrictions", "permit_sasl_authenticated, reject")
            .service(&format!("{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes"))
            .start();
        make_account(&postfix, &saslpasswd, mechanisms);
        let dns = Dns::start();
        dns.a("relay.test", Ipv4Addr::LOCALHOST);
        Some(Self { postfix, smtps, authority, dns })
    }

    fn by_starttls(&self) -> String {
        format!("relay.test:{}", self.postfix.address().port())
    }

    fn by_smtps(&self) -> String {
        format!("smtps:relay.test:{}", self.smtps.port())
    }

    /// One that trusts `authority`, and logs in with this password.
    fn client(&self, to: &str, authority: &Path, password: &str) -> Onward {
        let (builder, file) = forwarding(to, &["tls = \"verified\""]);
        fs::write(&file, format!("{password}\n")).unwrap();
        let ca = format!("tls.ca_file = {}", quoted(&authority.display().to_string()));
        builder.config(&ca).dns(&self.dns).start()
    }

    fn logins(&self) -> usize {
        self.postfix.log().iter().filter(|line| line.contains("sasl_username=")).count()
    }
}

#[track_caller]
fn send(onward: &Onward) -> Reply {
    onward.session().transaction("alice@sender.test", &[ALIAS], TEXT)
}

#[test]
fn it_takes_mail_from_who_logs_in_by_starttls_and_from_the_first_octet_on() {
    let Some(host) = SmartHost::start("relay.test", "PLAIN LOGIN") else { return };
    for (at, (to, method)) in
        [(host.by_starttls(), "PLAIN"), (host.by_smtps(), "PLAIN")].into_iter().enumerate()
    {
        let onward = host.client(&to, &host.authority.file(), PASSWORD);
        send(&onward).expect("250 2.0.0");
        send(&onward).expect("250 2.0.0");
        let delivered = host.postfix.wait_for_deliveries("bob@sink.test", 2 * (at + 1));
        let texts: Vec<_> = delivered.iter().map(|text| String::from_utf8_lossy(text)).collect();
        assert!(texts.iter().all(|text| text.contains("(Authenticated sender: ")), "{texts:?}");
        assert!(
            host.postfix.log().iter().any(|line| line.contains(&format!("sasl_method={method}")))
        );
        let trace = &onward.wait_for_trace(&[], 2)[0];
        let tls = trace["attempts"][0]["tls"].as_str().unwrap();
        assert!(tls.starts_with("TLSv1.3") && tls.ends_with("certificate verified"), "{tls}");
        let checked = onward.run(&["check", "--login"]);
        assert!(checked.contains(&format!("{to} lets us in: relay.test [127.0.0.1]")), "{checked}");
        let plain = BASE64.encode(format!("\0{USER}\0{PASSWORD}").as_bytes());
        is_nowhere(&onward, &[PASSWORD, &plain, &BASE64.encode(PASSWORD.as_bytes())]);
    }
}

#[test]
fn by_login_where_it_has_nothing_else() {
    let Some(host) = SmartHost::start("relay.test", "LOGIN") else { return };
    let onward = host.client(&host.by_starttls(), &host.authority.file(), PASSWORD);
    send(&onward).expect("250 2.0.0");
    host.postfix.wait_for_log("sasl_method=LOGIN");
}

#[test]
fn a_wrong_password_is_not_tried_on_and_the_mended_one_is() {
    let Some(host) = SmartHost::start("relay.test", "PLAIN LOGIN") else { return };
    let onward = host.client(&host.by_starttls(), &host.authority.file(), "not this one");
    for _ in 0..3 {
        send(&onward).expect("451 4.7.0");
    }
    onward.wait_for_log("it refuses the login: 535 5.7.8");
    host.postfix.wait_for_log("SASL PLAIN authentication failed");
    let refused =
        host.postfix.log().iter().filter(|line| line.contains("authentication failed")).count();
    assert_eq!(refused, 1, "{:?}", host.postfix.log());
    is_nowhere(&onward, &["not this one"]);
    let file = onward.config_path().parent().unwrap().join("relay.password");
    fs::write(file, format!("{PASSWORD}\n")).unwrap();
    send(&onward).expect("250 2.0.0");
    host.postfix.wait_for_deliveries("bob@sink.test", 1);
}

#[test]
fn a_host_with_a_certificate_of_another_or_of_nobody_hears_no_password() {
    let Some(host) = SmartHost::start("other.test", "PLAIN LOGIN") else { return };
    let stranger = Authority::new();
    for (authority, why) in [
        (host.authority.file(), "the certificate is for another host"),
        (stranger.file(), "the certificate is not trusted"),
    ] {
        for to in [host.by_starttls(), host.by_smtps()] {
            let onward = host.client(&to, &authority, PASSWORD);
            send(&onward).expect_code(451);
            send(&onward).expect_code(451);
            onward.wait_for_log(why);
            let told =
                onward.log().iter().filter(|line| line.contains("smart host cannot")).count();
            assert_eq!(told, 1, "{:?}", onward.log());
            let checked = onward.cli(&["check", "--login"]);
            assert!(checked.code == Some(1) && checked.stdout.contains(why), "{checked:?}");
        }
    }
    assert_eq!((host.logins(), host.postfix.deliveries("bob@sink.test").len()), (0, 0));
}

#[test]
fn a_host_without_accounts_gets_no_mail() {
    let Some(host) = SmartHost::start("relay.test", "") else { return };
    let onward = host.client(&host.by_starttls(), &host.authority.file(), PASSWORD);
    send(&onward).expect("451 4.7.0");
    onward.wait_for_log("it offers neither AUTH PLAIN nor AUTH LOGIN");
    assert_eq!(host.logins(), 0);
}
