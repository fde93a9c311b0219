use super::StoreError;
use async_trait::async_trait;
use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::sync::watch;

/// A secret of a machine, told without it: what else has the same print has the same secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretPrint {
    /// Which secret it is, in words; some have several of a name.
    pub name: String,
    /// A part of an HMAC under the secret.
    pub print: String,
}

/// Secrets and keys of all nodes, sealed: the store cannot read them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Another one whenever they are written.
    pub version: String,
    /// As they were sealed.
    pub octets: Arc<[u8]>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} octets)", self.version, self.octets.len())
    }
}

/// What machines that share a store tell each other beside it. Where nothing is shared, there is nobody to tell.
#[async_trait]
pub trait Sharing {
    /// Whether machines share it.
    fn is_shared(&self) -> bool {
        false
    }

    /// How many nodes serve, as noticed within seconds: of what all of them may do in all, each takes one part of so many.
    fn serving(&self) -> watch::Receiver<NonZeroU32> {
        watch::channel(NonZeroU32::MIN).1
    }

    /// What prints of secrets are made over, another text for each store; `None` where nothing is shared.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn secret_salt(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Says which secrets the node has that this process serves as.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn tell_secrets(&self, _secrets: Vec<SecretPrint>) -> Result<(), StoreError> {
        Ok(())
    }

    /// The secrets of the nodes that serve, with the names of these.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn told_secrets(&self) -> Result<Vec<(String, SecretPrint)>, StoreError> {
        Ok(Vec::new())
    }

    /// What is sealed for all nodes, as noticed within seconds.
    fn sealed_seen(&self) -> watch::Receiver<Option<Sealed>> {
        watch::channel(None).1
    }

    /// What is sealed for all nodes now; `None` where nothing is.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn sealed(&self) -> Result<Option<Sealed>, StoreError> {
        Ok(None)
    }

    /// Keeps what is sealed for all nodes in the place of the version `known`, or of nothing. False where something else is there
    /// by now: then nothing is changed.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn replace_sealed(
        &self,
        _known: Option<&str>,
        _octets: &[u8],
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// What was kept under a name for all nodes.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn shared_text(&self, _name: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Keeps a text under a name for all nodes; `None` removes it.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn keep_shared_text(&self, _name: &str, _text: Option<&str>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Takes or keeps the turn to do something that one node at a time does, for so long; false while another has it.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn take_turn(&self, _what: &str, _length: Duration) -> Result<bool, StoreError> {
        Ok(true)
    }
}
