//! `onward doctor --received`: a message as it arrived, for people.

use super::{Context, Failure, context::write_json, files::message_in};
use crate::{
    admin::{
        Store,
        doctor::{DmarcVerdict, Received, Severity, SpfVerdict, Verdicts, received},
    },
    config::Config,
    log::printable,
};
use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

/// Width of what was found here, before what was found there.
const COLUMN: usize = 32;

/// Reads the message in `file`, says what was found, and exits 1 when there is an error.
///
/// # Errors
/// When the file, the store or the journal cannot be read.
pub(super) async fn run(
    config: &Config,
    store: Option<&Store>,
    file: &Path,
    json: bool,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let message = message_in(file)?;
    let message = bare(&message);
    let received = received(config, store, message).await?;
    let mut out = context.out();
    match json {
        true => write_json(&mut out, &received)?,
        false => write(&mut out, &received)?,
    }
    let is_ill = received.findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if is_ill { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Without what a copy out of a window, or a mailbox file, has before the header section.
fn bare(message: &[u8]) -> &[u8] {
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message).trim_ascii_start();
    crate::message::without_mbox_line(message).unwrap_or(message)
}

fn write(out: &mut impl Write, received: &Received) -> io::Result<()> {
    let Received { hop, here, there, findings } = received;
    if let Some(hop) = hop {
        let to = hop.recipient.as_ref().map(|to| format!(", for {to}")).unwrap_or_default();
        writeln!(out, "our hop   {}", printable(&format!("{}, id {}{to}", hop.by, hop.id)))?;
    }
    if here.is_some() || there.is_some() {
        let [here, there] = [here, there].map(Option::as_ref);
        let name = |of: Option<&Verdicts>| of.map_or("not known".into(), |of| of.who.clone());
        row(out, "", &format!("here ({})", name(here)), &format!("there ({})", name(there)))?;
        row(out, "SPF", &spf(here), &spf(there))?;
        let signatures = |of: Option<&Verdicts>| -> Vec<String> {
            let all = of.map(|of| of.dkim.as_slice()).unwrap_or_default();
            all.iter().map(|it| format!("{} {}", it.result, it.domain)).collect()
        };
        let (left, right) = (signatures(here), signatures(there));
        for at in 0..left.len().max(right.len()).max(1) {
            let cell = |of: &[String]| of.get(at).cloned().unwrap_or_else(|| "-".to_owned());
            row(out, if at == 0 { "DKIM" } else { "" }, &cell(&left), &cell(&right))?;
        }
        row(out, "DMARC", &dmarc(here), &dmarc(there))?;
        let arc = |of: Option<&Verdicts>| of.and_then(|of| of.arc.clone()).unwrap_or("-".into());
        row(out, "ARC", &arc(here), &arc(there))?;
    }
    for finding in findings {
        // What others wrote is in it; the lines of a finding are ours.
        let text = finding.to_string();
        let lines = text.lines().map(printable).collect::<Vec<_>>();
        writeln!(out, "{}", lines.join("\n"))?;
    }
    match findings.is_empty() {
        true => writeln!(out, "nothing is wrong: it came to the same there as here"),
        false => Ok(()),
    }
}

fn row(out: &mut impl Write, name: &str, here: &str, there: &str) -> io::Result<()> {
    let line = format!("{name:<9} {:<COLUMN$} {}", printable(here), printable(there));
    writeln!(out, "{}", line.trim_end())
}

fn spf(of: Option<&Verdicts>) -> String {
    let Some(SpfVerdict { result, domain, .. }) = of.and_then(|of| of.spf.as_ref()) else {
        return "-".to_owned();
    };
    format!("{result} {domain}").trim_end().to_owned()
}

fn dmarc(of: Option<&Verdicts>) -> String {
    let Some(DmarcVerdict { result, domain, policy }) = of.and_then(|of| of.dmarc.as_ref()) else {
        return "-".to_owned();
    };
    let policy = policy.as_ref().map(|policy| format!(" p={policy}")).unwrap_or_default();
    format!("{result} {domain}{policy}")
}
