//! The live test: a bounce to an SRS address of ours must be taken where the MX of its domain leads, and a
//! forged one refused. No message is sent.

use crate::{
    address::{Domain, Mailbox},
    admin::{
        doctor::finding::{Finding, Severity},
        srs_keys::keyring,
    },
    clock,
    config::Config,
    dns::Resolver,
    srs::{Forwarded, Rewriter},
};
use std::{
    io::{self, BufRead, BufReader, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

/// For a connection, and for each reply.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest line of a reply that is read.
const MAX_LINE: u64 = 2048;
/// Lines of a reply that are read.
const MAX_LINES: usize = 100;
/// Where the tag begins: behind `SRS0` and a separator.
const TAG: usize = 5;

/// `None` when both happen.
pub(super) async fn round_trip(config: &Config, port: u16) -> Option<Finding> {
    let tried = tried(config, port).await;
    tried.err().map(|what| Finding {
        severity: Severity::Error,
        id: "round-trip",
        what,
        why: "bounces do not come back as they should",
        mend: Vec::new(),
    })
}

async fn tried(config: &Config, port: u16) -> Result<(), String> {
    let settings = config.srs.settings.clone();
    let domain = settings.domain.clone();
    let keyring = keyring(&config.srs.secret_file).map_err(|error| error.to_string())?;
    let rewriter = Rewriter::new(settings, keyring).map_err(|error| error.to_string())?;
    let sender = Mailbox::parse("doctor@invalid.invalid").map_err(|error| error.to_string())?;
    let Forwarded::Rewritten(address) = rewriter.forward(&sender, &domain, clock::now()) else {
        return Err("the test address cannot be rewritten".to_owned());
    };
    let resolver = Resolver::new(&config.dns_servers).map_err(|error| error.to_string())?;
    let hosts = resolver.exchanges(domain.as_str()).await;
    let hosts = hosts.map_err(|_| format!("{domain} has no MX that could be looked up"))?;
    let mut last = format!("no MX of {domain} has an address");
    for host in &hosts {
        let Ok(host) = Domain::parse(host) else { continue };
        for ip in resolver.addresses(&host).await.unwrap_or_default() {
            match at(ip, port, config.hostname.as_str(), &address.to_string()) {
                Ok(told) => return told,
                Err(error) => last = format!("{host} [{ip}]:{port}: {error}"),
            }
        }
    }
    Err(last)
}

fn at(ip: IpAddr, port: u16, helo: &str, address: &str) -> io::Result<Result<(), String>> {
    let stream = TcpStream::connect_timeout(&SocketAddr::new(ip, port), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut server = BufReader::new(stream);
    let greeting = reply(&mut server)?;
    if !greeting.starts_with('2') {
        return Ok(Err(format!("{ip}:{port} does not greet: {greeting}")));
    }
    let mut ask = |line: &str| -> io::Result<String> {
        server.get_mut().write_all(line.as_bytes())?;
        reply(&mut server)
    };
    if !ask(&format!("EHLO {helo}\r\n"))?.starts_with('2') {
        let hello = ask(&format!("HELO {helo}\r\n"))?;
        if !hello.starts_with('2') {
            return Ok(Err(format!("{ip}:{port} refuses {helo}: {hello}")));
        }
    }
    let mut bounce = |to: &str| -> io::Result<Result<String, String>> {
        let mail = ask("MAIL FROM:<>\r\n")?;
        if !mail.starts_with('2') {
            return Ok(Err(format!("{ip}:{port} takes no bounces: {mail}")));
        }
        let rcpt = ask(&format!("RCPT TO:<{to}>\r\n"))?;
        ask("RSET\r\n")?;
        Ok(Ok(rcpt))
    };
    let told = match bounce(address)? {
        Ok(rcpt) if rcpt.starts_with('2') => bounce(&forged(address))?.and_then(|rcpt| {
            let is_refused = rcpt.starts_with("550");
            is_refused.then_some(()).ok_or_else(|| {
                format!("a forged bounce is not refused with 550 at {ip}:{port}: {rcpt}")
            })
        }),
        Ok(rcpt) => Err(format!("a bounce is refused at {ip}:{port}: {rcpt}")),
        Err(why) => Err(why),
    };
    let _ = ask("QUIT\r\n");
    Ok(told)
}

/// The same address with a tag of that length which is not ours, in whatever case it is compared.
fn forged(address: &str) -> String {
    let letters = address.chars().enumerate().map(|(place, letter)| match (place, letter) {
        (TAG, 'a' | 'A') => 'B',
        (TAG, _) => 'A',
        (_, letter) => letter,
    });
    letters.collect()
}

/// The last line of a reply.
fn reply(server: &mut impl BufRead) -> io::Result<String> {
    for _ in 0..MAX_LINES {
        let mut line = Vec::new();
        io::Read::take(&mut *server, MAX_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.get(3) != Some(&b'-') {
            return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    }
    Err(io::Error::other("a reply without end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forged_differs_in_its_tag_only() {
        for (address, expected) in [
            ("SRS0=x7=AA=h=u@d", "SRS0=A7=AA=h=u@d"),
            ("SRS0+a7=AA=h=u@d", "SRS0+B7=AA=h=u@d"),
            ("SRS0-A7=AA=h=u@d", "SRS0-B7=AA=h=u@d"),
        ] {
            assert_eq!(forged(address), expected);
        }
    }
}
