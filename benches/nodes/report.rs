//! What was measured, as JSON and as a picture.

use crate::{bodies::Bodies, claims::Claims, spool::Spooled, through::Through};
use serde::Serialize;
use std::{fmt::Write, fs, path::Path};

/// All that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub through: Option<Through>,
    pub spool: Vec<Spooled>,
    pub claims: Vec<Claims>,
    pub bodies: Vec<Bodies>,
}

impl Report {
    pub fn write(&self) {
        let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/nodes");
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("nodes.json"), serde_json::to_string_pretty(self).unwrap()).unwrap();
        fs::write(to.join("nodes.svg"), self.picture()).unwrap();
        println!("written: {}/nodes.json, nodes.svg", to.display());
    }

    /// Bars: messages a second by nodes, what of a processor each costs, and how long claims take.
    fn picture(&self) -> String {
        let mut charts: Vec<(String, Vec<(String, f64)>)> = Vec::new();
        let of = |phase: &str, value: fn(&Spooled) -> f64| {
            self.spool
                .iter()
                .filter(|spooled| spooled.phase == phase)
                .map(|spooled| (nodes(spooled.nodes), value(spooled)))
                .collect::<Vec<_>>()
        };
        for (phase, what) in [("accept", "spooled"), ("drain", "delivered from the spool")] {
            charts.push((format!("{what}: messages a second"), of(phase, |it| it.per_second)));
            charts.push((
                format!("{what}: ms of a processor a message, nodes and database"),
                of(phase, |it| it.node_cpu_ms + it.database_cpu_ms),
            ));
        }
        let claims = self.claims.iter().map(|claims| (claims.queue.to_string(), claims.claim_ms));
        charts.push(("1,000 claimed from a queue of so many: ms".to_owned(), claims.collect()));
        charts.retain(|(_, bars)| !bars.is_empty());
        let rows: usize = charts.iter().map(|(_, bars)| bars.len() + 2).sum();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"720\" height=\"{height}\" fill=\"#fff\"/>\n",
            height = rows * 20 + 10
        );
        let mut y = 20;
        for (name, bars) in &charts {
            let _ = writeln!(svg, "<text x=\"10\" y=\"{y}\" font-weight=\"bold\">{name}</text>");
            let most = bars.iter().map(|(_, value)| *value).fold(0.001, f64::max);
            for (label, value) in bars {
                y += 20;
                let width = value / most * 440.0;
                let _ = writeln!(
                    svg,
                    "<text x=\"150\" y=\"{y}\" text-anchor=\"end\">{label}</text>\
                     <rect x=\"160\" y=\"{}\" width=\"{width:.0}\" height=\"14\" fill=\"#2f6fb0\"/>\
                     <text x=\"{:.0}\" y=\"{y}\">{value:.1}</text>",
                    y - 11,
                    width + 166.0,
                );
            }
            y += 40;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn nodes(count: usize) -> String {
    match count {
        1 => "1 node".to_owned(),
        _ => format!("{count} nodes"),
    }
}
