//! A domain that comes out of Postfix's virtual_alias_maps, handed over by the commands of docs/POSTFIX.md.

use crate::support::client::{Client, Reply};
use crate::support::onward::Onward;
use crate::support::postfix::Postfix;
use crate::support::receiver::{Action, Receiver};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

const ALICE: &str = "alice@sender.test";
/// Of the tests' builder, and hosted by nobody.
const SRS_DOMAIN: &str = "example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: hello@hosted.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";
const VIRTUAL: &str = "\
hosted.test anything
hello@hosted.test bob@sink.test
full@hosted.test full@sink.test
catch.test anything
@catch.test bob@sink.test
";

struct Site {
    onward: Onward,
    postfix: Postfix,
    sink: Receiver,
    map: SocketAddr,
    _table: tempfile::TempDir,
}

impl Site {
    /// `None`: skip. The domains are Postfix's.
    fn before() -> Option<(Self, Steps)> {
        let postfix = Postfix::builder()?;
        let (builder, map) = Onward::builder().listen("socketmap", &[]);
        let (builder, policy) = builder.listen("policy", &[]);
        let onward = builder
            .smtp_option("xforward = [\"127.0.0.1\"]")
            .config("postmaster = \"me@sink.test\"")
            .route("*", &postfix.address().to_string())
            .start();
        let sink = Receiver::smtp()
            .on_recipient("full@sink.test", Action::reply("552 5.2.2 Mailbox full"))
            .start();
        let directory = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let table = directory.path().join("virtual");
        fs::write(&table, VIRTUAL).unwrap();
        let others = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(directory.path(), others).unwrap();
        let postfix = postfix
            .relay(sink.address())
            .set("virtual_alias_maps", &format!("texthash:{}", table.display()))
            .set("smtpd_authorized_xforward_hosts", "127.0.0.1")
            .start();
        onward.run(&[
            "alias",
            "import",
            "--from",
            "postfix-virtual",
            "--add-domains",
            &table.display().to_string(),
        ]);
        for more in [
            &["reject@hosted.test", "--reject", "Write to hello instead"][..],
            &["later@hosted.test", "--defer", "Come back on Monday"],
            &["void@hosted.test", "--discard"],
            &["gone@hosted.test", "bob@sink.test"],
        ] {
            onward.run(&[&["alias", "add"], more].concat());
        }
        onward.run(&["alias", "disable", "gone@hosted.test"]);
        let smtp = onward.address();
        let steps = Steps::of_the_guide(map, policy, smtp);
        Some((Self { onward, postfix, sink, map, _table: directory }, steps))
    }

    fn rcpt(&self, from: &str, to: &str) -> Reply {
        let mut client = Client::session(self.postfix.address());
        client.mail(from).expect_code(250);
        client.rcpt(to)
    }

    fn forward(&self, to: &str) -> String {
        let count = self.sink.count();
        let mut client = Client::session(self.postfix.address());
        client.transaction(ALICE, &[to], MESSAGE).expect_code(250);
        self.sink.wait_for_messages(count + 1).pop().unwrap().from
    }
}

/// The `postconf` commands of the chapter, for the ports of a test.
struct Steps(Vec<String>);

impl Steps {
    fn of_the_guide(map: SocketAddr, policy: SocketAddr, smtp: SocketAddr) -> Self {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/POSTFIX.md");
        let guide = fs::read_to_string(guide).unwrap();
        let (_, chapter) = guide.split_once("\n## Domains handed over\n").unwrap();
        let (chapter, _) = chapter.split_once("\n## ").unwrap();
        let commands = chapter.lines().map(str::trim).filter(|line| line.starts_with("postconf "));
        let here = |command: &str| {
            command
                .replace("127.0.0.1:10003", &map.to_string())
                .replace("127.0.0.1:10004", &policy.to_string())
                .replace("[127.0.0.1]:10025", &format!("[127.0.0.1]:{}", smtp.port()))
                .replace("srs.example.org", SRS_DOMAIN)
        };
        let steps: Vec<String> = commands.map(here).collect();
        assert!(steps.len() >= 8, "{steps:?}");
        Self(steps)
    }

    /// Without those that speak of the policy service.
    fn without_policy(self) -> Self {
        Self(self.0.into_iter().filter(|step| !step.contains("check_policy_service")).collect())
    }

    fn follow(&self, postfix: &mut Postfix) {
        let directory = postfix.config_dir();
        let postconf = format!("/usr/sbin/postconf -c {}", directory.display());
        for step in &self.0 {
            let step = step.replacen("postconf", &postconf, 1);
            assert!(Command::new("sh").arg("-c").arg(&step).status().unwrap().success(), "{step}");
        }
        postfix.restart();
    }
}

#[test]
fn a_domain_of_virtual_alias_maps_is_handed_over() {
    let Some((mut site, steps)) = Site::before() else { return };
    assert_eq!(site.forward("hello@hosted.test"), ALICE, "Postfix forwards by itself");
    steps.follow(&mut site.postfix);
    for to in ["hello@hosted.test", "HELLO+tag@hosted.test", "anybody@catch.test"] {
        let from = site.forward(to);
        assert_eq!(site.onward.run(&["srs", "reverse", &from]).trim(), ALICE, "{to}");
    }
    let ours = site.onward.srs_forward(ALICE);
    let forged = ours.replacen("SRS0=", "SRS0=A", 1);
    for (from, to, reply) in [
        (ALICE, "hello+tag@hosted.test", "250 "),
        (ALICE, "postmaster@hosted.test", "250 "),
        (ALICE, "abuse@catch.test", "250 "),
        (ALICE, "void@hosted.test", "250 "),
        (ALICE, "nobody@hosted.test", "550 5.1.1 "),
        (ALICE, "gone@hosted.test", "550 5.1.1 "),
        (ALICE, "reject@hosted.test", "550 5.7.1 "),
        (ALICE, "later@hosted.test", "450 4.2.1 "),
        (ALICE, "SRS0=AAAA=XY=sender.test=alice@catch.test", "550 5.1.1 "),
        ("", &ours, "250 "),
        ("", &forged, "550 5.7.1 "),
        (ALICE, &format!("postmaster@{SRS_DOMAIN}"), "250 "),
        (ALICE, &format!("nobody@{SRS_DOMAIN}"), "550 5.1.1 "),
    ] {
        site.rcpt(from, to).expect(reply);
    }
    let words = site.rcpt(ALICE, "reject@hosted.test").text();
    assert!(words.contains("Write to hello instead"), "{words}");
    let words = site.rcpt(ALICE, "later@hosted.test").text();
    assert!(words.contains("Come back on Monday"), "{words}");
    // What is no bounce is refused before Postfix has it.
    let mut client = Client::session(site.postfix.address());
    client.mail("stranger@elsewhere.test").expect_code(250);
    client.rcpt(&ours).expect_code(250);
    client.command("DATA").expect("550 5.7.1");
    client.quit();

    // Of what could not be refused, the author hears, and nobody else ever did.
    let count = site.sink.count();
    let mut client = Client::session(site.postfix.address());
    client.transaction(ALICE, &["full@hosted.test"], MESSAGE).expect_code(250);
    let bounce = site.sink.wait_for_messages(count + 1).pop().unwrap();
    assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
    client.transaction(ALICE, &["void@hosted.test"], MESSAGE).expect_code(250);
    site.postfix.wait_for_empty_queue();
    assert_eq!(site.sink.count(), count + 1);
}

/// For mail that no policy service is asked of.
#[test]
fn the_table_of_recipients_refuses_by_itself() {
    let Some((mut site, steps)) = Site::before() else { return };
    steps.without_policy().follow(&mut site.postfix);
    let ours = site.onward.srs_forward(ALICE);
    let forged = ours.replacen("SRS0=", "SRS0=A", 1);
    for (to, reply) in [
        ("hello+tag@hosted.test", "250 "),
        ("anybody@catch.test", "250 "),
        ("postmaster@hosted.test", "250 "),
        ("void@hosted.test", "250 "),
        (&*ours, "250 "),
        (&forged, "550 5.1.1 "),
        ("nobody@hosted.test", "550 5.1.1 "),
        ("gone@hosted.test", "550 5.1.1 "),
        ("reject@hosted.test", "550 5.1.1 "),
        ("later@hosted.test", "451 4.3.0 "),
    ] {
        site.rcpt("", to).expect(reply);
    }
    let table = format!("socketmap:inet:{}:recipients", site.map);
    assert_eq!(site.postfix.postmap("hello@hosted.test", &table).as_deref(), Some("OK"));
    for unknown in ["nobody@hosted.test", "@hosted.test", "hosted.test", "me@elsewhere.test"] {
        assert_eq!(site.postfix.postmap(unknown, &table), None, "{unknown}");
    }
}

/// The lines of one domain, out of a table of several.
#[test]
fn the_lines_of_a_domain_are_taken_out_of_a_table() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/POSTFIX.md");
    let guide = fs::read_to_string(guide).unwrap();
    let command = guide
        .lines()
        .find(|line| line.trim().starts_with("awk ") && line.contains("!ours"))
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let before = "# ours\nexample.org x\na@example.org b@c.test,\n d@c.test\n@Example.ORG e@c.test\n\
                  a@sub.example.org f@c.test\nother.test x\ng@other.test h@c.test\n  i@c.test\n";
    fs::write(file("virtual.before"), before).unwrap();
    let command = command
        .replace("/etc/postfix/virtual.before", &file("virtual.before"))
        .replace("/etc/postfix/virtual", &file("virtual"));
    assert!(Command::new("sh").arg("-c").arg(command).status().unwrap().success());
    let after =
        "# ours\na@sub.example.org f@c.test\nother.test x\ng@other.test h@c.test\n  i@c.test\n";
    assert_eq!(fs::read_to_string(file("virtual")).unwrap(), after);
}
