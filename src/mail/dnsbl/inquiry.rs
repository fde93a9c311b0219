use super::list::{Asking, GREETING, List, Outcome, PATIENCE, Said};
use crate::dnsbl::Question;
use std::{sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// What lists were asked at one moment, and what they have said since. Questions end with it.
#[derive(Debug)]
pub(crate) struct Inquiry {
    asked: Vec<(Arc<List>, Question)>,
    under_way: JoinSet<Said>,
    said: Vec<Said>,
    began: Instant,
}

impl Inquiry {
    /// Nothing is asked yet; what is will be waited for from now on.
    pub(super) fn begin() -> Self {
        let (asked, said) = (Vec::new(), Vec::new());
        Self { asked, under_way: JoinSet::new(), said, began: Instant::now() }
    }

    pub(super) fn add(&mut self, list: &Arc<List>, asking: Asking, question: Question) {
        self.asked.push((Arc::clone(list), question.clone()));
        self.under_way.spawn(Arc::clone(list).ask(asking, question, self.began));
    }

    /// Waits until every list has answered, or it is time to greet. Can be given up.
    pub(crate) async fn wait_to_greet(&mut self) {
        self.wait_until(|_| GREETING).await;
    }

    /// Waits until every list has answered that can be expected to. Can be given up.
    pub(crate) async fn wait(&mut self) {
        self.wait_until(|list| if list.is_silent() { GREETING } else { PATIENCE }).await;
    }

    async fn wait_until(&mut self, patience: impl Fn(&List) -> Duration) {
        loop {
            let open = self.asked.iter().filter(|(list, about)| self.of(list, about).is_none());
            let Some(patience) = open.map(|(list, _)| patience(list)).max() else { return };
            let said = timeout_at(self.began + patience, self.under_way.join_next()).await;
            let Ok(Some(said)) = said else { return };
            self.said.extend(said);
        }
    }

    /// What each list says so far, in the order of the configuration; the others are silent.
    pub(crate) fn all(&self) -> Vec<Said> {
        let said = |(list, question): &(Arc<List>, Question)| {
            self.of(list, question).cloned().unwrap_or_else(|| Said {
                list: Arc::clone(list),
                question: question.clone(),
                outcome: Outcome::Unanswered,
            })
        };
        self.asked.iter().map(said).collect()
    }

    /// True when a list was not asked, as the client had caused too many questions.
    pub(crate) fn was_over_budget(&self) -> bool {
        self.said.iter().any(|said| matches!(said.outcome, Outcome::OverBudget(_)))
    }

    fn of(&self, list: &Arc<List>, question: &Question) -> Option<&Said> {
        self.said.iter().find(|said| Arc::ptr_eq(&said.list, list) && said.question == *question)
    }
}
