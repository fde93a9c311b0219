//! What the owner of an account tells a mail program, so that it sends by us.

use super::{Error, Store};
use crate::{
    account::{Account, SendAs},
    address::{Domain, Mailbox},
    client_setup::{self, EMAIL_ADDRESS, Incoming, Outgoing, Person, Server},
    config::{Config, Served},
    store::AccountChangeError,
};
use serde::Serialize;

/// How a mail program is set up for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setup {
    /// The account, which is the user name.
    pub account: String,
    /// The addresses that it sends as, and `*@domain` for all of a domain.
    pub send_as: Vec<String>,
    /// The server, as its certificate has it.
    pub server: String,
    /// Its ports, the better one first.
    pub ports: Vec<Port>,
    /// Records for the domains that it sends as, as lines of a zone.
    pub records: Vec<String>,
    /// Where programs look by themselves for how they are set up, a URL a domain.
    pub autoconfig: Vec<String>,
    /// Where Apple's devices get a profile; without a server of `submission.incoming`, or with no single address to write
    /// as, there is none.
    pub profile: Option<String>,
    /// An http listener answers there.
    pub is_served: bool,
}

/// A port, and how TLS begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// `implicit`: from the first octet on; or `starttls`.
    pub tls: &'static str,
}

/// What is said besides, for the files that programs read.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The address to write as; else the first that the account sends as.
    pub address: Option<Mailbox>,
    /// Where mail is read; else as `submission.incoming` has it.
    pub incoming: Option<Server>,
    /// The name to read mail by.
    pub username: Option<String>,
}

/// How a mail program is set up for the account `name`.
///
/// # Errors
/// When there is no such account, no listener for what accounts send, or the store fails.
pub async fn setup(
    config: &Config,
    store: &Store,
    name: &Mailbox,
    wanted: &Wanted,
) -> Result<Setup, Error> {
    let (account, outgoing) = (account(store, name).await?, outgoing(config)?);
    let incoming = incoming(config, wanted);
    let mut domains: Vec<&Domain> = account.may.iter().map(SendAs::domain).collect();
    domains.sort();
    domains.dedup();
    let server = incoming.as_ref().map(|incoming| &incoming.server);
    let records = domains.iter().flat_map(|of| client_setup::records(of, &outgoing, server));
    let address = address(store, &account, wanted).await;
    let address = if wanted.address.is_some() { Some(address?) } else { address.ok() };
    let has_profile = config.submission.incoming.is_some();
    Ok(Setup {
        account: account.name.to_string(),
        send_as: account.may.iter().map(ToString::to_string).collect(),
        server: outgoing.host.to_string(),
        ports: ports(&outgoing),
        records: records.map(|record| record.to_string()).collect(),
        autoconfig: domains.iter().map(|of| client_setup::autoconfig_url(of)).collect(),
        profile: address
            .filter(|_| has_profile)
            .map(|address| client_setup::profile_url(&account.name, &address)),
        is_served: config.listen.iter().any(|listen| listen.serve.contains(&Served::Autoconfig)),
    })
}

/// The XML of autoconfig for the domain of the address to write as, to be put on a web server: it names no account.
///
/// # Errors
/// As [`setup`], and when the account does not send as the address, or nothing says which.
pub async fn autoconfig(
    config: &Config,
    store: &Store,
    name: &Mailbox,
    wanted: &Wanted,
) -> Result<String, Error> {
    let (account, outgoing) = (account(store, name).await?, outgoing(config)?);
    let address = address(store, &account, wanted).await?;
    let incoming = incoming(config, wanted);
    Ok(client_setup::autoconfig(address.domain(), &outgoing, incoming.as_ref(), EMAIL_ADDRESS))
}

/// A profile for Apple's devices.
///
/// # Errors
/// As [`autoconfig`], and when nothing says where mail is read.
pub async fn profile(
    config: &Config,
    store: &Store,
    name: &Mailbox,
    wanted: &Wanted,
) -> Result<String, Error> {
    let (account, outgoing) = (account(store, name).await?, outgoing(config)?);
    let address = address(store, &account, wanted).await?;
    let incoming = incoming(config, wanted).ok_or_else(|| {
        Error::Request(
            "a profile names the server where mail is read: add --incoming imap.example.net, or set \
             submission.incoming"
                .to_owned(),
        )
    })?;
    let person = Person { account: account.name, address };
    client_setup::apple_profile(&person, &outgoing, &incoming).ok_or_else(no_listener)
}

/// Said of accounts for which nothing listens.
pub(super) const NO_LISTENER: &str = "no listener takes what accounts send: add a [[listen]] with protocol = \"submission\" \
     to the configuration (docs/SEND-AS.md has it)";

fn no_listener() -> Error {
    Error::refused(NO_LISTENER)
}

fn outgoing(config: &Config) -> Result<Outgoing, Error> {
    config.outgoing().ok_or_else(|| match config.takes_submissions() {
        true => Error::refused(format_args!(
            "hostname is {}, for which there is no certificate: set submission.server to the name of this server",
            config.hostname
        )),
        false => no_listener(),
    })
}

fn ports(outgoing: &Outgoing) -> Vec<Port> {
    let port = |port: Option<u16>, tls| port.map(|port| Port { port, tls });
    let all = [port(outgoing.implicit, "implicit"), port(outgoing.starttls, "starttls")];
    all.into_iter().flatten().collect()
}

fn incoming(config: &Config, wanted: &Wanted) -> Option<Incoming> {
    let server = wanted.incoming.as_ref().or(config.submission.incoming.as_ref())?;
    Some(Incoming { server: server.clone(), username: wanted.username.clone() })
}

async fn account(store: &Store, name: &Mailbox) -> Result<Account, Error> {
    let login = store.login(name).await?;
    let login = login.ok_or_else(|| AccountChangeError::NoSuchAccount(name.clone()))?;
    Ok(login.account)
}

/// The address to write as.
async fn address(store: &Store, account: &Account, wanted: &Wanted) -> Result<Mailbox, Error> {
    let exact = account.may.iter().find_map(|one| match one {
        SendAs::Address(address) => Some(address),
        SendAs::Domain(_) => None,
    });
    let may: Vec<String> = account.may.iter().map(ToString::to_string).collect();
    let may = if may.is_empty() { "nobody".to_owned() } else { may.join(", ") };
    let name = &account.name;
    match (&wanted.address, exact) {
        (Some(address), _) => match store.may_send_as(account, address).await? {
            true => Ok(address.clone()),
            false => Err(Error::refused(format_args!(
                "{name} does not send as {address} now; it sends as {may}"
            ))),
        },
        (None, Some(address)) => Ok(address.clone()),
        (None, None) if store.may_send_as(account, name).await? => Ok(name.clone()),
        (None, None) => Err(Error::refused(format_args!(
            "{name} sends as {may}: name the address to write as by --as ADDRESS"
        ))),
    }
}
