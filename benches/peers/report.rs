//! Medians and ratios, as tables, JSON and a picture.

use super::{
    chart::{self, Bar, Chart, median},
    kind::{ALL, Kind},
};
use serde::{Serialize, ser::SerializeStruct};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// One round of one forwarder.
pub struct Measured {
    pub messages: usize,
    pub time: Duration,
    pub cpu: Duration,
    pub waits: Vec<Duration>,
}

/// All rounds of one way to send.
pub struct Case {
    name: String,
    rounds: Vec<(Kind, Measured)>,
}

/// What one forwarder came to in one case: medians of its rounds.
#[derive(Serialize)]
struct Line {
    #[serde(skip)]
    kind: Kind,
    forwarder: &'static str,
    messages_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_ms_per_message: f64,
}

impl Case {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rounds: Vec::new() }
    }

    pub fn add(&mut self, kind: Kind, measured: Measured) {
        self.rounds.push((kind, measured));
    }

    /// Lines of text for a terminal.
    fn table(&self) -> String {
        let lines = self.lines();
        let peer = fastest_peer(&lines);
        let mut text = format!(
            "{}\n{:<20} {:>11} {:>9} {:>9} {:>8} {:>8} {:>9}\n",
            self.name, "", "messages/s", "× peer", "× direct", "p50 ms", "p99 ms", "CPU ms"
        );
        let direct = lines.iter().find(|line| line.kind == Kind::Direct);
        for line in &lines {
            let of = |base: Option<f64>| {
                base.map_or("-".to_owned(), |base| {
                    format!("{:.2}", line.messages_per_second / base)
                })
            };
            // Who only arrives waits for no reply.
            let wait = |ms: f64| if ms > 0.0 { format!("{ms:.2}") } else { "-".to_owned() };
            let _ = writeln!(
                text,
                "{:<20} {:>11.0} {:>9} {:>9} {:>8} {:>8} {:>9.3}",
                line.kind.name(),
                line.messages_per_second,
                of(peer),
                of(direct.map(|line| line.messages_per_second)),
                wait(line.p50_ms),
                wait(line.p99_ms),
                line.cpu_ms_per_message,
            );
        }
        text
    }

    fn lines(&self) -> Vec<Line> {
        ALL.into_iter().filter_map(|kind| self.line(kind)).collect()
    }

    fn line(&self, kind: Kind) -> Option<Line> {
        let rounds: Vec<&Measured> = self
            .rounds
            .iter()
            .filter(|(other, _)| *other == kind)
            .map(|(_, round)| round)
            .collect();
        let of = |value: &dyn Fn(&Measured) -> f64| median(rounds.iter().map(|round| value(round)));
        let at = |share: f64| of(&|round| quantile(&round.waits, share));
        Some(Line {
            kind,
            forwarder: kind.name(),
            messages_per_second: of(&|round| round.messages as f64 / round.time.as_secs_f64())?,
            cpu_ms_per_message: of(&|round| milliseconds(round.cpu) / round.messages as f64)?,
            p50_ms: at(0.5)?,
            p99_ms: at(0.99)?,
        })
    }
}

/// What is no case: rows of figures, each with a name, below the names of their columns.
#[derive(Debug, Serialize)]
pub struct Figures {
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Figures {
    pub fn new(name: &'static str, columns: &[&'static str]) -> Self {
        Self { name, columns: columns.to_vec(), rows: Vec::new() }
    }

    pub fn add(&mut self, name: impl Into<String>, figures: &[f64]) {
        self.rows.push((name.into(), figures.to_vec()));
    }

    fn table(&self) -> String {
        let mut text = format!("{}\n{:<44}", self.name, "");
        self.columns.iter().for_each(|column| text.push_str(&format!(" {column:>12}")));
        for (name, figures) in &self.rows {
            let _ = write!(text, "\n{name:<44}");
            figures.iter().for_each(|figure| text.push_str(&format!(" {figure:>12.2}")));
        }
        text.push('\n');
        text
    }
}

/// All that was measured.
#[derive(Serialize)]
pub struct Report {
    rounds: usize,
    messages: usize,
    cases: Vec<Case>,
    figures: Vec<Figures>,
    memory: BTreeMap<&'static str, u64>,
}

impl Report {
    pub fn new(rounds: usize, messages: usize) -> Self {
        let (cases, figures) = (Vec::new(), Vec::new());
        Self { rounds, messages, cases, figures, memory: BTreeMap::new() }
    }

    /// What is measured is shown at once.
    pub fn add(&mut self, case: Case) {
        println!("{}", case.table());
        self.cases.push(case);
    }

    /// The same with figures.
    pub fn add_figures(&mut self, figures: Figures) {
        println!("{}", figures.table());
        self.figures.push(figures);
    }

    /// The octets that a forwarder has behind the last case.
    pub fn set_memory(&mut self, kind: Kind, octets: u64) {
        self.memory.insert(kind.name(), octets);
    }

    /// How many times the fastest peer, and which part of its processor's time, over all cases; and the memory of each.
    pub fn summary(&self) -> String {
        let mut text = String::from("times the fastest peer, and its CPU divided by ours\n");
        for case in &self.cases {
            let lines = case.lines();
            let Some(peer) = fastest_peer(&lines) else { continue };
            let cpu = least_cpu(&lines);
            let ours =
                lines.iter().filter(|line| !line.kind.is_peer() && line.kind != Kind::Direct);
            let ratios: Vec<String> = ours
                .map(|line| {
                    let of_cpu = cpu.map_or(0.0, |cpu| cpu / line.cpu_ms_per_message);
                    let times = line.messages_per_second / peer;
                    format!("{} {times:.1} (CPU {of_cpu:.1})", line.kind.name())
                })
                .collect();
            let _ = writeln!(text, "{:<48} {}", case.name, ratios.join(", "));
        }
        if !self.memory.is_empty() {
            text.push_str("memory behind it (PSS)\n");
        }
        for (name, octets) in self.memory.iter().filter(|(_, octets)| **octets > 0) {
            let _ = writeln!(text, "{name:<32} {:.1} MB", *octets as f64 / 1e6);
        }
        text
    }

    /// Writes the JSON and the picture: messages a second, without the load alone, beside which all are short.
    pub fn write(&self) {
        let charts = self.cases.iter().map(|case| {
            let lines = case.lines().into_iter().filter(|line| line.kind != Kind::Direct);
            let bars = lines.map(|line| Bar {
                label: line.forwarder.to_owned(),
                value: line.messages_per_second,
                is_ours: !line.kind.is_peer(),
            });
            Chart { title: format!("{}: messages a second", case.name), bars: bars.collect() }
        });
        chart::write("peers", self, &charts.collect::<Vec<_>>());
    }
}

impl Serialize for Case {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut case = serializer.serialize_struct("Case", 2)?;
        case.serialize_field("case", &self.name)?;
        case.serialize_field("forwarders", &self.lines())?;
        case.end()
    }
}

fn fastest_peer(lines: &[Line]) -> Option<f64> {
    lines
        .iter()
        .filter(|line| line.kind.is_peer())
        .map(|line| line.messages_per_second)
        .reduce(f64::max)
}

fn least_cpu(lines: &[Line]) -> Option<f64> {
    let peers = lines.iter().filter(|line| line.kind.is_peer());
    peers.map(|line| line.cpu_ms_per_message).reduce(f64::min)
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A share of the waits is not longer, in milliseconds.
pub fn quantile(waits: &[Duration], share: f64) -> f64 {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().map_or(0.0, milliseconds)
}
