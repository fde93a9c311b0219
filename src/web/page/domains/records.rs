//! Records and findings as tables and lists.

use super::checks::{Checked, Failed};
use crate::{
    admin::doctor::{DomainRecord, DomainReport, Finding, Purpose, RecordState, Severity},
    time::UnixTime,
    web::page::{
        outside::outside_whole,
        parts::{Table, ago},
        texts::Texts,
    },
};
use maud::{Markup, html};

/// Most octets of a value that is shown; what is longer is no record that anybody means.
const SHOWN: usize = 4000;
/// Values of one record that are shown.
const VALUES: usize = 10;

/// What a look at a domain came to.
pub(super) fn report(texts: Texts, checked: &Checked<DomainReport>, now: UnixTime) -> Markup {
    html! {
        p .hint { (texts.say("domains-checked", &[])) " " (ago(texts, checked.at, now)) }
        @match &checked.result {
            Err(failed) => (not_looked(texts, *failed)),
            Ok(DomainReport { records, findings }) => {
                (table(texts, records))
                h3 { (texts.say("domains-findings", &[])) }
                (self::findings(texts, findings, "finding"))
            }
        }
    }
}

/// That there is no result, and why.
pub(super) fn not_looked(texts: Texts, failed: Failed) -> Markup {
    let text = match failed {
        Failed::Late => texts.say("domains-check-late", &[]),
        Failed::Other => texts.say("domains-check-failed", &[]),
    };
    html! { p .error role="alert" { (text) } }
}

fn table(texts: Texts, records: &[DomainRecord]) -> Markup {
    let mut table = Table::new(&texts.say("domains-records", &[]))
        .text(&texts.say("domains-record", &[]))
        .text(&texts.say("domains-state", &[]))
        .text(&texts.say("domains-wanted", &[]))
        .text(&texts.say("domains-found", &[]));
    for (at, record) in records.iter().enumerate() {
        let id = format!("record-{at}");
        table.row(vec![
            html! {
                div {
                    strong { (purpose(texts, record.purpose)) }
                    p .hint { @if !record.kind.is_empty() { (record.kind) " " } (value(&record.name)) }
                }
            },
            state(texts, record.state),
            html! { div { @match &record.wanted {
                Some(wanted) => (to_copy(texts, &id, wanted)),
                None => "–",
            } } },
            html! { div {
                @if record.found.is_empty() { "–" }
                @for found in record.found.iter().take(VALUES) { p .value { code { (value(found)) } } }
                @if record.found.len() > VALUES {
                    p .hint { (texts.say("domains-more", &[("count", (record.found.len() - VALUES).into())])) }
                }
            } },
        ]);
    }
    table.or_empty(&texts.say("domains-no-records", &[]))
}

/// A value with a button that copies it, which script shows.
pub(super) fn to_copy(texts: Texts, id: &str, text: &str) -> Markup {
    html! {
        p .value { code .lines id=(id) { (value(text)) } }
        button .quiet type="button" hidden data-copy=(id) data-copied=(texts.say("domains-copied", &[])) {
            (texts.say("domains-copy", &[]))
        }
    }
}

fn value(text: &str) -> Markup {
    let cut =
        text.char_indices().nth(SHOWN).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    // Lines of ours, as those of a policy, stay lines.
    html! { @for (at, line) in cut.split('\n').enumerate() {
        @if at > 0 { "\n" }
        (outside_whole(line))
    } @if cut.len() < text.len() { "…" } }
}

fn purpose(texts: Texts, purpose: Purpose) -> String {
    let key = match purpose {
        Purpose::Mx => "domains-mx",
        Purpose::Spf => "domains-spf",
        Purpose::Dkim => "domains-dkim",
        Purpose::Dmarc => "domains-dmarc",
        Purpose::MtaSts => "domains-mta-sts",
        Purpose::MtaStsPolicy => "domains-mta-sts-policy",
        Purpose::TlsRpt => "domains-tls-rpt",
        Purpose::Srv => "domains-srv",
    };
    texts.say(key, &[])
}

fn state(texts: Texts, state: RecordState) -> Markup {
    let (key, class) = match state {
        RecordState::Right => ("domains-right", "good"),
        RecordState::Wrong => ("domains-wrong", "bad"),
        RecordState::Missing => ("domains-missing", "bad"),
        RecordState::NotNeeded => ("domains-not-needed", "plain"),
        RecordState::Unanswered => ("domains-unanswered", "warn"),
    };
    html! { span .badge .(class) { (texts.say(key, &[])) } }
}

/// Findings with what mends them; `id` begins the ids of what can be copied.
pub(super) fn findings(texts: Texts, findings: &[Finding], id: &str) -> Markup {
    html! {
        @if findings.is_empty() { p .empty { (texts.say("domains-nothing-wrong", &[])) } }
        @for (at, finding) in findings.iter().enumerate() {
            div .card .finding {
                p {
                    (severity(texts, finding.severity)) " "
                    @match about(finding.id) {
                        Some(of) => strong { (purpose(texts, of)) },
                        None => code { (finding.id) },
                    }
                }
                // The doctor's words are those of the command line.
                div lang="en" {
                    p { (value(&finding.what)) }
                    p .hint { (finding.why) }
                }
                @for (n, mend) in finding.mend.iter().enumerate() {
                    (to_copy(texts, &format!("{id}-{at}-{n}"), mend))
                }
            }
        }
    }
}

/// Which record a finding is about, where it is about one.
fn about(id: &str) -> Option<Purpose> {
    Some(match id {
        "mx" => Purpose::Mx,
        "spf" => Purpose::Spf,
        "no-dkim" | "dkim" => Purpose::Dkim,
        "dmarc" => Purpose::Dmarc,
        "mta-sts" => Purpose::MtaSts,
        "tls-rpt" => Purpose::TlsRpt,
        "srv" => Purpose::Srv,
        _ => return None,
    })
}

fn severity(texts: Texts, severity: Severity) -> Markup {
    let (key, class) = match severity {
        Severity::Error => ("domains-error", "bad"),
        Severity::Warning => ("domains-warning", "warn"),
        Severity::Hint => ("domains-hint", "plain"),
    };
    html! { span .badge .(class) { (texts.say(key, &[])) } }
}

/// What a look came to, in a word or two.
pub(super) fn in_short(texts: Texts, checked: Option<&Checked<DomainReport>>) -> Markup {
    let (text, class) = match checked.map(|checked| &checked.result) {
        None => (texts.say("domains-not-checked", &[]), "plain"),
        Some(Err(_)) => (texts.say("domains-no-result", &[]), "warn"),
        Some(Ok(report)) => {
            let of = |severity| {
                report.findings.iter().filter(|finding| finding.severity == severity).count()
            };
            match (of(Severity::Error), of(Severity::Warning)) {
                (0, 0) => (texts.say("domains-all-right", &[]), "good"),
                (0, warnings) => {
                    (texts.say("domains-warnings", &[("count", warnings.into())]), "warn")
                }
                (errors, _) => (texts.say("domains-errors", &[("count", errors.into())]), "bad"),
            }
        }
    };
    html! { span .badge .(class) { (text) } }
}
