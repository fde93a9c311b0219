//! Connections that ask a map without a pause: while they are few each has a thread, and nothing else is different for them.

use crate::support::onward::Onward;
use crate::support::{DEADLINE, wait_until};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Connections that have a thread each at most.
const THREADS: usize = 128;
const SENDER: &str = "alice@sender.test";

/// A connection, what it asks, and what it is answered.
struct Asker<S> {
    stream: BufReader<S>,
    question: String,
    answer: String,
}

impl Asker<TcpStream> {
    fn tcp_table(server: SocketAddr, rewritten: &str) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let (question, answer) = (format!("get {SENDER}\n"), format!("200 {rewritten}\n"));
        Self { stream: BufReader::new(stream), question, answer }
    }
}

impl<S: Read + Write> Asker<S> {
    fn ask(&mut self) {
        self.stream.get_mut().write_all(self.question.as_bytes()).unwrap();
        let mut answer = vec![0; self.answer.len()];
        self.stream.read_exact(&mut answer).unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), self.answer);
    }

    /// Asks, until there are so many threads for connections.
    fn ask_until(&mut self, onward: &Onward, threads: usize) {
        wait_until(format!("{threads} threads of connections"), || {
            self.ask();
            (self::threads(onward) == threads).then_some(())
        });
    }
}

/// Threads that have one connection each.
fn threads(onward: &Onward) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", onward.process_id())).unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name == "map\n").count()
}

fn wait_for_threads(onward: &Onward, count: usize) {
    wait_until(format!("{count} threads of connections"), || {
        (threads(onward) == count).then_some(())
    });
}

fn forward(lines: &[&str]) -> (Onward, SocketAddr, String) {
    let builder = lines.iter().fold(Onward::builder(), |builder, line| builder.config(line));
    let (builder, server) = builder.listen("tcp-table", &["direction = \"forward\""]);
    let onward = builder.start();
    let rewritten = onward.srs_forward(SENDER);
    (onward, server, rewritten)
}

#[test]
fn one_that_pauses_gives_its_thread_back_and_is_served_as_before() {
    let (onward, server, rewritten) = forward(&[]);
    let mut asker = Asker::tcp_table(server, &rewritten);
    asker.ask();
    assert_eq!(threads(&onward), 0, "for one question there is none");
    asker.ask_until(&onward, 1);
    wait_for_threads(&onward, 0);
    asker.ask();
    asker.ask_until(&onward, 1);
    drop(asker);
    wait_for_threads(&onward, 0);
}

#[test]
fn too_many_for_threads_are_all_answered() {
    let (onward, server, rewritten) = forward(&[]);
    let mut few: Vec<_> = (0..THREADS).map(|_| Asker::tcp_table(server, &rewritten)).collect();
    wait_until("a thread for each", || {
        few.iter_mut().for_each(Asker::ask);
        (threads(&onward) == THREADS).then_some(())
    });
    let mut more: Vec<_> = (0..THREADS).map(|_| Asker::tcp_table(server, &rewritten)).collect();
    wait_until("no thread for any", || {
        few.iter_mut().chain(&mut more).for_each(Asker::ask);
        (threads(&onward) == 0).then_some(())
    });
    for _ in 0..100 {
        few.iter_mut().chain(&mut more).for_each(Asker::ask);
    }
    assert_eq!(threads(&onward), 0);
    drop(more);
    wait_until("a thread for each again", || {
        few.iter_mut().for_each(Asker::ask);
        (threads(&onward) == THREADS).then_some(())
    });
}

#[test]
fn a_unix_socket_and_requests_of_any_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("srs");
    let listen =
        format!("[[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}\"\n", path.display());
    let onward = Onward::builder().toml(&listen).start();
    let answer = format!("OK {}", onward.srs_forward(SENDER));
    let mut asker = Asker {
        stream: BufReader::new(UnixStream::connect(&path).unwrap()),
        question: format!("{}:forward {SENDER},", "forward ".len() + SENDER.len()),
        answer: format!("{}:{answer},", answer.len()),
    };
    asker.stream.get_ref().set_read_timeout(Some(DEADLINE)).unwrap();
    asker.ask_until(&onward, 1);
    let long = format!("99999:forward {},", "x".repeat(99_991));
    let stream = asker.stream.get_mut();
    // More than its buffer of answers, and a part of a request behind them.
    stream.write_all(format!("{long}{}12:", asker.question.repeat(2000)).as_bytes()).unwrap();
    stream.write_all(b"forward nobo,").unwrap();
    let mut read = vec![0; "19:NOTFOUND No domain.,".len()];
    asker.stream.read_exact(&mut read).unwrap();
    assert_eq!(read, b"19:NOTFOUND No domain.,");
    let mut read = vec![0; asker.answer.len()];
    for _ in 0..2000 {
        asker.stream.read_exact(&mut read).unwrap();
        assert_eq!(read, asker.answer.as_bytes());
    }
    let mut read = vec![0; "19:NOTFOUND No domain.,".len()];
    asker.stream.read_exact(&mut read).unwrap();
    assert_eq!(read, b"19:NOTFOUND No domain.,");
    asker.ask_until(&onward, 1);
}

#[test]
fn what_is_no_request_ends_the_connection_behind_its_answer() {
    let (onward, server, rewritten) = forward(&[]);
    let mut asker = Asker::tcp_table(server, &rewritten);
    asker.ask_until(&onward, 1);
    asker.stream.get_mut().write_all(b"put a b\n").unwrap();
    let mut line = String::new();
    asker.stream.read_line(&mut line).unwrap();
    assert_eq!(line, "500 Invalid request\n");
    assert_eq!(asker.stream.read(&mut [0]).unwrap(), 0);
    wait_for_threads(&onward, 0);
}

/// Octets that come now and then are no request.
#[test]
fn a_request_that_does_not_end_is_not_waited_for() {
    let (onward, server, rewritten) = forward(&["limits.map_timeout = \"2s\""]);
    let mut asker = Asker::tcp_table(server, &rewritten);
    asker.ask_until(&onward, 1);
    let began = Instant::now();
    asker.stream.get_ref().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    wait_until("the end of the connection", || {
        let _it_may_be_closed = asker.stream.get_mut().write_all(b"g");
        match asker.stream.read(&mut [0]) {
            Ok(0) => Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Some(()),
            _ => None,
        }
    });
    assert!(began.elapsed() >= Duration::from_millis(1500), "{:?}", began.elapsed());
}

#[test]
fn one_that_pauses_makes_room_for_a_new_one() {
    let (onward, server, rewritten) = forward(&["limits.map_connections = 1"]);
    let mut asker = Asker::tcp_table(server, &rewritten);
    asker.ask_until(&onward, 1);
    wait_until("a place for another", || {
        let stream = TcpStream::connect(server).ok()?;
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        (&stream).write_all(b"get nobody\n").ok()?;
        ((&stream).read(&mut [0]).ok()? == 1).then_some(())
    });
    assert_eq!(asker.stream.read(&mut [0]).unwrap(), 0, "it is closed");
    drop(onward);
}

#[test]
fn a_reload_keeps_it_and_a_stop_ends_it() {
    let (mut onward, server, rewritten) = forward(&[]);
    let mut asker = Asker::tcp_table(server, &rewritten);
    asker.ask_until(&onward, 1);
    onward.edit_config(|config| format!("{config}\n[journal]\nkeep = \"29d\"\n"));
    onward.signal("HUP");
    onward.wait_for_log("configuration read again");
    asker.ask_until(&onward, 1);
    let mut other = Asker::tcp_table(server, &rewritten);
    other.ask_until(&onward, 2);
    onward.signal("TERM");
    // Both are told at once: neither has paused.
    assert_eq!(asker.stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(other.stream.read(&mut [0]).unwrap(), 0);
    assert!(onward.wait_exit().success());
}
