mod any_address;

use super::*;
use crate::{
    address::{Domain, LocalPart, Mailbox},
    time::{DAY, UnixTime},
};
use std::time::Duration;

const NOW: UnixTime = UnixTime::new(1_795_420_800);

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn rewriter(name: &str, tag: TagKind, tag_length: usize, separator: Separator) -> Rewriter {
    let settings = Settings { tag, tag_length, separator, ..Settings::new(domain(name)) };
    Rewriter::new(settings, Keyring::parse(b"tops3cr3t-of-the-forwarder").unwrap()).unwrap()
}

fn forward(rewriter: &Rewriter, sender: &Mailbox, now: UnixTime) -> Mailbox {
    match rewriter.forward(sender, &rewriter.settings().domain, Returns::Taken, now) {
        Forwarded::Rewritten(mailbox) => mailbox,
        other => panic!("{sender}: {other:?}"),
    }
}

/// There and back, with a store of one entry.
fn there_and_back(
    rewriter: &Rewriter,
    sender: &Mailbox,
    now: UnixTime,
    days: u32,
) -> (Mailbox, Mailbox) {
    let srs_domain = &rewriter.settings().domain;
    let token = rewriter.token_for(sender);
    let there = match rewriter.forward(sender, srs_domain, Returns::Taken, now) {
        Forwarded::Unchanged => panic!("{sender} is not exempt"),
        Forwarded::Rewritten(there) => there,
        Forwarded::TooLong => {
            rewriter.forward_token(&token, srs_domain, Returns::Taken, now).unwrap()
        }
    };
    assert_eq!(there.domain(), srs_domain);
    assert!(is_srs_shaped(there.local()));
    // Through its text, as it travels.
    let returning = mailbox(&there.to_string());
    assert_eq!(returning, there);
    let back = match rewriter.reverse(&returning, now + DAY * days).unwrap() {
        Reversed::Mailbox(back) => back,
        Reversed::Token(found) => {
            assert_eq!(found, token);
            sender.clone()
        }
    };
    (there, back)
}

fn equivalent(kind: TagKind, in_tag: bool, a: char, b: char) -> bool {
    let folded = |c: char| match c {
        '-' if in_tag && kind != TagKind::Sha256Base32 => '+',
        '_' if in_tag && kind != TagKind::Sha256Base32 => '/',
        c => c.to_ascii_lowercase(),
    };
    folded(a) == folded(b)
}

/// Addresses out in the world must stay valid: the bytes of `docs/SRS.md`.
#[test]
fn the_format_does_not_change() {
    let rewriter = rewriter("fwd.example", TagKind::Sha256Base32, 8, Separator::Equals);
    for (sender, there) in [
        ("alice@sender.test", "SRS0=G5ABZ7YN=JM=sender.test=alice@fwd.example"),
        (
            "SRS0=abcd=AB=orig.example=user@other.example",
            "SRS1=CEE2SEFA=other.example==abcd=AB=orig.example=user@fwd.example",
        ),
    ] {
        assert_eq!(forward(&rewriter, &mailbox(sender), NOW).to_string(), there);
    }
    let long = mailbox(&format!("{}@sender.test", "x".repeat(64)));
    assert_eq!(rewriter.token_for(&long).as_str(), "lr35iysn4rl6kiae");
    assert_eq!(Fingerprint::of(b"tops3cr3t").to_string(), "06f829c4");
}

#[test]
fn every_changed_character_is_refused() {
    let kinds = [TagKind::Sha256Base32, TagKind::Sha1Base64, TagKind::Sha1Base64Url];
    let senders = ["alice=x@sender.test", "SRS0=abcd=AB=o.example=user@other.example"];
    let long = format!("{}@sender.test", "x".repeat(64));
    for (kind, sender) in kinds.into_iter().flat_map(|kind| {
        senders.into_iter().chain([long.as_str()]).map(move |sender| (kind, sender))
    }) {
        let rewriter = rewriter("us.example", kind, 16, Separator::Equals);
        let (there, _) = there_and_back(&rewriter, &mailbox(sender), NOW, 0);
        let (prefix, rest) = there.local().as_str().split_at(5);
        for (at, old) in rest.char_indices() {
            for new in (' '..='~').filter(|new| !equivalent(kind, at < 16, old, *new)) {
                let mut forged = rest.to_owned();
                forged.replace_range(at..=at, new.encode_utf8(&mut [0; 4]));
                let Ok(local) = LocalPart::new(&format!("{prefix}{forged}")) else { continue };
                let forged = Mailbox::new(local, there.domain().clone()).unwrap();
                assert!(rewriter.reverse(&forged, NOW).is_err(), "{there} -> {forged}");
            }
        }
    }
}

/// Addresses that take no returns are ours by name, and lead nowhere.
#[test]
fn a_tag_without_returns_verifies_and_leads_nowhere() {
    let kinds = [TagKind::Sha256Base32, TagKind::Sha1Base64, TagKind::Sha1Base64Url];
    let long = format!("{}@sender.test", "x".repeat(64));
    for kind in kinds {
        let rewriter = rewriter("us.example", kind, kind.default_length(), Separator::Equals);
        let us = &rewriter.settings().domain;
        for sender in ["alice@sender.test", "SRS0=abcd=AB=o.example=user@other.example", &long] {
            let sender = mailbox(sender);
            let made = |returns| match rewriter.forward(&sender, us, returns, NOW) {
                Forwarded::Rewritten(there) => there,
                _ => {
                    let token = rewriter.token_for(&sender);
                    rewriter.forward_token(&token, us, returns, NOW).unwrap()
                }
            };
            let (taken, refused) = (made(Returns::Taken), made(Returns::Refused));
            assert_ne!(taken, refused);
            assert!(rewriter.reverse(&taken, NOW).is_ok(), "{taken}");
            for now in [NOW, NOW + DAY * 500] {
                let folded = mailbox(&refused.to_string().to_lowercase());
                assert_eq!(rewriter.reverse(&refused, now), Err(ReverseError::NoReturns));
                assert_eq!(rewriter.reverse(&folded, now), Err(ReverseError::NoReturns));
            }
        }
    }
}

#[test]
fn quoting_is_for_the_whole() {
    let rewriter = rewriter("us.example", TagKind::Sha1Base64, 4, Separator::Equals);
    for (sender, there) in [
        ("user@[192.0.2.1]", "\"SRS0=o73O=JM=[192.0.2.1]=user\"@us.example"),
        ("\"a b\"@s.test", "\"SRS0=jpE7=JM=s.test=a b\"@us.example"),
        ("\"a@b\"@s.test", "\"SRS0=7FdL=JM=s.test=a@b\"@us.example"),
        ("a=b=c@s.test", "SRS0=RIjb=JM=s.test=a=b=c@us.example"),
    ] {
        let sender = mailbox(sender);
        let forwarded = forward(&rewriter, &sender, NOW);
        assert_eq!(forwarded.to_string(), there);
        assert_eq!(rewriter.reverse(&forwarded, NOW), Ok(Reversed::Mailbox(sender)));
    }
}

#[test]
fn senders_that_stay() {
    let mut settings = Settings::new(domain("us.example"));
    settings.exempt_domains = vec!["friend.example".parse().unwrap()];
    let rewriter = Rewriter::new(settings, Keyring::parse(b"secret").unwrap()).unwrap();
    let us = domain("Us.Example");
    for sender in ["a@us.example", "SRS0=x=AA=o.test=u@US.example", "b@Friend.example"] {
        assert_eq!(
            rewriter.forward(&mailbox(sender), &us, Returns::Taken, NOW),
            Forwarded::Unchanged,
            "{sender}"
        );
    }
    for sender in ["a@sub.us.example", "b@sub.friend.example", "c@x.example"] {
        assert!(matches!(
            rewriter.forward(&mailbox(sender), &us, Returns::Taken, NOW),
            Forwarded::Rewritten(_)
        ));
    }
}

#[test]
fn per_domain_picks_the_domain_of_the_alias_and_signs_it() {
    let settings = Settings { per_domain: true, ..Settings::new(domain("us.example")) };
    let rewriter = Rewriter::new(settings, Keyring::parse(b"secret").unwrap()).unwrap();
    let alias = domain("alias.example");
    let srs_domain = rewriter.srs_domain(&alias);
    assert_eq!(srs_domain, &alias);
    let sender = mailbox("user@sender.test");
    let Forwarded::Rewritten(there) = rewriter.forward(&sender, srs_domain, Returns::Taken, NOW)
    else {
        panic!()
    };
    assert_eq!(there.domain(), &alias);
    assert_eq!(rewriter.reverse(&there, NOW), Ok(Reversed::Mailbox(sender)));
    let moved = Mailbox::new(there.local().clone(), domain("us.example")).unwrap();
    assert_eq!(rewriter.reverse(&moved, NOW), Err(ReverseError::BadTag));
}

#[test]
fn a_malformed_srs1_sender_is_an_ordinary_sender() {
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    for sender in
        ["SRS1=abc@x.test", "SRS1==@x.test", "SRS1=t=h.test=x@x.test", "SRS1=t=-=-x@x.test"]
    {
        let sender = mailbox(sender);
        let there = forward(&rewriter, &sender, NOW);
        assert!(there.to_string().ends_with(&format!("=x.test={}@us.example", sender.local())));
        assert_eq!(rewriter.reverse(&there, NOW), Ok(Reversed::Mailbox(sender)));
    }
}

#[test]
fn lifetime_and_wrap() {
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    let made = UnixTime::of_day(NOW.day() + 1000);
    let there = forward(&rewriter, &mailbox("u@s.test"), made);
    let reverse = |now| rewriter.reverse(&there, now).map(|_| ());
    assert_eq!(reverse(made + DAY * 22 - Duration::from_secs(1)), Ok(()));
    assert_eq!(reverse(made + DAY * 22), Err(ReverseError::Expired));
    assert_eq!(rewriter.end_of_life(made), made + DAY * 22);
    assert_eq!(
        reverse(made - Duration::from_secs(1)),
        Err(ReverseError::Expired),
        "stamped tomorrow"
    );
    assert_eq!(reverse(made - DAY * 1002), Err(ReverseError::Expired));
    assert_eq!(reverse(made + DAY * 1024 - Duration::from_secs(1)), Err(ReverseError::Expired));
    assert_eq!(reverse(made + DAY * 1024), Ok(()), "the stamp has come round");
    assert_eq!(reverse(made + DAY * 1045), Ok(()));
    assert_eq!(reverse(made + DAY * 1046), Err(ReverseError::Expired));
}

#[test]
fn only_an_address_of_ours_is_called_expired() {
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    let reverse = |text: &str| rewriter.reverse(&mailbox(text), NOW).unwrap_err();
    assert_eq!(reverse("SRS0=AAAAAAAA=AA=s.test=u@us.example"), ReverseError::BadTag);
    assert_eq!(reverse("SRS0=AAAA=AA=s.test@us.example"), ReverseError::Malformed);
    assert_eq!(reverse("SRS0@us.example"), ReverseError::NotSrs);
}

#[test]
fn secrets_rotate() {
    let with = |secrets: &str| {
        let settings = Settings::new(domain("us.example"));
        Rewriter::new(settings, Keyring::parse(secrets.as_bytes()).unwrap()).unwrap()
    };
    let (old, both, new) = (with("old-secret"), with("new-secret\nold-secret"), with("new-secret"));
    let sender = mailbox("u@s.test");
    let signed_by_old = forward(&old, &sender, NOW);
    assert_eq!(both.reverse(&signed_by_old, NOW), Ok(Reversed::Mailbox(sender.clone())));
    assert_eq!(new.reverse(&signed_by_old, NOW), Err(ReverseError::BadTag));
    assert_eq!(forward(&both, &sender, NOW), forward(&new, &sender, NOW));
    assert_ne!(forward(&both, &sender, NOW), signed_by_old);
}

#[test]
fn a_token_is_an_srs0_address_to_others() {
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 32, Separator::Equals);
    let sender = mailbox(&format!("{}@sender.test", "x".repeat(64)));
    let us = &rewriter.settings().domain;
    assert_eq!(rewriter.forward(&sender, us, Returns::Taken, NOW), Forwarded::TooLong);
    let token = rewriter.token_for(&sender);
    assert_eq!(token, rewriter.token_for(&sender));
    assert_ne!(token, rewriter.token_for(&mailbox("x@sender.test")));
    let there = rewriter.forward_token(&token, us, Returns::Taken, NOW).unwrap();
    assert!(there.local().as_str().ends_with(&format!("=JM=1={token}")));
    assert_eq!(there.local().wire_len(), 59);

    let other = self::rewriter("them.example", TagKind::Sha1Base64, 4, Separator::Plus);
    let shorter = self::rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    let there = shorter.forward_token(&token, us, Returns::Taken, NOW).unwrap();
    let further = forward(&other, &there, NOW);
    assert_eq!(other.reverse(&further, NOW), Ok(Reversed::Mailbox(there)));
}

#[test]
fn an_srs1_address_that_would_be_too_long_goes_behind_a_token() {
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    let sender = mailbox("SRS0=aBcD=XY=a-long-name.example=user@a-long-forwarder.example");
    let us = &rewriter.settings().domain;
    assert_eq!(rewriter.forward(&sender, us, Returns::Taken, NOW), Forwarded::TooLong);
    assert_eq!(there_and_back(&rewriter, &sender, NOW, 21).1, sender);
}

#[test]
fn no_domain_is_too_long_for_a_usual_tag() {
    let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
    let long = domain(&long);
    let rewriter = rewriter("us.example", TagKind::Sha256Base32, 8, Separator::Equals);
    let sender = mailbox("u@s.test");
    assert_eq!(rewriter.forward(&sender, &long, Returns::Taken, NOW), Forwarded::TooLong);
    let token = rewriter.token_for(&sender);
    assert_eq!(
        rewriter.forward_token(&token, &long, Returns::Taken, NOW),
        Err(ForwardError::DomainTooLong)
    );
    let bearable = domain(long.as_str().get(..200).unwrap());
    assert!(rewriter.forward_token(&token, &bearable, Returns::Taken, NOW).is_ok());
}
