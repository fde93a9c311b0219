//! nginx and Caddy in front of Onward, each with a file of contrib/.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::certificates::Pair;
use super::peer::program;
use super::port::free_address;
use super::process::Process;
use super::wait_until;

/// The name that the files have.
pub const NAME: &str = "mail.example.org";

pub struct WebServer {
    pub address: SocketAddr,
    directory: TempDir,
    process: Process,
}

impl WebServer {
    /// nginx with a file of contrib/nginx, and what is to stand there in the place of what. `None`: skip.
    pub fn nginx(file: &str, pair: &Pair, changes: &[(&str, &str)]) -> Option<Self> {
        let program = program("nginx")?;
        let (directory, address) = (directory(), free_address());
        let at = |name: &str| directory.path().join(name).display().to_string();
        let listen = format!("listen {address} ssl;");
        let other = format!("listen {} ssl;", free_address());
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let certificate = format!("ssl_certificate     {certificate};");
        let key = format!("ssl_certificate_key {key};");
        let own = [
            ("listen 443 ssl;", listen.as_str()),
            ("listen [::]:443 ssl;", &other),
            (
                "ssl_certificate     /etc/letsencrypt/live/mail.example.org/fullchain.pem;",
                &certificate,
            ),
            ("ssl_certificate_key /etc/letsencrypt/live/mail.example.org/privkey.pem;", &key),
        ];
        let text = contrib(&format!("nginx/{file}"), &[&own, changes].concat());
        fs::write(at("site.conf"), text).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|what| format!("{what}_temp_path {};\n", at(what)))
            .collect();
        let main = format!(
            "daemon off;\nmaster_process off;\npid {};\nevents {{}}\n\
             http {{\naccess_log {};\n{temporary}include {};\n}}\n",
            at("pid"),
            at("access.log"),
            at("site.conf"),
        );
        fs::write(at("nginx.conf"), main).unwrap();
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-p"]).arg(directory.path()).args(["-c", &at("nginx.conf")]);
        Some(Self::start("nginx", &mut command, directory, address))
    }

    /// Caddy with a file of contrib/caddy, and what is to stand there in the place of what. `None`: skip.
    pub fn caddy(file: &str, pair: &Pair, changes: &[(&str, &str)]) -> Option<Self> {
        let program = program("caddy")?;
        let (directory, address) = (directory(), free_address());
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let site = format!(
            "\n{NAME}:{} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n",
            address.port()
        );
        let text = contrib(
            &format!("caddy/{file}"),
            &[&[("\nmail.example.org {\n", &*site)], changes].concat(),
        );
        // What is for all sites stands first.
        let text = match text.contains("\n{\n") {
            true => text.replacen("\n{\n", "\n{\n\tadmin off\n\tauto_https disable_redirects\n", 1),
            false => format!("{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{text}"),
        };
        let path = directory.path().join("Caddyfile");
        fs::write(&path, text).unwrap();
        let mut command = Command::new(program);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(path);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, directory.path());
        }
        Some(Self::start("caddy", &mut command, directory, address))
    }

    fn start(name: &str, command: &mut Command, directory: TempDir, address: SocketAddr) -> Self {
        let mut process = Process::spawn(name, command);
        wait_until(format!("{name} at {address}"), || {
            assert!(process.is_running(), "{name} ended: {}", process.finished_output());
            TcpStream::connect(address).ok()
        });
        Self { address, directory, process }
    }

    /// What a URL of it begins with.
    pub fn base(&self) -> String {
        format!("https://{NAME}:{}", self.address.port())
    }

    /// All that it has logged, of accesses too.
    pub fn logged(&self) -> String {
        let accesses = fs::read_to_string(self.directory.path().join("access.log"));
        [self.process.lines().join("\n"), accesses.unwrap_or_default()].join("\n")
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.process.end();
    }
}

fn directory() -> TempDir {
    tempfile::Builder::new().prefix("web-server").tempdir().unwrap()
}

/// A file of contrib/ with each `from` replaced, wherever it stands; it has to stand there.
fn contrib(file: &str, changes: &[(&str, &str)]) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(file);
    let text = fs::read_to_string(&path).unwrap();
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "contrib/{file} has no {from:?}");
        text.replace(from, to)
    })
}
