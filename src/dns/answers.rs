//! What name servers have answered, for as long as it holds.

use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

/// Octets of all answers, about; beyond, the one that was used least recently is forgotten.
const CAPACITY: usize = 16 << 20;
/// What an answer, or a record without much text, takes at most.
const RECORD: usize = 256;
/// What is read of a text takes about so much beside it: a key, a policy.
const READ: usize = 512;
/// For how long a "no" is kept that does not say itself how long it holds (RFC 2308 §5), or says less, and silence
/// (§7.2): a burst of messages from one domain asks once.
pub(super) const SHORTEST_NO: Duration = Duration::from_secs(5);
/// ... and that says more.
pub(super) const LONGEST_NO: Duration = Duration::from_hours(1);
/// For how long anything is kept.
const LONGEST: Duration = Duration::from_hours(24);

/// Why a look-up has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupError {
    /// The name does not exist.
    Nonexistent,
    /// The name exists, without such records.
    Empty,
    /// SERVFAIL, a refusal, silence: nothing is known.
    Unanswered,
}

/// Records of the type that was asked for, or why there are none.
pub(super) type Answer = Result<Arc<Found>, LookupError>;

/// Records, and what was read of them.
#[derive(Debug)]
pub(super) struct Found {
    records: Box<[Record]>,
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Found {
    /// What `read` makes of the records: once as long as the answer holds, for all who read it as the first did.
    pub(super) fn read_as<T: Send + Sync + 'static>(
        &self,
        read: impl FnOnce(&[Record]) -> T,
    ) -> Arc<T> {
        if let Some(kept) = self.read.get() {
            return match Arc::clone(kept).downcast() {
                Ok(kept) => kept,
                Err(_) => Arc::new(read(&self.records)),
            };
        }
        let made = Arc::new(read(&self.records));
        // Another thread may have been faster, with the same.
        let _ = self.read.set(Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        made
    }
}

impl FromIterator<Record> for Found {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        Self { records: records.into_iter().collect(), read: OnceLock::new() }
    }
}

impl Deref for Found {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        &self.records
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.records == other.records
    }
}

/// A name and the type of its records.
pub(super) type Question = (Name, RecordType);

/// Answers of all name servers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    known: HashMap<Question, Known>,
    /// Questions by the turn in which they were used last.
    by_turn: BTreeMap<u64, Question>,
    turn: u64,
    octets: usize,
}

#[derive(Debug)]
struct Known {
    answer: Answer,
    until: Instant,
    octets: usize,
    turn: u64,
}

impl Answers {
    pub(super) fn get(&mut self, question: &Question, now: Instant) -> Option<Answer> {
        let known = self.known.get_mut(question)?;
        if known.until <= now {
            self.forget(question);
            return None;
        }
        self.turn += 1;
        if let Some(question) = self.by_turn.remove(&known.turn) {
            known.turn = self.turn;
            self.by_turn.insert(self.turn, question);
        }
        Some(known.answer.clone())
    }

    /// Keeps an answer for as long as it holds, a "no" within its bounds.
    pub(super) fn keep(
        &mut self,
        question: Question,
        answer: Answer,
        holds: Duration,
        now: Instant,
    ) {
        let holds = match answer {
            Ok(_) => holds.min(LONGEST),
            Err(LookupError::Unanswered) => SHORTEST_NO,
            Err(LookupError::Nonexistent | LookupError::Empty) => {
                holds.clamp(SHORTEST_NO, LONGEST_NO)
            }
        };
        self.forget(&question);
        if holds.is_zero() {
            return;
        }
        let octets =
            RECORD + answer.iter().flat_map(|records| records.iter()).map(octets).sum::<usize>();
        self.turn += 1;
        self.octets += octets;
        self.by_turn.insert(self.turn, question.clone());
        let known = Known { answer, until: now + holds, octets, turn: self.turn };
        self.known.insert(question, known);
        while self.octets > CAPACITY
            && let Some((_, oldest)) = self.by_turn.first_key_value()
        {
            self.forget(&oldest.clone());
        }
    }

    fn forget(&mut self, question: &Question) {
        if let Some(known) = self.known.remove(question) {
            self.octets = self.octets.saturating_sub(known.octets);
            self.by_turn.remove(&known.turn);
        }
    }
}

fn octets(record: &Record) -> usize {
    RECORD
        + match &record.data {
            // And what is read of it.
            RData::TXT(txt) => READ + txt.txt_data.iter().map(|text| text.len()).sum::<usize>(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::rdata::TXT;

    fn question(name: &str) -> Question {
        (Name::from_ascii(name).unwrap(), RecordType::TXT)
    }

    fn text(octets: usize) -> Answer {
        let data = RData::TXT(TXT::from_bytes(vec![&vec![b'x'; 255][..]; octets / 255]));
        Ok(Arc::new(Found::from_iter([Record::from_rdata(Name::root(), 60, data)])))
    }

    #[test]
    fn an_answer_holds_as_long_as_it_says_and_a_no_within_bounds() {
        let (no, silence) = (Err(LookupError::Nonexistent), Err(LookupError::Unanswered));
        let (second, now) = (Duration::from_secs(1), Instant::now());
        for (answer, says, holds) in [
            (text(255), 60 * second, 60 * second),
            (text(255), LONGEST * 9, LONGEST),
            (no.clone(), Duration::ZERO, SHORTEST_NO),
            (no.clone(), 60 * second, 60 * second),
            (no, LONGEST, LONGEST_NO),
            (silence, 60 * second, SHORTEST_NO),
        ] {
            let mut answers = Answers::default();
            answers.keep(question("a.test."), answer.clone(), says, now);
            let known = answers.get(&question("A.test."), now + holds - second / 2);
            assert_eq!(known, Some(answer), "{says:?}");
            assert_eq!(answers.get(&question("a.test."), now + holds), None, "{says:?}");
        }
        let mut answers = Answers::default();
        answers.keep(question("a.test."), text(255), Duration::ZERO, now);
        assert_eq!(answers.get(&question("a.test."), now), None, "it says that it does not");
        assert_eq!((answers.octets, answers.known.len(), answers.by_turn.len()), (0, 0, 0));
    }

    #[test]
    fn room_is_bounded_and_what_is_used_stays() {
        let (mut answers, now, holds) =
            (Answers::default(), Instant::now(), Duration::from_secs(60));
        answers.keep(question("used.test."), text(255), holds, now);
        for n in 0..1_000 {
            answers.keep(question(&format!("{n}.test.")), text(60_000), holds, now);
            assert!(answers.get(&question("used.test."), now).is_some());
            assert!(answers.octets <= CAPACITY);
        }
        assert_eq!(answers.get(&question("0.test."), now), None);
        assert!(answers.get(&question("999.test."), now).is_some());
        assert_eq!(answers.known.len(), answers.by_turn.len());
        assert!(answers.known.len() < 300);
    }
}
