//! Places, memory, disk and spool as a row of cards.

use crate::{
    admin::{
        overview::Overview,
        traffic::{Period, Traffic},
    },
    metrics::Now,
    time::UnixTime,
    web::{
        Site,
        page::{outside::outside, parts::ago, texts::Texts},
    },
};
use maud::{Markup, html};

/// From this share of what there may be on, a card warns, in percent.
const MUCH: u64 = 80;

/// One figure, and of how many it is, where that is bounded.
struct Card {
    name: String,
    value: String,
    of: Option<String>,
    /// How much of what there may be is used, in percent.
    used: Option<u64>,
}

pub(super) fn cards(
    texts: Texts,
    site: &Site,
    overview: &Overview,
    figures: &Now,
    traffic: &[(Period, Traffic)],
    now: UnixTime,
) -> Markup {
    let limits = &site.config.limits;
    let count = |name: &str, used: u64, most: u64| Card {
        name: texts.say(name, &[]),
        value: texts.number(used),
        of: Some(texts.number(most)),
        used: percent(used, most),
    };
    let octets = |name: &str, used: u64, most: u64| Card {
        value: size(texts, used),
        of: Some(size(texts, most)),
        ..count(name, used, most)
    };
    let plain = |name: &str, value: String| Card {
        name: texts.say(name, &[]),
        value,
        of: None,
        used: None,
    };
    let spool = &overview.spool;
    let mut cards = vec![
        count("overview-connections", figures.connections as u64, limits.connections as u64),
        count(
            "overview-map-connections",
            figures.map_connections as u64,
            limits.map_connections as u64,
        ),
        plain("overview-idle", texts.number(figures.idle_connections as u64)),
        octets("overview-memory", figures.memory as u64, limits.message_memory as u64),
        count("overview-spool", spool.messages, site.config.spool.max_messages),
        octets("overview-spool-octets", spool.octets, site.config.spool.max_bytes as u64),
    ];
    if let Some((free, all)) = overview.disk {
        cards.push(octets("overview-disk", all.saturating_sub(free), all));
    }
    let process = site.figures.process();
    cards.push(plain("overview-process", size(texts, process.memory)));
    cards.push(plain("overview-files", texts.number(process.files)));
    cards.push(plain("overview-failed", texts.number(failed(traffic))));
    html! {
        p .lead {
            "Onward " (env!("CARGO_PKG_VERSION")) " · " (outside(site.config.hostname.as_str())) " · "
            (texts.say("overview-up", &[])) " " (ago(texts, process.start, now))
        }
        dl .figures { @for card in &cards { (one(card)) } }
        @if let Some(oldest) = spool.oldest {
            p .hint { (texts.say("overview-oldest", &[])) " " (ago(texts, oldest.unix_time(), now)) }
        }
    }
}

/// Messages of the last 24 hours that did not arrive.
fn failed(traffic: &[(Period, Traffic)]) -> u64 {
    let hours = traffic.iter().find(|(period, _)| *period == Period::Hours);
    let points = hours.iter().flat_map(|(_, traffic)| traffic.points.iter().rev().take(24));
    points.fold(0, |sum, point| sum.saturating_add(point.bounced))
}

fn one(card: &Card) -> Markup {
    let is_much = card.used.is_some_and(|used| used >= MUCH);
    html! {
        div .figure .much[is_much] {
            dt { (card.name) }
            dd {
                b { (card.value) }
                @if let Some(of) = &card.of { span .of { " / " (of) } }
                @if let Some(used) = card.used {
                    svg .level viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                        rect .ground x="0" y="0" width="100" height="4" {}
                        rect .used x="0" y="0" width=(used) height="4" {}
                    }
                }
            }
        }
    }
}

/// Of what there may be, in percent, at most a hundred.
fn percent(used: u64, most: u64) -> Option<u64> {
    let share = u128::from(used) * 100 / u128::from(most).max(1);
    (most > 0).then(|| u64::try_from(share).unwrap_or(u64::MAX).min(100))
}

/// Octets, in the unit that leaves one to four digits.
pub(super) fn size(texts: Texts, octets: u64) -> String {
    let (mut number, mut unit) = (octets, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if number < 10_000 {
            break;
        }
        number /= 1024;
        unit = larger;
    }
    format!("{} {unit}", texts.number(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    #[test]
    fn sizes_and_shares() {
        let texts = Texts::of(&HeaderMap::new());
        for (octets, expected) in [
            (0, "0 B"),
            (9_999, "9,999 B"),
            (10_000, "9 KiB"),
            (512 << 20, "512 MiB"),
            (4 << 30, "4,096 MiB"),
            (u64::MAX, "16,383 PiB"),
        ] {
            assert_eq!(size(texts, octets), expected, "{octets}");
        }
        for (used, most, expected) in
            [(0, 0, None), (1, 4, Some(25)), (9, 4, Some(100)), (u64::MAX, u64::MAX, Some(100))]
        {
            assert_eq!(percent(used, most), expected);
        }
    }
}
