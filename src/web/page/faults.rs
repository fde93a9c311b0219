//! What is wrong with what somebody typed, in the words of whoever reads it: what it is stands in a [`Cause`].

use super::texts::Texts;
use crate::{
    account::{AccountError, MAX_PASSWORDS, MAX_SEND_AS},
    address::AddressError,
    alias::{
        AliasError, EditError, MAX_BLOCKS, MAX_DESTINATIONS, MAX_MESSAGES, MAX_NOTE, MAX_PATTERNS,
        MAX_SENDERS, MAX_TEXT, SettingsError,
    },
    web::{
        cause::Cause,
        problem::{FieldError, Problem},
    },
};

/// What is wrong with a field.
pub(super) fn of_field(texts: Texts, error: &FieldError) -> String {
    error.cause.as_ref().map_or_else(|| error.message.clone(), |cause| said(texts, cause))
}

/// The errors of a problem with their words; and what is wrong with none of the fields.
pub(super) fn of_problem(texts: Texts, problem: Problem) -> (Vec<FieldError>, Option<String>) {
    if problem.errors.is_empty() {
        let of_all = problem.cause.map_or(problem.detail, |cause| said(texts, &cause));
        return (Vec::new(), Some(of_all));
    }
    let in_words = |error: FieldError| FieldError { message: of_field(texts, &error), ..error };
    (problem.errors.into_iter().map(in_words).collect(), None)
}

/// What is wrong.
pub(super) fn said(texts: Texts, cause: &Cause) -> String {
    let of = |key: &str, name: &str, value: &str| texts.say(key, &[(name, value.into())]);
    match cause {
        Cause::Missing => texts.say("fault-missing", &[]),
        Cause::Past => texts.say("fault-past", &[]),
        Cause::Other => texts.say("fault-other", &[]),
        Cause::Address(error) => address(texts, *error),
        Cause::Alias(error) => alias(texts, error),
        Cause::Edit(EditError::Same(to)) => of("fault-same", "text", to),
        Cause::Edit(EditError::Template(to)) => of("fault-template", "text", to),
        Cause::Settings(error) => settings(texts, error),
        Cause::NotForwarding => texts.say("fault-not-forwarding", &[]),
        Cause::NotReplying => texts.say("fault-not-replying", &[]),
        Cause::Exists(address) => of("fault-exists", "address", address),
        Cause::NoAlias(address) => of("fault-no-alias", "address", address),
        Cause::NotHosted(domain) => of("fault-not-hosted", "domain", domain.as_str()),
        Cause::Literal(domain) => of("fault-literal", "domain", domain.as_str()),
        Cause::Loop => texts.say("fault-loop", &[]),
        Cause::TooDeep => texts.say("fault-too-deep", &[]),
        Cause::TooManyPatterns => {
            texts.say("fault-too-many-patterns", &[("most", MAX_PATTERNS.into())])
        }
        Cause::SrsShaped(address) => of("fault-srs-shaped", "address", address),
        Cause::TooManyBlocks(count) => {
            let args = [("count", (*count).into()), ("most", MAX_BLOCKS.into())];
            texts.say("fault-too-many-blocks", &args)
        }
        Cause::BlocksEverything => texts.say("fault-blocks-everything", &[]),
        Cause::Changed => texts.say("fault-changed", &[]),
    }
}

/// Why a text is no address.
pub(super) fn address(texts: Texts, error: AddressError) -> String {
    let key = match error {
        AddressError::NoAtSign => "fault-address-no-at",
        AddressError::LocalPartSyntax => "fault-address-local",
        AddressError::Control => "fault-address-control",
        AddressError::LocalPartTooLong => "fault-address-local-long",
        AddressError::DomainSyntax => "fault-address-domain",
        AddressError::TrailingDot => "fault-address-dot",
        AddressError::DomainTooLong => "fault-address-domain-long",
        AddressError::LiteralSyntax => "fault-address-literal",
        AddressError::PathTooLong => "fault-address-long",
        AddressError::Brackets | AddressError::SourceRoute => "fault-address-brackets",
    };
    texts.say(key, &[])
}

fn alias(texts: Texts, error: &AliasError) -> String {
    let of = |key: &str, text: &str| texts.say(key, &[("text", text.into())]);
    let with = |key: &str, text: &str, why: AddressError| {
        texts.say(key, &[("text", text.into()), ("why", address(texts, why).into())])
    };
    let most = |key: &str, most: u64| texts.say(key, &[("most", most.into())]);
    match error {
        AliasError::Address(text, why) => with("fault-alias-address", text, *why),
        AliasError::RegexSlashes(text) => of("fault-regex-slashes", text),
        AliasError::NoPattern { address, regex } => {
            let args = [("text", address.as_str().into()), ("regex", regex.as_str().into())];
            texts.say("fault-no-pattern", &args)
        }
        AliasError::Unseen { address, code } => {
            let code = format!("U+{code:04X}");
            let args = [("text", address.as_str().into()), ("code", code.into())];
            texts.say("fault-unseen", &args)
        }
        AliasError::Regex(text, _) => of("fault-regex", text),
        AliasError::Destination(text, why) => with("fault-destination", text, *why),
        AliasError::Template(text, _) => of("fault-destination-template", text),
        AliasError::NoDestination => texts.say("fault-no-destination", &[]),
        AliasError::TooManyDestinations => {
            most("fault-too-many-destinations", MAX_DESTINATIONS as u64)
        }
        AliasError::Text => most("fault-text", MAX_TEXT as u64),
        AliasError::KeepTag => texts.say("fault-keep-tag", &[]),
        AliasError::ReplyByAddress => texts.say("fault-reply-by-address", &[]),
        AliasError::Sender(text, _) => of("fault-sender", text),
        AliasError::TooManyAllowed | AliasError::TooManyBlocked => {
            most("fault-too-many-senders", MAX_SENDERS as u64)
        }
        AliasError::AllowsEverybody => texts.say("fault-allows-everybody", &[]),
        AliasError::NotAllowed { pattern, .. } | AliasError::NotBlocked { pattern, .. } => {
            of("fault-no-such-sender", pattern)
        }
        AliasError::Spam(_) | AliasError::Digest(_) => texts.say("fault-other", &[]),
        AliasError::Note => most("fault-note", MAX_NOTE as u64),
        AliasError::Messages => most("fault-messages", MAX_MESSAGES),
        AliasError::Limit(text, _) => of("fault-limit", text),
        AliasError::Expires(text) | AliasError::Day(text) => of("fault-time", text),
    }
}

/// Why something is not set for a domain.
fn settings(texts: Texts, error: &SettingsError) -> String {
    match error {
        SettingsError::Pattern(text, _) => {
            texts.say("fault-regex", &[("text", text.as_str().into())])
        }
        SettingsError::Destination(text, _) => {
            texts.say("fault-no-mailbox", &[("text", text.as_str().into())])
        }
        SettingsError::Destinations => {
            texts.say("fault-destinations", &[("most", MAX_DESTINATIONS.into())])
        }
    }
}

/// Why there is no such account.
pub(super) fn account(texts: Texts, error: &AccountError) -> String {
    let of = |key: &str, text: &str| texts.say(key, &[("text", text.into())]);
    match error {
        AccountError::SendAs(text, why) => {
            let args = [("text", text.as_str().into()), ("why", address(texts, *why).into())];
            texts.say("fault-send-as", &args)
        }
        AccountError::Glob(text) | AccountError::Regex(text) => of("fault-send-as-pattern", text),
        AccountError::Literal(mailbox) => of("fault-send-as-literal", &mailbox.to_string()),
        AccountError::SendsAsNobody(_) | AccountError::NotGranted { .. } => {
            texts.say("fault-sends-as-nobody", &[])
        }
        AccountError::TooManySendAs => {
            texts.say("accounts-too-many-addresses", &[("most", MAX_SEND_AS.into())])
        }
        AccountError::Label => texts.say("fault-label", &[]),
        AccountError::TooManyPasswords(_) => {
            texts.say("accounts-too-many-passwords", &[("most", MAX_PASSWORDS.into())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Domain, Mailbox};
    use hyper::{HeaderMap, header::ACCEPT_LANGUAGE};

    fn texts(language: &str) -> Texts {
        Texts::of(&HeaderMap::from_iter([(ACCEPT_LANGUAGE, language.parse().unwrap())]))
    }

    fn causes() -> Vec<Cause> {
        let text = || "x\u{202e}y".to_owned();
        let domain = || Domain::parse("x.test").unwrap();
        let mut all = vec![
            Cause::Missing,
            Cause::Past,
            Cause::Other,
            Cause::NotForwarding,
            Cause::NotReplying,
            Cause::Exists(text()),
            Cause::NoAlias(text()),
            Cause::NotHosted(domain()),
            Cause::Literal(domain()),
            Cause::Loop,
            Cause::TooDeep,
            Cause::TooManyPatterns,
            Cause::SrsShaped(text()),
            Cause::TooManyBlocks(10_001),
            Cause::BlocksEverything,
            Cause::Changed,
            Cause::Edit(EditError::Same(text())),
            Cause::Edit(EditError::Template(text())),
            Cause::Settings(SettingsError::Pattern(text(), text())),
            Cause::Settings(SettingsError::Destination(text(), text())),
            Cause::Settings(SettingsError::Destinations),
        ];
        all.extend(
            [
                AddressError::NoAtSign,
                AddressError::LocalPartSyntax,
                AddressError::Control,
                AddressError::LocalPartTooLong,
                AddressError::DomainSyntax,
                AddressError::TrailingDot,
                AddressError::DomainTooLong,
                AddressError::LiteralSyntax,
                AddressError::PathTooLong,
                AddressError::Brackets,
            ]
            .map(Cause::Address),
        );
        all.extend(
            [
                AliasError::Address(text(), AddressError::NoAtSign),
                AliasError::RegexSlashes(text()),
                AliasError::NoPattern { address: text(), regex: text() },
                AliasError::Unseen { address: text(), code: 0x202e },
                AliasError::Regex(text(), text()),
                AliasError::Destination(text(), AddressError::DomainSyntax),
                AliasError::Template(text(), "why"),
                AliasError::NoDestination,
                AliasError::TooManyDestinations,
                AliasError::Text,
                AliasError::KeepTag,
                AliasError::ReplyByAddress,
                AliasError::Sender(text(), text()),
                AliasError::TooManyAllowed,
                AliasError::AllowsEverybody,
                AliasError::NotAllowed { pattern: text(), alias: text() },
                AliasError::Note,
                AliasError::Messages,
                AliasError::Limit(text(), text()),
                AliasError::Expires(text()),
            ]
            .map(Cause::Alias),
        );
        all
    }

    #[test]
    fn whatever_is_wrong_has_words_in_every_language_and_hides_nothing() {
        let (english, german) = (texts("en"), texts("de"));
        for cause in causes() {
            let (in_english, in_german) = (said(english, &cause), said(german, &cause));
            assert_ne!(in_english, in_german, "{cause:?}");
            for told in [in_english, in_german] {
                // A key that is in no file is said itself.
                assert!(!told.contains("fault-") && !told.contains('{'), "{cause:?}: {told}");
                assert!(!told.contains('\u{202e}'), "{cause:?}: {told}");
            }
        }
        let account = AccountError::SendsAsNobody(Mailbox::parse("a@x.test").unwrap());
        assert_ne!(super::account(english, &account), super::account(german, &account));
    }

    #[test]
    fn a_problem_of_no_field_is_said_of_none_and_a_text_of_our_own_stays() {
        let german = texts("de");
        let problem = Problem::new(crate::web::problem::Kind::Conflict, "loop");
        let (errors, of_all) = of_problem(german, problem.because(Cause::Loop));
        assert!(errors.is_empty() && of_all.unwrap().contains("im Kreis"));
        let problem = Problem::field("note", "a note", "").because(AliasError::Note.into());
        let (errors, of_all) = of_problem(german, problem);
        assert!(of_all.is_none() && errors[0].message.contains("höchstens 500 Zeichen"));
        let (errors, _) = of_problem(german, Problem::field("do", "Nichts gewählt", ""));
        assert_eq!(errors[0].message, "Nichts gewählt");
    }
}
