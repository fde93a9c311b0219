//! Refused recipients in the journal and the log: those of one client, minute and kind of reply share a line, so that
//! whoever tries names by the thousand does not wipe the history of everybody's mail.

use super::log_line::log;
use crate::{
    alias::Rule,
    clock,
    inbound::LogBudget,
    rate::ClientBlock,
    store::journal::{Journal, Record},
    time::Millis,
};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};

/// For how long recipients join a line.
const TOGETHER: Duration = Duration::from_mins(1);
/// How many recipients a line names.
const NAMED: u64 = 3;
/// What the record of several recipients says of them.
const WITHIN: &str = " recipients refused within a minute";
/// Most clients that a line is open for.
const CAPACITY: usize = 10_000;

/// The lines that are open.
#[derive(Debug, Default)]
pub(crate) struct RefusedRecipients(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines(HashMap<Whose, Line>);

/// A client, if it has an address, and the code and status of the reply, with the rule of the alias, or for it, if one
/// refuses.
type Whose = (Option<ClientBlock>, String);

#[derive(Debug)]
struct Line {
    /// Of the first recipient; the others are added to it.
    record: Record,
    since: Millis,
    count: u64,
    /// The journal does not know the count.
    is_behind: bool,
}

/// What is to be written of one more recipient.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A line that has just begun.
    Begin(Record),
    /// What the line is now.
    Grow(Record),
    /// Nothing: the recipient is counted.
    Count,
}

impl RefusedRecipients {
    /// Tells of a recipient that was refused; `record` is what would be told of it alone.
    pub(crate) async fn tell(
        &self,
        journal: &Journal,
        budget: &LogBudget,
        record: Record,
        rule: Option<&Rule>,
    ) {
        let (step, ended) = self.0.lock().add(&record, rule, clock::steady_millis());
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

    /// Writes all lines, as nothing more comes.
    pub(crate) async fn finish(&self, journal: &Journal) {
        let ended = self.0.lock().ended(Millis::MAX);
        write(journal, ended).await;
    }
}

/// Whether the record is that of several recipients that were refused: its sender and rule are the first one's.
pub(super) fn is_of_several(record: &Record) -> bool {
    record.to.len() > 1 && record.detail.contains(WITHIN)
}

async fn write(journal: &Journal, ended: Vec<Record>) {
    for record in ended {
        journal.replace(record).await;
    }
}

impl Lines {
    /// Adds a recipient; gives what is to be written of it, and of lines that end by that.
    fn add(&mut self, record: &Record, rule: Option<&Rule>, now: Millis) -> (Step, Vec<Record>) {
        let mut kind: Vec<&str> = record.reply.splitn(3, ' ').take(2).collect();
        let rule = rule.map(Rule::kind);
        kind.extend(rule.as_deref());
        let whose = (record.client.map(ClientBlock::of), kind.join(" "));
        let mut ended = Vec::new();
        if let Some(line) = self.0.get_mut(&whose) {
            if now.since(line.since) < TOGETHER {
                return (line.add(record), ended);
            }
            ended.extend(self.0.remove(&whose).and_then(Line::rest));
        } else if self.0.len() >= CAPACITY {
            // A flood from everywhere: whoever comes again begins another line.
            ended = self.ended(Millis::MAX);
        }
        let line = Line { record: record.clone(), since: now, count: 1, is_behind: false };
        self.0.insert(whose, line);
        (Step::Begin(record.clone()), ended)
    }

    /// Takes out the lines whose minute is over; gives those that are behind.
    fn ended(&mut self, now: Millis) -> Vec<Record> {
        let ended = self.0.extract_if(|_, line| now.since(line.since) >= TOGETHER);
        ended.filter_map(|(_, line)| line.rest()).collect()
    }
}

impl Line {
    fn add(&mut self, record: &Record) -> Step {
        self.count = self.count.saturating_add(1);
        self.is_behind = true;
        if self.count > NAMED {
            return Step::Count;
        }
        let first = &mut self.record;
        first.to.extend_from_slice(&record.to);
        let mut differs = String::new();
        if record.from != first.from {
            differs.push_str(&format!(" from {}", record.from));
        }
        if record.reply != first.reply {
            differs.push_str(&format!(": {}", record.reply));
        }
        if !record.detail.is_empty() && !first.detail.starts_with(&record.detail) {
            differs.push_str(&format!(", {}", record.detail));
        }
        if !differs.is_empty() {
            let separator = if first.detail.is_empty() { "" } else { "; " };
            first.detail.push_str(&format!("{separator}{}{differs}", record.to.join(", ")));
        }
        // After a crash it is all that is known.
        Step::Grow(self.told("at least "))
    }

    /// The record with the count.
    fn told(&self, how: &str) -> Record {
        let count = self.count;
        let mut record = self.record.clone();
        let more = if record.detail.is_empty() { "" } else { "; " };
        record.detail = format!("{how}{count}{WITHIN}{more}{}", record.detail);
        record
    }

    fn rest(self) -> Option<Record> {
        self.is_behind.then(|| self.told(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::{Mailbox, ReversePath},
        alias::{Blocked, NamedBy, Scope, SenderPattern},
        store::journal::Outcome,
    };

    const NOW: Millis = Millis::new(1_000_000);

    fn record(client: u8, n: u32) -> Record {
        Record {
            id: format!("{client}-{n}"),
            time: NOW,
            client: Some([192, 0, 2, client].into()),
            helo: "c".into(),
            from: ReversePath::Null,
            srs_from: None,
            to: vec![format!("u{n}@fwd.example")],
            outcome: Outcome::Refused,
            reply: "550 5.1.1 nobody".into(),
            size: 0,
            ms: 0,
            attempts: Vec::new(),
            auth: String::new(),
            tls: String::new(),
            filter: None,
            detail: String::new(),
            ways: Some(crate::alias::Ways::default()),
        }
    }

    #[test]
    fn those_of_a_minute_share_a_line() {
        let mut lines = Lines::default();
        let steps: Vec<Step> = (1..=1000).map(|n| lines.add(&record(1, n), None, NOW).0).collect();
        assert_eq!(steps[0], Step::Begin(record(1, 1)));
        let Step::Grow(third) = &steps[2] else { panic!("the third is named: {:?}", steps[2]) };
        assert_eq!(third.id, "1-1");
        assert_eq!(third.to, ["u1@fwd.example", "u2@fwd.example", "u3@fwd.example"]);
        assert!(steps[3..].iter().all(|step| *step == Step::Count));
        assert_eq!(lines.ended(NOW + TOGETHER / 2), []);
        let ended = lines.ended(NOW + TOGETHER);
        let [line] = ended.as_slice() else { panic!("one line, not {ended:?}") };
        assert_eq!((&line.id, line.to.len()), (&"1-1".to_owned(), 3));
        assert_eq!(line.detail, "1000 recipients refused within a minute");
        assert_eq!(lines.ended(Millis::MAX), [], "told once");
        let mut of_one = record(1, 1);
        of_one.to.push("u2@fwd.example".into());
        assert!(is_of_several(line) && !is_of_several(&of_one));
    }

    #[test]
    fn the_next_minute_is_another_line() {
        let mut lines = Lines::default();
        for n in 1..=5 {
            lines.add(&record(1, n), None, NOW);
        }
        let (step, ended) = lines.add(&record(1, 6), None, NOW + TOGETHER);
        assert_eq!(step, Step::Begin(record(1, 6)));
        assert_eq!(ended[0].detail, "5 recipients refused within a minute");
        assert_eq!(lines.ended(Millis::MAX), [], "a single one is told already");
    }

    #[test]
    fn another_client_and_another_kind_of_reply_have_lines_of_their_own() {
        let mut lines = Lines::default();
        let deferred =
            Record { outcome: Outcome::Deferred, reply: "450 4.7.1 later".into(), ..record(1, 3) };
        for record in [record(1, 1), record(2, 2), deferred] {
            assert_eq!(lines.add(&record, None, NOW).0, Step::Begin(record));
        }
    }

    #[test]
    fn what_differs_is_said() {
        let mut lines = Lines::default();
        lines.add(&record(1, 1), None, NOW);
        let from = ReversePath::Mailbox(Mailbox::parse("a@b.example").unwrap());
        let other = Record { from, reply: "550 5.1.1 no, nobody".into(), ..record(1, 2) };
        let (Step::Grow(line), _) = lines.add(&other, None, NOW) else {
            panic!("the second is named")
        };
        let expected = "at least 2 recipients refused within a minute; u2@fwd.example from <a@b.example>: 550 \
                        5.1.1 no, nobody";
        assert_eq!(line.detail, expected);
    }

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room() {
        let mut lines = Lines::default();
        let mut behind = 0;
        for n in 0..4 * u32::try_from(CAPACITY).unwrap() {
            let client = Some(std::net::Ipv4Addr::from_bits(n % 15_000).into());
            let (_, ended) = lines.add(&Record { client, ..record(0, n) }, None, NOW);
            behind += ended.len();
            assert!(lines.0.len() <= CAPACITY);
        }
        assert_eq!(behind, 0, "nothing that was not written at once");
    }

    #[test]
    fn each_rule_has_a_line_and_is_told() {
        let mut lines = Lines::default();
        let blocked = |pattern: &str, sender: &str| {
            Rule::Blocked(Blocked {
                scope: Scope::Alias,
                pattern: SenderPattern::parse(pattern).unwrap(),
                sender: Some((Mailbox::parse(sender).unwrap(), NamedBy::ReversePath)),
            })
        };
        let told = |rule: &Rule, n| Record { detail: rule.to_string(), ..record(1, n) };
        let [first, same, other] =
            [("@b.test", "a@b.test"), ("@b.test", "c@b.test"), ("@d.test", "a@d.test")]
                .map(|(pattern, sender)| blocked(pattern, sender));
        for (rule, n) in [(&first, 1), (&other, 2)] {
            let begins = Step::Begin(told(rule, n));
            assert_eq!(lines.add(&told(rule, n), Some(rule), NOW).0, begins);
        }
        let (Step::Grow(line), _) = lines.add(&told(&same, 3), Some(&same), NOW) else {
            panic!("the second is named")
        };
        assert_eq!(
            line.detail,
            "at least 2 recipients refused within a minute; refused by the alias's block @b.test, as it is from \
             a@b.test; u3@fwd.example, refused by the alias's block @b.test, as it is from c@b.test"
        );
    }
}
