//! What clients cost that stay and bring nothing more.

use super::{memory_kilobytes, message_of, send};
use crate::support::{client::Client, onward::Onward, receiver::Receiver, wait_until};

const CLIENTS: usize = 300;
/// Octets of a message: it comes in several reads, each larger than that of a command.
const MESSAGE: usize = 256 * 1024;
/// In KiB, for one client; once each kept 64 KiB of what it had read with.
const MORE: usize = 20;

#[test]
fn a_client_that_brought_a_message_costs_no_more_than_before() {
    let sink = Receiver::smtp().counting().start();
    let onward = Onward::forwarding_to(&sink.route())
        .config("limits.connections = 1000")
        .config("limits.connections_per_client = 1000")
        .without_rates()
        .start();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| onward.session()).collect();
    let message = message_of(MESSAGE);
    // What is made once is there.
    for client in clients.iter_mut().take(10) {
        send(client, &message).expect_code(250);
    }
    let before = memory_kilobytes(onward.process_id(), "VmRSS");
    for client in &mut clients {
        send(client, &message).expect_code(250);
    }
    // What the last ones needed for a moment is given back a moment later.
    let most = before + CLIENTS * MORE;
    wait_until(format!("{MORE} KiB more for each client, at most"), || {
        (memory_kilobytes(onward.process_id(), "VmRSS") < most).then_some(())
    });
}
