use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every destination took it.
    Forwarded,
    /// Some destinations took it, others never will, and the client was told that it is done.
    Partial,
    /// The client was told 5xx.
    Refused,
    /// The client was told 4xx.
    Deferred,
    /// We answer for the message, and have not done with it.
    Spooled,
    /// A mail system behind its destination took it and reported later that it did not deliver it.
    Bounced,
    /// We answered for it, and nobody got it.
    Failed,
    /// The operator took it out of the spool.
    Dropped,
    /// An alias throws it away.
    Discarded,
    /// The client went away before its end.
    Aborted,
    /// The client was told that it is done. What became of it was for others' recipients too: the word stands in no journal,
    /// but in the place of the outcome for whoever sees a part alone.
    Taken,
}

impl Outcome {
    /// All that stand in a journal.
    pub const ALL: [Self; 10] = [
        Self::Forwarded,
        Self::Partial,
        Self::Refused,
        Self::Deferred,
        Self::Spooled,
        Self::Bounced,
        Self::Failed,
        Self::Dropped,
        Self::Discarded,
        Self::Aborted,
    ];

    /// Those of which nobody got anything, and which the client was told so, or told us.
    pub const REFUSALS: [Self; 3] = [Self::Refused, Self::Deferred, Self::Aborted];

    /// Whether nobody got anything, and the client knows.
    pub fn is_refusal(self) -> bool {
        Self::REFUSALS.contains(&self)
    }

    /// The word in the journal and in `onward trace --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Deferred => "deferred",
            Self::Spooled => "spooled",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Discarded => "discarded",
            Self::Aborted => "aborted",
            Self::Taken => "taken",
        }
    }

    /// The outcome of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
