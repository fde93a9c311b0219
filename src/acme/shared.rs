use super::AcmeError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What machines share that answer to the same names: whose turn it is to order, and what came of it.
#[async_trait]
pub trait Shared: Send + Sync + fmt::Debug {
    /// Whether this machine may order now; then no other may for some minutes.
    async fn turn(&self) -> Result<bool, String>;

    /// What was kept under a name.
    async fn text(&self, name: &str) -> Result<Option<String>, String>;

    /// Keeps a text under a name, or removes it.
    async fn keep(&self, name: &str, text: Option<&str>) -> Result<(), String>;
}

/// A certificate and its key, in PEM.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// Where the account with the authority of this host is.
pub(super) fn of_account(host: &str) -> String {
    format!("acme account {host}")
}

/// Where the certificate for these names is.
pub(super) fn of_certificate(names: &[String]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    format!("acme certificate {}", names.join(","))
}

/// Where the answer to a challenge is.
pub(super) fn of_answer(token: &str) -> String {
    format!("acme answer {token}")
}

pub(super) fn failed(reason: String) -> AcmeError {
    AcmeError::Shared(reason)
}
