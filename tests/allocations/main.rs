//! How often a message that passes through asks for memory, counted: times vary from machine to machine, this does not.
//! Whoever lowers a count lowers its bound. With `ALLOCATIONS=FILE` dhat writes there who asks (its viewer shows it).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

// Only a part of it is needed here.
#[allow(unused_imports)]
#[path = "../support/mod.rs"]
mod support;

use onward::{
    config::Config,
    daemon::{Daemon, Inherited},
    log,
};
use std::{env, time::Duration};
use support::{
    dns::Dns,
    onward::{Builder, Onward},
    peer,
    port::free_address,
    process::Process,
};
use tokio::sync::mpsc;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

const ALIAS: &str = "hello@example.org";
const OCTETS: &str = "4096";
const SESSIONS: usize = 20;
const FIRST: usize = 400;
/// As far as a backtrace is told.
const FRAMES: usize = 24;
/// A hundred on each connection.
const MESSAGES: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_message_that_passes_through_without_checks() {
    let unchecked = ["spf", "dkim", "dmarc"].map(|check| format!("auth.{check} = \"off\""));
    let builder = unchecked.iter().fold(Onward::builder(), |builder, line| builder.config(line));
    assert_at_most(90, builder);
}

#[test]
fn a_message_that_passes_through_with_the_default_checks() {
    assert_at_most(130, Onward::builder());
}

fn assert_at_most(bound: u64, builder: Builder) {
    let (Some(source), Some(sink)) = (peer::program("smtp-source"), peer::program("smtp-sink"))
    else {
        return;
    };
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").keep(3600);
    let destination = free_address();
    let onward = builder
        .dns(&dns)
        .domain("example.org")
        .alias(ALIAS, &["bob@sink.test"])
        .route("sink.test", &destination.to_string())
        .without_rates()
        .build();
    let mut command = std::process::Command::new(sink);
    if peer::is_root() {
        command.args(["-u", "nobody"]);
    }
    command.args([&destination.to_string(), "100"]).env("MAIL_CONFIG", peer::POSTFIX_CONFIG);
    let sink = Process::spawn("smtp-sink", &mut command);
    support::wait_until("smtp-sink", || std::net::TcpStream::connect(destination).ok());

    let out = env::var_os("ALLOCATIONS");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = Config::load(&onward.config_path()).unwrap();
    log::start(log::Level::Info, log::Format::Text);
    let daemon = runtime.block_on(Daemon::bind(config, Inherited::default())).unwrap();
    let (commands, heard) = mpsc::channel(1);
    let running = runtime.spawn(daemon.run(heard));
    let send = |messages: usize| {
        let (messages, sessions) = (messages.to_string(), SESSIONS.to_string());
        let mut command = std::process::Command::new(&source);
        command.env("MAIL_CONFIG", peer::POSTFIX_CONFIG);
        command.args(["-d", "-s", &sessions, "-m", &messages, "-l", OCTETS, "-M", "mx.spf.test"]);
        command.args(["-f", "alice@spf.test", "-t", ALIAS, &onward.address().to_string()]);
        assert!(Process::spawn("smtp-source", &mut command).wait_exit(PATIENCE).success());
    };
    send(FIRST);
    let profiler = match &out {
        Some(file) => {
            dhat::Profiler::builder().file_name(file).trim_backtraces(Some(FRAMES)).build()
        }
        None => dhat::Profiler::builder().testing().build(),
    };
    send(MESSAGES);
    let stats = dhat::HeapStats::get();
    drop(profiler);
    let each = stats.total_blocks / MESSAGES as u64;
    eprintln!("{each} allocations of {} octets a message", stats.total_bytes / MESSAGES as u64);
    drop(commands);
    runtime.block_on(running).unwrap();
    drop(sink);
    assert!(each <= bound, "{each} allocations a message, not {bound}");
}
