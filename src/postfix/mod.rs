//! Listeners for Postfix: maps, the policy service and the milter.

mod alias_maps;
mod conversation;
mod filter;
mod lent;
mod map_fault;
mod serve;

pub(crate) use alias_maps::search_path;
pub use alias_maps::{AliasMaps, MapError};
pub use map_fault::{Asker, MapFault, rebuilt};
pub use serve::{Dialect, PostfixListener, RequestTimeout, serve};

use crate::{
    lookup::{Answer, Question},
    milter, policy,
    reply::Reply,
};
use std::future::Future;

/// Who answers Postfix.
pub trait Service: Send + Sync + 'static {
    /// A look-up in a table.
    fn look_up(&self, question: Question<'_>) -> impl Future<Output = Answer> + Send;

    /// The reply that refuses a recipient or a message; `None` leaves it to the rules behind this one.
    fn refusal(&self, question: policy::Question<'_>)
    -> impl Future<Output = Option<Reply>> + Send;

    /// What a recipient means to the milter, without brackets.
    fn recipient(&self, recipient: &[u8]) -> impl Future<Output = milter::Recipient> + Send;

    /// The reply that refuses a message to SRS addresses of ours, at its end.
    fn refusal_of_return(
        &self,
        returning: milter::Returning<'_>,
    ) -> impl Future<Output = Option<Reply>> + Send;
}

/// What stood at the start of the input.
enum Heard {
    Partial,
    /// A request of so many octets, which is answered.
    Request(usize),
    /// The connection ends behind the answer.
    End,
}
