//! The live test: a bounce to an SRS address of ours must be taken where the MX of its domain leads, and a
//! forged one refused. No message is sent.

use crate::{
    address::{Domain, Mailbox},
    admin::{
        doctor::finding::{Finding, error},
        srs::Srs,
    },
    clock,
    config::Config,
    dns::Resolver,
    mail::srs::{Own, Rewritten},
    next_hop::Protocol,
    outbound::{Dialogue, Lost},
    reply::Class,
    srs::Returns,
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

/// For a connection, and for each reply.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where the tag begins: behind `SRS0` and a separator.
const TAG: usize = 5;

/// `None` when both happen.
pub(super) async fn round_trip(config: &Config, port: u16) -> Option<Finding> {
    let tried = tried(config, port).await;
    tried
        .err()
        .map(|what| error("round-trip", what, "bounces do not come back as they should", None))
}

async fn tried(config: &Config, port: u16) -> Result<(), String> {
    let domain = &config.srs.settings.domain;
    let srs = Srs::of(config).srs().await.map_err(|error| error.to_string())?;
    let sender = Mailbox::parse("doctor@invalid.invalid").map_err(|error| error.to_string())?;
    let Ok(Rewritten::Whole(address)) =
        srs.forward(&sender, domain, Own::Kept, Returns::Taken, clock::now())
    else {
        return Err("the test address cannot be rewritten".to_owned());
    };
    let resolver = Resolver::new(&config.dns.servers).map_err(|error| error.to_string())?;
    let hosts = resolver.exchanges(domain.as_str()).await;
    let hosts = hosts.map_err(|_| format!("{domain} has no MX that could be looked up"))?;
    let mut last = format!("no MX of {domain} has an address");
    for host in &hosts {
        let Ok(host) = Domain::parse(host) else { continue };
        for ip in resolver.addresses(&host).await.unwrap_or_default() {
            match at(SocketAddr::new(ip, port), &config.hostname, &address.to_string()).await {
                Ok(told) => return told,
                Err(lost) => last = format!("{host} [{ip}]:{port}: {}", io::Error::from(lost)),
            }
        }
    }
    Err(last)
}

/// What a host makes of a bounce to `address` and of a forged one, told if it is not as it should be.
async fn at(address: SocketAddr, hostname: &Domain, srs: &str) -> Result<Result<(), String>, Lost> {
    let connected = timeout_at(soon(), TcpStream::connect(address)).await;
    let mut server = Dialogue::new(connected.map_err(|_| Lost::TimedOut)??);
    let greeting = server.reply(soon()).await?;
    if greeting.class() != Class::Positive {
        return Ok(Err(format!("{address} does not greet: {}", greeting.last_line())));
    }
    if let Err(refusal) = server.introduce(Protocol::Smtp, hostname, soon()).await? {
        return Ok(Err(format!("{address} refuses {hostname}: {}", refusal.last_line())));
    }
    let told = try_bounces(&mut server, address, srs).await?;
    server.quit(soon()).await;
    Ok(told)
}

async fn try_bounces(
    server: &mut Dialogue<TcpStream>,
    address: SocketAddr,
    srs: &str,
) -> Result<Result<(), String>, Lost> {
    for (to, is_forged) in [(srs, false), (&forged(srs), true)] {
        let mail = server.command("MAIL FROM:<>\r\n", soon()).await?;
        if mail.class() != Class::Positive {
            return Ok(Err(format!("{address} takes no bounces: {}", mail.last_line())));
        }
        let rcpt = server.command(&format!("RCPT TO:<{to}>\r\n"), soon()).await?;
        server.command("RSET\r\n", soon()).await?;
        let reply = rcpt.last_line();
        if is_forged && rcpt.code != 550 {
            return Ok(Err(format!(
                "a forged bounce is not refused with 550 at {address}: {reply}"
            )));
        }
        if !is_forged && rcpt.class() != Class::Positive {
            return Ok(Err(format!("a bounce is refused at {address}: {reply}")));
        }
    }
    Ok(Ok(()))
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
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
