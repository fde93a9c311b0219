use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// Below the kernel's ephemeral range, so that no outgoing connection of a load test takes a chosen
/// port.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Locks of the ports handed out, kept as long as this process lives.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A loopback address whose TCP port is free now and is handed to no other test process while this
/// one lives.
///
/// For programs that want their port in a configuration file. A lock file per port keeps parallel
/// test processes apart, between the look here and the bind there.
pub fn free_address() -> SocketAddr {
    let directory = std::env::temp_dir().join("onward-test-ports");
    std::fs::create_dir_all(&directory).unwrap();
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    let start = (clock ^ std::process::id().wrapping_mul(7919)) % u32::from(COUNT);
    for step in 0..u32::from(COUNT) {
        let port = FIRST + u16::try_from((start + step) % u32::from(COUNT)).unwrap();
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join(port.to_string()))
            .unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if lock.try_lock().is_ok() && TcpListener::bind(address).is_ok() {
            HELD.lock().unwrap().push(lock);
            return address;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}
