//! What the spam filter says, and how long it takes.

use super::{Metrics, Took, labels::FilterLabels};
use crate::rspamd::Action;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::time::Duration;

/// What came of a message that the filter was to be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filtered {
    /// What it advised.
    Advised(Action),
    /// There was no answer, or none that makes sense.
    Failed,
    /// It was not asked, as it had not answered others.
    LeftAlone,
    /// It was not asked, as the alias allows the sender.
    Allowed,
}

impl Filtered {
    fn as_str(self) -> &'static str {
        match self {
            Self::Advised(Action::NoAction) => "no_action",
            Self::Advised(Action::Greylist) => "greylist",
            Self::Advised(Action::AddHeader) => "add_header",
            Self::Advised(Action::RewriteSubject) => "rewrite_subject",
            Self::Advised(Action::SoftReject) => "soft_reject",
            Self::Advised(Action::Reject) => "reject",
            Self::Failed => "failed",
            Self::LeftAlone => "left_alone",
            Self::Allowed => "allowed",
        }
    }
}

#[derive(Debug)]
pub(super) struct Filter {
    messages: Family<FilterLabels, Counter>,
    took: Histogram,
}

impl Filter {
    pub(super) fn new(took: Took) -> Self {
        let filter = Self { messages: Family::default(), took: took() };
        let advised = Action::ALL.into_iter().map(Filtered::Advised);
        for result in advised.chain([Filtered::Failed, Filtered::LeftAlone, Filtered::Allowed]) {
            let _ = filter.messages.get_or_create(&FilterLabels { result: result.as_str() });
        }
        filter
    }

    pub(super) fn register(&self, r: &mut Registry) {
        let messages = "Messages by what the spam filter says of them, or why it says nothing";
        r.register("filter", messages, self.messages.clone());
        r.register("filter_seconds", "How long the spam filter took", self.took.clone());
    }
}

impl Metrics {
    /// What came of asking the spam filter.
    pub fn filtered(&self, result: Filtered) {
        self.filter.messages.get_or_create(&FilterLabels { result: result.as_str() }).inc();
    }

    /// How long it took to ask it, whatever came of that.
    pub fn filter_took(&self, took: Duration) {
        self.filter.took.observe(took.as_secs_f64());
    }
}
