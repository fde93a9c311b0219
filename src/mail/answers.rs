//! How much mailboxes send as their aliases: what accounts may (`[submission]`). Kept in memory only: a restart forgives.

use crate::{
    account::{self, Limits, Over, Usage},
    address::ForwardPath,
    clock,
    config::print_rate,
    rate::Recent,
    reply::Reply,
};
use parking_lot::Mutex;
use std::sync::Arc;

/// Most mailboxes of which something is kept.
const MAILBOXES: usize = 10_000;

/// What mailboxes have used, as far as they did lately.
#[derive(Debug)]
pub(crate) struct Answers(Mutex<Table>);

#[derive(Debug)]
struct Table {
    limits: Limits,
    mailboxes: Recent<String, Usage>,
}

/// What a message has used; given back when it is dropped, unless the message was taken.
#[derive(Debug)]
pub(crate) struct Claim {
    answers: Arc<Answers>,
    mailbox: String,
    claim: account::Claim,
    is_spent: bool,
}

impl Answers {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Mutex::new(Table { limits, mailboxes: Recent::new(MAILBOXES) }))
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, after: Limits) {
        let (now, Table { limits, mailboxes }) = (clock::steady_millis(), &mut *self.0.lock());
        mailboxes.change_all(|usage| usage.change_limits(limits, &after, now));
        *limits = after;
    }

    /// Counts a message of `mailbox` to these recipients.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(crate) fn claim(
        self: &Arc<Self>,
        mailbox: &str,
        to: &[ForwardPath],
    ) -> Result<Claim, Reply> {
        let now = clock::steady_millis();
        let counted = self.with(mailbox, |usage, limits| {
            let mut claim = usage.claim(limits, now)?;
            match to.iter().try_for_each(|path| usage.add(&mut claim, path, limits, now)) {
                Ok(()) => Ok(claim),
                Err(over) => {
                    usage.give_back(claim, limits);
                    Err(over)
                }
            }
        });
        let claim = counted.map_err(|Over { what, rate, wait }| {
            let rate = print_rate(rate);
            tracing::warn!(
                mailbox,
                rate,
                "a mailbox that answers by address is over its limit of {what}"
            );
            Reply::answers_over_rate(&what.to_string(), &rate, wait)
        })?;
        let (answers, mailbox) = (Arc::clone(self), mailbox.to_owned());
        Ok(Claim { answers, mailbox, claim, is_spent: false })
    }

    fn with<T>(&self, mailbox: &str, change: impl FnOnce(&mut Usage, &Limits) -> T) -> T {
        let Table { limits, mailboxes } = &mut *self.0.lock();
        mailboxes.change(mailbox.to_owned(), |usage| change(usage, limits))
    }
}

impl Claim {
    /// The message was taken: what it used is used up, and its recipients are known.
    pub(crate) fn spend(mut self) {
        self.is_spent = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let claim = std::mem::take(&mut self.claim);
        self.answers.with(&self.mailbox, |usage, limits| match self.is_spent {
            true => usage.spend(claim, clock::steady_millis()),
            false => usage.give_back(claim, limits),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_rate;

    #[test]
    fn what_is_not_taken_is_given_back() {
        let rate = |text| parse_rate(text).unwrap();
        let limits = Limits {
            messages: rate("2/1h"),
            recipients: rate("4/1d"),
            new_recipients: rate("2/1d"),
        };
        let answers = Arc::new(Answers::new(limits));
        let path = |to: &&str| ForwardPath::from_bare(&format!("{to}@x.test")).unwrap();
        let claim = |mailbox: &str, to: &[&str]| {
            answers.claim(mailbox, &to.iter().map(path).collect::<Vec<_>>())
        };
        let jo = "jo@home.test";
        for _ in 0..9 {
            assert!(claim(jo, &["a", "b", "a"]).is_ok());
            assert_eq!(claim(jo, &["a", "b", "c"]).unwrap_err().code(), 450, "new");
            assert_eq!(claim(jo, &["a"; 5]).unwrap_err().code(), 450, "recipients");
        }
        claim(jo, &["a", "b"]).unwrap().spend();
        assert!(claim(jo, &["c"]).is_err(), "new");
        claim(jo, &["a"]).unwrap().spend();
        let reply = claim(jo, &["a"]).unwrap_err().to_string();
        assert!(
            reply.starts_with("450 4.7.1 Too many messages of this mailbox (2/1h), "),
            "{reply}"
        );
        assert!(claim("al@home.test", &["c"]).is_ok(), "others go on");
        answers.set_limits(Limits { messages: rate("3/1h"), ..limits });
        assert!(claim(jo, &["a"]).is_ok(), "what was used stays used");
    }
}
