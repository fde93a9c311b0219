//! The combinations.

use crate::support::receiver::Step;
use std::fmt;

/// Whose mail it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// SPF passes for the reverse-path.
    Authenticated,
    /// SPF fails for it.
    Unauthenticated,
    /// A bounce.
    Null,
}

/// What the destination does at a step instead of going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 450.
    Later,
    /// 421, and it closes.
    Closing,
    /// 554.
    No,
    /// 530: it wants to know who we are.
    Login,
    /// Nothing.
    Silence,
    /// RST; at [`Step::Connect`] nobody listens.
    Reset,
}

/// The one thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) step: Step,
    pub(super) kind: Kind,
}

/// How the recipients and their destinations hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    OneRecipient,
    /// Of one destination, which treats them alike.
    TwoRecipients,
    /// Of one destination, where the fault meets only one of them; `other` is what the other one gets at
    /// the same step, `None` being 2xx.
    OneOfTwo {
        lmtp: bool,
        is_second: bool,
        other: Option<Kind>,
    },
    /// One recipient, whose alias leads to a sound destination and to the faulty one.
    TwoDestinations,
    /// Two recipients, one at a sound destination and one at the faulty one.
    TwoGroups,
}

/// What the destination does with everything in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    Accepts,
    Refuses,
}

/// One combination.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Names its sender, its aliases and its destination.
    pub(super) number: usize,
    pub(super) sender: Sender,
    /// `None`: 2xx at every step.
    pub(super) fault: Option<Fault>,
    pub(super) shape: Shape,
    pub(super) back: Back,
}

/// An alias that the sender writes to.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) alias: String,
    pub(super) mailboxes: Vec<Mailbox>,
}

/// Where an alias leads.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    pub(super) address: String,
    /// At the destination that accepts everything all the time.
    pub(super) is_sound: bool,
    /// The fault is about it.
    pub(super) is_affected: bool,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Later, Self::Closing, Self::No, Self::Login, Self::Silence, Self::Reset];
}

impl Fault {
    /// Every kind at every step where there is such a thing.
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![
            Self { step: Step::Connect, kind: Kind::Silence },
            Self { step: Step::Connect, kind: Kind::Reset },
        ];
        for step in [Step::Greeting, Step::Ehlo, Step::Mail, Step::Rcpt, Step::Data, Step::FinalDot]
        {
            let has_login = !matches!(step, Step::Greeting | Step::Ehlo);
            let kinds = Kind::ALL.into_iter().filter(|kind| has_login || *kind != Kind::Login);
            all.extend(kinds.map(|kind| Self { step, kind }));
        }
        all
    }

    pub(super) fn at_rcpt() -> Vec<Self> {
        Kind::ALL.map(|kind| Self { step: Step::Rcpt, kind }).to_vec()
    }

    pub(super) fn at_dot() -> Vec<Self> {
        Kind::ALL.map(|kind| Self { step: Step::FinalDot, kind }).to_vec()
    }
}

impl Shape {
    pub(super) fn one_of_two(lmtp: bool) -> Vec<Self> {
        let others = [None, Some(Kind::Later), Some(Kind::No)];
        let both = [false, true].into_iter();
        both.flat_map(|is_second| {
            others.map(|other| Self::OneOfTwo { lmtp, is_second, other }).to_vec()
        })
        .collect()
    }
}

/// All combinations of these with all senders and ends; those that take time first, and without a
/// fault the shapes that have none of their own.
pub(super) fn cases(shapes: &[Shape], faults: &[Fault]) -> Vec<Case> {
    let mut cases = Vec::new();
    for sender in [Sender::Authenticated, Sender::Unauthenticated, Sender::Null] {
        for shape in shapes {
            let sound = (!matches!(shape, Shape::OneOfTwo { .. })).then_some(None);
            for fault in faults.iter().copied().map(Some).chain(sound) {
                for back in [Back::Accepts, Back::Refuses] {
                    cases.push(Case { number: 0, sender, fault, shape: *shape, back });
                }
            }
        }
    }
    cases.sort_by_key(|case| !case.is_silent());
    for (number, case) in cases.iter_mut().enumerate() {
        case.number = number;
    }
    cases
}

impl Case {
    /// The sender's address, empty for the null reverse-path.
    pub(super) fn from(&self) -> String {
        match self.sender {
            Sender::Authenticated => format!("case{}@spf.test", self.number),
            Sender::Unauthenticated => format!("case{}@nospf.test", self.number),
            Sender::Null => String::new(),
        }
    }

    pub(super) fn message(&self) -> Vec<u8> {
        let number = self.number;
        format!(
            "From: <case{number}@model.test>\r\nMessage-ID: <{number}@model.test>\r\n\r\ncase {number}\r\n"
        )
        .into_bytes()
    }

    /// The domain of its destination.
    pub(super) fn lane(&self) -> String {
        format!("lane{}.test", self.number)
    }

    /// Each answered by an alias of its own.
    pub(super) fn recipients(&self) -> Vec<Recipient> {
        let number = self.number;
        let faulty = |local: &str, is_affected| Mailbox {
            address: format!("{local}@{}", self.lane()),
            is_sound: false,
            is_affected,
        };
        let sound = Mailbox {
            address: format!("lane{number}@sound.test"),
            is_sound: true,
            is_affected: false,
        };
        let recipient =
            |local: &str, mailboxes| Recipient { alias: format!("{local}@example.org"), mailboxes };
        let plain = |local: &str, is_affected| {
            recipient(&format!("{local}-at-lane{number}"), vec![faulty(local, is_affected)])
        };
        match self.shape {
            Shape::OneRecipient => vec![plain("bob", true)],
            Shape::TwoRecipients => vec![plain("bob", true), plain("carol", true)],
            Shape::OneOfTwo { is_second, .. } => {
                vec![plain("bob", !is_second), plain("carol", is_second)]
            }
            Shape::TwoDestinations => {
                vec![recipient(&format!("bob-and-lane{number}"), vec![sound, faulty("bob", true)])]
            }
            Shape::TwoGroups => {
                vec![recipient(&format!("lane{number}-at-sound"), vec![sound]), plain("bob", true)]
            }
        }
    }

    pub(super) fn is_lmtp(&self) -> bool {
        matches!(self.shape, Shape::OneOfTwo { lmtp: true, .. })
    }

    /// At the second try it gets no further than to a 450 to MAIL: what may have arrived before still may
    /// have.
    pub(super) fn is_busy_again(&self) -> bool {
        self.fault == Some(Fault { step: Step::FinalDot, kind: Kind::Reset })
    }

    pub(super) fn is_silent(&self) -> bool {
        self.fault.is_some_and(|fault| fault.kind == Kind::Silence)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, sender, shape, back, .. } = self;
        write!(f, "case {number}: {sender:?}, {shape:?}, ")?;
        match self.fault {
            Some(Fault { step, kind }) => write!(f, "{kind:?} at {step:?}")?,
            None => f.write_str("2xx")?,
        }
        write!(f, ", in the end it {back:?}")
    }
}

/// The number of the case that an address of one of them belongs to.
pub(super) fn case_of(address: &str) -> Option<usize> {
    let at = address.find("lane").or_else(|| address.find("case"))?;
    let digits: String = address[at + 4..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
