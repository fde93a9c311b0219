//! `onward doctor --postfix` finds no error in a right set-up: those of contrib/postfix, on what Debian makes of
//! Postfix.

use crate::support::peer;
use crate::support::port::free_address;
use crate::support::process::Process;
use crate::support::receiver::Receiver;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// main.cf as Debian's package makes it for an "Internet Site".
const MAIN: &str = "compatibility_level = 3.6
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key
smtpd_tls_security_level=may
smtp_tls_CApath=/etc/ssl/certs
smtp_tls_security_level=may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = mx.example.org
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, example.org, mx, localhost.localdomain, , localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
inet_protocols = all
";

/// The services of Debian's master.cf that matter here.
const MASTER: &str = "smtp      inet  n       -       y       -       -       smtpd
pickup    unix  n       -       y       60      1       pickup
cleanup   unix  n       -       y       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       y       -       -       trivial-rewrite
bounce    unix  -       -       y       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
";

fn onward(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.env_remove("STATE_DIRECTORY").env("ONWARD_CONFIG", config);
    command
}

#[test]
fn have_no_error() {
    if peer::program("postconf").is_none() {
        return;
    }
    let contrib = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/postfix");
    let mut tried = 0;
    for set_up in fs::read_dir(contrib).unwrap().map(|entry| entry.unwrap().path()) {
        let directory = tempfile::tempdir().unwrap();
        let here = |name: &str| directory.path().join(name);
        let internet = Receiver::smtp().start();
        let mut names: Vec<(String, String)> = (10001..=10005)
            .map(|port| (format!("127.0.0.1:{port}"), free_address().to_string()))
            .collect();
        names.push(("[127.0.0.1]:10025".into(), "[127.0.0.1]:25125".into()));
        let smtp = free_address();
        names.push(("127.0.0.1:10025".into(), smtp.to_string()));
        names.push(("[127.0.0.1]:25125".into(), format!("[127.0.0.1]:{}", smtp.port())));
        names.push(("\"127.0.0.1:25\"".into(), format!("\"{}\"", internet.address())));
        let virtual_map = format!("texthash:{}", here("virtual").display());
        names.push(("hash:/etc/postfix/virtual".into(), virtual_map));
        let ours = |name: &str| {
            let text = fs::read_to_string(set_up.join(name)).unwrap();
            names.iter().fold(text, |text, (from, to)| text.replace(from, to))
        };
        fs::write(here("virtual"), "hello@example.org someone@mailbox.example\n").unwrap();
        fs::write(here("secret"), "a secret that is long enough to be one\n").unwrap();
        fs::create_dir(here("state")).unwrap();
        let secret = format!("[srs]\nsecret_file = \"{}\"", here("secret").display());
        let text = ours("onward.toml").replace("[srs]", &secret);
        let text = format!("state_dir = \"{}\"\n{text}", here("state").display());
        fs::write(here("onward.toml"), text).unwrap();
        fs::write(here("main.cf"), format!("{MAIN}{}", ours("main.cf"))).unwrap();
        fs::write(here("master.cf"), MASTER).unwrap();
        let daemon = Process::spawn("onward", onward(&here("onward.toml")).arg("serve"));
        daemon.wait_for_line("its start", |line| line.contains("listening"));
        let doctor = ["doctor", "--postfix", "--json", "--config-dir"];
        let mut command = onward(&here("onward.toml"));
        let found = command.args(doctor).arg(directory.path()).output().unwrap();
        let complaint = String::from_utf8_lossy(&found.stderr);
        assert!(complaint.is_empty(), "{}: {complaint}", set_up.display());
        let found = String::from_utf8(found.stdout).unwrap();
        let findings = found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let errors: Vec<Value> =
            findings.filter(|finding| finding["severity"] == "error").collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", set_up.display());
        tried += 1;
    }
    assert!(tried >= 5, "{tried}");
}
