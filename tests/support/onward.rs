//! Onward itself: a state directory, a configuration, its commands, and the daemon as a child
//! process.

mod builder;

pub use builder::Builder;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use super::client::Client;
use super::config::Config;
use super::dns::Dns;
use super::peer::POSTFIX_CONFIG;
use super::port::free_address;
use super::process::Process;

/// The time `serve` has to end after SIGTERM: the delivery budget of 45 s, and some.
const TERMINATION: Duration = Duration::from_secs(60);

pub struct Onward {
    directory: TempDir,
    address: SocketAddr,
    config: Config,
    listeners: Vec<SocketAddr>,
    daemon: Option<Process>,
    environment: Vec<(String, String)>,
    _dns: Option<Dns>,
}

/// What a command said.
#[derive(Debug)]
pub struct Output {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Onward {
    /// `mx.example.org` with the SRS domain `example.org`, which is not hosted yet; no aliases, no
    /// routes, and no name in DNS exists.
    pub fn builder() -> Builder {
        let directory = tempfile::Builder::new().prefix("onward").tempdir().unwrap();
        let address = free_address();
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        let secret = directory.path().join("srs.secret");
        fs::write(&secret, "the secret of the tests\n").unwrap();
        let mut config = Config::default();
        config.set_text("hostname", "mx.example.org");
        config.set_text("state_dir", state.display());
        config.set_text("postmaster", "postmaster@sink.test");
        config.set_text("srs.domain", "example.org");
        config.set_text("srs.secret_file", secret.display());
        Builder {
            directory,
            address,
            listeners: vec![address],
            smtp_options: Vec::new(),
            has_listener: true,
            config,
            has_dns: false,
            commands: Vec::new(),
        }
    }

    /// The same, with `example.org` hosted and `hello@example.org` leading to `bob@sink.test`, whose
    /// mail goes to `next_hop`.
    pub fn forwarding_to(next_hop: &str) -> Builder {
        Self::builder()
            .domain("example.org")
            .alias("hello@example.org", &["bob@sink.test"])
            .route("sink.test", next_hop)
    }

    /// Its SMTP listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    pub fn config_path(&self) -> PathBuf {
        self.directory.path().join("onward.toml")
    }

    /// The program itself.
    pub fn program(&self) -> &'static str {
        env!("CARGO_BIN_EXE_onward")
    }

    /// A variable for daemons and commands from now on.
    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Changes the text of the configuration file.
    pub fn edit_config(&self, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.config_path()).unwrap();
        fs::write(self.config_path(), change(text)).unwrap();
    }

    /// Changes the configuration file; a running daemon has to be told by the test.
    pub fn change_config(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        fs::write(self.config_path(), self.config.to_string()).unwrap();
    }

    /// Runs a command, `--config` added behind it.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        Output::of(&mut self.command(arguments))
    }

    /// [`Onward::cli`] from a working directory.
    pub fn cli_in(&self, directory: &Path, arguments: &[&str]) -> Output {
        Output::of(self.command(arguments).current_dir(directory))
    }

    /// Runs a command that has to succeed, and returns its stdout.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        assert_eq!(output.code, Some(0), "onward {arguments:?}: {}", output.stderr);
        output.stdout
    }

    /// The records of `onward trace --json` with these arguments, once there are `count`: they are
    /// written behind the replies.
    #[track_caller]
    pub fn wait_for_trace(&self, arguments: &[&str], count: usize) -> Vec<serde_json::Value> {
        let arguments = [&["trace", "--json"], arguments].concat();
        let mut records = Vec::new();
        super::wait_until(format!("{count} records of onward {arguments:?}"), || {
            let lines = self.run(&arguments);
            records = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (records.len() >= count).then_some(())
        });
        assert_eq!(records.len(), count, "onward {arguments:?}: {records:#?}");
        records
    }

    pub fn srs_forward(&self, address: &str) -> String {
        self.run(&["srs", "forward", address]).trim().to_owned()
    }

    pub fn srs_forward_at(&self, address: &str, unix_time: u64) -> String {
        let time = unix_time.to_string();
        self.run(&["srs", "forward", address, "--at", &time]).trim().to_owned()
    }

    /// Starts the daemon and waits until it says that it listens.
    pub fn serve(&mut self) -> &mut Self {
        self.serve_with(&[])
    }

    /// [`Onward::serve`] with options of the command.
    pub fn serve_with(&mut self, options: &[&str]) -> &mut Self {
        assert!(self.daemon.is_none(), "it is running");
        let arguments = [&["serve"], options].concat();
        let daemon = Process::spawn("onward serve", &mut self.command(&arguments));
        for listener in &self.listeners {
            daemon.wait_for_line(&format!("readiness at {listener}"), |line| {
                line.contains("listening") && line.contains(&listener.to_string())
            });
        }
        self.daemon = Some(daemon);
        self
    }

    /// Starts the daemon under strace(1), which watches or fails its system calls as `options` say and
    /// writes to `log`; the daemon itself is the child, so signals reach it. An error is how it gave
    /// up instead.
    pub fn serve_traced(&mut self, log: &Path, options: &[&str]) -> Result<(), Output> {
        let serve = self.command(&["serve"]);
        let strace = super::peer::program("strace").expect("strace is asked for before");
        let mut traced = Command::new(strace);
        traced.args(["-D", "-f", "-qq", "-y", "--seccomp-bpf", "-s", "200", "-o"]).arg(log);
        traced.args(options).arg(serve.get_program()).args(serve.get_args());
        // System calls are counted by thread: one thread for all sockets.
        traced.env("TOKIO_WORKER_THREADS", "1").env_remove("STATE_DIRECTORY");
        let mut daemon = Process::spawn("onward serve", &mut traced);
        let ended = super::wait_until("the daemon to listen or give up", || {
            let listens = daemon.lines().iter().any(|line| line.contains("listening"));
            let ended = !daemon.is_running();
            (listens || ended).then_some(ended)
        });
        if ended {
            let status = daemon.wait_exit(super::DEADLINE);
            return Err(Output {
                code: status.code(),
                stdout: String::new(),
                stderr: daemon.finished_output(),
            });
        }
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Starts a daemon that is expected to give up, and returns how it did.
    pub fn serve_refused(&self) -> Output {
        let mut daemon = Process::spawn("onward serve", &mut self.command(&["serve"]));
        let status = daemon.wait_exit(super::DEADLINE);
        Output { code: status.code(), stdout: String::new(), stderr: daemon.finished_output() }
    }

    /// A connection from which nothing has been read.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A connection after greeting and EHLO.
    pub fn session(&self) -> Client {
        Client::session(self.address)
    }

    /// The lines on its stderr so far.
    pub fn log(&self) -> Vec<String> {
        self.daemon().lines()
    }

    /// The first line on its stderr, past or to come, that contains this.
    pub fn wait_for_log(&self, text: &str) -> String {
        self.daemon().wait_for_line(text, |line| line.contains(text))
    }

    /// SIGKILL, and gone on return; `serve` starts it again on the same state and port.
    pub fn kill_9(&mut self) {
        self.daemon.take().expect("it is running").kill_9();
    }

    pub fn signal(&self, signal: &str) {
        self.daemon().signal(signal);
    }

    /// SIGTERM, and its exit status.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait_exit()
    }

    /// Waits for its end, within the budget of a delivery.
    pub fn wait_exit(&mut self) -> ExitStatus {
        self.daemon.take().expect("it is running").wait_exit(TERMINATION)
    }

    pub fn process_id(&self) -> u32 {
        self.daemon().id()
    }

    fn daemon(&self) -> &Process {
        self.daemon.as_ref().expect("it is running")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
        command.args(arguments).arg("--config").arg(self.config_path());
        for variable in ["STATE_DIRECTORY", "ONWARD_CONFIG", "NOTIFY_SOCKET", "LISTEN_FDS"] {
            command.env_remove(variable);
        }
        command.env("MAIL_CONFIG", POSTFIX_CONFIG);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Output {
    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
