//! What was measured, as JSON and as a picture.

use crate::{
    bodies::Bodies,
    chart::{self, Bar, Chart},
    claims::Claims,
    spool::Spooled,
    through::Through,
};
use serde::Serialize;

/// All that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub through: Option<Through>,
    pub spool: Vec<Spooled>,
    pub claims: Vec<Claims>,
    pub bodies: Vec<Bodies>,
}

impl Report {
    /// With a picture: messages a second by nodes, what of a processor each costs, and how long claims take.
    pub fn write(&self) {
        let mut charts = Vec::new();
        for (phase, what) in [("accept", "spooled"), ("drain", "delivered from the spool")] {
            let of = |value: fn(&Spooled) -> f64| {
                let spooled = self.spool.iter().filter(|spooled| spooled.phase == phase);
                spooled.map(|spooled| bar(nodes(spooled.nodes), value(spooled))).collect()
            };
            charts.push(Chart {
                title: format!("{what}: messages a second"),
                bars: of(|spooled| spooled.per_second),
            });
            charts.push(Chart {
                title: format!("{what}: ms of a processor a message, nodes and database"),
                bars: of(|spooled| spooled.node_cpu_ms + spooled.database_cpu_ms),
            });
        }
        let claims =
            self.claims.iter().map(|claims| bar(claims.queue.to_string(), claims.claim_ms));
        charts.push(Chart {
            title: "1,000 claimed from a queue of so many: ms".to_owned(),
            bars: claims.collect(),
        });
        chart::write("nodes", self, &charts);
    }
}

fn bar(label: String, value: f64) -> Bar {
    Bar { label, value, is_ours: true }
}

fn nodes(count: usize) -> String {
    match count {
        1 => "1 node".to_owned(),
        _ => format!("{count} nodes"),
    }
}
