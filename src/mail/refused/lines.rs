//! Lines of refused recipients, and what is to be written of them.

use crate::{
    alias::{Key, Rule},
    rate::ClientBlock,
    store::journal::Record,
    time::Millis,
};
use std::{collections::HashMap, time::Duration};

/// Before the count of a line that is still open: after a crash it is all that is known.
const AT_LEAST: &str = "at least ";
/// What the record of several recipients says of them.
const WITHIN: &str = " recipients refused within a minute";
/// What the record of several to one alias says of them.
const TIMES: &str = " times refused within a minute";
/// For how long recipients join a line.
pub(super) const TOGETHER: Duration = Duration::from_mins(1);
/// How many recipients a line names.
const NAMED: u64 = 3;
/// How many lines of single aliases and senders are open for a client; whoever comes behind them shares one.
const OWN: u32 = 100;
/// Most lines that are open.
const CAPACITY: usize = 10_000;

/// The lines that are open.
#[derive(Debug, Default)]
pub(super) struct Lines {
    open: HashMap<Whose, Line>,
    /// How many of them are of single aliases.
    own: HashMap<Option<ClientBlock>, u32>,
}

/// Of whom a line is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Whose {
    /// The client, if it has an address.
    client: Option<ClientBlock>,
    /// Code and status of the reply, with the rule of the alias, or for it, if one refuses.
    kind: String,
    /// The alias and the sender, if it is of one.
    alias: Option<(Key, String)>,
}

#[derive(Debug)]
struct Line {
    /// Of the first recipient; the others are added to it.
    record: Record,
    /// All are to one alias, from one sender.
    is_own: bool,
    since: Millis,
    count: u64,
    /// The journal does not know the count.
    is_behind: bool,
}

/// What is to be written of one more recipient.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line that has just begun.
    Begin(Record),
    /// What the line is now.
    Grow(Record),
    /// Nothing: the recipient is counted.
    Count,
}

impl Lines {
    /// Adds a recipient; gives what is to be written of it, and of lines that end by that.
    pub(super) fn add(
        &mut self,
        record: &Record,
        alias: Option<&Key>,
        rule: Option<&Rule>,
        now: Millis,
    ) -> (Step, Vec<Record>) {
        let mut kind: Vec<&str> = record.reply.splitn(3, ' ').take(2).collect();
        let rule = rule.map(Rule::kind);
        kind.extend(rule.as_deref());
        let client = record.client.map(ClientBlock::of);
        let alias = alias.map(|key| (key.clone(), record.sender()));
        let mut whose = Whose { client, kind: kind.join(" "), alias };
        let mut ended = Vec::new();
        if whose.alias.is_some()
            && !self.open.contains_key(&whose)
            && self.own.get(&client).is_some_and(|own| *own >= OWN)
        {
            // Some of them may be over by now.
            ended.extend(self.ended(now));
            if self.own.get(&client).is_some_and(|own| *own >= OWN) {
                whose.alias = None;
            }
        }
        if let Some(line) = self.open.get_mut(&whose) {
            if now.since(line.since) < TOGETHER {
                return (line.add(record), ended);
            }
            ended.extend(self.take(&whose).and_then(Line::rest));
        } else if self.open.len() >= CAPACITY {
            // A flood from everywhere: whoever comes again begins another line.
            ended.extend(self.ended(Millis::MAX));
        }
        let is_own = whose.alias.is_some();
        if is_own {
            *self.own.entry(client).or_default() += 1;
        }
        let line = Line { record: record.clone(), is_own, since: now, count: 1, is_behind: false };
        self.open.insert(whose, line);
        (Step::Begin(record.clone()), ended)
    }

    /// Takes out the lines whose minute is over; gives those that are behind.
    pub(super) fn ended(&mut self, now: Millis) -> Vec<Record> {
        let is_over = |line: &Line| now.since(line.since) >= TOGETHER;
        let over = self.open.iter().filter(|(_, line)| is_over(line));
        let over: Vec<Whose> = over.map(|(whose, _)| whose.clone()).collect();
        over.iter().filter_map(|whose| self.take(whose)?.rest()).collect()
    }

    /// The lines that are behind, which stay open.
    pub(super) fn behind(&mut self) -> Vec<Record> {
        let behind = self.open.values_mut().filter(|line| line.is_behind);
        behind
            .map(|line| {
                line.is_behind = false;
                line.told(AT_LEAST)
            })
            .collect()
    }

    fn take(&mut self, whose: &Whose) -> Option<Line> {
        let line = self.open.remove(whose)?;
        if line.is_own
            && let Some(own) = self.own.get_mut(&whose.client)
        {
            *own = own.saturating_sub(1);
            if *own == 0 {
                self.own.remove(&whose.client);
            }
        }
        Some(line)
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
        if !self.is_own || record.to.iter().any(|to| !first.to.contains(to)) {
            first.to.extend_from_slice(&record.to);
        }
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
        Step::Grow(self.told(AT_LEAST))
    }

    /// The record with the count.
    fn told(&self, how: &str) -> Record {
        let count = self.count;
        let mut record = self.record.clone();
        let more = if record.detail.is_empty() { "" } else { "; " };
        let words = if self.is_own { TIMES } else { WITHIN };
        record.detail = format!("{how}{count}{words}{more}{}", record.detail);
        record
    }

    fn rest(self) -> Option<Record> {
        self.is_behind.then(|| self.told(""))
    }
}

/// Whether the record is that of several recipients that were refused: its sender and rule are the first one's.
pub(in crate::mail) fn is_of_several(record: &Record) -> bool {
    record.to.len() > 1 && record.detail.contains(WITHIN)
}

/// How often the recipients of the record, all of one alias, were refused to its sender.
pub(in crate::mail) fn times(record: &Record) -> u64 {
    let (count, _) = record.detail.split_once(TIMES).unwrap_or_default();
    count.trim_start_matches(AT_LEAST).parse().unwrap_or(1)
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
            node: None,
        }
    }

    #[test]
    fn those_of_a_minute_share_a_line() {
        let mut lines = Lines::default();
        let steps: Vec<Step> =
            (1..=1000).map(|n| lines.add(&record(1, n), None, None, NOW).0).collect();
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
            lines.add(&record(1, n), None, None, NOW);
        }
        let (step, ended) = lines.add(&record(1, 6), None, None, NOW + TOGETHER);
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
            assert_eq!(lines.add(&record, None, None, NOW).0, Step::Begin(record));
        }
    }

    #[test]
    fn what_differs_is_said() {
        let mut lines = Lines::default();
        lines.add(&record(1, 1), None, None, NOW);
        let from = ReversePath::Mailbox(Mailbox::parse("a@b.example").unwrap());
        let other = Record { from, reply: "550 5.1.1 no, nobody".into(), ..record(1, 2) };
        let (Step::Grow(line), _) = lines.add(&other, None, None, NOW) else {
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
            let (_, ended) = lines.add(&Record { client, ..record(0, n) }, None, None, NOW);
            behind += ended.len();
            assert!(lines.open.len() <= CAPACITY);
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
            assert_eq!(lines.add(&told(rule, n), None, Some(rule), NOW).0, begins);
        }
        let (Step::Grow(line), _) = lines.add(&told(&same, 3), None, Some(&same), NOW) else {
            panic!("the second is named")
        };
        assert_eq!(
            line.detail,
            "at least 2 recipients refused within a minute; refused by the alias's block @b.test, as it is from \
             a@b.test; u3@fwd.example, refused by the alias's block @b.test, as it is from c@b.test"
        );
    }

    /// Each of two senders to two aliases has a line that counts all of his, whoever came first.
    #[test]
    fn each_alias_and_sender_has_a_line_of_its_own() {
        let mut lines = Lines::default();
        let key = |n: u32| Key { domain: "fwd.example".into(), local: format!("u{n}") };
        let from = |n, sender: &str| {
            let from = ReversePath::Mailbox(Mailbox::parse(sender).unwrap());
            Record { from, ..record(1, n) }
        };
        let mut add = |record: &Record, alias: Key| lines.add(record, Some(&alias), None, NOW).0;
        for (n, sender) in [(1, "a@x.test"), (2, "a@x.test"), (1, "b@x.test")] {
            let first = from(n, sender);
            assert_eq!(add(&first, key(n)), Step::Begin(first));
        }
        for _ in 0..9 {
            add(&from(1, "a@x.test"), key(1));
        }
        let so_far = lines.behind();
        assert_eq!((so_far.len(), times(&so_far[0])), (1, 10));
        assert_eq!(lines.behind(), [], "written once");
        lines.add(&from(1, "a@x.test"), Some(&key(1)), None, NOW);
        let ended = lines.ended(Millis::MAX);
        let [line] = ended.as_slice() else { panic!("one is behind: {ended:?}") };
        assert_eq!(
            (line.to.as_slice(), line.sender().as_str()),
            (&["u1@fwd.example".to_owned()][..], "a@x.test")
        );
        assert_eq!(line.detail, "11 times refused within a minute");
        assert_eq!((times(line), times(&record(1, 1))), (11, 1));
        assert!(!is_of_several(line) && lines.own.is_empty());
    }

    /// Whoever makes up senders, or knows many aliases, has a bounded number of lines a minute.
    #[test]
    fn lines_of_aliases_are_bounded_for_a_client() {
        let mut lines = Lines::default();
        let mut add = |client: u8, n: u32, now| {
            let key = Key { domain: "fwd.example".into(), local: format!("u{n}") };
            let (step, _) = lines.add(&record(client, n), Some(&key), None, now);
            matches!(step, Step::Begin(_))
        };
        let begun = (0..20_000).filter(|n| add(1, *n, NOW)).count();
        assert_eq!(begun, OWN as usize + 1, "and one for the rest");
        assert!(add(2, 1, NOW), "another client has its own");
        assert!(add(1, 30_000, NOW + TOGETHER), "the next minute");
        assert_eq!(lines.own.values().sum::<u32>(), 1);
    }
}
