//! A chart as SVG in the page, and the same as a table for whoever does not see it.
//!
//! The drawing is stretched to the width there is, so that no text stands in it: labels are lists beside it.

use super::{Chart, Scale};
use crate::web::page::texts::Texts;
use maud::{Markup, html};
use std::fmt::Write;

/// Width of a bar with the gap behind it, and of the bar alone.
const PITCH: usize = 10;
const BAR: usize = 8;
/// The height of the drawing.
const HEIGHT: u64 = 100;
/// Labels below the bars.
const LABELS: usize = 4;

impl Chart {
    /// The drawing with its title and its table; `id` is no other's on the page. Without messages, only that is said.
    pub(super) fn markup(&self, texts: Texts, id: &str) -> Markup {
        let sums = self.sums();
        let highest = sums.iter().copied().max().unwrap_or(0);
        let title = format!("{id}-title");
        html! {
            figure .chart id=(id) {
                figcaption id=(title) { (self.title) }
                @if highest == 0 {
                    p .empty { (texts.say("chart-none", &[])) }
                } @else {
                    (self.legend(texts))
                    (self.drawing(texts, &Scale::up_to(highest), &sums, &title))
                    details {
                        summary { (texts.say("chart-as-table", &[])) }
                        (self.table(texts, &sums))
                    }
                }
            }
        }
    }

    fn legend(&self, texts: Texts) -> Markup {
        html! {
            ul .legend {
                @for series in &self.series {
                    @let sum = series.values.iter().fold(0_u64, |sum, value| sum.saturating_add(*value));
                    li {
                        span .swatch .(series.class) aria-hidden="true" {}
                        (series.name) " " b { (texts.number(sum)) }
                    }
                }
            }
        }
    }

    fn drawing(&self, texts: Texts, scale: &Scale, sums: &[u64], title: &str) -> Markup {
        let width = self.labels.len() * PITCH;
        let lines = 1..=scale.steps;
        html! {
            div .plot {
                ol .scale aria-hidden="true" {
                    @for tick in scale.ticks() { li { (texts.number(tick)) } }
                }
                svg role="img" aria-labelledby=(title) viewBox=(format!("0 0 {width} {HEIGHT}"))
                    preserveAspectRatio="none" focusable="false" {
                    @for line in lines {
                        @let y = thousandths(100_000 - scale.height(line.saturating_mul(scale.step)).min(100_000));
                        line .grid x1="0" x2=(width) y1=(y) y2=(y) vector-effect="non-scaling-stroke" {}
                    }
                    @for (class, d) in self.parts(scale) { path .(class) d=(d) {} }
                    @for (at, label) in self.labels.iter().enumerate() {
                        @if sums.get(at).is_some_and(|sum| *sum > 0) {
                            path .bar d=(format!("M{} 0h{PITCH}v{HEIGHT}h-{PITCH}z", at * PITCH)) { title { (self.told(texts, at, label)) } }
                        }
                    }
                }
                ol .labels aria-hidden="true" {
                    @for label in self.few_labels() { li { (label) } }
                }
            }
        }
    }

    /// All bars as one shape for each series: a page has many bars, and little room.
    fn parts(&self, scale: &Scale) -> Vec<(&'static str, String)> {
        let mut below = vec![0_u64; self.labels.len()];
        let mut parts = Vec::new();
        for series in &self.series {
            let mut shape = String::new();
            for (at, (value, below)) in series.values.iter().zip(&mut below).enumerate() {
                let above = below.saturating_add(*value);
                let (from, to) =
                    (scale.height(above).min(100_000), scale.height(*below).min(100_000));
                *below = above;
                if from > to {
                    let x = at * PITCH + (PITCH - BAR) / 2;
                    let (y, height) = (thousandths(100_000 - from), thousandths(from - to));
                    let _ = write!(shape, "M{x} {y}h{BAR}v{height}h-{BAR}z");
                }
            }
            if !shape.is_empty() {
                parts.push((series.class, shape));
            }
        }
        parts
    }

    /// What a bar says where the mouse is on it.
    fn told(&self, texts: Texts, at: usize, label: &str) -> String {
        let mut told = label.to_owned();
        for series in &self.series {
            if let Some(value) = series.values.get(at).filter(|value| **value > 0) {
                let _ = write!(told, "\n{}: {}", series.name, texts.number(*value));
            }
        }
        told
    }

    /// Labels at the same distance from each other, the first and the last among them.
    fn few_labels(&self) -> Vec<&String> {
        let last = self.labels.len().saturating_sub(1);
        let at = |n: usize| self.labels.get(n * last / (LABELS - 1).max(1));
        (0..LABELS).filter_map(at).collect()
    }

    /// The numbers. As a table of nothing but these it stays one where the screen is narrow, and is small.
    fn table(&self, texts: Texts, sums: &[u64]) -> Markup {
        let with_messages = sums.iter().enumerate().filter(|(_, sum)| **sum > 0);
        html! {
            div .table data-scrolls tabindex="0" role="region" aria-label=(self.title) { table .plain {
                caption .heard { (self.title) }
                thead { tr {
                    th scope="col" { (self.label) }
                    @for series in &self.series { th scope="col" { (series.name) } }
                } }
                tbody { @for (at, _) in with_messages.rev() { tr {
                    th scope="row" { (self.labels.get(at).map_or("", String::as_str)) }
                    @for series in &self.series { td { (texts.number(series.values.get(at).copied().unwrap_or(0))) } }
                } } }
            } }
        }
    }
}

/// `12.345` of 12345.
fn thousandths(number: u64) -> String {
    match number % 1000 {
        0 => (number / 1000).to_string(),
        rest => format!("{}.{rest:03}", number / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Series, *};
    use hyper::HeaderMap;

    fn chart(values: [Vec<u64>; 2]) -> Chart {
        let [a, b] = values;
        let labels = (0..a.len()).map(|n| format!("<{n}>")).collect();
        let series = |name: &str, class, values| Series { name: name.to_owned(), class, values };
        Chart {
            title: "T<script>".into(),
            label: "L".into(),
            labels,
            series: vec![series("A", "forwarded", a), series("B", "refused", b)],
        }
    }

    fn drawn(chart: &Chart) -> String {
        chart.markup(Texts::of(&HeaderMap::new()), "c").into_string()
    }

    #[test]
    fn parts_stand_on_each_other() {
        let text = drawn(&chart([vec![0, 4, 1], vec![0, 6, 0]]));
        assert!(text.contains("viewBox=\"0 0 30 100\""), "{text}");
        for wanted in [
            "<path class=\"forwarded\" d=\"M11 60h8v40h-8zM21 90h8v10h-8z\"></path>",
            "<path class=\"refused\" d=\"M11 0h8v60h-8z\"></path>",
            "<title>&lt;1&gt;\nA: 4\nB: 6</title>",
            "T&lt;script&gt;",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        assert_eq!(text.matches("class=\"bar\"").count(), 2, "an empty one is not drawn");
        assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
        let rows = text.matches("<tr>").count();
        assert_eq!(rows, 3, "a head and two rows: {text}");
    }

    #[test]
    fn a_chart_of_everything_is_small() {
        let values: Vec<u64> = (0..48).map(|n| 1_000_000 + n * 7_919).collect();
        let text = drawn(&chart([values.clone(), values]));
        assert!(text.len() < 12_000, "{}", text.len());
    }

    #[test]
    fn without_messages_there_is_no_drawing() {
        let text = drawn(&chart([vec![0], vec![0]]));
        assert!(!text.contains("<svg") && text.contains("class=\"empty\""), "{text}");
        assert!(!drawn(&chart([vec![], vec![]])).contains("<svg"));
    }

    #[test]
    fn as_many_as_there_can_be_are_drawn() {
        let text = drawn(&chart([vec![u64::MAX, 1], vec![u64::MAX, 0]]));
        assert!(text.contains("<svg") && text.contains("18,446,744,073,709,551,615"), "{text}");
    }

    #[test]
    fn labels_are_few() {
        let chart = chart([vec![1; 48], vec![0; 48]]);
        let labels: Vec<_> = chart.few_labels().into_iter().map(String::as_str).collect();
        assert_eq!(labels, ["<0>", "<15>", "<31>", "<47>"]);
    }
}
