//! Who holds connections to the figures open, and asks nothing, holds nobody up.

use crate::support::DEADLINE;
use crate::support::onward::Onward;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const IDLE: usize = 400;

fn scrape(http: SocketAddr) -> String {
    let mut stream = TcpStream::connect(http).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut page = String::new();
    match stream.read_to_string(&mut page) {
        Ok(_) => page,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "reset".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_scrape_is_answered_beside_hundreds_that_are_idle_or_trickle() {
    let (builder, http) = Onward::builder().listen("http", &[]);
    let _onward = builder.start();
    let mut held: Vec<TcpStream> = (0..IDLE).map(|_| TcpStream::connect(http).unwrap()).collect();
    for trickling in held.iter_mut().step_by(2) {
        // Those whose place is taken are reset.
        let _ = trickling.write_all(b"GET /metr");
    }
    for round in 0..20 {
        assert!(scrape(http).starts_with("HTTP/1.1 200 OK\r\n"), "{round}");
    }
    // And while more of them come all the time.
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let more = TcpStream::connect(http).unwrap();
                held.push(more);
                drop(held.remove(0));
            }
        });
        let answered = (0..50).filter(|_| scrape(http).starts_with("HTTP/1.1 200 OK\r\n")).count();
        stop.store(true, Ordering::SeqCst);
        // Who opens hundreds within one scrape takes its place; how often he can is the machine's.
        assert!(answered > 25, "{answered}");
    });
}
