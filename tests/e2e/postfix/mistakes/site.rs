//! A right set-up of each way, made wrong, mended by what doctor prints, and then tried by mail.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::port::free_address;
use crate::support::postfix::{Builder, Postfix};
use crate::support::receiver::{Action, Message, Receiver};
use crate::support::wait_until;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Of the tests' builder, and hosted by nobody.
const SRS_DOMAIN: &str = "example.org";
const ALIASES: &str = "away@alias.test bob@sink.test\nfull@alias.test full@sink.test\n";

/// systemctl(1), as far as doctor asks it: one socket, on until it is switched off.
const SYSTEMCTL: &str = "#!/bin/sh\ncd \"${0%/*}\"\ncase $1 in\n\
    show) test -f socket && test \"$4\" = onward.socket && cat socket || echo LoadState=not-found ;;\n\
    disable) rm socket ;;\nesac\n";

/// What is done to a right set-up.
pub(super) enum Slip {
    /// `postconf -e`
    Main(&'static str),
    /// `postconf -X`
    Unset(&'static str),
    /// `postconf -P`
    Own(&'static str),
    /// `postconf -F`
    Field(&'static str),
    /// A line at the end of master.cf.
    Service(&'static str),
    /// Another text in onward.toml.
    Toml(&'static str, &'static str),
    /// Lines at the end of main.cf.
    Lines(&'static str),
    /// A file in the test's directory.
    File(&'static str, &'static str),
}

/// A deliberate mistake, and the finding that says so.
pub(super) struct Mistake {
    pub(super) what: &'static str,
    pub(super) slips: &'static [Slip],
    pub(super) id: &'static str,
}

pub(super) struct Site {
    onward: Onward,
    postfix: Postfix,
    /// Everybody else's mailboxes.
    sink: Receiver,
    directory: TempDir,
    /// main.cf, master.cf, onward.toml and their right texts.
    files: Vec<(PathBuf, String)>,
    /// What stands for what in a slip.
    names: Vec<(&'static str, String)>,
    round: usize,
}

fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    // Postfix's daemons read files there.
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    fs::write(directory.path().join("aliases"), ALIASES).unwrap();
    let systemctl = directory.path().join("systemctl");
    fs::write(&systemctl, SYSTEMCTL).unwrap();
    fs::set_permissions(&systemctl, Permissions::from_mode(0o755)).unwrap();
    directory
}

fn with_aliases(postfix: Builder, sink: &Receiver, directory: &TempDir) -> Builder {
    postfix
        .relay(sink.address())
        .mailbox("local@mailbox.test")
        .set("virtual_alias_domains", "alias.test")
        .set("virtual_alias_maps", &format!("texthash:{}/aliases", directory.path().display()))
}

impl Site {
    fn sink() -> Receiver {
        let full = Action::reply("552 5.2.2 Mailbox full");
        Receiver::smtp().on_recipient("full@sink.test", full).start()
    }

    /// Tables, and the policy service.
    pub(super) fn tables() -> Option<Self> {
        let postfix = Postfix::builder()?;
        let (sink, directory) = (Self::sink(), directory());
        let (builder, map) = Onward::builder().listen("socketmap", &[]);
        let (builder, policy) = builder.listen("policy", &[]);
        let socket = format!(
            "[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}/srs\"\ngroup = \"postfix\"\n",
            directory.path().display()
        );
        let onward =
            builder.config("srs.exempt_domains = [\"mailbox.test\"]").toml(&socket).start();
        let check = format!("check_policy_service inet:{policy}");
        let postfix = with_aliases(postfix, &sink, &directory)
            .set("virtual_alias_domains", &format!("alias.test {SRS_DOMAIN}"))
            .set("sender_canonical_maps", &format!("socketmap:inet:{map}:forward"))
            .set("sender_canonical_classes", "envelope_sender")
            .set("recipient_canonical_maps", &format!("socketmap:inet:{map}:reverse"))
            .set("recipient_canonical_classes", "envelope_recipient")
            .set(
                "smtpd_recipient_restrictions",
                &format!("{check}, permit_mynetworks, reject_unauth_destination"),
            )
            .set("smtpd_data_restrictions", &check)
            .set("smtpd_end_of_data_restrictions", &check)
            .start();
        let names = vec![("{map}", map.to_string()), ("{policy}", policy.to_string())];
        Some(Self::new(onward, postfix, sink, directory, names))
    }

    pub(super) fn milter() -> Option<Self> {
        let postfix = Postfix::builder()?;
        let (sink, directory) = (Self::sink(), directory());
        let maps = format!("alias_maps = [\"texthash:{}/aliases\"]", directory.path().display());
        let local = "local_domains = [\"mailbox.test\"]";
        let (builder, milter) = Onward::builder().listen("milter", &[&maps, local]);
        let (builder, map) = builder.listen("socketmap", &[]);
        let (onward, name) = (builder.start(), format!("inet:{milter}"));
        let dots = SRS_DOMAIN.replace('.', "\\.");
        let postfix = with_aliases(postfix, &sink, &directory)
            .set("relay_domains", SRS_DOMAIN)
            .set("relay_recipient_maps", &format!("regexp:{{{{/^SRS[01][-+=].*@{dots}$$/ srs}}}}"))
            .set("relay_transport", "smtp")
            .set("smtpd_milters", &name)
            .set("non_smtpd_milters", &name)
            .set("internal_mail_filter_classes", "bounce")
            .set("milter_default_action", "tempfail")
            .start();
        let names = vec![("{milter}", milter.to_string()), ("{map}", map.to_string())];
        Some(Self::new(onward, postfix, sink, directory, names))
    }

    /// Domains handed over.
    pub(super) fn transport() -> Option<Self> {
        let postfix = Postfix::builder()?;
        let (sink, directory) = (Self::sink(), directory());
        let (builder, map) = Onward::builder().listen("socketmap", &[]);
        let onward = builder
            .smtp_option("xforward = [\"127.0.0.1\"]")
            .domain("alias.test")
            .alias("away@alias.test", &["bob@sink.test"])
            .alias("full@alias.test", &["full@sink.test"])
            .route("*", &postfix.address().to_string())
            .start();
        let table = |name| format!("socketmap:inet:{map}:{name}");
        let smtp = onward.address();
        let srs = format!("inline:{{ {SRS_DOMAIN}=smtp:[127.0.0.1]:{} }}", smtp.port());
        let postfix = postfix
            .relay(sink.address())
            .mailbox("local@mailbox.test")
            .set("relay_domains", &format!("{} {SRS_DOMAIN}", table("domains")))
            .set("relay_recipient_maps", &table("recipients"))
            .set("relay_transport", "smtp")
            .set("transport_maps", &format!("{} {srs}", table("transport")))
            .set("smtp_send_xforward_command", "yes")
            .set("smtpd_authorized_xforward_hosts", "127.0.0.1")
            .start();
        let names = vec![("{map}", map.to_string()), ("{smtp}", smtp.port().to_string())];
        Some(Self::new(onward, postfix, sink, directory, names))
    }

    fn new(
        mut onward: Onward,
        postfix: Postfix,
        sink: Receiver,
        directory: TempDir,
        mut names: Vec<(&'static str, String)>,
    ) -> Self {
        onward.env("PATH", &path(&directory));
        let etc = postfix.config_dir();
        let files = [etc.join("main.cf"), etc.join("master.cf"), onward.config_path()];
        let files = files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).to_vec();
        names.extend([
            ("{dir}", directory.path().display().to_string()),
            ("{nobody}", free_address().to_string()),
            ("{port}", postfix.address().port().to_string()),
            ("{postfix}", postfix.address().to_string()),
        ]);
        Self { onward, postfix, sink, directory, files, names, round: 0 }
    }

    /// Each mistake is made, found, mended by all commands that are printed, and mail goes again.
    pub(super) fn try_each(&mut self, mistakes: &[Mistake]) {
        assert_eq!(ids(&self.report()), [""; 0], "the right set-up");
        self.mail("the right set-up");
        let mut failures = Vec::new();
        for mistake in mistakes {
            let tried = AssertUnwindSafe(|| self.try_one(mistake));
            if panic::catch_unwind(tried).is_err() {
                failures.push(mistake.what);
            }
            self.restore();
        }
        assert_eq!(failures, [""; 0]);
    }

    fn try_one(&mut self, Mistake { what, slips, id }: &Mistake) {
        for slip in *slips {
            self.slip(slip);
        }
        self.reload();
        let report = self.report();
        let before = ids(&report);
        assert!(before.iter().any(|found| found == id), "{what}: {id} is not in {before:?}");
        self.mend(what, &report);
        let after = self.report();
        assert!(after.is_empty(), "{what}: mended from {report:?}, and there is {after:?}");
        self.mail(what);
    }

    fn report(&self) -> Vec<Value> {
        let etc = self.postfix.aged().display().to_string();
        let found = self.onward.cli(&["doctor", "--postfix", "--json", "--config-dir", &etc]);
        assert!(found.stderr.is_empty(), "{}", found.stderr);
        found.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn slip(&self, slip: &Slip) {
        let [main, master, toml] = [0, 1, 2].map(|number| &self.files[number].0);
        let change = |path: &PathBuf, change: &dyn Fn(String) -> String| {
            let before = fs::read_to_string(path).unwrap();
            let after = change(before.clone());
            assert_ne!(before, after, "{}", path.display());
            fs::write(path, after).unwrap();
        };
        match slip {
            Slip::Main(line) => self.postconf("-e", line),
            Slip::Unset(name) => {
                // A parameter of the tests' Postfix may stand there twice.
                let is_other = |line: &&str| !line.starts_with(&format!("{name} ="));
                change(main, &|text| {
                    text.lines().filter(is_other).map(|line| format!("{line}\n")).collect()
                });
            }
            Slip::Own(line) => self.postconf("-P", line),
            Slip::Field(line) => self.postconf("-F", line),
            Slip::Service(line) => change(master, &|text| text + self.named(line).as_str() + "\n"),
            Slip::Lines(lines) => change(main, &|text| text + self.named(lines).as_str() + "\n"),
            Slip::Toml(from, to) => {
                change(toml, &|text| text.replacen(&self.named(from), &self.named(to), 1));
            }
            Slip::File(name, text) => {
                fs::write(self.directory.path().join(name), self.named(text)).unwrap();
            }
        }
    }

    fn named(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    fn postconf(&self, flag: &str, setting: &str) {
        let mut command = Command::new("/usr/sbin/postconf");
        command.arg("-c").arg(self.postfix.aged()).args([flag, &self.named(setting)]);
        succeeds(&mut command);
    }

    fn mend(&self, what: &str, report: &[Value]) {
        for finding in report {
            let commands = finding["mend"].as_array().unwrap();
            assert!(!commands.is_empty(), "{what}: nothing mends {finding}");
            for command in commands {
                self.postfix.aged();
                let mut shell = Command::new("sh");
                shell.args(["-c", command.as_str().unwrap()]).env("PATH", path(&self.directory));
                succeeds(&mut shell);
            }
        }
        self.reload();
        succeeds(Command::new("/usr/sbin/postfix").arg("-c").arg(self.postfix.aged()).arg("check"));
    }

    /// Onward goes by what its file says now.
    fn reload(&self) {
        self.onward.run(&["reload"]);
    }

    fn restore(&self) {
        for (path, text) in &self.files {
            fs::write(path, text).unwrap();
        }
        fs::write(self.directory.path().join("aliases"), ALIASES).unwrap();
        let _ = fs::remove_file(self.directory.path().join("socket"));
        self.reload();
    }

    /// A mail of each kind: in, forwarded, a bounce back, a forgery.
    fn mail(&mut self, what: &str) {
        self.postfix.restart();
        self.round += 1;
        let alice = format!("alice{}@sender.test", self.round);
        let message = format!(
            "From: <{alice}>\r\nTo: you\r\nSubject: {what}\r\n\
             Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <{}@sender.test>\r\n\r\nhello\r\n",
            self.round
        );
        let send = |from: &str, to: &str| {
            let mut client = Client::session(self.postfix.address());
            let reply = client.transaction(from, &[to], message.as_bytes());
            assert_eq!(reply.code, 250, "{what}: {to}: {reply:?}");
        };
        send(&alice, "local@mailbox.test");
        self.postfix.wait_for_deliveries("local@mailbox.test", self.round);
        send(&alice, "away@alias.test");
        let is_forward =
            |message: &Message| message.to == ["bob@sink.test"] && subject_is(message, what);
        let forward = self.wait_for(what, is_forward);
        assert!(forward.from.starts_with("SRS0="), "{what}: {}", forward.from);
        let domain = forward.from.rsplit('@').next();
        assert_eq!(domain, Some(SRS_DOMAIN), "{what}: {}", forward.from);
        // One from elsewhere, then one that Postfix makes.
        send("", &forward.from);
        let is_bounce =
            |message: &Message| message.from.is_empty() && message.to == [alice.clone()];
        self.wait_for(what, is_bounce);
        let count = self.sink.messages().iter().filter(|message| is_bounce(message)).count();
        send(&alice, "full@alias.test");
        wait_until(format!("{what}: a bounce of Postfix's own"), || {
            let messages = self.sink.messages();
            (messages.iter().filter(|message| is_bounce(message)).count() > count).then_some(())
        });
        let mut client = Client::session(self.postfix.address());
        client.mail("").expect_code(250);
        let forged = client.rcpt(&format!("SRS0=AAAA=AA=sender.test=bob@{SRS_DOMAIN}"));
        assert_eq!(forged.code, 550, "{what}: {forged:?}");
    }

    fn wait_for(&self, what: &str, is_it: impl Fn(&Message) -> bool) -> Message {
        wait_until(format!("{what}: its mail"), || {
            self.sink.messages().into_iter().rev().find(|message| is_it(message))
        })
    }
}

fn ids(report: &[Value]) -> Vec<String> {
    report.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
}

fn subject_is(message: &Message, what: &str) -> bool {
    message.header("Subject").is_some_and(|subject| subject.trim() == what)
}

fn path(directory: &TempDir) -> String {
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}:{}", directory.path().display(), "/usr/sbin")
}

fn succeeds(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Whether this machine has what these tests need.
pub(super) fn is_possible() -> bool {
    peer::program("postfix").is_some() && peer::root()
}
