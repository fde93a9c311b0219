//! Connections that say nothing, by the thousand: what they cost, and what stays when they have gone.

use super::{
    daemon::Daemon,
    kind::{ALIAS, Kind},
    load::{self, Letter, SENDER, Session},
    receiver::Receiver,
    report::{Figures, Report},
};
use std::{thread, time::Duration};

const CONNECTIONS: usize = 10_000;
/// Of them, those that have sent a message before.
const WRITERS: usize = 1_000;
/// What is not needed any more is given back by then.
const QUIET: Duration = Duration::from_secs(10);

pub fn measure(report: &mut Report) {
    let sink = Receiver::start();
    let daemon = Daemon::start(Kind::Checked, sink.address());
    let mut figures = Figures::new("memory of connections that say nothing, no peer", &["MB"]);
    let mut look = |name: &str| {
        thread::sleep(QUIET);
        figures.add(name, &[daemon.resident() as f64 / 1e6]);
    };
    look("nobody was there");
    let open = || Session::open(daemon.address());
    let mut connections: Vec<Session> = (0..WRITERS).map(|_| open()).collect();
    look("1,000 connections");
    let body = load::body(4096);
    let letter = Letter { sender: SENDER, recipient: ALIAS, body: &body };
    for (number, connection) in connections.iter_mut().enumerate() {
        assert!(connection.send(letter, number), "one message after the other is taken");
    }
    look("1,000, each behind a message");
    connections.extend((WRITERS..CONNECTIONS).map(|_| open()));
    look("10,000 connections");
    drop(connections);
    look("all have gone");
    report.add_figures(figures);
}
