use super::{
    define::section,
    values::{ABSOLUTE_PATH, absolute_path},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

section! {
    /// Name resolution.
    table "dns", Keys => pub struct Dns {}

    /// Name servers to ask. Empty: those of the system.
    pub servers: Vec<SocketAddr> = list("\"address\" or \"address:port\"", name_server), default [];
    /// File with the DNSKEY records that DNSSEC starts from, for names of one's own.
    pub trust_anchor: Option<PathBuf> = text(ABSOLUTE_PATH, absolute_path), absent "the keys of the root";
}

fn name_server(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| format!("{text:?} is not an IP address"))
}
