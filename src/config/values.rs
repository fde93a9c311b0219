//! Values that several tables take.

use crate::address::{Domain, Mailbox};
use std::path::PathBuf;

pub(super) const ABSOLUTE_PATH: &str = "an absolute path";
pub(super) const BLOCKS: &str = "IP addresses or blocks, such as \"127.0.0.1\" or \"192.0.2.0/24\"";
pub(super) const DOMAIN_PATTERNS: &str = "domain names; \"*.d\" or \".d\" means those below d";

pub(super) fn absolute_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let usable = path.is_absolute() && !text.contains('\0');
    usable.then_some(path).ok_or_else(|| format!("{text:?} is not an absolute path"))
}

pub(super) fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|error| format!("{text:?}: {error}"))
}

pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    Mailbox::parse(text).map_err(|error| format!("{text:?}: {error}"))
}
