//! What is wrong around us, and how it is mended: facts in, findings out. Nothing is changed.

mod finding;
mod postfix;
mod site;

pub use finding::{Finding, Severity};
pub use site::Asked;

use super::{Error, Store};
use crate::config::{Config, ListenAddress, service};
use std::path::Path;

/// Looks at DNS and this machine; the errors come first.
///
/// # Errors
/// When the store or the keys cannot be read.
pub async fn site(config: &Config, store: &Store, asked: &Asked) -> Result<Vec<Finding>, Error> {
    site::look(config, store, asked).await
}

/// Looks at the Postfix of a configuration directory, or of the default instance, and at what is between it and
/// Onward; the errors come first.
///
/// # Errors
/// When Postfix does not print its configuration.
pub fn postfix(config: &Config, config_dir: Option<&Path>) -> Result<Vec<Finding>, Error> {
    let mut config = config.clone();
    for listen in &mut config.listen {
        // Postfix names a unix socket by its path, whoever makes it.
        if let ListenAddress::Systemd(name) = &listen.address
            && let Some(path) = service::path_of_socket(name)
        {
            listen.address = ListenAddress::Unix(path);
        }
    }
    postfix::look(&config, config_dir)
}
