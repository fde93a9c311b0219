//! Messages of 1 KB to 25 MB at once, for minutes: how much memory they take, and what stays of it.

use super::{
    daemon::Daemon,
    kind::{ALIAS, Kind},
    load::{self, Letter, SENDER, Session},
    receiver::Receiver,
    report::{Figures, Report},
};
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

const SIZES: [usize; 6] = [1 << 10, 10 << 10, 100 << 10, 1 << 20, 10 << 20, 25 << 20];
const SESSIONS: usize = 12;
/// What is not needed any more is given back by then.
const QUIET: Duration = Duration::from_secs(10);

pub fn measure(report: &mut Report, seconds: u64) {
    let sink = Receiver::start();
    let daemon = Daemon::start(Kind::Checked, sink.address());
    let bodies = SIZES.map(load::body);
    let (taken, octets) = (AtomicUsize::new(0), AtomicU64::new(0));
    let refused = AtomicUsize::new(0);
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let (daemon, bodies, taken, octets, refused) =
                (&daemon, &bodies, &taken, &octets, &refused);
            scope.spawn(move || {
                // Each begins with another size, and all of them send as many of each.
                let mut turns = (0..bodies.len()).cycle().skip(session % bodies.len());
                while Instant::now() < until {
                    let mut connection = Session::open(daemon.address());
                    let sizes = turns.by_ref().take(bodies.len());
                    let is_whole = sizes.into_iter().all(|size| {
                        let body = &bodies[size];
                        let letter = Letter { sender: SENDER, recipient: ALIAS, body };
                        let is_taken = connection.send(letter, session);
                        taken.fetch_add(usize::from(is_taken), Ordering::Relaxed);
                        octets
                            .fetch_add(u64::from(is_taken) * body.len() as u64, Ordering::Relaxed);
                        is_taken
                    });
                    if is_whole {
                        connection.end();
                    } else {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let time = began.elapsed().as_secs_f64();
    let peak = daemon.peak();
    thread::sleep(QUIET);
    let mut figures = Figures::new(
        "1 KB to 25 MB, 12 sessions, no peer",
        &["messages", "put off", "MB/s", "peak MB", "10 s behind"],
    );
    let of = |count: AtomicUsize| count.into_inner() as f64;
    let megabytes = |octets: u64| octets as f64 / 1e6;
    let rate = megabytes(octets.into_inner()) / time;
    let row = [of(taken), of(refused), rate, megabytes(peak), megabytes(daemon.resident())];
    figures.add(format!("onward, {time:.0} s"), &row);
    report.add_figures(figures);
}
