//! How much mailboxes send as their aliases: what accounts may (`[submission]`). Kept in memory only: a restart forgives.

use crate::{
    clock,
    config::{Submission, print_rate},
    rate::{Buckets, Full},
    reply::Reply,
};
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Most mailboxes of which something is kept.
const MAILBOXES: usize = 65_536;
/// Most recipients that are remembered of all.
const KNOWN: usize = 500_000;

/// What all mailboxes have used.
#[derive(Debug)]
pub(crate) struct Answers(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    messages: Buckets<String>,
    recipients: Buckets<String>,
    new_recipients: Buckets<String>,
    /// To whom mailboxes have written.
    known: HashMap<String, HashSet<String>>,
    all_known: usize,
}

/// What a message has used; given back when it is dropped, unless the message was taken.
#[derive(Debug)]
pub(crate) struct Claim {
    answers: Arc<Answers>,
    mailbox: String,
    messages: u32,
    recipients: u32,
    new: Vec<String>,
    is_spent: bool,
}

impl Answers {
    pub(crate) fn new(limits: &Submission) -> Self {
        Self(Mutex::new(Tables {
            messages: Buckets::new(limits.messages_per_account, MAILBOXES),
            recipients: Buckets::new(limits.recipients_per_account, MAILBOXES),
            new_recipients: Buckets::new(limits.new_recipients_per_account, MAILBOXES),
            known: HashMap::new(),
            all_known: 0,
        }))
    }

    /// Goes by other limits from now on.
    pub(crate) fn set_limits(&self, limits: &Submission) {
        let tables = &mut *self.0.lock();
        tables.messages.set_rate(limits.messages_per_account);
        tables.recipients.set_rate(limits.recipients_per_account);
        tables.new_recipients.set_rate(limits.new_recipients_per_account);
    }

    /// Counts a message of `mailbox` to these recipients.
    ///
    /// # Errors
    /// The reply that puts it off.
    pub(super) fn claim(self: &Arc<Self>, mailbox: &str, to: Vec<String>) -> Result<Claim, Reply> {
        let mut claim = Claim {
            answers: Arc::clone(self),
            mailbox: mailbox.to_owned(),
            messages: 0,
            recipients: 0,
            new: Vec::new(),
            is_spent: false,
        };
        claim.take(to).map(|()| claim)
    }
}

impl Claim {
    /// What was taken before an error is given back as this is dropped.
    fn take(&mut self, to: Vec<String>) -> Result<(), Reply> {
        let answers = Arc::clone(&self.answers);
        let tables = &mut *answers.0.lock();
        take(&mut tables.messages, &self.mailbox, "messages")?;
        self.messages = 1;
        for key in to {
            take(&mut tables.recipients, &self.mailbox, "recipients")?;
            self.recipients += 1;
            let known = tables.known.get(&self.mailbox);
            if !known.is_some_and(|known| known.contains(&key)) && !self.new.contains(&key) {
                take(&mut tables.new_recipients, &self.mailbox, "new recipients")?;
                self.new.push(key);
            }
        }
        Ok(())
    }

    /// The message was taken: what it used is used up, and its recipients are known.
    pub(super) fn spend(mut self) {
        self.is_spent = true;
        let new = std::mem::take(&mut self.new);
        let tables = &mut *self.answers.0.lock();
        if tables.all_known.saturating_add(new.len()) > KNOWN {
            tables.known.clear();
            tables.all_known = 0;
        }
        tables.all_known = tables.all_known.saturating_add(new.len());
        tables.known.entry(self.mailbox.clone()).or_default().extend(new);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_spent {
            return;
        }
        let tables = &mut *self.answers.0.lock();
        let counts = [
            (&mut tables.messages, self.messages as usize),
            (&mut tables.recipients, self.recipients as usize),
            (&mut tables.new_recipients, self.new.len()),
        ];
        for (buckets, count) in counts {
            for _ in 0..count {
                buckets.give_back(&self.mailbox);
            }
        }
    }
}

fn take(buckets: &mut Buckets<String>, mailbox: &String, what: &str) -> Result<(), Reply> {
    let now = clock::steady_millis();
    buckets.check(mailbox, now).map_err(|Full { whose, rate, wait }| {
        let rate = print_rate(rate);
        tracing::warn!(mailbox = %whose, rate, "a mailbox that answers by address is over its limit of {what}");
        Reply::answers_over_rate(what, &rate, wait)
    })?;
    buckets.take(mailbox, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_rate;

    #[test]
    fn what_is_not_taken_is_given_back() {
        let rate = |text| parse_rate(text).unwrap();
        let answers = Arc::new(Answers::new(&Submission {
            strip: Vec::new(),
            messages_per_account: rate("2/1h"),
            recipients_per_account: rate("4/1d"),
            new_recipients_per_account: rate("2/1d"),
        }));
        let claim = |to: &[&str]| {
            answers.claim("jo@home.test", to.iter().map(|to| (*to).to_owned()).collect())
        };
        for _ in 0..9 {
            assert!(claim(&["a", "b", "a"]).is_ok());
            assert_eq!(claim(&["a", "b", "c"]).unwrap_err().code(), 450, "new");
            assert_eq!(claim(&["a"; 5]).unwrap_err().code(), 450, "recipients");
        }
        claim(&["a", "b"]).unwrap().spend();
        assert!(claim(&["c"]).is_err(), "new");
        claim(&["a"]).unwrap().spend();
        let reply = claim(&["a"]).unwrap_err().to_string();
        assert!(
            reply.starts_with("450 4.7.1 Too many messages of this mailbox (2/1h), "),
            "{reply}"
        );
        assert!(answers.claim("al@home.test", vec!["c".to_owned()]).is_ok(), "others go on");
    }
}
