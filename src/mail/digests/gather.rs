//! The journal and the spool, read for those who are told.

use super::{DigestError, Task, counted::Counted};
use crate::{
    address::{Domain, Mailbox},
    alias::{Alias, AnswerAddress, OwnedDomain},
    digest::{Every, Period, Tally, author, is_asked_again, reason, rule},
    mail::{
        parts::Parts,
        refused::{is_of_several, times},
    },
    store::{
        QueueFilter,
        journal::{self, Outcome, Record},
        spool::Spooled,
    },
    time::Millis,
};
use std::{
    collections::{HashMap, HashSet},
    slice,
};

/// Recipients of a message that are counted.
const MAX_RECIPIENTS: usize = 100;
/// Answers that are remembered.
const MAX_KNOWN: usize = 20_000;

/// Counts what came in the period of `tasks`, which is the same for all.
pub(super) async fn gather(parts: &Parts, tasks: &[Task]) -> Result<Counted, DigestError> {
    let Some(Task { period, .. }) = tasks.first() else { return Ok(Counted::default()) };
    let mut wanted: HashMap<Domain, Wanted> = HashMap::new();
    for Task { domain, every, .. } in tasks {
        let usual = parts.store.digest_of_domain(domain).await?;
        let owned = parts.store.owned(slice::from_ref(domain)).await?;
        // It was removed a moment ago.
        let Some(own) = owned.into_iter().next() else { continue };
        let wanted =
            wanted.entry(domain.clone()).or_insert(Wanted { own, usual, told: Vec::new() });
        wanted.told.push(*every);
    }
    let mut gathering =
        Gathering { parts, wanted, known: HashMap::new(), counted: Counted::default() };
    gathering.read_journal(*period).await?;
    gathering.read_spool().await?;
    let Gathering { counted, .. } = gathering;
    if counted.left_out > 0 {
        tracing::warn!(
            left_out = counted.left_out,
            "digests do not tell of all aliases: there are too many"
        );
    }
    Ok(counted)
}

/// What is wanted of a domain.
struct Wanted {
    /// Since when its mail is that of who is told.
    own: OwnedDomain,
    /// How often owners are told where the alias does not say.
    usual: Option<Every>,
    /// Those who are told now.
    told: Vec<Every>,
}

struct Gathering<'a> {
    parts: &'a Parts,
    wanted: HashMap<Domain, Wanted>,
    /// The aliases that answer addresses, where somebody is told of them now.
    known: HashMap<String, Option<(Alias, Every)>>,
    counted: Counted,
}

impl Gathering<'_> {
    async fn read_journal(&mut self, Period { since, until }: Period) -> Result<(), DigestError> {
        self.parts.refused.write_so_far(&self.parts.journal).await;
        self.parts.journal.flush().await;
        let millis = |seconds: u64| Some(Millis::new(seconds.saturating_mul(1000)));
        let (since, until) = (millis(since.as_secs()), millis(until.as_secs()));
        let filter = journal::Filter { since, until, ..journal::Filter::default() };
        let reading = self.parts.place.read_journal().await?;
        let mut after = None;
        loop {
            let page = reading.page(&filter, after).await?;
            let meant: Vec<(Record, Vec<Mailbox>)> = page
                .records
                .into_iter()
                // Our own were brought by nobody, who was told nothing.
                .filter(|record| !record.reply.is_empty())
                .map(|record| {
                    let addresses = self.addresses(&record);
                    (record, addresses)
                })
                .filter(|(_, addresses)| !addresses.is_empty())
                .collect();
            self.know(meant.iter().flat_map(|(_, addresses)| addresses)).await?;
            for (record, addresses) in &meant {
                self.count(record, addresses);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Whose mail a record may be: its recipients, or the sender of what an account sent.
    fn addresses(&self, record: &Record) -> Vec<Mailbox> {
        let sender = record.from.mailbox().filter(|_| record.account().is_some()).cloned();
        let recipients = record.to.iter().filter(|_| record.account().is_none());
        let recipients = recipients.take(MAX_RECIPIENTS).filter_map(|to| Mailbox::parse(to).ok());
        let is_wanted = |address: &Mailbox| self.is_wanted(address, record.time);
        sender.into_iter().chain(recipients).filter(is_wanted).collect()
    }

    /// Whether somebody is told of what came for `address` at `time`.
    fn is_wanted(&self, address: &Mailbox, time: Millis) -> bool {
        self.wanted.get(address.domain()).is_some_and(|wanted| wanted.own.sees(time))
    }

    /// Finds out which aliases answer these.
    async fn know(&mut self, addresses: impl Iterator<Item = &Mailbox>) -> Result<(), DigestError> {
        if self.known.len() > MAX_KNOWN {
            self.known.clear();
        }
        let unknown: HashMap<String, Mailbox> = addresses
            .map(|address| (address.to_key(), address.clone()))
            .filter(|(key, _)| !self.known.contains_key(key))
            .collect();
        let asked = unknown.values().cloned().collect();
        let answering = self.parts.store.answering(asked).await?;
        for (address, alias) in unknown.into_values().zip(answering) {
            let Some(wanted) = self.wanted.get(address.domain()) else { continue };
            let told = alias.and_then(|alias| {
                let own = alias.rules().digest;
                let every = own.map_or(wanted.usual, Every::of)?;
                wanted.told.contains(&every).then_some((alias, every))
            });
            self.known.insert(address.to_key(), told);
        }
        Ok(())
    }

    fn tally(&mut self, address: &Mailbox) -> Option<(&mut Tally, bool)> {
        let (alias, every) = self.known.get(&address.to_key())?.as_ref()?;
        let is_answer = alias.rules().reply_by_address && AnswerAddress::read(address).is_some();
        let tally = self.counted.tally(address.domain(), *every, alias, address)?;
        Some((tally, is_answer))
    }

    fn count(&mut self, record: &Record, addresses: &[Mailbox]) {
        let (by_account, sender) = (record.account().is_some(), record.sender());
        let mut seen = HashSet::new();
        // Of what was refused more often, all recipients are of one alias.
        let most = if times(record) > 1 { 1 } else { MAX_RECIPIENTS };
        let each = addresses.iter().filter(|address| seen.insert(address.to_key()));
        for address in each.take(most) {
            let Some((tally, is_answer)) = self.tally(address) else { continue };
            if by_account || is_answer {
                let is_sent = !record.outcome.is_refusal();
                tally.sent += u64::from(is_sent);
                continue;
            }
            match record.outcome {
                Outcome::Forwarded | Outcome::Partial => tally.forwarded.add(&sender),
                Outcome::Discarded => tally.discarded += 1,
                Outcome::Bounced | Outcome::Failed | Outcome::Dropped => tally.failed.add(&sender),
                // What waits is counted where it waits.
                Outcome::Spooled | Outcome::Aborted | Outcome::Taken => {}
                Outcome::Refused | Outcome::Deferred => {
                    // Of recipients that share a record, only the first one's sender and rule are told there.
                    let is_first = record.to.first().is_some_and(|to| *to == address.to_string());
                    let known = !is_of_several(record) || is_first;
                    refuse(tally, record, known.then_some(sender.as_str()));
                }
            }
        }
    }

    /// Counts what waits now, whenever it came.
    async fn read_spool(&mut self) -> Result<(), DigestError> {
        let (mut after, mut seen) = (0, HashSet::new());
        loop {
            let page = self.parts.store.queue_page(&QueueFilter::default(), after).await?;
            let meant: Vec<(Spooled, Vec<Mailbox>)> = page
                .messages
                .into_iter()
                .map(|message| {
                    let addresses = self.waiting(&message);
                    (message, addresses)
                })
                .filter(|(_, addresses)| !addresses.is_empty())
                .collect();
            self.know(meant.iter().flat_map(|(_, addresses)| addresses)).await?;
            for (message, addresses) in meant {
                let head = message.head;
                let sender = head.sender.mailbox().map_or("<>".to_owned(), ToString::to_string);
                for address in addresses {
                    let is_new = seen.insert((head.id.clone(), address.to_key()));
                    if is_new && let Some((tally, false)) = self.tally(&address) {
                        tally.held.add(&sender);
                    }
                }
            }
            match page.next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// The recipients of a message that wait, of what strangers sent.
    fn waiting(&self, message: &Spooled) -> Vec<Mailbox> {
        let head = &message.head;
        let is_ours = head.client.is_none() && head.helo.is_empty();
        if is_ours || head.account().is_some() {
            return Vec::new();
        }
        let open = message.legs.iter().filter(|leg| leg.state.is_open());
        let addresses = open.filter_map(|leg| Mailbox::parse(&leg.recipient.bare()).ok());
        addresses.filter(|address| self.is_wanted(address, head.arrived)).collect()
    }
}

fn refuse(tally: &mut Tally, record: &Record, sender: Option<&str>) {
    if is_asked_again(&record.reply) {
        return;
    }
    let rule = sender.and_then(|_| rule(&record.detail));
    // Who was blocked is told as the one who was.
    let sender = sender.map(|sender| author(&record.detail).unwrap_or(sender));
    let why = reason(&record.reply, rule.as_deref(), record.is_by_destination());
    tally.refuse(why, sender, times(record));
}
