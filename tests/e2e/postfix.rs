//! Debian's Postfix around Onward: as the destination that delivers or bounces, and as the sender
//! whose queue keeps what Onward cannot hand on.

mod alias_maps;
mod as_destination;
mod as_sender;
mod brisk;
mod contrib;
mod doctor;
mod envelopes;
mod handed_over;
mod headers;
mod hostile;
mod judge;
mod maps;
mod milter;
mod mistakes;
mod own_bounces;
mod right_set_ups;
mod second_milter;
mod transport;

use crate::support::peer;
use std::net::SocketAddr;
use std::path::Path;

/// Hands over a message whose bytes are those of `file`: dots stuffed and the final dot in it.
fn swaks_file(server: SocketAddr, from: &str, to: &str, file: &Path) -> Option<peer::Ended> {
    let (server, data) = (server.to_string(), format!("@{}", file.display()));
    let envelope = ["--server", &server, "--from", from, "--to", to];
    let arguments = [&envelope[..], &["--data", &data, "--no-data-fixup"]].concat();
    peer::run("swaks", &arguments)
}

/// Hands over a message that swaks makes.
fn swaks(server: SocketAddr, from: &str, to: &str) -> Option<peer::Ended> {
    let server = server.to_string();
    let arguments = ["--server", &server, "--from", from, "--to", to];
    peer::run("swaks", &[&arguments[..], &["--body", "written with swaks"]].concat())
}
