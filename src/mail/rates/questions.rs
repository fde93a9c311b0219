//! Questions to DNS that a client has us ask.

use super::Rates;
use crate::{
    dns::{Asker, Budget},
    rate::ClientBlock,
    reply::Reply,
};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// Those of one transaction. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Questions(Arc<OnceLock<Reply>>);

/// What they count against.
#[derive(Debug)]
struct Counted {
    rates: Arc<Rates>,
    client: Option<IpAddr>,
    questions: Questions,
}

impl Questions {
    /// For the resolver: these are asked because of `client`. `None` is whoever may use a unix socket.
    pub(crate) fn asker(&self, rates: &Arc<Rates>, client: Option<IpAddr>) -> Asker {
        let is_exempt = rates.tables.lock().is_exempt(client);
        let counted = Counted { rates: Arc::clone(rates), client, questions: self.clone() };
        Asker { client: client.map(ClientBlock::of), is_exempt, budget: Arc::new(counted) }
    }

    /// Why the message must come again: one of them was not asked, as the client had too many.
    pub(crate) fn refused(&self) -> Option<Reply> {
        self.0.get().cloned()
    }
}

impl Budget for Counted {
    fn take(&self) -> bool {
        match self.rates.take_question(self.client) {
            Ok(()) => true,
            Err(reply) => {
                self.questions.0.get_or_init(|| reply);
                false
            }
        }
    }
}
