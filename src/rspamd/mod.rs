//! rspamd's HTTP protocol: what is told of a message that it is to judge (`POST /checkv2`), and its answer. An
//! answer is bounded in everything that is kept of it, and nothing of it can stand for a line of ours.

mod answer;
mod field;
mod request;
mod score;

pub use answer::{Answer, AnswerError, MAX_ANSWER};
pub use field::Field;
pub use request::Request;
pub use score::Score;

use crate::alias::SpamAction;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What rspamd advises about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Nothing stands against the message.
    #[serde(rename = "no action")]
    NoAction,
    /// Who sends it is to come again.
    #[serde(rename = "greylist")]
    Greylist,
    /// The message is to be marked as spam.
    #[serde(rename = "add header")]
    AddHeader,
    /// The message is to be marked as spam in its Subject.
    #[serde(rename = "rewrite subject")]
    RewriteSubject,
    /// The message is not to be taken for now.
    #[serde(rename = "soft reject")]
    SoftReject,
    /// The message is to be refused. What rspamd's own milter would throw away (`discard`, `quarantine`) is this
    /// too: nothing disappears here without a word to whoever sends it.
    #[serde(rename = "reject")]
    Reject,
}

/// What becomes of a message that rspamd has judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// It goes on as it is.
    Pass,
    /// It goes on, with fields that say what rspamd thinks of it.
    Mark,
    /// Who sends it may come again.
    Defer,
    /// It is refused.
    Refuse,
}

impl Action {
    /// Every action there is.
    pub const ALL: [Self; 6] = [
        Self::NoAction,
        Self::Greylist,
        Self::AddHeader,
        Self::RewriteSubject,
        Self::SoftReject,
        Self::Reject,
    ];

    /// The action as rspamd calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAction => "no action",
            Self::Greylist => "greylist",
            Self::AddHeader => "add header",
            Self::RewriteSubject => "rewrite subject",
            Self::SoftReject => "soft reject",
            Self::Reject => "reject",
        }
    }

    /// The action that rspamd calls so.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "discard" | "quarantine" => Some(Self::Reject),
            _ => Self::ALL.into_iter().find(|action| action.as_str() == text),
        }
    }

    /// What becomes of the message. `spam` is what the recipients, or the operator for them, want done with spam: an
    /// owner may lower the bar for what may be spam, and never for what rspamd rejects, as whoever sends it on pays for
    /// it. What comes to postmaster and abuse is never held up (RFC 5321 §4.5.1): complaints hold the spam they are
    /// about.
    pub fn treatment(self, spam: SpamAction, is_for_role: bool) -> Treatment {
        match (self, spam) {
            (Self::NoAction, _) => Treatment::Pass,
            (Self::Greylist | Self::SoftReject, _) if is_for_role => Treatment::Pass,
            (Self::Greylist | Self::SoftReject, _) => Treatment::Defer,
            (Self::AddHeader | Self::RewriteSubject | Self::Reject, _) if is_for_role => {
                Treatment::Mark
            }
            (Self::AddHeader | Self::RewriteSubject, SpamAction::Mark) => Treatment::Mark,
            (Self::AddHeader | Self::RewriteSubject, SpamAction::Refuse) | (Self::Reject, _) => {
                Treatment::Refuse
            }
        }
    }
}

/// A symbol of rspamd, and what it adds to the score of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Its name, in printable ASCII.
    pub name: String,
    /// What it adds.
    pub score: Score,
}

/// What rspamd thinks of a message, as the journal keeps it. Its JSON is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What it advises.
    pub action: Action,
    /// The score of the message.
    pub score: Score,
    /// The score from which on messages are rejected; `None` where none are.
    pub required: Option<Score>,
    /// The symbols that weigh most, the heaviest first.
    pub symbols: Vec<Symbol>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.action.as_str(), self.score)?;
        if let Some(required) = self.required {
            write!(f, " of {required}")?;
        }
        for (number, Symbol { name, score }) in self.symbols.iter().enumerate() {
            write!(f, "{} {name} {score}", if number == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_by_what_owner_and_operator_want() {
        use Treatment::{Defer, Mark, Pass, Refuse};
        for (action, mark, refuse, role) in [
            ("no action", Pass, Pass, Pass),
            ("greylist", Defer, Defer, Pass),
            ("soft reject", Defer, Defer, Pass),
            ("add header", Mark, Refuse, Mark),
            ("rewrite subject", Mark, Refuse, Mark),
            ("reject", Refuse, Refuse, Mark),
            ("discard", Refuse, Refuse, Mark),
        ] {
            let parsed = Action::parse(action).unwrap();
            assert_eq!(parsed.treatment(SpamAction::Mark, false), mark, "{action}");
            assert_eq!(parsed.treatment(SpamAction::Refuse, false), refuse, "{action}");
            for spam in [SpamAction::Mark, SpamAction::Refuse] {
                assert_eq!(parsed.treatment(spam, true), role, "{action}");
            }
        }
        assert_eq!(Action::parse("Reject"), None);
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            assert_eq!(serde_json::to_string(&action).unwrap(), format!("{:?}", action.as_str()));
        }
    }
}
