//! The part for people.

use super::{
    Action, Cause, FailedRecipient, Notice, date, names,
    status::{action, one_line},
};
use std::time::Duration;

/// Where lines are broken, if there is a space to do it at.
const WIDTH: usize = 72;

/// As much of an address as stands in the first line, in characters.
const MAX_NAMED: usize = 320;

/// What the list of messages in a mailbox shows.
pub(super) fn subject(notice: &Notice<'_>) -> String {
    let whom = match notice.failures {
        [only] => names::readable(only.path, notice.hostname),
        several => format!("{} addresses", several.len()),
    };
    let what = match overall(notice) {
        Action::Failed if is_uncertain(notice) => "Delivery not confirmed",
        Action::Failed => "Undelivered mail",
        Action::Delayed => "Delayed mail",
        Action::Delivered | Action::Relayed | Action::Expanded if is_relayed(notice) => {
            "Mail handed on"
        }
        Action::Delivered | Action::Relayed | Action::Expanded => "Delivered mail",
    };
    format!("{what}: {whom}")
}

/// The text. Addresses and replies are indented, so that no line of theirs is taken for one of
/// ours. `is_whole`: the message comes back as a whole.
pub(super) fn body(notice: &Notice<'_>, is_whole: bool) -> String {
    let Notice { hostname, from, .. } = notice;
    let mut text = String::new();
    // What many programs show of a message is its first line.
    let (mark, reason) = reason(notice);
    paragraph(&mut text, mark, &reason);
    text.push_str("\r\n");
    paragraph(
        &mut text,
        "",
        &format!("This is an automatic message from the mail system at {hostname}."),
    );
    text.push_str("\r\n");
    paragraph(&mut text, "", &opening(notice));
    for failure in notice.failures {
        text.push_str("\r\n  ");
        text.push_str(&names::readable(failure.path, hostname));
        text.push_str("\r\n");
        paragraph(&mut text, "    ", &story(failure.cause));
        paragraph(&mut text, "      ", &one_line(failure));
    }
    text.push_str(match overall(notice) {
        Action::Failed => "\r\nNothing more will be tried. What you can do:\r\n\r\n",
        _ => "\r\nYou need not send it again. What you can do:\r\n\r\n",
    });
    for advice in advice(notice.failures) {
        paragraph(&mut text, "  - ", advice);
    }
    let help = format!("For help, write to {from} and send this message along.");
    paragraph(&mut text, "  - ", &help);
    text.push_str("\r\n");
    paragraph(
        &mut text,
        "",
        match is_whole {
            true => "A report for programs and your message are attached.",
            false => {
                "A report for programs and the header of your message are attached. Its text is not."
            }
        },
    );
    text
}

/// The recipient that matters most, and what was said of it, behind what that means.
fn reason(notice: &Notice<'_>) -> (&'static str, String) {
    let worst = overall(notice);
    let mark = match worst {
        Action::Failed if is_uncertain(notice) => "Not confirmed: ",
        Action::Failed => "Not delivered: ",
        Action::Delayed => "Delayed: ",
        Action::Delivered | Action::Relayed | Action::Expanded if is_relayed(notice) => {
            "Handed on: "
        }
        Action::Delivered | Action::Relayed | Action::Expanded => "Delivered: ",
    };
    let of_worst = |failure: &&FailedRecipient<'_>| action(failure.cause) == worst;
    let first = notice.failures.iter().find(of_worst).or(notice.failures.first());
    let Some(first) = first else { return (mark, String::new()) };
    let others = match notice.failures.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let to: String = names::readable(first.path, notice.hostname).chars().take(MAX_NAMED).collect();
    (mark, format!("{to}: {}{others}", one_line(first)))
}

fn opening(notice: &Notice<'_>) -> String {
    let arrived = date(notice.arrived).to_rfc822();
    let what = if overall(notice) == Action::Delayed {
        "It was not yet delivered to:"
    } else if overall(notice) != Action::Failed {
        "This is reported of it:"
    } else if is_uncertain(notice) {
        "It is not certain that it was delivered to:"
    } else if notice.failures.iter().any(|failure| may_have_arrived(failure.cause)) {
        "It was not, or perhaps not, delivered to:"
    } else {
        "It could not be delivered to:"
    };
    format!("Your message came here on {arrived}. {what}")
}

/// The action that matters most: what failed, then what is late.
fn overall(notice: &Notice<'_>) -> Action {
    let actions = || notice.failures.iter().map(|failure| action(failure.cause));
    let worst = [Action::Failed, Action::Delayed];
    worst.into_iter().find(|worst| actions().any(|it| it == *worst)).unwrap_or(Action::Relayed)
}

/// Nothing is known to have failed.
fn is_uncertain(notice: &Notice<'_>) -> bool {
    notice.failures.iter().all(|failure| may_have_arrived(failure.cause))
}

/// All were handed on, and nothing more is known.
fn is_relayed(notice: &Notice<'_>) -> bool {
    notice.failures.iter().all(|failure| failure.cause == Cause::Relayed)
}

fn may_have_arrived(cause: Cause) -> bool {
    matches!(cause, Cause::GivenUp { is_uncertain: true, .. })
}

fn failed_behind(cause: Cause) -> bool {
    matches!(cause, Cause::Reported { action: Action::Failed, .. })
}

fn story(cause: Cause) -> String {
    match cause {
        Cause::Refused => "It was refused for good. The answer was:".to_owned(),
        Cause::GivenUp { tried_for, is_uncertain: false } => {
            format!("It was tried for {} without success. The last answer was:", span(tried_for))
        }
        Cause::GivenUp { tried_for, is_uncertain: true } => format!(
            "It may have arrived: a connection broke after the message was sent and before it was \
             confirmed. It was tried for {}. The last answer was:",
            span(tried_for)
        ),
        Cause::Waits { waited, until } => format!(
            "It has waited for {}, and is still tried until {}. The last answer was:",
            span(waited),
            date(until).to_rfc822()
        ),
        Cause::Relayed => {
            "It was handed on, and what takes it from there makes no reports: that it \
             gets into the mailbox is likely, and not known. The answer was:"
                .to_owned()
        }
        Cause::Delivered => "It is in the mailbox. The answer was:".to_owned(),
        Cause::Reported { action, is_one_of } => {
            let what = match action {
                Action::Failed => "that it could not be delivered",
                Action::Delayed => "that it is late, and still tried",
                Action::Delivered => "that it was delivered",
                Action::Relayed | Action::Expanded => "that it was handed on",
            };
            let whose = if is_one_of { "one of the addresses named here" } else { "this address" };
            format!("The mail system behind {whose} reports {what}. It said:")
        }
    }
}

fn advice(failures: &[FailedRecipient<'_>]) -> Vec<&'static str> {
    let any = |is: fn(Cause) -> bool| failures.iter().any(|failure| is(failure.cause));
    let all = [
        (
            any(|cause| matches!(cause, Cause::Refused) || failed_behind(cause)),
            "Refused: check the address and what the answer says. If both seem right, reach the \
             recipient in another way.",
        ),
        (
            any(|cause| matches!(cause, Cause::GivenUp { is_uncertain: false, .. })),
            "Tried without success: you may send the message again later.",
        ),
        (any(may_have_arrived), "May have arrived: ask the recipient before you send it again."),
    ];
    all.into_iter().filter_map(|(applies, advice)| applies.then_some(advice)).collect()
}

/// A length of time in the largest unit of which there are two.
fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match (seconds / 60, seconds / 3600, seconds / 86400) {
        (0 | 1, _, _) => "less than 2 minutes".to_owned(),
        (minutes, 0 | 1, _) => format!("{minutes} minutes"),
        (_, hours, 0 | 1) => format!("{hours} hours"),
        (_, _, days) => format!("{days} days"),
    }
}

/// Appends `words` in lines of [`WIDTH`]. The first begins with `mark`, the others stand below its words.
fn paragraph(text: &mut String, mark: &str, words: &str) {
    let mut line = mark.to_owned();
    for word in words.split(' ') {
        let is_first = line.len() == mark.len();
        if !is_first && line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push_str("\r\n");
            line = " ".repeat(mark.len());
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(word);
    }
    text.push_str(&line);
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (seconds, text) in [
            (0, "less than 2 minutes"),
            (119, "less than 2 minutes"),
            (120, "2 minutes"),
            (7199, "119 minutes"),
            (7200, "2 hours"),
            (172_799, "47 hours"),
            (432_000, "5 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn paragraphs() {
        let mut text = String::new();
        paragraph(&mut text, "- ", &format!("{} b c", "a".repeat(80)));
        paragraph(&mut text, "", &["word"; 20].join(" "));
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], format!("- {}", "a".repeat(80)));
        assert_eq!(lines[1], "  b c");
        assert_eq!(lines[2..].iter().map(|line| line.len()).collect::<Vec<_>>(), [69, 29, 0]);
    }
}
