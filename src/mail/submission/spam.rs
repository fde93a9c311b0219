//! What the spam filter says of what accounts send: whoever has somebody's password sends spam.

use crate::{
    address::ForwardPath,
    config::OnFailure,
    mail::{checks::Question, parts::Parts, sender::Sender},
    message::MessageId,
    metrics::Filtered,
    reply::Reply,
    rspamd::{Action, Treatment, Verdict},
    smtp::Tls,
    spam_filter::FilterError,
};
use bytes::Bytes;

/// What came of asking.
#[derive(Debug, Default)]
pub(super) struct Spam {
    pub(super) verdict: Option<Verdict>,
    /// Whole header fields that mark the message.
    pub(super) marks: String,
    /// For the journal: why there is no verdict.
    pub(super) note: Option<String>,
}

/// Asks the filter, where there is one.
pub(super) async fn check(
    parts: &Parts,
    user: &str,
    sender: &Sender,
    to: Vec<&ForwardPath>,
    id: MessageId,
    tls: Option<&Tls>,
    message: &Bytes,
) -> Result<Spam, Reply> {
    let Some(filter) = &parts.filter else { return Ok(Spam::default()) };
    let question = Question { sender, to, id, tls, user: Some(user), message: message.clone() };
    let answer = match question.ask(parts, filter).await {
        Ok(answer) => answer,
        Err(error) => {
            let is_left_alone = matches!(error, FilterError::LeftAlone);
            parts.metrics.filtered(match is_left_alone {
                true => Filtered::LeftAlone,
                false => Filtered::Failed,
            });
            filter.tell(&error, "mail of accounts goes by filter.fail");
            // Or whoever has an account's password gets past the filter by flooding it.
            if matches!(error, FilterError::Busy) {
                return Err(Reply::filter_busy());
            }
            if error.is_senders_doing() {
                return Err(Reply::filter_lost());
            }
            return match parts.config.filter.fail {
                OnFailure::Defer => Err(Reply::filter_silent()),
                OnFailure::Accept => {
                    let note = Some(format!("the spam filter said nothing: {error}"));
                    Ok(Spam { note, ..Spam::default() })
                }
            };
        }
    };
    let action = answer.verdict.action;
    parts.metrics.filtered(Filtered::Advised(action));
    let words = answer.message.as_deref();
    match action.treatment(parts.config.filter.spam, false) {
        Treatment::Pass => Ok(Spam { verdict: Some(answer.verdict), ..Spam::default() }),
        Treatment::Mark => {
            let marks = answer.marks();
            Ok(Spam { verdict: Some(answer.verdict), marks, note: None })
        }
        Treatment::Defer => Err(Reply::filter_defers(words)),
        Treatment::Refuse if action == Action::Reject => Err(Reply::filter_rejects(words)),
        Treatment::Refuse => Err(Reply::filter_finds_spam()),
    }
}
