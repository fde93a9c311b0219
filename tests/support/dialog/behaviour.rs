//! What a receiver is told to do, in words.

use crate::support::receiver::{Action, At, Step};

/// `STEP [RECIPIENT] ACTION`
#[derive(Clone)]
pub(super) struct Behaviour {
    step: Step,
    recipient: Option<String>,
    action: Action,
}

impl Behaviour {
    pub(super) fn parse(words: &[&str]) -> Result<Self, String> {
        let (step, rest) = words.split_first().ok_or("a receiver needs to know what to do")?;
        let step = step_named(step)?;
        Ok(match rest {
            [recipient, action @ ..] if recipient.contains('@') => {
                let recipient = Some((*recipient).to_owned());
                Self { step, recipient, action: action_named(action)? }
            }
            action => Self { step, recipient: None, action: action_named(action)? },
        })
    }

    /// What is to be done there, if it is there.
    pub(super) fn at(&self, at: &At<'_>) -> Option<Action> {
        let is_for = self.recipient.as_ref().is_none_or(|recipient| at.recipient == recipient);
        (at.step == self.step && is_for).then(|| self.action.clone())
    }
}

fn step_named(name: &str) -> Result<Step, String> {
    Ok(match name {
        "connect" => Step::Connect,
        "greeting" => Step::Greeting,
        "ehlo" => Step::Ehlo,
        "mail" => Step::Mail,
        "rcpt" => Step::Rcpt,
        "data" => Step::Data,
        "body" => Step::Body,
        "dot" => Step::FinalDot,
        "rset" => Step::Rset,
        "quit" => Step::Quit,
        _ => return Err(format!("no step of a receiver: {name}")),
    })
}

/// Lines of a reply are separated by `\n`.
fn action_named(words: &[&str]) -> Result<Action, String> {
    Ok(match words {
        ["hang"] => Action::Hang,
        ["close"] => Action::Close,
        ["reset"] => Action::Reset,
        [code, ..] if code.len() >= 3 && code[..3].bytes().all(|byte| byte.is_ascii_digit()) => {
            Action::reply(&words.join(" ").replace("\\n", "\n"))
        }
        _ => return Err(format!("no action of a receiver: {}", words.join(" "))),
    })
}
