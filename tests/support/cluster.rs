//! A throw-away cluster of PostgreSQL on a unix socket, as an unprivileged user: one for all processes of a run of tests, and a
//! database of its own for each place. Whoever breaks the server down has one alone.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr
)]

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    time::{interval, timeout},
};
use tokio_postgres::{Client, NoTls};

/// Who runs the server where tests are run by root.
const USER: &str = "postgres";

/// Stops the server and removes what it left, once nobody holds `users` any more.
const KEEP: &str = r#"
    while :; do
        flock -x "$1.users" sleep 2
        exec 9>"$1.lock"
        flock -x 9
        if flock -xn "$1.users" true; then
            shift
            "$@" stop -m immediate -s
            rm -rf "$BASE" "$BASE.lock" "$BASE.users"
            exit
        fi
        exec 9>&-
    done
"#;

/// A server that runs as long as somebody has one of these.
#[derive(Debug)]
pub struct Cluster {
    base: PathBuf,
    _user: File,
}

impl Cluster {
    /// `None` where PostgreSQL is not installed.
    pub fn get() -> Option<&'static Self> {
        static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::start("", init)).as_ref()
    }

    /// One that no other process uses.
    pub fn alone() -> Option<Self> {
        Self::start(&format!("-{}", std::process::id()), init)
    }

    /// The same with all that it keeps on a disk.
    pub fn on(disk: &Path) -> Option<Self> {
        run(Command::new("chmod").arg("755").arg(disk));
        Self::start_at(disk.join("postgres"), init)
    }

    /// A server that has whatever this one has answered for, from now on: a standby to which each commit goes first.
    pub async fn standby(&self) -> Self {
        let copy = |data: &Path| {
            let mut copy = unprivileged("pg_basebackup");
            run(copy
                .args(["-U", USER, "-X", "stream", "-c", "fast", "-R", "-h"])
                .arg(&self.base)
                .arg("-D")
                .arg(data));
        };
        let standby = Self::start(&format!("-{}-standby", std::process::id()), copy).unwrap();
        let client = connect(&self.url("postgres")).await;
        for set in ["synchronous_standby_names = '*'", "synchronous_commit = remote_apply"] {
            client.batch_execute(&format!("ALTER SYSTEM SET {set}")).await.unwrap();
        }
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let follows =
            "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
        let mut looks = interval(Duration::from_millis(50));
        let begun = async {
            while client.query(follows, &[]).await.unwrap().is_empty() {
                looks.tick().await;
            }
        };
        timeout(Duration::from_secs(60), begun).await.expect("the standby follows");
        standby
    }

    /// Has a standby serve in the place of the server that it follows.
    pub fn promote(&self) {
        run(control(&self.base).args(["promote", "-s", "-w", "-t", "60"]));
    }

    /// Has the server end as in a crash.
    pub fn break_down(&self) {
        run(control(&self.base).args(["stop", "-s", "-m", "immediate"]));
    }

    /// Starts it again.
    pub fn start_again(&self) {
        begin_server(&self.base);
    }

    pub fn is_running(&self) -> bool {
        quiet(control(&self.base).arg("status")).status().unwrap().success()
    }

    /// Has all its processes stand still: whoever connects is not refused, and nobody is answered.
    pub fn hang(&self) {
        self.signal(Signal::STOP);
    }

    /// Has them go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Who may log in is asked for a password, but for who looks on.
    pub fn ask_for_passwords(&self) {
        let rules = format!(
            "local all {USER} trust\nlocal replication {USER} trust\nlocal all all scram-sha-256\n"
        );
        fs::write(self.base.join("data/pg_hba.conf"), rules).unwrap();
        run(control(&self.base).args(["reload", "-s"]));
    }

    fn signal(&self, signal: Signal) {
        let file = fs::read_to_string(self.base.join("data/postmaster.pid")).unwrap();
        let server: i32 = file.lines().next().unwrap().parse().unwrap();
        let children = Command::new("pgrep").args(["-P", &server.to_string()]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let children = children.lines().map(|line| line.parse().unwrap());
        // The server first, or it would begin others.
        for id in [server].into_iter().chain(children) {
            // One that ended meanwhile has been signalled enough.
            let _ = kill_process(Pid::from_raw(id).unwrap(), signal);
        }
    }

    /// `make` makes the server's data.
    fn start(which: &str, make: impl FnOnce(&Path)) -> Option<Self> {
        let run =
            std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
        Self::start_at(std::env::temp_dir().join(format!("onward-postgres-{run}{which}")), make)
    }

    fn start_at(base: PathBuf, make: impl FnOnce(&Path)) -> Option<Self> {
        if programs().is_none() {
            assert!(std::env::var_os("CI").is_none(), "CI=true and there is no initdb");
            eprintln!("skipped: there is no initdb");
            return None;
        }
        let beside = |suffix: &str| PathBuf::from(format!("{}.{suffix}", base.display()));
        let _lock = lock(&beside("lock"));
        let user = File::create(beside("users")).unwrap();
        user.lock_shared().unwrap();
        if !base.join("data/postmaster.pid").exists() {
            begin(&base, make);
        }
        Some(Self { base, _user: user })
    }

    /// The URL of a new database.
    pub async fn database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("d{}_{count}", std::process::id());
        let client = connect(&self.url("postgres")).await;
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
        self.url(&name)
    }

    /// Where its socket is.
    pub fn directory(&self) -> &Path {
        &self.base
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user={USER}", self.base.display())
    }
}

/// A connection behind the store's back.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    Handle::current().spawn(connection);
    client
}

/// Waits for the lock that `file` is. Who had it may have removed the file, which is then nobody's any more.
fn lock(file: &Path) -> File {
    loop {
        let lock = File::create(file).unwrap();
        lock.lock().unwrap();
        let mine = lock.metadata().unwrap().ino();
        if fs::metadata(file).is_ok_and(|now| now.ino() == mine) {
            return lock;
        }
    }
}

fn init(data: &Path) {
    let mut initdb = unprivileged("initdb");
    run(initdb
        .args(["-N", "-E", "UTF8", "--locale", "C", "-A", "trust", "-U", USER, "-D"])
        .arg(data));
}

fn begin(base: &Path, make: impl FnOnce(&Path)) {
    // What a run that was killed has left.
    let _ = fs::remove_dir_all(base);
    fs::create_dir(base).unwrap();
    if is_root() {
        run(Command::new("chown").arg(USER).arg(base));
    }
    make(&base.join("data"));
    begin_server(base);
    let stop = control(base);
    let mut keeper = Command::new("setsid");
    keeper
        .args(["sh", "-c", KEEP, "keeper"])
        .arg(base)
        .arg(stop.get_program())
        .args(stop.get_args())
        .env("BASE", base);
    // It outlives this program: init is to wait for it.
    drop(quiet(&mut keeper).spawn().unwrap());
}

fn begin_server(base: &Path) {
    let options = format!(
        "-k {} -c listen_addresses='' -c fsync=on -c max_connections=300 -c max_prepared_transactions=0",
        base.display()
    );
    let mut start = control(base);
    run(start
        .args(["start", "-s", "-w", "-t", "60", "-l"])
        .arg(base.join("log"))
        .arg("-o")
        .arg(options));
}

/// `pg_ctl` for a cluster; what it is to do comes behind.
fn control(base: &Path) -> Command {
    let mut control = unprivileged("pg_ctl");
    control.arg("-D").arg(base.join("data"));
    control
}

/// Debian has them beside the others, for each version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let of = |entry: fs::DirEntry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs.join("initdb").exists().then_some((version, programs))
    };
    versions.flatten().filter_map(of).max().map(|(_, programs)| programs)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of PostgreSQL that does not run as root.
fn unprivileged(name: &str) -> Command {
    let program = programs().unwrap().join(name);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", USER, "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let status = quiet(command).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn quiet(command: &mut Command) -> &mut Command {
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
