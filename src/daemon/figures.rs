//! How the daemon is doing, for whoever shows it.

use crate::{
    metrics::{Now, ProcessFigures},
    outbound::Unreachable,
};
use async_trait::async_trait;
use std::fmt;

/// The daemon in figures.
#[async_trait]
pub trait Figures: fmt::Debug + Send + Sync {
    /// As they are now.
    async fn now(&self) -> Now;

    /// This process.
    fn process(&self) -> ProcessFigures;

    /// What could not be reached lately.
    fn unreachable(&self) -> Vec<Unreachable>;
}
