//! What mail programs are told, so that people need not set up by hand how to send as their alias: records of DNS,
//! the XML that Thunderbird and others read, and a profile for Apple's devices.
//!
//! Onward takes what people send and keeps no mailbox: where they read their mail is another server's, which has to be
//! said where a form cannot do without.

mod apple;
mod mozilla;
mod records;
mod request;

pub use apple::apple_profile;
pub use mozilla::{EMAIL_ADDRESS, autoconfig};
pub use records::{Record, records};
pub use request::{Document, Request, autoconfig_url, profile_url};

use crate::address::{Domain, Mailbox};
use std::{fmt, str::FromStr};

/// Where accounts send their mail to: the ports of our submission listeners, as people outside reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The name that the certificate is for.
    pub host: Domain,
    /// The port that speaks TLS from the first octet on (RFC 8314 calls it submissions), mostly 465.
    pub implicit: Option<u16>,
    /// The port with STARTTLS, mostly 587.
    pub starttls: Option<u16>,
}

/// Where people read their mail: an IMAP server with TLS from the first octet on, and their name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The server.
    pub server: Server,
    /// The name that one logs in by there; without one the program asks.
    pub username: Option<String>,
}

/// A server by name and port, written `imap.example.net` (port 993) or `imap.example.net:10993`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub host: Domain,
    /// Its port.
    pub port: u16,
}

/// An account as a mail program has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name to log in by.
    pub account: Mailbox,
    /// The address to write as.
    pub address: Mailbox,
}

/// IMAP with TLS from the first octet on (RFC 8314 §7.3).
const IMAPS: u16 = 993;

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    Implicit,
    StartTls,
}

impl Outgoing {
    /// The port that a program should take, TLS from the first octet on before STARTTLS (RFC 8314 §3).
    fn preferred(&self) -> Option<(u16, Security)> {
        self.ports().next()
    }

    fn ports(&self) -> impl Iterator<Item = (u16, Security)> {
        let implicit = self.implicit.map(|port| (port, Security::Implicit));
        let starttls = self.starttls.map(|port| (port, Security::StartTls));
        implicit.into_iter().chain(starttls)
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
        let port = match port {
            "" => Some(IMAPS),
            digits => digits.parse().ok().filter(|port| *port != 0),
        };
        let host = Domain::parse(host).ok().filter(|host| host.literal().is_none());
        match (host, port) {
            (Some(host), Some(port)) => Ok(Self { host, port }),
            _ => Err(format!(
                "{text:?} is no server, such as imap.example.net or imap.example.net:993"
            )),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// `text` as the text of an XML element.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML 1.0 §2.2 knows no other control characters than these, nor the last two signs, not even as references.
            '\t' | '\n' | '\r' => escaped.push(' '),
            control if control.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
