//! Every key of `[limits]` and `[delivery]`, seen from outside.

mod connections;
mod delivery;
mod dns;
mod fair;
mod idle;
mod long_senders;
mod memory;
mod messages;
mod misers;
mod rates;
mod sessions;
mod thousand;
mod under_fire;

use crate::support::client::Client;
use crate::support::onward::Onward;
use std::net::IpAddr;

const MESSAGE: &[u8] = b"From: a@client.test\r\nSubject: x\r\n\r\nhello\r\n";

/// A connection of its own client.
fn connect_from(source: &str, onward: &Onward) -> Client {
    Client::connect_from(source.parse::<IpAddr>().unwrap(), onward.address())
}

fn send(client: &mut Client, message: &[u8]) -> crate::support::client::Reply {
    client.transaction("a@client.test", &["hello@example.org"], message)
}

/// MAIL, RCPT and DATA, answered: a message may come.
fn begin_data(client: &mut Client) {
    client.mail("a@client.test").expect_code(250);
    client.rcpt("hello@example.org").expect_code(250);
    client.command("DATA").expect_code(354);
}

/// A message of this many octets, in lines.
fn message_of(size: usize) -> Vec<u8> {
    let mut message = MESSAGE.to_vec();
    while size - message.len() > 100 {
        message.extend_from_slice(&[b'x'; 70]);
        message.extend_from_slice(b"\r\n");
    }
    message.resize(size - 2, b'y');
    message.extend_from_slice(b"\r\n");
    message
}

/// Of the file of a released program in memory, and some, in KiB.
const PROGRAM: usize = 16 * 1024;

/// A figure of `/proc/PID/status`: `VmRSS` is the memory in use, `VmHWM` the most there ever was. The pages of a program
/// that is built for tests are many, and grow with its code: they count as those of a release.
pub(crate) fn memory_kilobytes(process: u32, figure: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let read = |figure| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    read(figure).saturating_sub(read("RssFile")) + PROGRAM
}

/// Descriptors that a process has open.
fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}
