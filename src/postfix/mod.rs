//! Listeners for Postfix: maps and the policy service.

mod connections;
mod serve;

pub use connections::Connections;
pub use serve::{Dialect, Listener, Patience, serve};

use crate::{
    lookup::{Answer, Question},
    policy,
    reply::Reply,
};
use std::future::Future;

/// Who answers.
pub trait Service: Send + Sync + 'static {
    /// A look-up in a table.
    fn look_up(&self, question: Question<'_>) -> impl Future<Output = Answer> + Send;

    /// The reply that refuses a recipient; `None` leaves it to the rules behind this one.
    fn refusal(&self, question: policy::Question<'_>)
    -> impl Future<Output = Option<Reply>> + Send;
}
