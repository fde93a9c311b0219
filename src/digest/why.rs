//! What a reply of ours says of a refusal, told apart for people.

use super::Reason;
use crate::reply::Reply;

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The alias is switched off, expired, or was never there.
    NoSuchAlias,
    /// The alias is set up wrongly.
    AliasUnsafe,
    /// The aliases form a loop.
    AliasLoop,
    /// Nobody gets the mail of the postmaster yet.
    NoPostmaster,
    /// The sender's domain does not let that server send for it.
    SpfFailed,
    /// The sender's domain has a broken SPF record.
    SpfBroken,
    /// It has no valid signature.
    DkimFailed,
    /// It fails the DMARC policy of its From domain.
    DmarcFailed,
    /// Only SPF says who sent it.
    SpfOnly,
    /// Nothing proves who sent it.
    Unauthenticated,
    /// The spam filter takes it for spam.
    FilterFindsSpam,
    /// The spam filter refuses it.
    FilterRejects,
    /// The spam filter wants to see it again.
    FilterLater,
    /// As many messages were under way as the alias still takes.
    LastUnderWay,
    /// More came to the alias than it may get in that time.
    AliasLimit,
    /// Its sender sends too much.
    SenderLimit,
    /// More came than may come in that time.
    TooMany,
    /// It was for a domain that is not here.
    Relaying,
    /// It goes round in a loop.
    Loop,
    /// It says that it is from a domain of ours, and nothing proves that.
    OwnFrom,
    /// Its sender is on a list in DNS.
    Listed,
    /// A rule does not let it in.
    Rule,
    /// The alias puts mail off.
    AliasDefers,
    /// It is too large.
    TooLarge,
    /// It is malformed.
    Malformed,
    /// It was for several, and is sent to each by itself.
    Split,
    /// Its address leads nowhere.
    LeadsNowhere,
    /// The mailbox was not ready.
    NotReady,
    /// It could not be taken at that moment.
    OtherForNow,
    /// It was not acceptable.
    Other,
    /// Of the destination: the mailbox does not exist, or is switched off.
    MailboxGone,
    /// Of the destination: the mailbox is full.
    MailboxFull,
    /// Of the destination: it takes none that large.
    MailboxTooLarge,
    /// Of the destination: nothing proves to it who sent it.
    MailboxUnproven,
    /// Of the destination: a rule of its own.
    MailboxRule,
    /// Of the destination: it was not ready.
    MailboxNotReady,
    /// Of the destination: it refuses it.
    MailboxRefuses,
}

/// Texts of our own replies, or how they begin, and what they mean.
fn known() -> [(String, Why); 19] {
    let text = |reply: Reply| reply.text().to_owned();
    [
        (text(Reply::no_such_alias()), Why::NoSuchAlias),
        (text(Reply::alias_unsafe()), Why::AliasUnsafe),
        (text(Reply::alias_cycle()), Why::AliasLoop),
        (text(Reply::no_postmaster()), Why::NoPostmaster),
        (text(Reply::spf_failed()), Why::SpfFailed),
        (text(Reply::spf_broken()), Why::SpfBroken),
        (text(Reply::dkim_failed()), Why::DkimFailed),
        (text(Reply::dmarc_failed()), Why::DmarcFailed),
        (text(Reply::dmarc_by_spf_only()), Why::SpfOnly),
        (text(Reply::unauthenticated()), Why::Unauthenticated),
        (text(Reply::filter_finds_spam()), Why::FilterFindsSpam),
        ("Refused by the spam filter".to_owned(), Why::FilterRejects),
        ("Try again later, says the spam filter".to_owned(), Why::FilterLater),
        (text(Reply::last_messages_under_way()), Why::LastUnderWay),
        ("Too many messages to this address".to_owned(), Why::AliasLimit),
        ("Too many messages".to_owned(), Why::SenderLimit),
        ("Too many ".to_owned(), Why::TooMany),
        (text(Reply::relaying_denied()), Why::Relaying),
        (text(Reply::mail_loop()), Why::Loop),
    ]
}

impl Why {
    /// Why the client was answered `reply`, as the journal has it. `by_destination`: the reply is that of the mailbox's
    /// provider.
    pub fn of(reply: &str, by_destination: bool) -> Self {
        let mut words = reply.splitn(3, ' ');
        let is_for_now = words.next().unwrap_or_default().starts_with('4');
        let (status, text) = match (words.next(), words.next()) {
            (Some(status), Some(text)) => (status, text),
            (Some(text), None) => ("", text),
            _ => ("", ""),
        };
        if by_destination {
            return Self::of_destination(status, is_for_now);
        }
        if let Some((_, why)) = known().iter().find(|(known, _)| text.starts_with(known.as_str())) {
            return *why;
        }
        if text.contains(" does not vouch for this message") {
            return Self::OwnFrom;
        }
        match status {
            "5.7.1" | "4.7.1" if text.contains(" is listed ") => Self::Listed,
            "5.7.1" => Self::Rule,
            "4.2.1" => Self::AliasDefers,
            "5.3.4" => Self::TooLarge,
            "5.6.0" => Self::Malformed,
            "4.5.3" => Self::Split,
            _ if status.starts_with("5.1.") => Self::LeadsNowhere,
            _ if status.starts_with("4.4.") => Self::NotReady,
            _ if is_for_now => Self::OtherForNow,
            _ => Self::Other,
        }
    }

    fn of_destination(status: &str, is_for_now: bool) -> Self {
        match status {
            "5.1.1" | "5.1.10" | "5.1.2" | "5.2.1" => Self::MailboxGone,
            "5.2.2" | "4.2.2" => Self::MailboxFull,
            "5.3.4" | "5.2.3" => Self::MailboxTooLarge,
            "5.7.20" | "5.7.23" | "5.7.24" | "5.7.25" | "5.7.26" => Self::MailboxUnproven,
            "5.7.1" | "5.7.0" => Self::MailboxRule,
            _ if is_for_now => Self::MailboxNotReady,
            _ => Self::MailboxRefuses,
        }
    }

    /// Its kind, as it is counted.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::NoSuchAlias | Self::NoPostmaster | Self::LeadsNowhere => Reason::Recipient,
            Self::Rule | Self::AliasDefers | Self::LastUnderWay => Reason::Rule,
            Self::SpfFailed
            | Self::SpfBroken
            | Self::DkimFailed
            | Self::DmarcFailed
            | Self::SpfOnly
            | Self::Unauthenticated
            | Self::OwnFrom => Reason::Authentication,
            Self::FilterFindsSpam | Self::FilterRejects | Self::FilterLater => Reason::Filter,
            Self::Listed => Reason::Listed,
            Self::AliasLimit | Self::SenderLimit | Self::TooMany => Reason::Rate,
            Self::Relaying => Reason::Relaying,
            Self::TooLarge | Self::Malformed | Self::Loop => Reason::Form,
            Self::NotReady
            | Self::MailboxGone
            | Self::MailboxFull
            | Self::MailboxTooLarge
            | Self::MailboxUnproven
            | Self::MailboxRule
            | Self::MailboxNotReady
            | Self::MailboxRefuses => Reason::Destination,
            Self::AliasUnsafe | Self::AliasLoop | Self::Split | Self::OtherForNow | Self::Other => {
                Reason::Other
            }
        }
    }

    /// In words that go behind "because".
    pub(super) fn in_words(self) -> String {
        let words = match self {
            Self::NoSuchAlias => "the alias is switched off, expired, or did not exist",
            Self::AliasUnsafe => "the alias is set up wrongly",
            Self::AliasLoop => "the aliases form a loop",
            Self::NoPostmaster => "nobody gets the mail of the postmaster yet",
            Self::SpfFailed => "the sender's domain does not let that server send for it (SPF)",
            Self::SpfBroken => "the sender's domain has a broken SPF record",
            Self::DkimFailed => "it has no valid signature (DKIM)",
            Self::DmarcFailed => "it was not from the domain that it says it is from (DMARC)",
            Self::SpfOnly => "only SPF says who sent it, which a forward loses",
            Self::Unauthenticated => "nothing proves who sent it",
            Self::FilterFindsSpam => "the spam filter takes it for spam",
            Self::FilterRejects => "the spam filter refuses it",
            Self::FilterLater => "the spam filter wants to see it again",
            Self::LastUnderWay => "as many messages were under way as the alias still takes",
            Self::AliasLimit => "more came to the alias than it may get in that time",
            Self::SenderLimit => "its sender sends too much",
            Self::TooMany => "more came than may come in that time",
            Self::Relaying => "it was for a domain that is not here",
            Self::Loop => "it goes round in a loop",
            Self::OwnFrom => "it says that it is from a domain of yours, and nothing proves that",
            Self::Listed => "its sender is on a block list",
            Self::Rule => "a rule does not let it in",
            Self::AliasDefers => "the alias puts mail off",
            Self::TooLarge => "it is too large",
            Self::Malformed => "it is malformed",
            Self::Split => "it was for several people, and is sent to each by itself",
            Self::LeadsNowhere => "its address leads nowhere",
            Self::NotReady => "the mailbox behind the alias was not ready",
            Self::OtherForNow => "it could not be taken at that moment",
            Self::Other => "it was not acceptable",
            Self::MailboxGone => "the mailbox behind the alias does not exist, or is switched off",
            Self::MailboxFull => "the mailbox behind the alias is full",
            Self::MailboxTooLarge => {
                "the mailbox behind the alias does not take messages as large as this"
            }
            Self::MailboxUnproven => {
                "the mailbox behind the alias refuses it, as nothing proves who sent it"
            }
            Self::MailboxRule => {
                "the mailbox behind the alias refuses it by its own rules, as spam for one"
            }
            Self::MailboxNotReady => "the mailbox behind the alias was not ready",
            Self::MailboxRefuses => "the mailbox behind the alias refuses it",
        };
        words.to_owned()
    }
}
