//! Postfix in a throw-away instance: its own configuration, queue and mailboxes below a temporary
//! directory.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::port::free_address;
use super::process::Process;
use super::{DEADLINE, peer, wait_until, wait_until_for};

/// Debian's `nobody`, who owns the mailboxes.
const MAILBOX_OWNER: u32 = 65_534;

/// What delivers to a failing recipient: says why on stdout, and EX_UNAVAILABLE.
const FAIL: &str = "#!/bin/sh\necho \"$1\"\nexit 69\n";

pub struct Postfix {
    address: SocketAddr,
    directory: TempDir,
    process: Process,
}

pub struct Builder {
    address: SocketAddr,
    relay: Option<SocketAddr>,
    mailboxes: Vec<String>,
    failing: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    services: Vec<String>,
}

impl Postfix {
    /// `None` if Postfix is not installed or the tests are not run by root.
    pub fn builder() -> Option<Builder> {
        peer::program("postfix")?;
        peer::root().then(|| Builder {
            address: free_address(),
            relay: None,
            mailboxes: Vec::new(),
            failing: Vec::new(),
            settings: Vec::new(),
            services: Vec::new(),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its master, which begins all its other processes.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The files delivered to a mailbox, in no order: exact bytes, with LF line ends, behind the
    /// `Return-Path`, `X-Original-To`, `Delivered-To` and `Received` that Postfix prepends.
    pub fn deliveries(&self, recipient: &str) -> Vec<Vec<u8>> {
        let directory = maildir(self.directory.path(), recipient).join("new");
        let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    pub fn wait_for_deliveries(&self, recipient: &str, count: usize) -> Vec<Vec<u8>> {
        wait_until(format!("{count} deliveries to {recipient}"), || {
            Some(self.deliveries(recipient)).filter(|files| files.len() >= count)
        })
    }

    /// Its maillog so far.
    pub fn log(&self) -> Vec<String> {
        self.process.lines()
    }

    /// The first line of its maillog that contains this.
    pub fn wait_for_log(&self, text: &str) -> String {
        self.process.wait_for_line(text, |line| line.contains(text))
    }

    /// Waits until this text stands in so many lines of its maillog.
    pub fn wait_for_log_count(&self, text: &str, count: usize) {
        wait_until(format!("{count} lines with {text:?} from Postfix"), || {
            let lines = self.log();
            (lines.iter().filter(|line| line.contains(text)).count() >= count).then_some(())
        });
    }

    /// Where its main.cf and master.cf are.
    pub fn config_dir(&self) -> PathBuf {
        self.directory.path().join("etc")
    }

    /// `postmap -q KEY TABLE`, with this instance's configuration: the value, or `None`.
    pub fn postmap(&self, key: &str, table: &str) -> Option<String> {
        let mut command = Command::new(peer::program("postmap").unwrap());
        command.arg("-c").arg(self.directory.path().join("etc")).args(["-q", key, table]);
        let answer = command.output().unwrap();
        let complaint = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success() || complaint.is_empty(), "{complaint}");
        let value = String::from_utf8(answer.stdout).unwrap();
        answer.status.success().then(|| value.trim_end().to_owned())
    }

    /// sendmail(1), as cron has it: a message that passes no smtpd(8).
    pub fn sendmail(&self, from: &str, to: &[&str], message: &[u8]) {
        let mut command = Command::new("/usr/sbin/sendmail");
        command.arg("-C").arg(self.config_dir()).args(["-i", "-f", from]).args(to);
        let mut sendmail = command.stdin(Stdio::piped()).spawn().unwrap();
        sendmail.stdin.take().unwrap().write_all(message).unwrap();
        assert!(sendmail.wait().unwrap().success());
    }

    /// `postqueue -f`: tries all that is deferred at once. What is being tried now is waited for,
    /// as a flush would miss it.
    pub fn flush(&self) {
        self.wait_until_idle(DEADLINE);
        let mut command = Command::new(peer::program("postqueue").unwrap());
        command.arg("-c").arg(self.directory.path().join("etc")).arg("-f");
        let flush = command.output().unwrap();
        assert!(flush.status.success(), "{}", String::from_utf8_lossy(&flush.stderr));
    }

    /// Waits until nothing is being tried, and all that could not be delivered is deferred.
    pub fn wait_until_idle(&self, deadline: Duration) {
        wait_until_for(deadline, "the end of what Postfix is trying", || {
            self.holds_nothing_in(&["incoming", "active"]).then_some(())
        });
    }

    /// Waits until it has delivered, bounced or dropped all that it took.
    pub fn wait_for_empty_queue(&self) {
        wait_until("an empty queue", || {
            self.holds_nothing_in(&["maildrop", "incoming", "active", "deferred"]).then_some(())
        });
    }

    fn holds_nothing_in(&self, queues: &[&str]) -> bool {
        fn is_empty(queue: &Path) -> bool {
            let mut entries = fs::read_dir(queue).into_iter().flatten().flatten();
            // A deferred message lies below the first letter of its name.
            entries.all(|entry| entry.path().is_dir() && is_empty(&entry.path()))
        }
        queues.iter().all(|queue| is_empty(&self.directory.path().join("queue").join(queue)))
    }

    /// Where its main.cf is, which its programmes read at once: else they wait until a file that was just changed is a second old.
    pub fn aged(&self) -> PathBuf {
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        let main_cf = self.config_dir().join("main.cf");
        File::options().append(true).open(main_cf).unwrap().set_modified(long_ago).unwrap();
        self.config_dir()
    }

    /// A stop and a start, after a change of its configuration. A reload would not do: an smtpd(8) that takes a connection in that
    /// moment tells the old generation that it is busy, and no other is started for who comes next until it is done.
    pub fn restart(&mut self) {
        self.stop();
        self.aged();
        self.process = master(self.directory.path());
    }

    /// A clean stop, as `postfix stop` does it. An smtpd(8) shares the master's listening socket
    /// and may outlive it by a moment, so this waits for the port too.
    pub fn stop(&mut self) {
        self.process.signal("TERM");
        self.process.wait_exit(Duration::from_secs(10));
        wait_until("the port of a stopped Postfix to close", || {
            TcpStream::connect(self.address).err()
        });
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // On TERM the master takes its own children down with it; killed, it would leave them
        // behind.
        self.process.end();
    }
}

impl Builder {
    /// Where it will listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where all mail goes that is not for its own mailboxes: its bounces too.
    pub fn relay(mut self, to: SocketAddr) -> Self {
        self.relay = Some(to);
        self
    }

    /// A mailbox; its domain becomes one that this Postfix receives for.
    pub fn mailbox(mut self, address: &str) -> Self {
        self.mailboxes.push(address.to_owned());
        self
    }

    /// A recipient that is accepted and cannot be delivered to: Postfix bounces with this text,
    /// which begins with an enhanced status code, as `5.2.2 mailbox full`.
    pub fn failing(mut self, address: &str, text: &str) -> Self {
        self.failing.push((address.to_owned(), text.to_owned()));
        self.mailbox(address)
    }

    /// Any parameter of main.cf.
    pub fn set(mut self, parameter: &str, value: &str) -> Self {
        self.settings.push((parameter.to_owned(), value.to_owned()));
        self
    }

    /// Any service of master.cf.
    pub fn service(mut self, lines: &str) -> Self {
        self.services.push(format!("{lines}\n"));
        self
    }

    pub fn start(self) -> Postfix {
        let directory = tempfile::Builder::new().prefix("postfix").tempdir().unwrap();
        let top = directory.path();
        // Its daemons run as `postfix` and have to get to their queue.
        fs::set_permissions(top, Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "data", "mail"] {
            fs::create_dir(top.join(name)).unwrap();
        }
        chown(top.join("mail"), Some(MAILBOX_OWNER), Some(MAILBOX_OWNER)).unwrap();
        give_to_postfix(&top.join("data"));
        let main_cf = top.join("etc/main.cf");
        fs::write(&main_cf, self.main_cf(top)).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        // Its programmes wait until a file that was just changed is a second old.
        File::options().append(true).open(main_cf).unwrap().set_modified(long_ago).unwrap();
        fs::write(top.join("etc/master.cf"), self.master_cf(top)).unwrap();
        executable(&top.join("etc/fail"), FAIL);
        fs::write(top.join("etc/transport"), self.transport()).unwrap();
        fs::write(top.join("etc/mailboxes"), self.mailbox_map()).unwrap();
        let mut command = Command::new(peer::program("postfix").unwrap());
        command.arg("-c").arg(top.join("etc")).arg("check");
        let check = command.output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let process = master(top);
        Postfix { address: self.address, directory, process }
    }

    fn main_cf(&self, top: &Path) -> String {
        let top = top.display();
        let (transport, relay) = match self.relay {
            Some(to) => ("smtp", format!("[{}]:{}", to.ip(), to.port())),
            None => ("error:5.4.4 this Postfix relays nowhere", String::new()),
        };
        let mut domains: Vec<&str> =
            self.mailboxes.iter().filter_map(|address| Some(address.split_once('@')?.1)).collect();
        domains.sort_unstable();
        domains.dedup();
        let mut text = format!(
            "compatibility_level = 3.6
queue_directory = {top}/queue
data_directory = {top}/data
multi_instance_name = postfix-onward-test
maillog_file = /dev/stdout
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = none
smtpd_peername_lookup = no
smtputf8_enable = yes
biff = no
append_dot_mydomain = no
alias_maps =
local_recipient_maps =
local_transport = error:5.1.1 no local users
default_transport = {transport}
relayhost = {relay}
transport_maps = texthash:{top}/etc/transport
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {top}/mail
virtual_mailbox_maps = texthash:{top}/etc/mailboxes
virtual_uid_maps = static:{MAILBOX_OWNER}
virtual_gid_maps = static:{MAILBOX_OWNER}
",
            domains = domains.join(" "),
        );
        for (parameter, value) in &self.settings {
            text.push_str(&format!("{parameter} = {value}\n"));
        }
        text
    }

    /// `fails` is a pipe(8), because smtpd(8) would refuse the recipients of error(8) at RCPT.
    fn master_cf(&self, top: &Path) -> String {
        let (port, services) = (self.address.port(), self.services.concat());
        let top = top.display();
        format!(
            "127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
fails unix - n n - - pipe user=nobody argv={top}/etc/fail ${{nexthop}}
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
{services}"
        )
    }

    fn transport(&self) -> String {
        self.failing.iter().map(|(address, text)| format!("{address} fails:{text}\n")).collect()
    }

    fn mailbox_map(&self) -> String {
        self.mailboxes.iter().map(|address| format!("{address} {address}/\n")).collect()
    }
}

fn master(top: &Path) -> Process {
    let mut command = Command::new("/usr/lib/postfix/sbin/master");
    command.arg("-c").arg(top.join("etc")).arg("-s").current_dir(top.join("queue"));
    let process = Process::spawn("postfix", &mut command);
    process.wait_for_line("its start", |line| line.contains("daemon started"));
    process
}

fn maildir(top: &Path, recipient: &str) -> PathBuf {
    top.join("mail").join(recipient)
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

fn give_to_postfix(path: &Path) {
    let given = Command::new("chown").arg("postfix").arg(path).status().unwrap();
    assert!(given.success());
}
