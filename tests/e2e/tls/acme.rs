use super::{names_of, shown};
use crate::support::certificates::Authority;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::pebble::Pebble;
use crate::support::port::free_address;
use crate::support::wait_until;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_certificate_by_itself_and_another_for_another_name() {
    let authority = Authority::new();
    let dns = Dns::start();
    let here = "127.0.0.1".parse().unwrap();
    dns.a("mx.example.org", here).a("mail.example.org", here);
    let http = free_address();
    let Some(pebble) = Pebble::start(&authority, http.port(), dns.address()) else { return };
    let tls = |names: &str| {
        format!(
            "[tls]\nacme = \"{}\"\nacme_http = \"{http}\"\nacme_contact = \"me@example.org\"\n\
             acme_names = [{names}]\nca_file = \"{}\"\n",
            pebble.directory(),
            authority.file().display()
        )
    };
    let mut onward = Onward::builder().toml(&tls("")).start();
    wait_until("a certificate", || {
        let is_offered = onward.session().command("STARTTLS").code == 220;
        is_offered.then_some(())
    });
    assert_eq!(names_of(&shown(&onward)), ["mx.example.org"]);
    let kept = onward.state_dir().join("acme");
    for file in ["certificate.pem", "key.pem", "account-localhost-"] {
        let found = fs::read_dir(&kept).unwrap().map(Result::unwrap);
        let found =
            found.into_iter().find(|entry| entry.file_name().to_string_lossy().starts_with(file));
        let mode = found.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    // Nothing else is to be had there.
    let mut stream = TcpStream::connect(http).unwrap();
    stream
        .write_all(b"GET /.well-known/acme-challenge/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    // What is good is kept over a restart; what is not for all names is not.
    let old = shown(&onward);
    onward.terminate();
    onward.serve();
    assert_eq!(shown(&onward), old);
    onward.terminate();
    let config = fs::read_to_string(onward.config_path()).unwrap();
    let config = config.replace("acme_names = []", "acme_names = [\"mail.example.org\"]");
    fs::write(onward.config_path(), config).unwrap();
    onward.serve();
    wait_until("another certificate", || (shown(&onward) != old).then_some(()));
    let mut names = names_of(&shown(&onward));
    names.sort();
    assert_eq!(names, ["mail.example.org", "mx.example.org"]);
    pebble.wait_for_log("Issued certificate");
}

#[test]
fn until_there_is_one_tls_is_not_available() {
    let (authority, dead) = (Authority::new(), free_address());
    let tls = format!(
        "[tls]\nacme = \"https://localhost:{}/dir\"\nacme_http = \"{}\"\nca_file = \"{}\"\n",
        dead.port(),
        free_address(),
        authority.file().display()
    );
    let onward = Onward::builder().toml(&tls).start();
    let mut client = onward.session();
    client.command("STARTTLS").expect("454 4.7.0 TLS is not available for now");
    client.command("NOOP").expect_code(250);
    onward.wait_for_log("no certificate by ACME");
}

/// Where the authority is away for weeks, the end of what it issued is seen by all who look.
#[test]
fn the_end_of_an_issued_certificate_shows_in_metrics_check_and_doctor() {
    let (authority, dead, dns) = (Authority::new(), free_address(), Dns::start());
    let tls = format!(
        "[tls]\nacme = \"https://localhost:{}/dir\"\nacme_http = \"{}\"\nca_file = \"{}\"\n",
        dead.port(),
        free_address(),
        authority.file().display()
    );
    let (builder, http) = Onward::builder().dns(&dns).toml(&tls).listen("http", &[]);
    let mut onward = builder.build();
    let check = onward.run(&["check"]);
    assert!(!check.contains("expires in"), "none is there yet: {check}");
    let kept = onward.state_dir().join("acme");
    fs::create_dir_all(&kept).unwrap();
    let files = (kept.join("certificate.pem"), kept.join("key.pem"));
    authority.issue_for(5, "mx.example.org", &files.0, &files.1);
    onward.serve();

    let mut stream = TcpStream::connect(http).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    let end = page
        .lines()
        .find_map(|line| line.strip_prefix("onward_certificate_end_timestamp_seconds "));
    let left = end.unwrap().parse::<f64>().unwrap() - onward::clock::now().as_secs() as f64;
    assert!((3.0 * 86_400.0..=5.0 * 86_400.0).contains(&left), "{left}");
    let output = onward.cli(&["check"]);
    let told = output.stdout + output.stderr.as_str();
    assert!(told.contains("acme/certificate.pem expires in 4 days"), "{told}");
    let doctor = onward.cli(&["doctor", "--json", "--address", "192.0.2.1"]).stdout;
    let finding = doctor.lines().find(|line| line.contains("\"certificate\""));
    assert!(finding.is_some_and(|line| line.contains("expires in 4 days")), "{doctor}");
}
