//! Medians and ratios, as tables, JSON and a picture.

use super::forwarder::{ALL, Kind};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path, time::Duration};

/// One round of one forwarder.
pub struct Measured {
    pub messages: usize,
    pub time: Duration,
    pub cpu: Duration,
    pub waits: Vec<Duration>,
}

/// All rounds of one way to send.
pub struct Case {
    name: &'static str,
    rounds: Vec<(Kind, Measured)>,
}

/// What one forwarder came to in one case: medians of its rounds.
struct Line {
    kind: Kind,
    per_second: f64,
    /// Milliseconds.
    cpu: f64,
    p50: f64,
    p99: f64,
}

impl Case {
    pub fn new(name: &'static str) -> Self {
        Self { name, rounds: Vec::new() }
    }

    pub fn add(&mut self, kind: Kind, measured: Measured) {
        self.rounds.push((kind, measured));
    }

    /// Lines of text for a terminal.
    pub fn table(&self) -> String {
        let lines = self.lines();
        let peer = fastest_peer(&lines);
        let mut text = format!(
            "{}\n{:<20} {:>11} {:>9} {:>9} {:>8} {:>8} {:>9}\n",
            self.name, "", "messages/s", "× peer", "× direct", "p50 ms", "p99 ms", "CPU ms"
        );
        let direct = lines.iter().find(|line| line.kind == Kind::Direct);
        for line in &lines {
            let of = |base: Option<f64>| {
                base.map_or("-".to_owned(), |base| format!("{:.2}", line.per_second / base))
            };
            let _ = writeln!(
                text,
                "{:<20} {:>11.0} {:>9} {:>9} {:>8.2} {:>8.2} {:>9.3}",
                line.kind.name(),
                line.per_second,
                of(peer),
                of(direct.map(|line| line.per_second)),
                line.p50,
                line.p99,
                line.cpu,
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
            per_second: of(&|round| round.messages as f64 / round.time.as_secs_f64())?,
            cpu: of(&|round| milliseconds(round.cpu) / round.messages as f64)?,
            p50: at(0.5)?,
            p99: at(0.99)?,
        })
    }
}

/// All cases.
pub struct Report {
    rounds: usize,
    messages: usize,
    octets: usize,
    cases: Vec<Case>,
    memory: BTreeMap<&'static str, u64>,
}

impl Report {
    pub fn new(rounds: usize, messages: usize, octets: usize) -> Self {
        Self { rounds, messages, octets, cases: Vec::new(), memory: BTreeMap::new() }
    }

    pub fn add(&mut self, case: Case) {
        self.cases.push(case);
    }

    /// The octets that a forwarder has behind the last case.
    pub fn set_memory(&mut self, kind: Kind, octets: u64) {
        self.memory.insert(kind.name(), octets);
    }

    /// How many times the fastest peer, over all cases, and the memory of each.
    pub fn summary(&self) -> String {
        let mut text = String::from("times the fastest peer\n");
        for case in &self.cases {
            let lines = case.lines();
            let Some(peer) = fastest_peer(&lines) else { continue };
            let ours =
                lines.iter().filter(|line| !line.kind.is_peer() && line.kind != Kind::Direct);
            let ratios: Vec<String> = ours
                .map(|line| format!("{} {:.1}", line.kind.name(), line.per_second / peer))
                .collect();
            let _ = writeln!(text, "{:<32} {}", case.name, ratios.join(", "));
        }
        text.push_str("memory behind it (PSS)\n");
        for (name, octets) in self.memory.iter().filter(|(_, octets)| **octets > 0) {
            let _ = writeln!(text, "{name:<32} {:.1} MB", *octets as f64 / 1e6);
        }
        text
    }

    /// Writes the JSON and the picture.
    pub fn write(&self) {
        let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("peers.json"), self.json()).unwrap();
        fs::write(to.join("peers.svg"), self.picture()).unwrap();
        println!("written: {}/peers.json, peers.svg", to.display());
    }

    fn json(&self) -> String {
        let cases: Vec<_> = self
            .cases
            .iter()
            .map(|case| {
                let lines: Vec<_> = case
                    .lines()
                    .iter()
                    .map(|line| {
                        serde_json::json!({
                            "forwarder": line.kind.name(),
                            "messages_per_second": line.per_second,
                            "p50_ms": line.p50,
                            "p99_ms": line.p99,
                            "cpu_ms_per_message": line.cpu,
                        })
                    })
                    .collect();
                serde_json::json!({ "case": case.name, "forwarders": lines })
            })
            .collect();
        let all = serde_json::json!({
            "rounds": self.rounds,
            "messages": self.messages,
            "octets": self.octets,
            "cases": cases,
            "memory": self.memory,
        });
        serde_json::to_string_pretty(&all).unwrap()
    }

    /// Bars of messages a second, a row of them for each case; without the load alone, beside which all are short.
    fn picture(&self) -> String {
        let all: Vec<(&str, Vec<Line>)> =
            self.cases.iter().map(|case| (case.name, case.lines())).collect();
        let forwarders =
            |lines: &[Line]| lines.iter().filter(|line| line.kind != Kind::Direct).count();
        let rows: usize = all.iter().map(|(_, lines)| forwarders(lines) + 2).sum();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"720\" height=\"{height}\" fill=\"#fff\"/>\n",
            height = rows * 20 + 10
        );
        let mut y = 20;
        for (name, lines) in &all {
            let _ = writeln!(
                svg,
                "<text x=\"10\" y=\"{y}\" font-weight=\"bold\">{name}: messages a second</text>"
            );
            let lines: Vec<&Line> = lines.iter().filter(|line| line.kind != Kind::Direct).collect();
            let most = lines.iter().map(|line| line.per_second).fold(1.0, f64::max);
            for line in lines {
                y += 20;
                let width = line.per_second / most * 440.0;
                let colour = if line.kind.is_peer() { "#9aa5b1" } else { "#2f6fb0" };
                let _ = writeln!(
                    svg,
                    "<text x=\"150\" y=\"{y}\" text-anchor=\"end\">{}</text>\
                     <rect x=\"160\" y=\"{}\" width=\"{width:.0}\" height=\"14\" fill=\"{colour}\"/>\
                     <text x=\"{:.0}\" y=\"{y}\">{:.0}</text>",
                    line.kind.name(),
                    y - 11,
                    width + 166.0,
                    line.per_second,
                );
            }
            y += 40;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn fastest_peer(lines: &[Line]) -> Option<f64> {
    lines.iter().filter(|line| line.kind.is_peer()).map(|line| line.per_second).reduce(f64::max)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn quantile(waits: &[Duration], share: f64) -> f64 {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().map_or(0.0, milliseconds)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => Some((sorted.get(middle.checked_sub(1)?)? + sorted.get(middle)?) / 2.0),
        _ => sorted.get(middle).copied(),
    }
}
