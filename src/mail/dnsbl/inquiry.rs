use super::list::{List, Said};
use crate::{dns::Resolver, dnsbl::Question};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// How long a client waits for all lists together, at each of its steps.
const PATIENCE: Duration = Duration::from_secs(2);

/// What lists were asked at one moment, and what they have said since. Questions end with it.
#[derive(Debug)]
pub(crate) struct Inquiry {
    asked: JoinSet<Said>,
    said: Vec<Said>,
    until: Instant,
}

impl Inquiry {
    /// Nothing is asked yet; what is will be waited for from now on.
    pub(super) fn begin() -> Self {
        Self { asked: JoinSet::new(), said: Vec::new(), until: Instant::now() + PATIENCE }
    }

    pub(super) fn add(&mut self, list: Arc<List>, resolver: Resolver, question: Question) {
        let until = self.until;
        self.asked.spawn(async move { list.ask(&resolver, question, until).await });
    }

    /// Waits until every list has answered, or [`PATIENCE`] is over. Can be given up.
    pub(crate) async fn wait(&mut self) {
        while let Ok(Some(said)) = timeout_at(self.until, self.asked.join_next()).await {
            self.said.extend(said);
        }
        self.hear();
    }

    /// Takes what has been said since.
    pub(crate) fn hear(&mut self) {
        while let Some(said) = self.asked.try_join_next() {
            self.said.extend(said);
        }
    }

    /// What has been said so far, listings among it.
    pub(crate) fn said(&self) -> &[Said] {
        &self.said
    }
}
