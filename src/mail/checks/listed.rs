//! What lists in DNS say of who sent a message, and whether its recipients make an exception.

use super::{
    Report, Subject, returns,
    spam::{Exception, exception},
};
use crate::{
    mail::{
        dnsbl::{Said, binds, refusal},
        parts::Parts,
    },
    message::listed,
};

/// Most listings that are told in header fields.
const MAX_FIELDS: usize = 20;

/// Asks about the domains in From, and tells what is known of the client and the reverse-path. A bounce stands for
/// nobody: its authors are not asked about.
pub(super) async fn check(parts: &Parts, subject: &Subject<'_>, report: &mut Report) {
    let (client, from) = (subject.sender.ip(), subject.sender.reverse_path());
    if parts.lists.are_of_domains()
        && !returns::is_bounce(subject)
        && let Some(authors) = &report.authors
        && let Some(mut inquiry) =
            parts.lists.ask_authors(&parts.rates, client, authors.domains(), from)
    {
        inquiry.wait().await;
        report.lists = inquiry.all();
    }
    // Recipients of one transaction have the same to say here (`dnsbl::differ`).
    let told = subject.listed.iter().chain(&report.lists);
    if let Some(bound) = subject.recipients.iter().find(|to| binds(to, from))
        && let Some(reply) = refusal(told.clone())
    {
        match exception(parts, subject, report, bound).await {
            Exception::For(sender) => {
                report.notes.push(format!("listed, but the alias allows {sender}"));
            }
            other => report.objection = Some(other.weigh(reply)),
        }
    }
    let told = subject.listed.iter().chain(&report.lists);
    let told = told.filter_map(|said| said.code().map(|code| (said, code)));
    for (said, code) in told.take(MAX_FIELDS) {
        let Said { list, question, .. } = said;
        report.notes.push(said.to_string());
        let zone = list.config.zone.shown();
        report.fields += &listed(&question.to_string(), zone, code);
    }
}
