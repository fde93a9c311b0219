use crate::{
    alias::{Named, Rule},
    reply::Reply,
};
use std::sync::Arc;

/// Why a recipient is not taken.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) reply: Reply,
    /// The recipient is an SRS address that we did not make: that is counted against the client.
    pub(crate) is_forged: bool,
    /// A destination's verdict on an earlier message, which its sender hears now.
    pub(crate) is_verdict: bool,
    /// The alias that answers the recipient, if one does.
    pub(crate) named: Option<Arc<Named>>,
    /// The rule of the alias, or for it, that refuses.
    pub(crate) rule: Option<Box<Rule>>,
}

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        Self { reply, is_forged: false, is_verdict: false, named: None, rule: None }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        refusal.reply
    }
}
