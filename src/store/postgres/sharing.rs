//! What nodes tell each other.

use super::{
    Postgres,
    access::{reading, writing},
    rows::sharing,
};
use crate::store::{Sealed, SecretPrint, Sharing, StoreError};
use async_trait::async_trait;
use std::{num::NonZeroU32, time::Duration};
use tokio::sync::watch;

#[async_trait]
impl Sharing for Postgres {
    fn is_shared(&self) -> bool {
        true
    }

    fn serving(&self) -> watch::Receiver<NonZeroU32> {
        self.serving.subscribe()
    }

    async fn secret_salt(&self) -> Result<Option<String>, StoreError> {
        reading!(self.access, tx => sharing::text(tx, sharing::SALT).await)
    }

    async fn tell_secrets(&self, secrets: Vec<SecretPrint>) -> Result<(), StoreError> {
        let Some(node) = &self.node else { return Ok(()) };
        writing!(self.access, tx => Ok(sharing::tell_secrets(tx, &node.name, &secrets).await?))
    }

    async fn told_secrets(&self) -> Result<Vec<(String, SecretPrint)>, StoreError> {
        reading!(self.access, tx => sharing::secrets(tx).await)
    }

    fn sealed_seen(&self) -> watch::Receiver<Option<Sealed>> {
        self.sealed.subscribe()
    }

    async fn sealed(&self) -> Result<Option<Sealed>, StoreError> {
        reading!(self.access, tx => sharing::sealed(tx, None).await)
    }

    async fn replace_sealed(&self, known: Option<&str>, octets: &[u8]) -> Result<bool, StoreError> {
        writing!(self.access, tx => Ok(sharing::replace_sealed(tx, known, octets).await?))
    }

    async fn shared_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        reading!(self.access, tx => sharing::text(tx, name).await)
    }

    async fn keep_shared_text(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        writing!(self.access, tx => Ok(sharing::keep_text(tx, name, text).await?))
    }

    async fn take_turn(&self, what: &str, length: Duration) -> Result<bool, StoreError> {
        let me = self.me().await?;
        writing!(self.access, tx => Ok(sharing::take_turn(tx, what, me, length).await?))
    }
}
