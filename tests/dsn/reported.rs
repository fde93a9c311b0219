//! What others report.

use crate::{Made, groups, header_section, on_one_line, read};
use onward::{
    dsn::{Action, Cause},
    reply::{ForeignReply, Status},
};

/// What others report is told with their action, and the text says whose word it is.
#[test]
fn what_is_reported_by_others() {
    let reply = |code, status| ForeignReply { code, status: Some(status), text: String::new() };
    let reported = |action| Cause::Reported { action, is_one_of: false };
    for (action, status, subject, text) in [
        (
            Action::Failed,
            Status(4, 4, 7),
            "Undelivered mail: hello@example.org",
            "Refused: check the address",
        ),
        (
            Action::Delayed,
            Status(4, 2, 1),
            "Delayed mail: hello@example.org",
            "You need not send it again.",
        ),
        (
            Action::Delivered,
            Status(2, 1, 5),
            "Delivered mail: hello@example.org",
            "reports that it was delivered.",
        ),
        (
            Action::Expanded,
            Status(2, 1, 5),
            "Delivered mail: hello@example.org",
            "reports that it was handed on.",
        ),
    ] {
        let reply = reply(550, status).in_known_words(&[], "The mailbox is full");
        let message = Made::new(&[("hello@example.org", reply, reported(action))]).message();
        let read = read(&message);
        let [_, fields] = &groups(&read.status)[..] else { panic!("{}", read.status) };
        let value = |name: &str| &fields.iter().find(|(it, _)| it == name).unwrap().1;
        assert_eq!(value("Action"), action.as_str());
        assert_eq!(value("Status"), &status.to_string());
        assert_eq!(value("Diagnostic-Code"), &format!("smtp; 550 {status} The mailbox is full"));
        assert!(header_section(&message).contains(&format!("Subject: {subject}\r\n")));
        assert!(on_one_line(&read.text).contains(text), "{}", read.text);
    }
}
