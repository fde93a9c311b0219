//! Exim of Debian's package, which cannot be installed beside Postfix: it is unpacked, not installed.

use crate::support::{peer, port::free_address, wait_until};
use std::{
    fs::{self, Permissions},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Exim in a throw-away set-up.
pub struct Exim {
    address: SocketAddr,
    process: Child,
    _directory: TempDir,
}

/// The user that Debian's Exim is built for.
const USER: &str = "Debian-exim";

impl Exim {
    /// Starts one that sends on to `sink`; an error says what it wants.
    pub fn start(sink: SocketAddr) -> Result<Self, &'static str> {
        if !peer::is_root() {
            return Err("wants root");
        }
        let program = program().ok_or("wants apt-get, dpkg and useradd")?;
        let directory = tempfile::Builder::new().prefix("exim").tempdir().unwrap();
        let top = directory.path();
        fs::set_permissions(top, Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(top.join("spool")).unwrap();
        assert!(succeeds(Command::new("chown").arg(USER).arg(top.join("spool"))));
        let address = free_address();
        fs::write(top.join("exim.conf"), configuration(&program, top, address, sink)).unwrap();
        let mut command = Command::new(program);
        command.arg("-C").arg(top.join("exim.conf")).args(["-bdf"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let exim = Self { address, process, _directory: directory };
        wait_until("exim to listen", || TcpStream::connect(address).ok());
        Ok(exim)
    }

    /// Where it takes mail.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The daemon that begins all others.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        // With TERM it ends its children too.
        let _gone = Command::new("kill").arg(self.process.id().to_string()).status();
        let _gone = self.process.wait();
    }
}

/// Debian's, unpacked below `target`.
fn program() -> Option<PathBuf> {
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/exim");
    let program = to.join("usr/sbin/exim4");
    if !program.exists() {
        println!("unpacks Debian's package exim4-daemon-light in {}", to.display());
        fs::create_dir_all(&to).ok()?;
        let script =
            "apt-get -qq download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb .";
        if !succeeds(Command::new("sh").args(["-c", script]).current_dir(&to)) {
            return None;
        }
    }
    let has_user = succeeds(Command::new("id").args(["-u", USER]).stdout(Stdio::null()));
    if !has_user {
        println!("makes the system user {USER}, without whom Debian's Exim does not start");
        let mut command = Command::new("useradd");
        command.args(["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]);
        if !succeeds(&mut command) {
            return None;
        }
    }
    Some(program)
}

fn succeeds(command: &mut Command) -> bool {
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Mail is taken from everybody and queued, as Exim does by default, and delivered at once.
fn configuration(program: &Path, top: &Path, address: SocketAddr, sink: SocketAddr) -> String {
    // It begins itself anew for each message.
    let program = program.display();
    let (top, port, sink) = (top.display(), address.port(), sink.port());
    format!(
        "exim_path = {program}
primary_hostname = mx.fwd.test
spool_directory = {top}/spool
log_file_path = {top}/spool/%slog
pid_file_path = {top}/spool/exim.pid
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
disable_ipv6 = true
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
smtp_accept_max = 0
smtp_connect_backlog = 200
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin acl
begin routers
alias:
  driver = redirect
  domains = fwd.test
  data = ${{if eq{{$local_part}}{{u}}{{u@sink.test}}}}
out:
  driver = manualroute
  domains = sink.test
  route_list = * 127.0.0.1
  self = send
  transport = remote
begin transports
remote:
  driver = smtp
  port = {sink}
  return_path = ${{srs_encode {{secret}} {{$return_path}} {{fwd.test}}}}
begin retry
* * F,2h,1m
"
    )
}
