//! What is wrong around us, and how it is mended: facts in, findings out. Nothing is changed.

mod finding;
mod postfix;
mod received;
mod record;
mod site;

pub use finding::{Finding, Severity};
pub use received::{
    DkimVerdict, DmarcVerdict, Hop, Ours, Received, SpfVerdict, Verdicts, received,
};
pub use record::{DomainRecord, Purpose, RecordState, quoted};
pub use site::{
    Asked, DnsKey, DomainReport, HeldRule, Outgoing, OwnAddress, held, own_addresses, signing_keys,
};

use super::{Error, Store, check};
use crate::{
    address::Domain,
    config::{Config, ListenAddress, service},
};
use std::path::Path;

/// Looks at DNS and this machine; the errors come first.
///
/// # Errors
/// When the store or the keys cannot be read.
pub async fn site(config: &Config, store: &Store, asked: &Asked) -> Result<Vec<Finding>, Error> {
    site::look(config, store, asked).await
}

/// Looks at what DNS says of one domain; nothing of it is a secret of this machine.
///
/// # Errors
/// As [`site`].
pub async fn domain(
    config: &Config,
    store: &Store,
    domain: &Domain,
) -> Result<DomainReport, Error> {
    site::look_at_domain(config, store, domain).await
}

/// Looks at the Postfix of a configuration directory, or of the default instance, and at what is between it and
/// Onward; the errors come first. `file` is where the configuration was read.
///
/// # Errors
/// When Postfix does not print its configuration, or the store cannot be read.
pub async fn postfix(
    config: &Config,
    file: &Path,
    store: Option<&Store>,
    config_dir: Option<&Path>,
) -> Result<Vec<Finding>, Error> {
    let (mut domains, mut aliases) = (Vec::new(), Vec::new());
    if let Some(store) = store {
        domains = store.domains().await?.iter().map(Domain::to_key).collect();
        let some = store.aliases(None, None).await?.aliases;
        aliases = some.iter().map(|alias| alias.address().to_string()).collect();
    }
    let faults = check::alias_map_faults(config).await;
    let mut config = config.clone();
    for listen in &mut config.listen {
        // Postfix names a unix socket by its path, whoever makes it.
        if let ListenAddress::Systemd(name) = &listen.address
            && let Some(path) = service::path_of_socket(name)
        {
            listen.address = ListenAddress::Unix(path);
        }
    }
    let ours = postfix::Ours::new(&config, file, domains, aliases, faults);
    postfix::look(&ours, config_dir)
}
