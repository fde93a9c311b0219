//! Refused recipients in the journal and the log: those of one client, minute and kind of reply share a line, so that
//! whoever tries names by the thousand does not wipe the history of everybody's mail. Where an alias answers, there is a
//! line for it and the sender, as its owner is told of them: a number of such lines for a client.

mod lines;

pub(super) use lines::{is_of_several, times};

use super::log_line::log;
use crate::{
    alias::{Named, Rule},
    clock,
    inbound::LogBudget,
    store::journal::{Journal, Record},
    time::Millis,
};
use lines::{Lines, Step, TOGETHER};
use parking_lot::Mutex;

/// The lines that are open.
#[derive(Debug, Default)]
pub(crate) struct RefusedRecipients(Mutex<Lines>);

impl RefusedRecipients {
    /// Tells of a recipient that was refused, and that `named` answers by `rule`; `record` is what would be told of it alone.
    pub(crate) async fn tell(
        &self,
        journal: &Journal,
        budget: &LogBudget,
        record: Record,
        (named, rule): (Option<&Named>, Option<&Rule>),
    ) {
        // Of what is no alias yet there is one for each name that somebody makes up.
        let alias = named.filter(|named| !named.is_new).map(|named| &named.key);
        let (step, ended) = self.0.lock().add(&record, alias, rule, clock::steady_millis());
        if step != Step::Count {
            log(budget, &record, "recipient");
        }
        write(journal, ended).await;
        match step {
            Step::Begin(record) => journal.record(record).await,
            Step::Grow(record) => journal.replace(record).await,
            Step::Count => {}
        }
    }

    /// Writes the lines whose minute is over, for ever.
    pub(crate) async fn follow(&self, journal: &Journal) {
        loop {
            tokio::time::sleep(TOGETHER).await;
            let ended = self.0.lock().ended(clock::steady_millis());
            write(journal, ended).await;
        }
    }

    /// Writes how many there are so far, for whoever is about to read the journal.
    pub(crate) async fn write_so_far(&self, journal: &Journal) {
        let behind = self.0.lock().behind();
        write(journal, behind).await;
    }

    /// Writes all lines, as nothing more comes.
    pub(crate) async fn finish(&self, journal: &Journal) {
        let ended = self.0.lock().ended(Millis::MAX);
        write(journal, ended).await;
    }
}

async fn write(journal: &Journal, ended: Vec<Record>) {
    for record in ended {
        journal.replace(record).await;
    }
}
