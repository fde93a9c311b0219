//! The part for programs: message/delivery-status (RFC 3464).

use super::{Action, Cause, FailedRecipient, Notice, date, names};
use crate::reply::Status;
use mail_builder::headers::{Header, raw::Raw};

/// The fields of the message, then those of each recipient.
///
/// No Remote-MTA: it would tell where an alias leads.
pub(super) fn fields(notice: &Notice<'_>) -> Vec<u8> {
    let id: String = notice.original_id.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut out = Vec::new();
    if let Some(envelope) = &notice.dsn.envelope_id {
        whole_field(&mut out, "Original-Envelope-Id", &envelope.text());
    }
    field(&mut out, "Reporting-MTA", format!("dns; {}", notice.hostname));
    field(&mut out, "Arrival-Date", date(notice.arrived).to_rfc822());
    field(&mut out, "X-Onward-Queue-ID", id);
    for failure in notice.failures {
        out.extend_from_slice(b"\r\n");
        if let Some(original) = failure.original {
            whole_field(&mut out, "Original-Recipient", &original.typed());
        }
        field(&mut out, "Final-Recipient", names::typed(failure.path, notice.hostname));
        field(&mut out, "Action", action(failure.cause).as_str().to_owned());
        field(&mut out, "Status", status(failure).to_string());
        field(&mut out, "Diagnostic-Code", format!("smtp; {}", one_line(failure)));
        field(&mut out, "Last-Attempt-Date", date(notice.now).to_rfc822());
        if let Cause::Waits { until, .. } = failure.cause {
            field(&mut out, "Will-Retry-Until", date(until).to_rfc822());
        }
    }
    out
}

pub(super) fn action(cause: Cause) -> Action {
    match cause {
        Cause::Refused | Cause::GivenUp { .. } => Action::Failed,
        Cause::Waits { .. } => Action::Delayed,
        Cause::Relayed => Action::Relayed,
        Cause::Delivered => Action::Delivered,
        Cause::Reported { action, .. } => action,
    }
}

/// The reply on one line, white space evened out.
pub(super) fn one_line(failure: &FailedRecipient<'_>) -> String {
    failure.reply.to_string().split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is given up keeps class 4, as in Postfix: by RFC 3463 §2 it stands for a temporary condition
/// that "caused abandonment", and beside `Action: failed` it means that sending again may help. The code
/// of the actual problem goes before 4.4.7, delivery time expired (§3.5).
fn status(failure: &FailedRecipient<'_>) -> Status {
    match (failure.cause, failure.reply.status()) {
        (Cause::Refused, Some(Status(_, subject, detail))) => Status(5, subject, detail),
        (Cause::Refused, None) => Status(5, 0, 0),
        (Cause::Reported { .. }, status) => status.unwrap_or(Status(5, 0, 0)),
        (Cause::GivenUp { .. }, Some(Status(_, subject, detail))) => Status(4, subject, detail),
        (Cause::GivenUp { .. }, None) => Status(4, 4, 7),
        (Cause::Waits { .. }, Some(Status(_, subject, detail))) => Status(4, subject, detail),
        (Cause::Waits { .. }, None) => Status(4, 0, 0),
        (Cause::Relayed | Cause::Delivered, status) => {
            status.filter(|Status(class, ..)| *class == 2).unwrap_or(Status(2, 0, 0))
        }
    }
}

/// One field with a value that blanks belong to: it stands on one line.
fn whole_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

/// One field, folded at white space where it is long.
fn field(out: &mut Vec<u8>, name: &str, value: String) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    Raw::new(value).write_header(out, name.len() + 2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::ForwardPath, reply::Reply};
    use std::time::Duration;

    #[test]
    fn status_codes() {
        let given_up = Cause::GivenUp { tried_for: Duration::from_secs(1), is_uncertain: false };
        let silent = Reply::plain(450, "later");
        for (cause, reply, expected) in [
            (Cause::Refused, Reply::destination_null_mx(), "5.1.10"),
            (Cause::Refused, Reply::destination_lost(), "5.4.2"),
            (Cause::Refused, silent.clone(), "5.0.0"),
            (given_up, Reply::destination_unreachable(), "4.4.1"),
            (given_up, Reply::mail_loop(), "4.4.6"),
            (given_up, silent, "4.4.7"),
        ] {
            let failure = FailedRecipient {
                path: &ForwardPath::Postmaster,
                original: None,
                reply: &reply,
                cause,
            };
            assert_eq!(status(&failure).to_string(), expected, "{cause:?} {reply}");
        }
    }

    #[test]
    fn long_fields_fold_and_odd_space_does_not_end_one() {
        let mut out = Vec::new();
        field(&mut out, "Diagnostic-Code", format!("smtp; {}", "word ".repeat(40)));
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.len() <= 78 && !line.trim().is_empty()), "{text}");
        let reply = Reply::alias_rejects(&format!("a{}b", " ".repeat(200)));
        let failure = FailedRecipient {
            path: &ForwardPath::Postmaster,
            original: None,
            reply: &reply,
            cause: Cause::Refused,
        };
        assert_eq!(one_line(&failure), "550 5.7.1 a b");
    }
}
