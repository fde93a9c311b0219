//! Whoever is to blame for a question.

use crate::rate::ClientBlock;
use hickory_resolver::proto::rr::Name;
use std::{fmt, sync::Arc};

/// Questions under way at once, in all. A silent name server keeps each for eight seconds, and up to three sockets.
pub(super) const MOST: usize = 256;
/// ... for one client, or about the names of one domain where we ask for ourselves.
const MOST_OF_ONE: usize = 32;

/// A client that has us ask questions.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// The client; `None` is whoever may use a unix socket.
    pub(crate) client: Option<ClientBlock>,
    /// The limits for a client are not for this one.
    pub(crate) is_exempt: bool,
    /// What the questions count against.
    pub(crate) budget: Arc<dyn Budget>,
}

impl Asker {
    /// One that may ask nothing.
    pub(super) fn without_budget() -> Self {
        Self { client: None, is_exempt: false, budget: Arc::new(Nothing) }
    }
}

/// No question may be asked.
#[derive(Debug)]
struct Nothing;

impl Budget for Nothing {
    fn take(&self) -> bool {
        false
    }
}

/// How many questions may be asked.
pub(crate) trait Budget: fmt::Debug + Send + Sync {
    /// Counts one that is about to leave; false when it must not.
    fn take(&self) -> bool;
}

/// Who waits for whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    Client(Option<ClientBlock>),
    /// Ourselves, as for a delivery: the domain of the name, by its last two labels.
    About(Name),
}

impl Whose {
    /// Of a question about `name`; and how many of these may be under way.
    pub(super) fn of(asker: Option<&Asker>, name: &Name) -> (Self, usize) {
        match asker {
            None => (Self::About(name.trim_to(2)), MOST_OF_ONE),
            Some(asker) if asker.is_exempt || asker.client.is_none() => {
                (Self::Client(asker.client), MOST)
            }
            Some(asker) => (Self::Client(asker.client), MOST_OF_ONE),
        }
    }
}
