//! What all reports share: bars, medians, and the files that they are written to.

use serde::Serialize;
use std::{fmt::Write, fs, path::Path};

/// Bars below a title, the longest as wide as the picture.
pub struct Chart {
    pub title: String,
    pub bars: Vec<Bar>,
}

/// A value and whose it is; those of others are grey.
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub is_ours: bool,
}

/// Writes `target/NAME/NAME.json`, and `NAME.svg` with those charts that have bars.
pub fn write(name: &str, report: &impl Serialize, charts: &[Chart]) {
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name);
    fs::create_dir_all(&to).unwrap();
    let json = serde_json::to_string_pretty(report).unwrap();
    fs::write(to.join(format!("{name}.json")), json).unwrap();
    fs::write(to.join(format!("{name}.svg")), picture(charts)).unwrap();
    println!("written: {}/{name}.json, {name}.svg", to.display());
}

/// The middle of the values, or the mean of the two that are there; `None` without any.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => Some((sorted.get(middle.checked_sub(1)?)? + sorted.get(middle)?) / 2.0),
        _ => sorted.get(middle).copied(),
    }
}

fn picture(charts: &[Chart]) -> String {
    let charts: Vec<&Chart> = charts.iter().filter(|chart| !chart.bars.is_empty()).collect();
    let rows: usize = charts.iter().map(|chart| chart.bars.len() + 2).sum();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"720\" height=\"{height}\" fill=\"#fff\"/>\n",
        height = rows * 20 + 10
    );
    let mut y = 20;
    for Chart { title, bars } in charts {
        let _ = writeln!(svg, "<text x=\"10\" y=\"{y}\" font-weight=\"bold\">{title}</text>");
        let most = bars.iter().map(|bar| bar.value).fold(0.001, f64::max);
        for Bar { label, value, is_ours } in bars {
            y += 20;
            let width = value / most * 440.0;
            let colour = if *is_ours { "#2f6fb0" } else { "#9aa5b1" };
            let decimals = usize::from(most < 100.0);
            let _ = writeln!(
                svg,
                "<text x=\"150\" y=\"{y}\" text-anchor=\"end\">{label}</text>\
                 <rect x=\"160\" y=\"{}\" width=\"{width:.0}\" height=\"14\" fill=\"{colour}\"/>\
                 <text x=\"{:.0}\" y=\"{y}\">{value:.decimals$}</text>",
                y - 11,
                width + 166.0,
            );
        }
        y += 40;
    }
    svg.push_str("</svg>\n");
    svg
}
