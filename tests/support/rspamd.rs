//! Debian's rspamd in a throw-away instance: its own configuration and data, no redis, and no name server but the
//! test's.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::dns::Dns;
use super::peer;
use super::port::free_address;
use super::process::Process;
use super::wait_until;
use crate::support::client::Client;

/// The password of its controller.
pub const PASSWORD: &str = "correct-horse";

/// Generic test of unsolicited bulk email: rspamd rejects it.
pub const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// The account whose mail it rejects late.
pub const TRUSTED: &str = "trusted@example.org";

/// Symbols that a message asks for by header fields, and one that tells what came beside the message.
const RULES: &str = r#"
rspamd_config:register_symbol{ name = 'TEST_SEEN', score = 0.0, group = 'test', callback = function(task)
  local seen = {
    'ip=' .. tostring(task:get_from_ip()), 'helo=' .. tostring(task:get_helo()),
    'hostname=' .. tostring(task:get_hostname()), 'user=' .. tostring(task:get_user()),
    'queue=' .. tostring(task:get_queue_id()),
  }
  local from = task:get_from('smtp')
  seen[#seen + 1] = 'from=' .. ((from and from[1] and from[1].addr) or 'nil')
  for _, to in ipairs(task:get_recipients('smtp') or {}) do seen[#seen + 1] = 'rcpt=' .. to.addr end
  for _, name in ipairs({ 'MTA-Name', 'TLS-Version', 'TLS-Cipher' }) do
    seen[#seen + 1] = name .. '=' .. tostring(task:get_request_header(name))
  end
  require("rspamd_logger").infox(task, 'seen %1', table.concat(seen, ' '))
  return true, 1.0, seen
end }
rspamd_config:register_symbol{ name = 'TEST_SCORE', score = 1.0, group = 'test', callback = function(task)
  local score = task:get_header('X-Test-Score')
  if score then return true, tonumber(score) end
  return false
end }
rspamd_config:register_symbol{ name = 'TEST_ACTION', type = 'prefilter', callback = function(task)
  local action = task:get_header('X-Test-Action')
  if action then task:set_pre_result(action, 'Asked for by the message') end
end }
"#;

pub struct Rspamd {
    worker: SocketAddr,
    controller: SocketAddr,
    directory: TempDir,
    process: Process,
}

impl Rspamd {
    /// `add header` from 6 points on, `reject` from 15. `None`: skip.
    pub fn start(dns: &Dns) -> Option<Self> {
        let program = peer::program("rspamd")?;
        let directory = tempfile::Builder::new().prefix("rspamd").tempdir().unwrap();
        let (worker, controller) = (free_address(), free_address());
        let at = directory.path().display();
        std::fs::write(directory.path().join("rules.lua"), RULES).unwrap();
        std::fs::write(directory.path().join("tld"), "com\norg\nnet\ntest\n").unwrap();
        let config = format!(
            r#"
lua = "{at}/rules.lua";
options {{
  pidfile = "{at}/rspamd.pid"; filters = ""; url_tld = "{at}/tld"; tempdir = "{at}"; hs_cache_dir = "{at}/";
  cache_file = "{at}/symbols.cache"; control_socket = "{at}/control.sock mode=0600"; history_file = "{at}/history";
  local_addrs = []; dns {{ nameserver = ["{dns}"]; timeout = 2s; }}
}}
logging {{ type = "console"; level = "info"; color = false; }}
actions {{ reject = 15; "add header" = 6; greylist = null; }}
worker "normal" {{ bind_socket = ["{worker}", "{at}/worker.sock mode=0600"]; count = 1; }}
worker "controller" {{ bind_socket = "{controller}"; count = 1; password = "{PASSWORD}"; secure_ip = []; }}
modules {{
  path = "/usr/share/rspamd/plugins/spf.lua"; path = "/usr/share/rspamd/plugins/rbl.lua";
  path = "/usr/share/rspamd/plugins/milter_headers.lua"; path = "/usr/share/rspamd/plugins/settings.lua";
  fallback_path = "/usr/share/rspamd/lua";
}}
spf {{ }}
settings {{ trusted {{ user = "{TRUSTED}"; apply {{ actions {{ reject = 100; "add header" = 50; }} }} }} }}
rbl {{ rbls {{ test {{ symbol = "TEST_RBL"; rbl = "bl.test"; ipv4 = true; checks = ["from"]; }} }} }}
milter_headers {{ use = ["x-spamd-bar"]; local_headers = []; }}
"#,
            dns = dns.address(),
        );
        let file = directory.path().join("rspamd.conf");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(program);
        // Its processes are a group, so that a signal reaches all of them.
        command.arg("-f").arg("-c").arg(&file).process_group(0);
        if peer::is_root() {
            command.arg("-i");
        }
        let process = Process::spawn("rspamd", &mut command);
        let rspamd = Self { worker, controller, directory, process };
        for address in [worker, controller] {
            wait_until(format!("rspamd at {address}"), || Client::try_connect(address).ok());
        }
        wait_until("rspamd's unix socket", || UnixStream::connect(rspamd.socket()).ok());
        Some(rspamd)
    }

    /// Its normal worker over TCP, as `filter.rspamd` has it.
    pub fn tcp(&self) -> String {
        format!("http://{}", self.worker)
    }

    /// Its normal worker over a unix socket.
    pub fn unix(&self) -> String {
        format!("unix:{}", self.socket().display())
    }

    /// Its controller, which wants a password.
    pub fn controller(&self) -> String {
        format!("http://{}", self.controller)
    }

    /// What it saw of a message beside its bytes: the first line that has this.
    pub fn wait_for_seen(&self, text: &str) -> String {
        self.process.wait_for_line(text, |line| line.contains("seen ip=") && line.contains(text))
    }

    /// A signal by name to all of its processes.
    pub fn signal(&self, signal: &str) {
        assert!(self.try_signal(signal), "signal {signal} to rspamd");
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("worker.sock")
    }

    fn try_signal(&self, signal: &str) -> bool {
        let kill = format!("kill -s {signal} -- -{}", self.process.id());
        Command::new("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Rspamd {
    fn drop(&mut self) {
        self.try_signal("KILL");
    }
}
