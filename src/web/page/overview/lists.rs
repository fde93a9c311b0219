//! What waits, what is slow, what was refused and why, what is wrong: as tables.

use crate::{
    admin::{
        overview::{LOOKED_AT, Overview, WaitingHop},
        traffic::{Period, Traffic},
    },
    digest::Reason,
    outbound::Unreachable,
    time::UnixTime,
    web::page::{
        outside::outside,
        parts::{Table, ago, time},
        texts::Texts,
    },
};
use maud::{Markup, html};

/// Lines of one kind of trouble that are shown.
const SHOWN: usize = 20;

/// What is wrong, where anything is.
pub(super) fn troubles(texts: Texts, overview: &Overview) -> Markup {
    let mut lines: Vec<(String, Markup)> = Vec::new();
    let Overview {
        trouble, alias_maps, unnamed_sockets, unsafe_aliases, over_rates, spool, ..
    } = overview;
    if let Some(trouble) = trouble {
        lines.push((texts.say("overview-trouble-database", &[]), outside(trouble)));
    }
    if spool.unreadable > 0 {
        let text = texts.say("overview-trouble-unreadable", &[("count", spool.unreadable.into())]);
        lines.push((texts.say("overview-spool", &[]), html! { (text) }));
    }
    for fault in alias_maps.iter().take(SHOWN) {
        lines.push((texts.say("overview-trouble-map", &[]), outside(fault)));
    }
    for name in unnamed_sockets.iter().take(SHOWN) {
        lines.push((texts.say("overview-trouble-socket", &[]), outside(name)));
    }
    for one in unsafe_aliases.iter().take(SHOWN) {
        let told = html! { (outside(&one.alias)) ": " (outside(&one.why)) };
        lines.push((texts.say("overview-trouble-alias", &[]), told));
    }
    for bite in over_rates.iter().take(SHOWN) {
        let args = [("rate", bite.rate.as_str().into()), ("times", bite.times.into())];
        let told = html! { (outside(&bite.whose)) ": " code { (outside(&bite.limit)) } " – " (texts.say("overview-over", &args)) };
        lines.push((texts.say("overview-trouble-rate", &[]), told));
    }
    html! {
        @if !lines.is_empty() {
            section .card .troubles aria-labelledby="troubles" {
                h2 #troubles { (texts.say("overview-troubles", &[])) }
                ul { @for (name, told) in &lines { li { strong { (name) } " " (told) } } }
            }
        }
    }
}

/// How many were refused in each period, by why.
pub(super) fn refused(texts: Texts, traffic: &[(Period, Traffic)]) -> Markup {
    let mut table =
        Table::new(&texts.say("overview-refused", &[])).text(&texts.say("overview-reason", &[]));
    for (period, _) in traffic {
        let key = match period {
            Period::Hours => "overview-in-hours",
            Period::Days => "overview-in-days",
            Period::Months => "overview-in-months",
        };
        table = table.number(&texts.say(key, &[]));
    }
    for reason in Reason::ALL {
        let of = |traffic: &Traffic| traffic.refused.get(&reason).copied().unwrap_or(0);
        let counts: Vec<u64> = traffic.iter().map(|(_, traffic)| of(traffic)).collect();
        if counts.iter().any(|count| *count > 0) {
            let mut cells = vec![html! { (word(texts, reason)) }];
            cells.extend(counts.into_iter().map(|count| html! { (texts.number(count)) }));
            table.row(cells);
        }
    }
    table.or_empty(&texts.say("overview-refused-none", &[]))
}

fn word(texts: Texts, reason: Reason) -> String {
    let key = match reason {
        Reason::Recipient => "overview-reason-recipient",
        Reason::Rule => "overview-reason-rule",
        Reason::Authentication => "overview-reason-authentication",
        Reason::Filter => "overview-reason-filter",
        Reason::Listed => "overview-reason-listed",
        Reason::Rate => "overview-reason-rate",
        Reason::Relaying => "overview-reason-relaying",
        Reason::Form => "overview-reason-form",
        Reason::Destination => "overview-reason-destination",
        Reason::Other => "overview-reason-other",
    };
    texts.say(key, &[])
}

/// Where the oldest messages of the spool go.
pub(super) fn waiting(texts: Texts, overview: &Overview) -> Markup {
    let mut table = Table::new(&texts.say("overview-queue", &[]))
        .text(&texts.say("overview-destination", &[]))
        .number(&texts.say("overview-messages", &[]))
        .number(&texts.say("overview-attempts", &[]))
        .text(&texts.say("overview-next", &[]))
        .text(&texts.say("overview-reply", &[]));
    for WaitingHop { domain, messages, attempts, next_attempt, reply } in &overview.waiting {
        table.row(vec![
            outside(domain),
            html! { (texts.number(*messages)) },
            html! { (texts.number(u64::from(*attempts))) },
            time(next_attempt.unix_time()),
            html! { @if reply.is_empty() { "–" } @else { (outside(reply)) } },
        ]);
    }
    html! {
        (table.or_empty(&texts.say("overview-queue-none", &[])))
        p { a href="/queue" { (texts.say("overview-to-queue", &[])) } }
        @if overview.is_more { p .hint { (texts.say("overview-queue-more", &[("count", LOOKED_AT.into())])) } }
    }
}

/// Hosts that sleep.
pub(super) fn unreachable(texts: Texts, all: &[Unreachable], now: UnixTime) -> Markup {
    let mut table = Table::new(&texts.say("overview-unreachable", &[]))
        .text(&texts.say("overview-host", &[]))
        .text(&texts.say("overview-tried", &[]))
        .text(&texts.say("overview-how", &[]));
    for Unreachable { name, ago: passed, hung } in all {
        let how = match hung {
            true => texts.say("overview-hung", &[]),
            false => texts.say("overview-refuses", &[]),
        };
        table.row(vec![outside(name), ago(texts, now - *passed, now), html! { (how) }]);
    }
    table.or_empty(&texts.say("overview-unreachable-none", &[]))
}

/// The hosts that took longest of late.
pub(super) fn slowest(texts: Texts, overview: &Overview) -> Markup {
    let mut table = Table::new(&texts.say("overview-slow", &[]))
        .text(&texts.say("overview-host", &[]))
        .number(&texts.say("overview-attempts", &[]))
        .number(&texts.say("overview-deferred", &[]))
        .number(&texts.say("overview-average", &[]))
        .number(&texts.say("overview-longest", &[]));
    for host in &overview.slowest {
        table.row(vec![
            outside(&host.host),
            html! { (texts.number(host.attempts)) },
            html! { (texts.number(host.deferred)) },
            html! { (texts.number(host.average_ms)) " ms" },
            html! { (texts.number(host.longest_ms)) " ms" },
        ]);
    }
    table.or_empty(&texts.say("overview-slow-none", &[]))
}

/// The events that wait for whoever is told of aliases.
pub(super) fn events(texts: Texts, overview: &Overview) -> Markup {
    let figures = overview.event_figures;
    let mut table = Table::new(&texts.say("overview-events", &[]))
        .text(&texts.say("overview-event-time", &[]))
        .text(&texts.say("overview-event-kind", &[]))
        .text(&texts.say("overview-event-alias", &[]));
    for event in &overview.events {
        let body: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
        let text =
            |name: &str| body.get(name).and_then(|it| it.as_str()).unwrap_or_default().to_owned();
        table.row(vec![
            time(event.time.unix_time()),
            html! { code { (outside(&text("type"))) } },
            outside(&text("alias")),
        ]);
    }
    html! {
        @if figures.waiting > 0 || figures.lost > 0 {
            @let args = [("waiting", figures.waiting.into()), ("lost", figures.lost.into())];
            p { (texts.say("overview-events-figures", &args)) }
        }
        (table.or_empty(&texts.say("overview-events-none", &[])))
    }
}
