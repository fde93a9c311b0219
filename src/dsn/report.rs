//! Reports that other mail systems make of a message that they did not deliver: multipart/report (RFC 6522) with a
//! delivery status (RFC 3464, RFC 6533) and the header section of that message.

use super::mime::Entity;
use crate::{
    message::Header,
    reply::{Class, ForeignReply, Status},
};
use std::borrow::Cow;

/// Recipients in one report. What comes behind them is not read.
const MAX_RECIPIENTS: usize = 100;
/// Octets of a diagnostic that are read.
const MAX_DIAGNOSTIC: usize = 4096;

const STATUS: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];
const ORIGINAL: [&str; 5] = [
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
];

/// What a report says. Nothing of it is proven.
#[derive(Debug)]
pub struct Report<'a> {
    /// Whom it is about: one at least.
    pub recipients: Vec<ReportedRecipient>,
    original: Cow<'a, [u8]>,
}

/// What a report says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedRecipient {
    /// Its addresses, as they stand in Final-Recipient and Original-Recipient.
    pub addresses: Vec<String>,
    /// What was done.
    pub action: Action,
    /// What the server behind said: its code, or one that goes with the action; the status of the report; its text,
    /// which may hold anything.
    pub reply: ForeignReply,
}

/// What a mail system did about a recipient (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing more will be tried.
    Failed,
    /// Not yet delivered, and still tried.
    Delayed,
    /// In the mailbox.
    Delivered,
    /// Handed to a system that makes no reports.
    Relayed,
    /// Handed to several others.
    Expanded,
}

impl Action {
    const ALL: [Self; 5] =
        [Self::Failed, Self::Delayed, Self::Delivered, Self::Relayed, Self::Expanded];

    /// The word in a delivery status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }

    /// Where the field is missing or nonsense, the class of the status tells it.
    fn read(field: Option<&str>, status: Option<Status>) -> Option<Self> {
        let word =
            field.and_then(|value| value.split_ascii_whitespace().next()).unwrap_or_default();
        let named = Self::ALL.into_iter().find(|action| action.as_str().eq_ignore_ascii_case(word));
        named.or_else(|| match status?.0 {
            2 => Some(Self::Relayed),
            4 => Some(Self::Delayed),
            _ => Some(Self::Failed),
        })
    }

    /// A failure may be of class 4: what was given up (RFC 3463 §2).
    fn classes(self) -> &'static [u8] {
        match self {
            Self::Failed => &[5, 4],
            Self::Delayed => &[4],
            Self::Delivered | Self::Relayed | Self::Expanded => &[2],
        }
    }
}

impl<'a> Report<'a> {
    /// Reads `message`; `None` when it is no such report. One that a gateway has put into a multipart/mixed, beside
    /// a disclaimer, is one too.
    pub fn read(message: &'a [u8]) -> Option<Self> {
        let whole = Entity::read(message);
        if whole.is("multipart/mixed") {
            return whole.parts().iter().find_map(Self::of);
        }
        Self::of(&whole)
    }

    /// The header section of the message that the report is about.
    pub fn original(&self) -> Header<'_> {
        Header::scan(&self.original)
    }

    fn of(entity: &Entity<'a>) -> Option<Self> {
        let kind = entity.parameter("report-type").unwrap_or("delivery-status");
        if !entity.is("multipart/report") || !kind.eq_ignore_ascii_case("delivery-status") {
            return None;
        }
        let parts = entity.parts();
        let of_kind = |kinds: &[&str]| parts.iter().find(|part| kinds.iter().any(|it| part.is(it)));
        let recipients = recipients(&of_kind(&STATUS)?.content());
        let original = without_blank_lines(of_kind(&ORIGINAL)?.content());
        (!recipients.is_empty()).then_some(Self { recipients, original })
    }
}

fn without_blank_lines(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let blank = text.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(blank..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(blank..).unwrap_or_default().to_vec()),
    }
}

/// Groups of fields between blank lines: those of the message, then those of each recipient (RFC 3464 §2.1).
fn recipients(status: &[u8]) -> Vec<ReportedRecipient> {
    let mut recipients = Vec::new();
    let mut rest = status;
    while !rest.is_empty() && recipients.len() < MAX_RECIPIENTS {
        let group = Header::scan(rest);
        recipients.extend(recipient(&group));
        rest = rest.get(group.bytes().len()..).unwrap_or_default();
        // A blank line, or one that is no field.
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    recipients
}

fn recipient(group: &Header<'_>) -> Option<ReportedRecipient> {
    let value = |name: &str| {
        let field = group.named(name).next()?;
        let (most, _) = field.value.split_at_checked(MAX_DIAGNOSTIC).unwrap_or((field.value, &[]));
        Some(String::from_utf8_lossy(most).split_ascii_whitespace().collect::<Vec<_>>().join(" "))
    };
    // Some leave one of the two out.
    let (last, first) = (value("Final-Recipient"), value("Original-Recipient"));
    let addresses: Vec<String> =
        [last, first].into_iter().flatten().map(|it| untyped(&it)).collect();
    let status = value("Status").as_deref().and_then(read_status);
    let action = Action::read(value("Action").as_deref(), status)?;
    if addresses.is_empty() && value("Action").is_none() {
        return None;
    }
    let said = value("Diagnostic-Code").unwrap_or_default();
    Some(ReportedRecipient { addresses, action, reply: reply(action, status, &said) })
}

/// What stands behind the type, such as `rfc822;`.
fn untyped(value: &str) -> String {
    let address = value.split_once(';').map_or(value, |(_, address)| address);
    address.trim().trim_matches(['<', '>']).to_owned()
}

fn reply(action: Action, status: Option<Status>, diagnostic: &str) -> ForeignReply {
    let (kind, text) = diagnostic.split_once(';').unwrap_or(("", diagnostic));
    let text = text.trim();
    let code = text.get(..3).and_then(|digits| digits.parse().ok());
    let code = code.filter(|code| {
        let fits = matches!(Class::of(*code), Some(Class::Transient | Class::Permanent));
        kind.trim().eq_ignore_ascii_case("smtp") && fits
    });
    let (first, class) = match action {
        Action::Failed => (550, 5),
        Action::Delayed => (450, 4),
        Action::Delivered | Action::Relayed | Action::Expanded => (250, 2),
    };
    // The server's own, where it says more than the report does.
    let behind = text.get(3..).filter(|_| code.is_some()).unwrap_or_default();
    let said = read_status(behind.trim_start_matches([' ', '-', '#']));
    let fits = |status: &Status| action.classes().contains(&status.0);
    let is_plain = |status: &Status| status.1 == 0 && status.2 == 0;
    let status = match (status.filter(fits), said.filter(fits)) {
        (Some(status), Some(said)) if is_plain(&status) => said,
        (Some(status), _) => status,
        (None, Some(said)) => said,
        (None, None) => Status(class, 0, 0),
    };
    let code = code.filter(|_| action != Action::Delivered).unwrap_or(first);
    ForeignReply { code, status: Some(status), text: text.to_owned() }
}

/// A status code at the start of `text` (RFC 3463 §2).
fn read_status(text: &str) -> Option<Status> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut parts = text.get(..end)?.splitn(3, '.');
    let mut number = |most: usize| {
        let part = parts.next().filter(|part| (1..=most).contains(&part.len()))?;
        part.parse::<u16>().ok()
    };
    let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
    let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
    Some(Status(class, subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str) -> String {
        format!(
            "From: x@y.test\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\n\
             words\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--b\r\nContent-Type: \
             message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n--b--\r\n"
        )
    }

    fn told(status: &str) -> Vec<String> {
        let message = report(status);
        let report = Report::read(message.as_bytes());
        let line = |it: &ReportedRecipient| {
            format!("{} {} {}", it.addresses.join(","), it.action.as_str(), it.reply)
        };
        report.iter().flat_map(|report| &report.recipients).map(line).collect()
    }

    #[test]
    fn recipients_and_what_is_said_of_them() {
        for (fields, expected) in [
            (
                "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822;bob@s.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                 Diagnostic-Code: smtp; 550-5.1.1 no\r\n such user\r\n",
                vec!["bob@s.test failed 550 5.1.1 550-5.1.1 no such user"],
            ),
            (
                "Reporting-MTA: dns; a\r\n\r\n\r\nOriginal-Recipient: rfc822;<A@s.test>\r\nFinal-Recipient: rfc822; b@s.test\r\n\
                 Action: Failed (x)\r\nStatus: 5.0.0 (bad)\r\nDiagnostic-Code: smtp;552 5.2.2 full\r\n\r\n\
                 Final-Recipient: LOCAL; c\r\nAction: delayed\r\nStatus: 5.1.1\r\n",
                vec!["b@s.test,A@s.test failed 552 5.2.2 552 5.2.2 full", "c delayed 450 4.0.0 "],
            ),
            (
                "Final-Recipient: rfc822;b@s.test\r\nStatus: 4.4.7\r\nAction: failed\r\nDiagnostic-Code: X-Postfix; 550 no\r\n",
                vec!["b@s.test failed 550 4.4.7 550 no"],
            ),
            (
                "Final-Recipient: rfc822;b@s.test\r\nStatus: 2.1.5\r\n",
                vec!["b@s.test relayed 250 2.1.5 "],
            ),
            (
                "Final-Recipient: rfc822;b@s.test\r\nAction: failed\r\nStatus: 5.1.1234\r\n",
                vec!["b@s.test failed 550 5.0.0 "],
            ),
            ("Action: failed\r\n", vec![" failed 550 5.0.0 "]),
            ("Reporting-MTA: dns; a\r\nStatus: 5.1.1\r\n", vec![]),
            ("Final-Recipient: rfc822;b@s.test\r\n", vec![]),
            ("no field\r\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(told(fields), expected, "{fields:?}");
        }
        let one = "Final-Recipient: rfc822;b@s.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
        assert_eq!(told(&one.repeat(1000)).len(), MAX_RECIPIENTS);
        assert_eq!(told(&"\r\n".repeat(100_000)).len(), 0);
    }

    #[test]
    fn what_is_a_report() {
        let good =
            report("Final-Recipient: rfc822;b@s.test\r\nAction: failed\r\nStatus: 5.1.1\r\n");
        let is = |message: &str| Report::read(message.as_bytes()).is_some();
        let subject = |message: &str| {
            let report = Report::read(message.as_bytes()).unwrap();
            String::from_utf8(report.original().bytes().to_vec()).unwrap()
        };
        assert_eq!(subject(&good), "Subject: x\r\n");
        for (from, to, is_report) in [
            ("report-type=delivery-status; ", "", true),
            ("report-type=delivery-status", "Report-Type=\"Delivery-Status\"", true),
            ("report-type=delivery-status", "report-type=feedback-report", false),
            ("report-type=delivery-status", "report-type=disposition-notification", false),
            ("multipart/report", "multipart/mixed", false),
            ("message/delivery-status", "message/global-delivery-status", true),
            ("message/delivery-status", "text/plain", false),
            ("message/rfc822", "text/rfc822-headers", true),
            ("message/rfc822", "MESSAGE/Global-Headers; charset=utf-8", true),
            ("message/rfc822", "text/plain", false),
        ] {
            assert_eq!(is(&good.replacen(from, to, 1)), is_report, "{from} {to}");
        }
        let encoded = good.replace(
            "message/rfc822\r\n\r\nSubject: x\r\n\r\nbody",
            "message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQpib2R5",
        );
        assert_eq!(subject(&encoded), "Subject: x\r\n");
        let (_, inner) = good.split_once("\r\n").unwrap();
        let nest = |inner: &str, b: &str| {
            format!(
                "Content-Type: multipart/mixed; boundary={b}\r\n\r\n--{b}\r\n\r\nhi\r\n--{b}\r\n{inner}\r\n--{b}--\r\n"
            )
        };
        assert!(is(&nest(inner, "c")));
        assert!(!is(&nest(&nest(inner, "c"), "d")), "one level");
    }
}
