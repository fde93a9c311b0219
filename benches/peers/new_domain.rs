//! Senders whose domain nobody has asked DNS about, which takes 20 ms to answer.

use super::{
    daemon::{self, Daemon},
    kind::{ALIAS, Kind},
    load::{self, Letter},
    receiver::Receiver,
    report::{Figures, Report, quantile},
    through::one_at_a_time,
};
use std::{
    net::{SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

const LATE: Duration = Duration::from_millis(20);
const OCTETS: usize = 4096;

pub fn measure(report: &mut Report, messages: usize) {
    let dns = daemon::dns();
    for number in 0..messages {
        daemon::vouch(&dns, &format!("new{number}.test"));
        dns.txt(&format!("d{number}.sender.test"), "v=spf1 ip4:127.0.0.1 -all");
    }
    let name_server = delay(dns.address());
    let sink = Receiver::start();
    let daemon = Daemon::start_with(Kind::Checked, sink.address(), dns, name_server);
    let body = load::body(OCTETS);
    let send = |sender: &str, number| {
        let letter = Letter { sender, recipient: ALIAS, body: &body };
        load::send_one(daemon.address(), letter, number);
    };
    let known = |number: usize| send("s@sender.test", number);
    let below = |number: usize| send(&format!("s@d{}.sender.test", number - 1), number);
    let new = |number: usize| send(&format!("s@new{}.test", number - 1), number);
    let ways: [(&str, &dyn Fn(usize)); 3] = [
        ("a domain that was asked about", &known),
        ("a new domain below one that was asked about", &below),
        ("a new domain", &new),
    ];
    // What is asked once: the name of HELO, the sender that is known.
    known(1);
    let mut figures =
        Figures::new("end to end, DNS answers in 20 ms, no peer", &["p50 ms", "p99 ms"]);
    for (name, send) in ways {
        sink.clear();
        let (waits, _) = one_at_a_time(&sink, messages, send);
        figures.add(name, &[quantile(&waits, 0.5), quantile(&waits, 0.99)]);
    }
    report.add_figures(figures);
}

/// What is asked here is asked at `server`, and answered later; its threads live as long as the process.
fn delay(server: SocketAddr) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut question = [0; 4096];
        while let Ok((octets, client)) = socket.recv_from(&mut question) {
            let came = Instant::now();
            let (question, back) = (question[..octets].to_vec(), socket.try_clone().unwrap());
            thread::spawn(move || {
                let ask = UdpSocket::bind("127.0.0.1:0").unwrap();
                ask.send_to(&question, server).unwrap();
                let mut answer = [0; 4096];
                let octets = ask.recv(&mut answer).unwrap();
                thread::sleep(LATE.saturating_sub(came.elapsed()));
                // A client that does not wait for it any more has gone.
                let _gone = back.send_to(&answer[..octets], client);
            });
        }
    });
    address
}
