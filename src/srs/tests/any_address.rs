//! What holds for any address.

use super::*;
use proptest::prelude::*;

/// Where a bounce to `sender` itself would end once SRS1 has dropped the forwarders in between.
fn expected_back(sender: &Mailbox) -> Mailbox {
    let local = sender.local().as_str();
    let rebuilt = |rest: &str, host: &str| {
        Mailbox::new(LocalPart::new(&format!("SRS0{rest}")).ok()?, Domain::parse(host).ok()?).ok()
    };
    let peeled = || {
        let mut parts = local.get(5..)?.splitn(3, '=');
        let (tag, host, rest) = (parts.next()?, parts.next()?, parts.next()?);
        (!tag.is_empty() && rest.starts_with(['=', '+', '-'])).then_some(())?;
        rebuilt(rest, host)
    };
    match local.get(..4).map(str::to_ascii_uppercase).as_deref() {
        Some("SRS0") if is_srs_shaped(sender.local()) => {
            rebuilt(local.get(4..).unwrap(), sender.domain().as_str()).unwrap()
        }
        Some("SRS1") if is_srs_shaped(sender.local()) => peeled().unwrap_or_else(|| sender.clone()),
        _ => sender.clone(),
    }
}

prop_compose! {
    fn any_mailbox()(
        local in prop_oneof![
            "[a-zA-Z0-9][a-zA-Z0-9=+_'-]{0,30}",
            "\\PC{1,40}",
            "[ -~]{1,64}",
            "[a-z]{30,64}",
            "(?i:srs)[01][=+-]\\PC{0,40}",
            "SRS0[=+-][A-Za-z0-9+/]{4}=[A-Z2-7]{2}=[a-z]{1,9}\\.org=[a-z =]{1,9}",
            "SRS1[=+-][A-Za-z0-9+/]{4}=[a-z\\[]{1,9}\\.org=[=+-]?[ -~]{1,20}",
        ],
        domain in prop_oneof![
            "[a-zA-Z0-9]{1,12}(\\.[a-z]{2,6}){1,3}",
            Just("[192.0.2.1]".to_owned()),
            Just("[IPv6:2001:db8::1]".to_owned()),
            Just("bücher.example".to_owned()),
            "[a-z]{63}\\.[a-z]{63}\\.org",
        ],
    ) -> Option<Mailbox> {
        Mailbox::new(LocalPart::new(&local).ok()?, Domain::parse(&domain).ok()?).ok()
    }
}

prop_compose! {
    fn any_rewriter()(
        tag in prop_oneof![
            Just(TagKind::Sha256Base32),
            Just(TagKind::Sha1Base64),
            Just(TagKind::Sha1Base64Url),
        ],
        separator in prop_oneof![
            Just(Separator::Equals),
            Just(Separator::Plus),
            Just(Separator::Minus),
        ],
        extra in 0..24_usize,
    ) -> Rewriter {
        let length = (tag.default_length() + extra).min(*tag.lengths().end());
        rewriter("us.example", tag, length, separator)
    }
}

proptest! {
    #[test]
    fn what_was_forwarded_comes_back(
        rewriter in any_rewriter(),
        sender in any_mailbox(),
        now in (0..4_000_000_000_u64).prop_map(UnixTime::new),
        days in 0..=21_u32,
    ) {
        let Some(sender) = sender else { return Ok(()) };
        let (there, back) = there_and_back(&rewriter, &sender, now, days);
        prop_assert!(there.local().wire_len() <= 64);
        if rewriter.forward(&sender, &rewriter.settings().domain, Returns::Taken, now) == Forwarded::TooLong {
            prop_assert_eq!(back.to_string(), sender.to_string());
        } else {
            prop_assert_eq!(back.to_string(), expected_back(&sender).to_string());
        }
    }

    #[test]
    fn what_takes_no_returns_leads_nowhere(
        rewriter in any_rewriter(),
        sender in any_mailbox(),
        now in (0..4_000_000_000_u64).prop_map(UnixTime::new),
        days in 0..=2000_u32,
    ) {
        let Some(sender) = sender else { return Ok(()) };
        let us = &rewriter.settings().domain;
        let there = match rewriter.forward(&sender, us, Returns::Refused, now) {
            Forwarded::Unchanged => return Ok(()),
            Forwarded::Rewritten(there) => there,
            Forwarded::TooLong => {
                let token = rewriter.token_for(&sender);
                rewriter.forward_token(&token, us, Returns::Refused, now).unwrap()
            }
        };
        let returning = mailbox(&there.to_string());
        let reversed = rewriter.reverse(&returning, now + DAY * days);
        prop_assert_eq!(reversed, Err(ReverseError::NoReturns));
    }

    #[test]
    fn it_comes_back_in_any_case(
        rewriter in any_rewriter(),
        sender in any_mailbox(),
        upper in any::<bool>(),
    ) {
        let Some(sender) = sender else { return Ok(()) };
        let (there, back) = there_and_back(&rewriter, &sender, NOW, 0);
        let text = there.to_string();
        let folded = if upper { text.to_ascii_uppercase() } else { text.to_ascii_lowercase() };
        match rewriter.reverse(&mailbox(&folded), NOW) {
            Ok(Reversed::Mailbox(folded)) => prop_assert!(
                folded.to_string().eq_ignore_ascii_case(&back.to_string())
            ),
            Ok(Reversed::Token(token)) => prop_assert_eq!(token, rewriter.token_for(&sender)),
            Err(error) => prop_assert!(false, "{folded}: {error}"),
        }
    }

    #[test]
    fn one_changed_character_is_refused(
        kind in prop_oneof![
            Just(TagKind::Sha256Base32),
            Just(TagKind::Sha1Base64),
            Just(TagKind::Sha1Base64Url),
        ],
        sender in any_mailbox(),
        at in any::<prop::sample::Index>(),
        other in prop_oneof!["[ -~]", "\\PC", "[a-z0-9=+_/-]"],
    ) {
        let Some(sender) = sender else { return Ok(()) };
        // Long tags, so that no chance hit disturbs.
        let rewriter = rewriter("us.example", kind, 16, Separator::Equals);
        let (there, _) = there_and_back(&rewriter, &sender, NOW, 0);
        let characters: Vec<char> = there.local().as_str().chars().collect();
        let prefix = "SRS0=".len();
        let at = prefix + at.index(characters.len() - prefix);
        let other = other.chars().next().unwrap();
        prop_assume!(!equivalent(kind, at < prefix + 16, characters[at], other));
        let mut changed = characters;
        changed[at] = other;
        let Ok(local) = LocalPart::new(&changed.iter().collect::<String>()) else { return Ok(()) };
        let forged = Mailbox::new(local, there.domain().clone()).unwrap();
        prop_assert!(rewriter.reverse(&forged, NOW).is_err(), "{there} -> {forged}");
    }

    #[test]
    fn two_forwarders_in_a_row(
        first in any_rewriter(),
        second in any_rewriter(),
        user in "[a-z]{1,6}",
    ) {
        let second_domain = domain("2.example");
        let sender = mailbox(&format!("{user}@a.test"));
        let there = forward(&first, &sender, NOW);
        let Forwarded::Rewritten(further) = second.forward(&there, &second_domain, Returns::Taken, NOW) else {
            return Ok(());
        };
        prop_assert_eq!(further.local().as_str().get(..4), Some("SRS1"));
        let Ok(Reversed::Mailbox(back)) = second.reverse(&further, NOW + DAY * 2000) else {
            panic!("SRS1 does not age: its SRS0 does, at the forwarder it names");
        };
        prop_assert_eq!(&back, &there);
        prop_assert_eq!(first.reverse(&back, NOW), Ok(Reversed::Mailbox(sender)));
    }

    #[test]
    fn no_recipient_makes_it_panic(rewriter in any_rewriter(), recipient in any_mailbox()) {
        if let Some(recipient) = recipient {
            let _ = rewriter.reverse(&recipient, NOW);
        }
    }
}
